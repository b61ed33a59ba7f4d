"""The work on a claimed job: fetch, scrape and store, and say how it ended."""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from functools import partial
from uuid import UUID

from peewee import OperationalError

from app import jobs
from app.database.models import CLAIMABLE, JOB_KINDS, Delivery, Download, Image, Status
from app.errors import (
    BOOKMARKLET,
    DeadlineExceeded,
    Failure,
    Interrupted,
    NoImages,
    NoneWorked,
    StorageFailure,
    Unexpected,
    Unwanted,
)
from app.fetch import Fetcher, ImageFacts
from app.jobs.cleanup import keys_of
from app.jobs.documents import StatusDocument
from app.pictures.picture import Picture
from app.pictures.sources import Source
from app.scrape import find_pictures, list_pictures
from app.settings import Settings
from app.storage import Member, Storage, archive_key, image_key, write_archive
from app.urls import Url, site_of
from app.worker import webhooks
from app.worker.processes import ProcessRegistry
from app.worker.selection import check_wanted, considered, member_name, tried

Work = Download | Image | Delivery
Kind = type[Download] | type[Image] | type[Delivery]

log = logging.getLogger(__name__)


class Tasks:
    """The work of one process; `stopping` says when it has to end, `report` counts fetches."""

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        processes: ProcessRegistry,
        stopping: Callable[[], bool],
        report: Callable[[float, int], None] = lambda seconds, size: None,
    ) -> None:
        self.settings = settings
        self.storage = storage
        self._processes = processes
        self._stopping = stopping
        self._report = report
        self._stranded: deque[Work] = deque()
        self._suspect = threading.Lock()
        self._couriers = threading.BoundedSemaphore((settings.job_threads + 1) // 2)
        # Deliveries wait as long as there is nothing to sign them with.
        self.kinds: Sequence[Kind] = CLAIMABLE if settings.webhook_secret else JOB_KINDS

    def turn(self, kinds: Iterable[Kind]) -> bool:
        """Claim one job, of the first kind that has any, and do it; tell whether there was one."""
        for kind in kinds:
            with ExitStack() as held:
                job = self._claim(kind, held)
                if job:
                    self.run(job)
                    return True
        return False

    def _claim(self, kind: Kind, held: ExitStack) -> Work | None:
        """Claim a job, a suspect only while no other runs here.

        So what kills its process does not take the same innocent ones along each time. And
        deliveries take half of the seats at most: their receivers may let us wait.
        """
        if kind is Delivery:
            if not self._couriers.acquire(blocking=False):
                return None
            held.callback(self._couriers.release)
        with ExitStack() as suspect:
            if alone := self._suspect.acquire(blocking=False):
                suspect.callback(self._suspect.release)
            job = jobs.claim(kind, self._processes.name, suspects=alone)
            if job and job.crashes:
                held.push(suspect.pop_all())
        return job

    def run(self, job: Work) -> None:
        """Bring a claimed job to its end, whatever happens on the way.

        Raises:
            OperationalError: the database does not take the end; `rescue` has to try again.

        """
        started = time.monotonic()
        try:
            self._run(job)
            outcome = job.status
        except jobs.LostClaim:
            self._clear(job)
            outcome = "withdrawn"
        except OperationalError:
            self._stranded.append(job)
            raise
        log.info(
            "job %s",
            outcome,
            extra={
                "kind": type(job).__name__.lower(),
                "id": str(job.id),
                "attempt": job.attempts,
                "seconds": round(time.monotonic() - started, 3),
                "error": job.error_code,
                "detail": job.error_detail,
            },
        )

    def rescue(self) -> None:
        """Hand back the jobs whose end the database did not take."""
        while self._stranded:
            with suppress(jobs.LostClaim):
                jobs.hand_back(self._stranded[0])
            self._stranded.popleft()

    def _run(self, job: Work) -> None:
        try:
            cut = partial(self._cut, job)
            with Fetcher(self.settings, cut, report=self._report) as fetcher:
                if isinstance(job, Download):
                    self._download(job, fetcher)
                elif isinstance(job, Delivery):
                    webhooks.deliver(job, fetcher, self.settings.webhook_secret)
                else:
                    self._image(job, fetcher)
        except Interrupted:
            jobs.hand_back(job)
        except Failure as failure:
            jobs.fail(job, failure)
        except (jobs.LostClaim, OperationalError):
            raise
        except Exception:
            log.exception("job broke", extra={"id": str(job.id)})
            jobs.fail(job, Unexpected("an error of this service; its log has the details"))

    def _cut(self, job: Work) -> bool:
        """Tell whether work on a job has to end: the process stops, or a client withdrew it."""
        return self._stopping() or not jobs.holds(job)

    def _clear(self, job: Work) -> None:
        """Free what a job stored that was withdrawn meanwhile."""
        if isinstance(job, Delivery):
            return
        for key in keys_of(job):
            self.storage.remove(key)

    def _image(self, image: Image, fetcher: Fetcher) -> None:
        """Store a copy of one image."""
        _, facts = self._store(image, fetcher)
        jobs.finish(image, **asdict(facts))

    def _download(self, download: Download, fetcher: Fetcher) -> None:
        """Read the page, take its pictures one after another and put them into the archive."""
        page_url = Url.parse(download.url)
        if download.found is None:
            page_url, pictures = _find(download, page_url, fetcher)
            found = sum(picture.skipped is None for picture in pictures)
            jobs.add_found(download, found, considered(pictures, download))
        if not download.found:
            raise NoImages(f"the page shows no images; {BOOKMARKLET}")
        if not download.dry_run:
            self._take_pictures(download, fetcher, page_url)
            self._write_archive(download)
        jobs.finish(download)

    def _take_pictures(self, download: Download, fetcher: Fetcher, page_url: Url) -> None:
        """Take pictures until the limit is reached; those of an earlier attempt count."""
        pictures = jobs.pictures_of(download)
        taken = sum(image.status == Status.FINISHED for image in pictures)
        mine = (Status.QUEUED, download.attempts)
        for image in pictures:
            if taken < download.limit and (image.status, image.attempts) == mine:
                taken += self._take(image, download, fetcher, page_url)
        if not taken:
            raise NoneWorked(f"none of {len(pictures)} pictures could be had")

    def _take(self, image: Image, download: Download, fetcher: Fetcher, page_url: Url) -> bool:
        """Store one picture of a download; tell whether it could be had."""
        try:
            try:
                url, facts = self._store(image, fetcher, page_url, partial(check_wanted, download))
            except StorageFailure:  # of the whole download
                raise
            except Failure as failure:
                jobs.fail(image, failure)
                return False
            name = member_name(image, download, url, facts)
            jobs.finish(image, source_url=url, site=site_of(url), file=name, **asdict(facts))
        except jobs.LostClaim:
            self._clear(image)
            if not jobs.holds(download):
                raise
            return False
        return True

    def _store(
        self,
        image: Image,
        fetcher: Fetcher,
        referer: Url | None = None,
        check: Callable[[ImageFacts], None] = lambda facts: None,
    ) -> tuple[str, ImageFacts]:
        """Store the first of the image's URLs that can be had; return which, and its facts."""
        key = self._key(image_key, image)
        failures = []
        for url in tried(image.candidates):
            try:
                with self.storage.new_file(key) as file:
                    facts = fetcher.image(Url.lenient(url), file, referer)
                    check(facts)
            except (StorageFailure, Unwanted, DeadlineExceeded):  # another size is no way out
                raise
            except Failure as failure:
                failures.append(failure)
            else:
                return url, facts
        raise failures[0]

    def _write_archive(self, download: Download) -> None:
        """Make the zip of the pictures that worked and are still there."""
        stored = jobs.settle(download)
        keys = [image_key(image.id, image.attempts) for image in stored]
        members = [
            Member(image.file or "", key)
            for image, key in zip(stored, keys, strict=True)
            if self.storage.exists(key)
        ]
        if not members:
            raise NoneWorked("the pictures were removed before the archive was made")
        if download.manifest:
            members.append(Member("manifest.json", _manifest(download)))
        key = self._key(archive_key, download)
        cut = partial(self._cut, download)
        write_archive(self.storage, key, members, download.added_at, cut)

    def _key(self, key_of: Callable[[UUID, int], str], job: Download | Image) -> str:
        """Return the key that this attempt writes to; what a dead one may have left is removed."""
        for earlier in range(1, job.attempts):
            self.storage.remove(key_of(job.id, earlier))
        return key_of(job.id, job.attempts)


def _find(download: Download, url: Url, fetcher: Fetcher) -> tuple[Url, list[Picture]]:
    """Return the page's URL in the end, and its pictures as found or as the client listed them."""
    if download.image_urls:
        return url, list_pictures(download.image_urls, str(url))
    page = fetcher.page(url)
    sources = download.sources or [Source.SEEN]
    return page.url, find_pictures(page.body, page.charset, str(page.url), sources)


def _manifest(download: Download) -> bytes:
    """Return what the status document says of the page and its pictures."""
    told = StatusDocument(only=("download_id", "url", "added_at", "images")).dump(download)
    return json.dumps(told, indent=2, ensure_ascii=False).encode()
