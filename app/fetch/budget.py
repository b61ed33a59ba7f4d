"""What ends a fetch from outside: the clock, the byte budget, the process that stops."""

import time
from collections.abc import Callable

from app.errors import DeadlineExceeded, Interrupted, TooLarge
from app.setting_values import KiB

OVERHEAD_BYTES = 256 * KiB  # of a try: handshakes, headers and framing of all its hops
SLICE_SECONDS = 0.5  # no wait is longer before `cut` is asked again


class Watch:
    """Asked before every wait and told of every byte; raises when the fetch has to end."""

    def __init__(
        self,
        cut: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._cut = cut
        self._ask_at = 0.0
        self._sleep = sleep
        self.clock = clock
        self.start(0)

    def start(self, seconds: float) -> None:
        """Begin a fetch: everything until the next start shares these seconds."""
        self._seconds = seconds
        self._deadline = self.clock() + seconds
        self._received = 0
        self.start_try()

    def start_try(self) -> None:
        """Begin a try: its byte budget is full again."""
        self._budget = OVERHEAD_BYTES

    def spend(self, size: int) -> None:
        """Count bytes that came over the wire, whatever they are."""
        self._received += size
        self._budget -= size
        if self._budget < 0:
            raise TooLarge(f"too large: more than {OVERHEAD_BYTES} bytes around the body")
        self.check()

    def earn(self, size: int) -> None:
        """Give back the bytes of a body, whose number is limited elsewhere, and their framing.

        So a body in chunks of one byte, which would cost us minutes of CPU, ends soon.
        """
        self._budget += size + size // 4

    def extend(self, seconds: float) -> None:
        """Let time pass that does not count."""
        self._deadline += seconds

    def check(self) -> float:
        """Return how long the next wait may be, in seconds."""
        now = self.clock()
        if now >= self._ask_at:
            self._ask_at = now + SLICE_SECONDS
            if self._cut():
                raise Interrupted
        if now >= self._deadline:
            raise DeadlineExceeded(f"deadline exceeded: not done within {self._seconds:g} s")
        return min(self._deadline - now, SLICE_SECONDS)

    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self._deadline - self.clock()

    def spent(self) -> tuple[float, int]:
        """Return the seconds since the start, and the bytes that came."""
        return self._seconds - self.left(), self._received

    def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        until = self.clock() + seconds
        while (rest := until - self.clock()) > 0:
            self._sleep(min(rest, self.check()))
