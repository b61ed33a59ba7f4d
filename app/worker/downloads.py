"""The pictures of a download: fetched in threads of their own, stored and recorded in groups.

The thread of the job gathers what the others have fetched, and sleeps while a group comes together.
A group reaches the disk together:
its files, their folders once, then its rows in one commit. No row says finished before; a crash
costs the group, which is fetched again.
"""

import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from threading import Event
from typing import Any

from app import jobs
from app.database.models import Download, Image, Status
from app.errors import (
    Failure,
    Interrupted,
    NoneWorked,
    Skipped,
    StorageFailure,
    TimeUp,
    TooMuchStored,
    Unwanted,
)
from app.fetch import Fetcher, Held
from app.jobs.files import remove_files
from app.storage import Part, Storage
from app.urls import site_of
from app.worker.cut import Cut
from app.worker.images import Fetched
from app.worker.selection import member_name

GROUP = 16  # pictures, at most
GROUP_SECONDS = 0.4  # that pictures wait for others, at most: progress is seen soon
ASK_SECONDS = 0.5  # between two looks whether the job is still ours

Result = Fetched | Failure
Get = Callable[[Image, Fetcher], Fetched]


class PictureRun:
    """Takes the pictures of a download until its limit is reached.

    Each comes by `get`, in threads; if a picture of an archive cannot be had, the run ends.
    """

    def __init__(
        self,
        download: Download,
        fetcher: Fetcher,
        storage: Storage,
        cut: Cut,
        get: Get,
        at_once: int,
        quota: int,
    ) -> None:
        self._download = download
        self.cut_short: Failure | None = None
        self._job_time = fetcher.job_time
        self._fetchers = [*(fetcher.sibling() for _ in range(1, at_once)), fetcher]
        self._at_once = at_once
        self._quota = quota
        self._storage = storage
        self._cut = cut
        self._get = get
        self._results: SimpleQueue[tuple[Image, Result | BaseException]] = SimpleQueue()
        self._due = Event()  # a group of them is there, or something to stop for:
        self._broken = False
        self._group: list[tuple[Image, Result]] = []
        self._ask_at = time.monotonic() + ASK_SECONDS
        mine = (Status.QUEUED, download.attempts)
        pictures = jobs.pictures_of(download)
        self._waiting = deque(p for p in pictures if (p.status, p.attempts) == mine)
        self._taken = sum(picture.status == Status.FINISHED for picture in pictures)
        self._running = 0
        self._held: list[Held] = []

    def take(self) -> None:
        """Take pictures in page order; those of an earlier attempt count.

        Raises:
            NoneWorked, Unwanted: none could be fetched, or none passes the filter.
            TimeUp, TooMuchStored: nor may more be; if some were fetched, `cut_short` says why.
            Held: the others wait for the pause of a host to end.
        """
        with ExitStack() as stack, ThreadPoolExecutor(self._at_once, "fetch") as pool:
            for fetcher in self._fetchers[:-1]:
                stack.enter_context(fetcher)
            try:
                while self._start(pool) or self._flush():
                    if self._running:
                        self._gather()
                        self._start(pool)  # fetching goes on during a commit
                        self._flush()
            except BaseException as error:
                self._end_begun(pool)
                if isinstance(error, Interrupted):
                    self._flush()
                raise
            finally:
                self._storage.discard(self._parts(self._group))
        if self._held and not self.cut_short:
            raise min(self._held, key=Held.left)
        if self.cut_short and self._download.image_ids:  # all of them, or none
            raise self.cut_short
        if not self._taken:
            raise self.cut_short or self._why_none()

    def _why_none(self) -> Failure:
        """Tell apart what could not be fetched from what the client did not want."""
        codes = Counter(picture.error_code for picture in jobs.pictures_of(self._download))
        count = codes.total() - codes.pop(Skipped.code, 0)
        codes.pop(None, None)  # not tried
        unwanted = codes.pop(Unwanted.code, 0)
        if unwanted and not codes:
            way_out = "lower min_width, min_height or min_bytes, or add types"
            return Unwanted(f"no picture passes the filter: {way_out}")
        outside = f"; {unwanted} outside the filter" if unwanted else ""
        tried = f"none of {count} pictures" if count > 1 else "no picture"
        return NoneWorked(f"{tried} could be fetched{outside}")

    def _start(self, pool: ThreadPoolExecutor) -> bool:
        """Start as many as may be needed, never more; return whether any are being fetched."""
        wanted = self._download.limit - self._taken - len(self._held)
        room = min(self._at_once + GROUP, wanted)
        while self._waiting and self._running < room:
            self._running += 1
            pool.submit(self._fetch, self._waiting.popleft())
        return self._running > 0

    def _fetch(self, picture: Image) -> None:
        """Fetch a picture, in a thread of the pool."""
        if self._broken:
            return
        result: Result | BaseException
        fetcher = self._fetchers.pop()  # there is one for each thread
        try:
            if self._cut():  # what has room is asked before each: little may become large
                raise Interrupted  # noqa: TRY301
            result = self._get(picture, fetcher)
        except BaseException as error:
            result = error
        self._fetchers.append(fetcher)
        self._results.put((picture, result))
        self._broken |= not isinstance(result, Fetched | Failure)
        if self._broken or self._are_enough():
            self._due.set()

    def _are_enough(self) -> bool:
        return self._results.qsize() >= min(GROUP, self._running)

    def _gather(self) -> None:
        """Wait for a group of results, not for long, and take what has come."""
        if not self._are_enough():
            self._due.wait(GROUP_SECONDS)
        self._due.clear()
        while len(self._group) < GROUP and not self._results.empty():
            self._note(*self._results.get())
        if time.monotonic() >= self._ask_at:
            self._ask_at = time.monotonic() + ASK_SECONDS
            if self._cut():
                raise Interrupted

    def _note(self, picture: Image, result: Result | BaseException) -> None:
        self._running -= 1
        fatal = Failure if self._download.image_ids else StorageFailure
        if isinstance(result, fatal) or not isinstance(result, Fetched | Failure):
            raise result
        if isinstance(result, TimeUp):  # the picture stays as it is
            self.cut_short = result
            self._waiting.clear()
            return
        if isinstance(result, Held) and self._job_time.free(result.left()):
            self._held.append(result)  # it keeps its place
            return
        self._group.append((picture, result))
        self._taken += isinstance(result, Fetched)

    def _flush(self) -> bool:
        """Store and record the group; return whether there are pictures to take instead.

        Raises:
            LostClaim: the download is no longer ours.
        """
        group, self._group = self._group, []
        if not group:
            return False
        self._storage.store(self._parts(group))
        self._download.spent_seconds = self._job_time.spent()
        ended = [(picture, self._values(picture, done)) for picture, done in group]
        lost = jobs.end_pictures(self._download, ended, self._quota)
        for picture, done in group:
            if picture in lost:
                self._taken -= isinstance(done, Fetched)
                if picture.error_code == TooMuchStored.code:
                    self.cut_short = TooMuchStored(str(picture.error_detail))
                    self._waiting.clear()
        remove_files(lost, self._storage)
        if lost and not jobs.is_ours(self._download):
            raise jobs.LostClaim
        return bool(self._waiting) and self._taken < self._download.limit

    @staticmethod
    def _parts(group: list[tuple[Image, Result]]) -> list[Part]:
        return [done.part for _, done in group if isinstance(done, Fetched)]

    def _values(self, picture: Image, done: Result) -> Failure | dict[str, Any]:
        """Return what the row of a picture is to say."""
        if isinstance(done, Failure):
            return done
        url, facts, _ = done
        named = not self._download.pattern  # else when all are there
        name = member_name(picture, self._download, url, facts) if named else None
        site = picture.site if url == picture.source_url else site_of(url)
        return {"source_url": url, "site": site, "file": name, **facts._asdict()}

    def _end_begun(self, pool: ThreadPoolExecutor) -> None:
        """End what is being fetched, and note what has come meanwhile."""
        self._cut.end()
        pool.shutdown(cancel_futures=True)
        while not self._results.empty():
            picture, result = self._results.get()
            if isinstance(result, Fetched):
                self._group.append((picture, result))
