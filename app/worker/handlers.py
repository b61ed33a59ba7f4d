"""What is done for each kind of job: fetch, scrape and store."""

from collections.abc import Iterable, Mapping
from functools import partial
from uuid import UUID

from app import jobs
from app.database.models import Claimable, Delivery, Download, Image
from app.errors import NoImages, NoneWorked
from app.fetch import Fetcher
from app.pictures.picture import Picture
from app.pictures.sources import Source
from app.render import Renderer
from app.scrape import list_pictures
from app.settings import Settings
from app.storage import Member, Storage, archive_key, image_key, write_archive
from app.urls import Url
from app.worker import webhooks
from app.worker.archives import link_image, manifest, picture_of, removed
from app.worker.cut import Cut
from app.worker.downloads import PictureRun
from app.worker.fetch_pool import Get
from app.worker.images import Fetched, fetch_image, new_key
from app.worker.pages import advice, read_page, render_page
from app.worker.selection import by_address, check_wanted, considered, member_names
from app.worker.sheets import SheetLoader


class Handlers:
    """The work on claimed jobs, by their kind."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self._settings = settings
        self._storage = storage
        self._renderer = Renderer(settings)

    def handle(self, job: Claimable, fetcher: Fetcher, cut: Cut) -> None:
        """Do what a job asks for, up to its end.

        Raises:
            Failure: it cannot be had.
            Held: a host wants to be asked later.
            Interrupted: `cut` says that the work has to end.
            LostClaim: the job is no longer ours.
        """
        if isinstance(job, Download):
            self._download(job, fetcher, cut)
        elif isinstance(job, Delivery):
            webhooks.deliver(job, fetcher, self._settings.webhook_secret)
        else:
            self._image(job, fetcher)

    def _image(self, image: Image, fetcher: Fetcher) -> None:
        """Store a copy of one image."""
        fetched = fetch_image(image, fetcher, self._storage)
        self._storage.store([fetched.part])
        jobs.finish_image(image, self._settings.quota_bytes, **fetched.facts._asdict())

    def _download(self, download: Download, fetcher: Fetcher, cut: Cut) -> None:
        """Read the page, take its pictures and put them into the archive."""
        if download.image_ids:
            self._archive(download, fetcher, cut)
            return
        page_url = self._read(download, fetcher, cut)
        if not download.found:
            if download.include or download.exclude:
                raise NoImages("the page shows no images that include and exclude let through")
            raise NoImages(f"the page shows no images; {advice(download, self._settings.browser)}")
        if not download.dry_run:
            most = self._settings.images_at_once
            at_once = min(download.at_once or most, most)
            check = partial(check_wanted, download)
            get = partial(fetch_image, storage=self._storage, referer=page_url, check=check)
            self._take(download, fetcher, cut, get, at_once)
        jobs.finish(download)

    def _read(self, download: Download, fetcher: Fetcher, cut: Cut) -> Url:
        """Record the pictures of the page unless an earlier run has; return where it is."""
        page_url = Url.parse(download.url)
        if download.found is not None:
            referrers = download.referrers
            return fetcher.referrers.restore(referrers) if referrers else page_url
        page_url, pictures = self._find(download, page_url, fetcher, cut)
        pictures = by_address(pictures, download)
        found = sum(picture.skipped is None for picture in pictures)
        download.spent_seconds = fetcher.job_time.spent()
        taken = list(considered(pictures, download))
        download.referrers = fetcher.referrers.record(page_url, taken)
        jobs.add_found(download, found, taken)
        return page_url

    def _find(
        self, download: Download, url: Url, fetcher: Fetcher, cut: Cut
    ) -> tuple[Url, list[Picture]]:
        """Return where the page is in the end, and its pictures, found or listed by the client."""
        if download.image_urls:
            return url, list_pictures(download.image_urls, str(url))
        sheets = SheetLoader(fetcher, self._settings.style_sheets)
        read = read_page(url, fetcher, sheets, download.sources or [Source.SEEN], download)
        download.sheets_failed = sheets.failed
        if not download.render:
            if download.render_detail:
                download.render_detail += f"; {advice(download, self._settings.browser)}"
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
            return link_image(image, sources[(image.position or 0) - 1], self._storage)

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
        """Take the pictures, and make the zip of those that worked."""
        quota = self._settings.quota_bytes
        run = PictureRun(download, fetcher, self._storage, cut, get, at_once, quota)
        run.take()
        stored = jobs.settle(download, run.cut_short)
        if download.pattern:
            names = member_names(stored, download, pages or {})
            jobs.name_members(download, zip(stored, names, strict=True))
        self._write_archive(download, stored, cut)

    def _write_archive(self, download: Download, stored: Iterable[Image], cut: Cut) -> None:
        """Make the zip of the stored pictures that are still there."""
        members = [
            Member(image.file or "", key)
            for image in stored
            if self._storage.exists(key := image_key(image.id, image.attempts))
        ]
        if not members:
            raise NoneWorked("the pictures were removed before the archive was made")
        if download.manifest:
            members.append(Member("manifest.json", manifest(download)))
        key = new_key(archive_key, download, self._storage)
        write_archive(self._storage, key, members, download.added_at, cut)
