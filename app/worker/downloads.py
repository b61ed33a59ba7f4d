"""The pictures of a download: fetched by a `FetchPool`, stored and recorded in groups.

A group reaches the disk together: its files, their folders once, then its rows in one commit. No
row says finished before; a crash costs the group, which is fetched again.
"""

import time
from collections import Counter, deque
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
from app.worker.fetch_pool import FetchPool, Get, Result, fetching
from app.worker.images import Fetched
from app.worker.selection import member_name

GROUP = 16  # pictures, at most
GROUP_SECONDS = 0.4  # that pictures wait for others, at most: progress is seen soon
ASK_SECONDS = 0.5  # between two looks whether the job is still ours


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
        self._fetcher = fetcher
        self._at_once = at_once
        self._quota = quota
        self._storage = storage
        self._cut = cut
        self._get = get
        self._group: list[tuple[Image, Result]] = []
        self._ask_at = time.monotonic() + ASK_SECONDS
        mine = (Status.QUEUED, download.attempts)
        pictures = jobs.pictures_of(download)
        self._waiting = deque(p for p in pictures if (p.status, p.attempts) == mine)
        self._taken = sum(picture.status == Status.FINISHED for picture in pictures)
        self._held: list[Held] = []

    def take(self) -> None:
        """Take pictures in page order; those of an earlier attempt count.

        Raises:
            NoneWorked, Unwanted: none could be fetched, or none passes the filter.
            TimeUp, TooMuchStored: nor may more be; if some were fetched, `cut_short` says why.
            Held: the others wait for the pause of a host to end.
        """
        with fetching(self._fetcher, self._at_once, self._get, self._cut, GROUP) as pool:
            try:
                while self._start(pool) or self._flush():
                    if pool.running:
                        self._gather(pool)
                        self._start(pool)  # fetching goes on during a commit
                        self._flush()
            except BaseException as error:
                self._group += pool.end()
                if isinstance(error, Interrupted):
                    self._flush()
                raise
            finally:
                self._storage.discard(self._parts(self._group))
        if self._held and not self.cut_short:
            raise min(self._held, key=Held.left)
        if self.cut_short and self._download.image_ids:
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

    def _start(self, pool: FetchPool) -> bool:
        """Start as many as may be needed, never more; return whether any are being fetched."""
        wanted = self._download.limit - self._taken - len(self._held)
        room = min(self._at_once + GROUP, wanted)
        while self._waiting and pool.running < room:
            pool.start(self._waiting.popleft())
        return pool.running > 0

    def _gather(self, pool: FetchPool) -> None:
        """Wait for a group of results, not for long, and take what has come."""
        pool.wait(GROUP_SECONDS)
        for picture, result in pool.results():
            self._note(picture, result)
            if len(self._group) >= GROUP:
                break
        if time.monotonic() >= self._ask_at:
            self._ask_at = time.monotonic() + ASK_SECONDS
            if self._cut():
                raise Interrupted

    def _note(self, picture: Image, result: Result) -> None:
        whole = self._download.image_ids  # all of them, or none
        if isinstance(result, StorageFailure) or (whole and isinstance(result, Failure)):
            raise result
        if isinstance(result, TimeUp):  # the picture stays as it is
            self.cut_short = result
            self._waiting.clear()
            return
        if isinstance(result, Held) and self._fetcher.job_time.free(result.left()):
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
        self._download.spent_seconds = self._fetcher.job_time.spent()
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
