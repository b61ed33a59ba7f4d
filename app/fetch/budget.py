"""What ends a fetch from outside: the clock, the byte budget, the process that stops."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.errors import DeadlineExceeded, Interrupted, TimeUp, TooLarge
from app.setting_values import KiB

OVERHEAD_BYTES = 256 * KiB  # of a try: handshakes, headers and framing of all its hops
SLICE_SECONDS = 0.5  # no wait is longer before `cut` is asked again
PACE_SECONDS = 20.0  # of waiting for a response that has begun,
PACE_BYTES = 20 * KiB  # in which so much has to come: less is a trickle
FREE_SECONDS = 300.0  # of pauses: nobody keeps a job at work for hours by asking for them

Report = Callable[[float, int], None]  # is told of each fetch: its seconds, its bytes on the wire


def unreported(seconds: float, size: int) -> None:
    """Tell nobody of a fetch."""


class JobTime:
    """The seconds of a job over all of its fetches and runs; pauses asked for are free.

    Several threads may share it.
    """

    def __init__(
        self,
        seconds: float = math.inf,
        spent: float = 0.0,
        paused: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._began = clock() - spent - min(paused, FREE_SECONDS)
        self._paused = paused
        self._pausing = 0
        self._paused_at = 0.0
        self._lock = threading.Lock()

    def spent(self) -> float:
        """Return the seconds that count, those of earlier runs among them."""
        with self._lock:
            now = self._clock()
            return now - self._began - min(self._paused_until(now), FREE_SECONDS)

    def paused(self) -> float:
        """Return the seconds of pauses, those of earlier runs among them."""
        with self._lock:
            return self._paused_until(self._clock())

    def free(self, seconds: float) -> float:
        """Return how many of so many seconds the job may pause for; 0: it has for long enough."""
        rest = FREE_SECONDS - self.paused()
        return min(seconds, rest) if rest >= 1 else 0.0

    def _paused_until(self, now: float) -> float:
        return self._paused + (now - self._paused_at if self._pausing else 0.0)

    def check(self) -> None:
        """Raise TimeUp when all seconds are spent."""
        if self.spent() >= self._seconds:
            raise TimeUp(f"deadline exceeded: the job was not done within {self._seconds:g} s")

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Let a pause pass that an origin asked for."""
        with self._lock:
            if not self._pausing:
                self._paused_at = self._clock()
            self._pausing += 1
        try:
            yield
        finally:
            with self._lock:
                self._pausing -= 1
                if not self._pausing:
                    self._paused += self._clock() - self._paused_at


class Watch:
    """Asked before every wait and told of every byte; raises when the fetch has to end."""

    def __init__(
        self,
        cut: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        job_time: JobTime | None = None,
    ) -> None:
        self._cut = cut
        self._job_time = job_time or JobTime(clock=clock)
        self._ask_at = 0.0
        self._sleep = sleep
        self.clock = clock
        self._waited, self._came = 0.0, 0
        self.start(0)

    def start(self, seconds: float) -> None:
        """Begin a fetch: everything until the next start shares these seconds."""
        self._seconds = seconds
        self._deadline = self.clock() + seconds
        self._received = 0
        self._pacing = False
        self.start_try()

    def start_try(self) -> None:
        """Begin a try: its byte budget is full again."""
        self._budget = OVERHEAD_BYTES

    def spend(self, size: int) -> None:
        """Count bytes that came over the wire, whatever they are."""
        self._received += size
        self._came += size
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
            self._job_time.check()
        if now >= self._deadline:
            raise DeadlineExceeded(f"deadline exceeded: not done within {self._seconds:g} s")
        return min(self._deadline - now, SLICE_SECONDS)

    def expect_pace(self, expected: bool) -> None:
        """Say whether a response has begun, which has to go on, or is still to come."""
        self._pacing = expected
        self._waited, self._came = 0.0, 0

    def count_wait(self, seconds: float) -> None:
        """Count a wait for bytes; our own slowness is none of the origin's.

        Raises:
            DeadlineExceeded: it sends too slowly to go on with.
        """
        self._waited += seconds
        if not self._pacing or self._waited < PACE_SECONDS:
            return
        if self._came < PACE_BYTES:
            raise DeadlineExceeded(
                f"deadline exceeded: too slow, {self._came} bytes in {PACE_SECONDS:g} s"
            )
        self.expect_pace(True)

    def left(self) -> float:
        """Return the seconds until the deadline."""
        return self._deadline - self.clock()

    def spent(self) -> tuple[float, int]:
        """Return the seconds since the start, and the bytes that came."""
        return self._seconds - self.left(), self._received

    def pause(self, seconds: float) -> None:
        """Wait because an origin asked for it."""
        with self._job_time.pause():
            self.sleep(seconds)

    def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        until = self.clock() + seconds
        while (rest := until - self.clock()) > 0:
            self._sleep(min(rest, self.check()))
