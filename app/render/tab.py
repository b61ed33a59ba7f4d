"""One page in a browser: opened, scrolled to its end, and taken as it is then."""

import secrets
import threading
import time
from contextlib import suppress
from typing import Any

import orjson

from app.fetch.proxy import BUDGET, METHODS
from app.render import scripts
from app.render.browser import Browser
from app.render.devtools import Message
from app.render.failures import CommandFailed, RenderFailed
from app.setting_values import MiB

WIDTH, HEIGHT = 1280, 800
QUIET_SECONDS = 0.5  # without any open request
FIRST_SECONDS = 1.0  # at least, after the load event
STEP_SECONDS = 1.0  # at most, for what a turn of the wheel brings
WHEEL_PIXELS = 700
MAX_WHEELS, MIN_WHEELS = 40, 3
# Shares of the deadline: what has not come by then is not waited for.
LOAD_SHARE, SETTLE_SHARE, SCROLL_SHARE = 0.4, 0.5, 0.75
MAX_CHARACTERS = 10 * MiB
MAX_ELEMENTS = 100_000
# What shows no picture, and costs others something.
UNWANTED = {"Media", "Ping", "Prefetch", "CSPViolationReport", "Manifest", "TextTrack"}

_AUTO_ATTACH: Message = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}

# A grey PNG of 300 × 200 pixels: pages that measure their pictures lay out 1 × 1 otherwise.
PLACEHOLDER = (
    "iVBORw0KGgoAAAANSUhEUgAAASwAAADIAQMAAABoEU4WAAAAA1BMVEWAgICQdD0xAAAAHklEQVR42u3B"
    "MQEAAADCoPVPbQdvoAAAAAAAAADgNx54AAG94zQeAAAAAElFTkSuQmCC"
)


