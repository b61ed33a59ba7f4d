"""A browser for one job: behind the wall, bounded in time and memory, gone in the end."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile, gettempdir
from typing import Self

from app.errors import Interrupted
from app.fetch import Fetcher
from app.render.devtools import Devtools
from app.render.failures import RenderFailed
from app.render.processes import Session, start_time
from app.settings import Settings

WALL = Path(__file__).with_name("wall.py")
PROFILE = "image-downloader-browser-"  # then the process that it is for, and when that began
POLL_SECONDS = 0.1  # between two looks at its memory
NEAR_LIMIT_POLL_SECONDS = 0.02  # the same where it has taken more than half of what it may
END_SECONDS = 3.0
# As if there were no wall. Without the second, loopback and link-local addresses are asked
# directly; without the fourth, WebRTC sends UDP.
GUARD_FLAGS = (
    "--proxy-server=http://127.0.0.1:3128",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--dns-prefetch-disable",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--no-pings",
    "--deny-permission-prompts",
)
FLAGS = (
    "--remote-debugging-pipe",  # never a port: a page could ask that
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have little of it
    "--disable-smooth-scrolling",
    "--hide-scrollbars",
    "--mute-audio",
    "--window-size=1280,800",
)


class Browser:
    """A browser and the proxy that is its only way out; both end with the block.

    Entering raises RenderFailed with the reason where it does not start.
    """

    def __init__(
        self, settings: Settings, fetcher: Fetcher, cut: Callable[[], bool] = lambda: False
    ) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._cut = cut
        self.seconds = settings.render_seconds
        self._reason = ""
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            raise RenderFailed("no browser is run as root")
        self.deadline = time.monotonic() + self.seconds
        with ExitStack() as stack:
            _remove_old_profiles()
            prefix = f"{PROFILE}{os.getpid()}-{start_time(os.getpid())}-"
            profile = stack.enter_context(
                TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
            )
            self._start(profile, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def seconds_left(self) -> float:
        """Return the seconds until the deadline."""
        return self.deadline - time.monotonic()

    def check(self) -> None:
        """Return if there is reason to go on.

        Raises:
            RenderFailed: the browser has ended, or has to.
            Interrupted, TimeUp: the job has to end.
        """
        self._fetcher.job_time.check()
        if self._reason:
            raise RenderFailed(self._reason)
        if self._cut():
            raise Interrupted
        if self._proxy.spent:
            raise RenderFailed(f"the page takes {self._proxy.spent}")
        if self.seconds_left() < 0:
            raise RenderFailed(f"not done within {self.seconds:g} s")

    def kill(self, reason: str) -> None:
        """Kill the browser."""
        self._reason = self._reason or reason
        self._session.kill()

    def _start(self, profile: str, stack: ExitStack) -> None:
        ours, control = socket.socketpair()
        stack.enter_context(ours)
        (commands, to_browser), (from_browser, answers) = os.pipe(), os.pipe()
        self._stderr = stack.enter_context(TemporaryFile())  # noqa: SIM115
        self.devtools = Devtools(from_browser, to_browser, self.check)
        stack.callback(self.devtools.close)
        theirs = [control.fileno(), commands, answers]
        binary = self._settings.browser
        flags = (*FLAGS, *GUARD_FLAGS, f"--user-data-dir={profile}")
        try:
            self._process = subprocess.Popen(  # noqa: S603  # no word of it comes from outside
                [sys.executable, "-I", WALL, *map(str, theirs), binary, *flags],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
                pass_fds=theirs,
                env={"HOME": profile, "TMPDIR": profile},
                cwd=profile,
                start_new_session=True,  # which its processes are found by
            )
        finally:
            control.close()
            os.close(commands)
            os.close(answers)
        self._session = Session(self._process.pid)
        stack.callback(self._stop)
        listener = self._listener(ours)
        self._proxy = stack.enter_context(self._fetcher.proxy(listener, self.seconds_left()))
        threading.Thread(target=self._watch, name="browser", daemon=True).start()
        self.devtools.start()

    def _listener(self, ours: socket.socket) -> socket.socket:
        """Return the socket where the browser will look for its proxy."""
        ours.settimeout(self.seconds_left())
        said, descriptors, _, _ = socket.recv_fds(ours, 200, 1)
        if not descriptors:
            raise RenderFailed(f"no network of its own: {said[1:].decode() or self.stderr_tail()}")
        return socket.socket(fileno=descriptors[0])

    def stderr_tail(self) -> str:
        """Return the end of what the browser has said, for the operator."""
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - 2000))
        return self._stderr.read().decode(errors="replace").strip()

    def _watch(self) -> None:
        """Kill the browser when it is time, or it takes too much memory; note its end."""
        limit = self._settings.render_memory
        used = 0
        while self._process.poll() is None:
            time.sleep(NEAR_LIMIT_POLL_SECONDS if used > limit // 2 else POLL_SECONDS)
            used = self._session.memory()
            if used > limit:
                self.kill(f"it takes more than {limit} bytes of memory")
            elif self.seconds_left() < 0:
                self.kill(f"not done within {self.seconds:g} s")
        self._reason = self._reason or "the browser has ended by itself"

    def _stop(self) -> None:
        """Make sure that no process is left."""
        self._reason = self._reason or "it is over"
        until = time.monotonic() + END_SECONDS
        while self._session.kill() and time.monotonic() < until:
            time.sleep(0.01)
        self._process.wait()


def _remove_old_profiles() -> None:
    """Remove what processes left that were killed."""
    for profile in Path(gettempdir()).glob(f"{PROFILE}*-*-*"):
        process, when, _ = profile.name.removeprefix(PROFILE).split("-", 2)
        if start_time(process) != when:
            shutil.rmtree(profile, ignore_errors=True)
