"""The work on a claimed job: fetch, scrape and store, and say how it ended."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

from peewee import OperationalError

from app import jobs
from app.database.ids import now
from app.database.models import CLAIMABLE, JOB_KINDS, Claimable, Delivery, Download, Image
from app.errors import (
    Failure,
    Interrupted,
    NoImages,
    NoneWorked,
    StorageUnreachable,
    TooMuchStored,
    Unexpected,
)
from app.fetch import Fetcher, Held, JobTime
from app.jobs.files import keys_of
from app.pictures.picture import Picture
from app.pictures.sources import Source
from app.render import Renderer
from app.scrape import list_pictures
from app.settings import Settings
from app.storage import Member, Storage, archive_key, image_key, write_archive
from app.urls import Url
from app.worker import webhooks
from app.worker.archives import manifest, picture_of
from app.worker.cut import Cut
from app.worker.downloads import Get, PictureRun
from app.worker.images import Fetched, fetch_image, link_image, new_key, removed
from app.worker.pages import advice, read_page, render_page
from app.worker.processes import Registry
from app.worker.seats import Seats
from app.worker.selection import by_address, check_wanted, considered, member_names
from app.worker.sheets import SheetLoader

log = logging.getLogger(__name__)


class Tasks:
    """The work of one process; `stopping` says when it has to end, `report` counts fetches."""

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        processes: Registry,
        stopping: Callable[[], bool],
        report: Callable[[float, int], None] = lambda seconds, size: None,
    ) -> None:
        self.settings = settings
        self.storage = storage
        self._processes = processes
        self._stopping = stopping
        self._report = report
        self._stranded: deque[Claimable] = deque()
        self._renderer = Renderer(settings)
        self._storage_works = True
        self.seats = Seats(settings.job_threads)
        # Deliveries wait as long as there is nothing to sign them with.
        self.kinds: Sequence[type[Claimable]] = CLAIMABLE if settings.webhook_secret else JOB_KINDS

    def turn(self, kinds: Iterable[type[Claimable]]) -> bool:
        """Claim one job, of the first kind that has any, and do it; tell whether there was one."""
        if not self._processes.is_known():
            return False
        for kind in kinds:
            if kind is not Delivery and not (self._storage_works and self._has_room()):
                continue  # else each job would ask its origins again, for nothing
            with ExitStack() as held:
                job = self._claim(kind, held)
                if job:
                    self.run(job)
                    return True
        return False

    def _claim(self, kind: type[Claimable], held: ExitStack) -> Claimable | None:
        """Claim the job whose turn it is, and seat it."""
        if kind is Delivery:
            if not self.seats.deliveries.acquire(blocking=False):
                return None
            held.callback(self.seats.deliveries.release)
        with self.seats.claiming:
            job = jobs.claim(kind, self._processes.name, self.seats.turn(kind))
            if job:
                self.seats.take(job)
                held.callback(self.seats.leave, job)
        return job

    def make_room(self) -> None:
        """Take a seat back from a client or site that holds too many while jobs of others wait."""
        if self.seats.full() and (rank := jobs.least_rank(self.seats.turn(Download))) is not None:
            self.seats.reclaim(rank)

    def run(self, job: Claimable) -> None:
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

    def try_storage(self) -> None:
        """Let jobs be claimed again, once a storage that did not work does."""
        if not self._storage_works:
            with suppress(StorageUnreachable):
                self.storage.probe()
                self._storage_works = True

    def _run(self, job: Claimable) -> None:
        job_time = self._time_of(job)
        try:
            cut = Cut(job, lambda: self._has_to_end(job))
            with Fetcher(self.settings, cut, report=self._report, job_time=job_time) as fetcher:
                if isinstance(job, Download):
                    self._download(job, fetcher, cut)
                elif isinstance(job, Delivery):
                    webhooks.deliver(job, fetcher, self.settings.webhook_secret)
                else:
                    self._image(job, fetcher)
        except (Interrupted, StorageUnreachable) as error:
            self._storage_works &= isinstance(error, Interrupted)
            job.spent_seconds = job_time.spent()
            jobs.hand_back(job)
        except Held as held:
            self._hold(job, held, job_time)
        except Failure as failure:
            jobs.fail(job, failure)
            if isinstance(failure, TooMuchStored):
                self._clear(job)
        except (jobs.LostClaim, OperationalError):
            raise
        except Exception:
            log.exception("job broke", extra={"id": str(job.id)})
            jobs.fail(job, Unexpected("an error of this service; its log has the details"))

    def _has_to_end(self, job: Claimable) -> bool:
        """Tell whether a job is to be handed back; one that stores nothing needs no room."""
        no_room = not (isinstance(job, Delivery) or self._has_room())
        return self._stopping() or self.seats.yields(job) or no_room

    def _has_room(self) -> bool:
        return self.storage.free_bytes() >= self.settings.min_free_bytes

    def _time_of(self, job: Claimable) -> JobTime:
        if isinstance(job, Delivery):  # each try is bounded, and so is the time of all
            return JobTime()
        return JobTime(self.settings.job_seconds, job.spent_seconds or 0, job.paused_seconds or 0)

    def _hold(self, job: Claimable, held: Held, job_time: JobTime) -> None:
        """Queue a job until a host may be asked again, if it has not waited for long enough."""
        seconds = job_time.free(held.left())
        if isinstance(job, Delivery) or not seconds:
            jobs.fail(job, held)
            return
        job.spent_seconds, job.paused_seconds = job_time.spent(), job_time.paused() + seconds
        jobs.pause(job, held.host, now() + timedelta(seconds=seconds))

    def _clear(self, job: Claimable) -> None:
        """Free what a job stored that was withdrawn meanwhile."""
        if isinstance(job, Delivery):
            return
        for key in keys_of(job):
            self.storage.remove(key)

    def _image(self, image: Image, fetcher: Fetcher) -> None:
        """Store a copy of one image."""
        fetched = fetch_image(image, fetcher, self.storage)
        self.storage.store([fetched.part])
        jobs.finish_image(image, self.settings.quota_bytes, **fetched.facts._asdict())

    def _download(self, download: Download, fetcher: Fetcher, cut: Cut) -> None:
        """Read the page, take its pictures and put them into the archive."""
        if download.image_ids:
            self._archive(download, fetcher, cut)
            return
        page_url = Url.parse(download.url)
        if download.found is None:
            page_url, pictures = self._find(download, page_url, fetcher, cut)
            pictures = by_address(pictures, download)
            found = sum(picture.skipped is None for picture in pictures)
            download.spent_seconds = fetcher.job_time.spent()
            taken = list(considered(pictures, download))
            download.referrers = fetcher.heed(page_url, taken)
            jobs.add_found(download, found, taken)
        elif download.referrers:
            page_url = fetcher.recall(download.referrers)
        if not download.found:
            if download.include or download.exclude:
                raise NoImages("the page shows no images that include and exclude let through")
            raise NoImages(f"the page shows no images; {advice(download, self.settings.browser)}")
        if not download.dry_run:
            most = self.settings.images_at_once
            at_once = min(download.at_once or most, most)
            check = partial(check_wanted, download)
            get = partial(fetch_image, storage=self.storage, referer=page_url, check=check)
            self._take(download, fetcher, cut, get, at_once)
        jobs.finish(download)

    def _find(
        self, download: Download, url: Url, fetcher: Fetcher, cut: Cut
    ) -> tuple[Url, list[Picture]]:
        """Return where the page is in the end, and its pictures, found or listed by the client."""
        if download.image_urls:
            return url, list_pictures(download.image_urls, str(url))
        sheets = SheetLoader(fetcher, self.settings.style_sheets)
        read = read_page(url, fetcher, download.sources or [Source.SEEN], sheets, download)
        download.sheets_failed = sheets.failed
        if not download.render:
            if download.render_detail:
                download.render_detail += f"; {advice(download, self.settings.browser)}"
            return read
        return render_page(download, self._renderer, read, fetcher, cut)

    def _archive(self, download: Download, fetcher: Fetcher, cut: Cut) -> None:
        """Put stored pictures of other downloads together: exactly those, or none."""
        ids = [UUID(image_id) for image_id in download.image_ids]
        stored = jobs.stored_pictures(ids)
        sources = [stored.get(image_id) for image_id in ids]
        if download.found is None:
            if None in sources:
                raise removed(sources.index(None) + 1)
            jobs.add_found(download, len(sources), map(picture_of, filter(None, sources)))

        def get(image: Image, fetcher: Fetcher) -> Fetched:
            return link_image(image, sources[(image.position or 0) - 1], self.storage)

        pages = jobs.pages_of(sources) if download.pattern else {}
        self._take(download, fetcher, cut, get, pages=pages)
        jobs.finish(download)

    def _take(
        self,
        download: Download,
        fetcher: Fetcher,
        cut: Cut,
        get: Get,
        at_once: int = 1,
        pages: Mapping[int, Download] | None = None,
    ) -> None:
        """Take the pictures; make the zip of those that worked and are still there."""
        quota = self.settings.quota_bytes
        run = PictureRun(download, fetcher, self.storage, cut, get, at_once, quota)
        run.take()
        stored = jobs.settle(download, run.cut_short)
        if download.pattern:
            names = member_names(stored, download, pages or {})
            jobs.name_members(download, zip(stored, names, strict=True))
        members = [
            Member(image.file or "", key)
            for image in stored
            if self.storage.exists(key := image_key(image.id, image.attempts))
        ]
        if not members:
            raise NoneWorked("the pictures were removed before the archive was made")
        if download.manifest:
            members.append(Member("manifest.json", manifest(download)))
        key = new_key(archive_key, download, self.storage)
        write_archive(self.storage, key, members, download.added_at, cut)