class Tab:
    """A page of a browser; each picture is answered by one of ours, which decodes no stranger's."""

    def __init__(self, browser: Browser, agent: str) -> None:
        self._browser = browser
        self._devtools = browser.devtools
        self._agent = agent
        self._requests = 0
        self._open: set[str] = set()  # requests without an end
        self._quiet_since = time.monotonic()
        self._loaded = threading.Event()
        self._status = 0
        self._context = self._target = self._session = ""

    def take(self, url: str) -> Message:
        """Return the page in the end: `url`, `html`, what is `shown`, and the same of `frames`.

        Raises:
            RenderFailed: with the reason.
            Interrupted: the job has to end.
        """
        self._prepare()
        went = self._devtools.call("Page.navigate", self._session, url=url)
        if error := went.get("errorText"):
            raise RenderFailed(f"the page cannot be opened: {error}")
        self._wait_for_load()
        self._wait_until_idle(FIRST_SECONDS, SETTLE_SHARE)
        self._scroll()
        return self._taken()

    def _prepare(self) -> None:
        tools = self._devtools
        tools.on("Target.attachedToTarget", self._attached)
        tools.on("Fetch.requestPaused", self._paused)
        tools.on("Page.javascriptDialogOpening", self._dialog)
        tools.on("Network.requestWillBeSent", self._began)
        tools.on("Network.loadingFinished", self._ended)
        tools.on("Network.loadingFailed", self._ended)
        tools.on("Network.responseReceived", self._answered)
        tools.on("Page.loadEventFired", lambda event, session: self._loaded.set())
        self._context = tools.call("Target.createBrowserContext")["browserContextId"]
        home: Message = {"browserContextId": self._context}
        tools.call("Browser.setDownloadBehavior", behavior="deny", **home)
        size: Message = {"width": WIDTH, "height": HEIGHT}
        made = tools.call("Target.createTarget", url="about:blank", **home, **size)
        self._target = made["targetId"]
        attached = tools.call("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        # From now on, what a page opens waits until it is closed or guarded.
        tools.call("Target.setAutoAttach", **_AUTO_ATTACH)
        tools.call("Page.enable", self._session)
        tools.call("Page.addScriptToEvaluateOnNewDocument", self._session, source=scripts.ONLINE)
        keep: Message = {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0}  # bodies
        tools.call("Network.enable", self._session, **keep)
        tools.call("Network.setBypassServiceWorker", self._session, bypass=True)
        self._guard(self._session)
        # Scripts find the page in front, and lazy pictures load.
        tools.call("Emulation.setFocusEmulationEnabled", self._session, enabled=True)

    def _guard(self, session: str) -> None:
        """Ask to be asked about each request of a page, frame or worker."""
        tools = self._devtools
        tools.send("Fetch.enable", session, patterns=[{"urlPattern": "*"}])
        tools.send("Emulation.setUserAgentOverride", session, userAgent=self._agent)
        tools.send("Target.setAutoAttach", session, **_AUTO_ATTACH)

    def _attached(self, event: Message, session: str) -> None:
        target = event["targetInfo"]
        if target["targetId"] == self._target:
            return
        if target["type"] == "page":
            if target.get("browserContextId") == self._context:  # a window that it has opened
                self._devtools.send("Target.closeTarget", targetId=target["targetId"])
            return
        self._guard(event["sessionId"])
        self._devtools.send("Runtime.runIfWaitingForDebugger", event["sessionId"])

    def _dialog(self, event: Message, session: str) -> None:
        self._devtools.send("Page.handleJavaScriptDialog", session, accept=True)

    def _paused(self, event: Message, session: str) -> None:
        request, identity = event["request"], {"requestId": event["requestId"]}
        if event["resourceType"] == "Image":
            self._devtools.send(
                "Fetch.fulfillRequest",
                session,
                responseCode=200,
                responseHeaders=_image_headers(request["headers"]),
                body=PLACEHOLDER,
                **identity,
            )
            return
        self._requests += 1
        if self._requests > BUDGET.requests:
            self._browser.kill(f"the page takes more than {BUDGET.requests} requests")
        plain = request["url"].startswith(("http://", "https://"))
        if not plain or request["method"] not in METHODS or event["resourceType"] in UNWANTED:
            reason = {"errorReason": "BlockedByClient"}
            self._devtools.send("Fetch.failRequest", session, **identity, **reason)
            return
        self._devtools.send("Fetch.continueRequest", session, **identity)

    def _began(self, event: Message, session: str) -> None:
        if not event["request"]["url"].startswith(("data:", "blob:")):
            self._open.add(event["requestId"])

    def _ended(self, event: Message, session: str) -> None:
        self._open.discard(event["requestId"])
        if not self._open:
            self._quiet_since = time.monotonic()

    def _answered(self, event: Message, session: str) -> None:
        if event["type"] == "Document" and session == self._session and not self._status:
            self._status = event["response"]["status"]

    def _wait_for_load(self) -> None:
        until = self._moment_of(LOAD_SHARE)
        while not self._loaded.wait(0.05) and time.monotonic() < until:
            self._browser.check()
        if self._status >= 400:
            raise RenderFailed(f"the page answers the browser with {self._status}")

    def _moment_of(self, share: float) -> float:
        """Return the moment when so much of the time is over."""
        return self._browser.deadline - self._browser.seconds * (1 - share)

    def _wait_until_idle(self, least: float, share: float) -> None:
        """Wait until nothing is on its way and nothing to be done, up to a share of the time."""
        began, until = time.monotonic(), self._moment_of(share)
        while time.monotonic() < until:
            rest = self._seconds_until_idle()
            if not rest:
                self._evaluate(scripts.IDLE)
                if not self._seconds_until_idle() and time.monotonic() - began >= least:
                    return
            self._browser.check()
            time.sleep(min(max(rest, 0.02), 0.1))

    def _seconds_until_idle(self) -> float:
        """Return how long no request must be open until it has been quiet for long enough."""
        if self._open:
            return QUIET_SECONDS
        return max(0.0, self._quiet_since + QUIET_SECONDS - time.monotonic())

    def _scroll(self) -> None:
        """Turn the wheel until it moves nothing; some pages load by real wheel events alone."""
        until = self._moment_of(SCROLL_SHARE)
        place = self._evaluate(scripts.PLACE)
        for turn in range(MAX_WHEELS):
            before = self._requests, place
            self._wheel()
            place = self._pause()
            if (self._requests, place) == before and turn + 1 >= MIN_WHEELS:
                self._wait_until_idle(0, SCROLL_SHARE)
                settled = self._evaluate(scripts.PLACE)
                if settled == place:
                    return
                place = settled
            if time.monotonic() > until:
                return

    def _wheel(self) -> None:
        place = {"x": WIDTH // 2, "y": HEIGHT // 2}
        move = {"type": "mouseWheel", "deltaX": 0, "deltaY": WHEEL_PIXELS}
        self._devtools.call("Input.dispatchMouseEvent", self._session, **place, **move)

    def _pause(self) -> Any:
        """Give what has just come into sight time to ask for its pictures; return the place."""
        until = time.monotonic() + STEP_SECONDS
        place = self._evaluate(scripts.IDLE_PLACE)
        while self._open and time.monotonic() < until:
            self._browser.check()
            time.sleep(0.02)
            if not self._open:
                return self._evaluate(scripts.PLACE)
        return place

    def _taken(self) -> Message:
        self.marker = f"https://{secrets.token_hex(16)}.invalid/"
        arguments = orjson.dumps([self.marker, MAX_CHARACTERS, MAX_ELEMENTS]).decode()
        text = self._evaluate(f"{scripts.TAKE}(...{arguments})", strict=True)
        taken: Message = orjson.loads(text)
        return taken

    def _evaluate(self, script: str, *, strict: bool = False) -> Any:
        """Run a script in a world of its own; None if the page went away meanwhile."""
        tools = self._devtools
        with suppress(CommandFailed):
            world = tools.call(
                "Page.createIsolatedWorld",
                self._session,
                frameId=self._target,  # the main frame has the name of its target
                worldName="image-downloader",
            )
            answer = tools.call(
                "Runtime.evaluate",
                self._session,
                expression=script,
                contextId=world["executionContextId"],
                awaitPromise=True,
                returnByValue=True,
            )
            if "exceptionDetails" not in answer:
                return answer["result"].get("value")
            if strict:
                said = answer["exceptionDetails"].get("exception", {}).get("description", "")
                raise RenderFailed(f"the page cannot be taken: {said[:100]}")
        if strict:
            raise RenderFailed("the page has gone")
        return None


def _image_headers(asked: dict[str, str]) -> list[Message]:
    origin = next((value for name, value in asked.items() if name.lower() == "origin"), "*")
    headers = {
        "Content-Type": "image/png",
        "Cache-Control": "max-age=600",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
    }
    return [{"name": name, "value": value} for name, value in headers.items()]
