"""What people do to a download or an image: by forms that are a button each."""

from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug import Response

from app import jobs
from app.database.models import AnyJob, Download, Image, Job, JobKind
from app.http import services
from app.http.auth import local_path
from app.http.responses import get_or_404
from app.jobs import cleanup

SHOW: dict[type[Job], str] = {Download: "web.downloads.show", Image: "web.gallery.show"}


def register(pages: Blueprint, kind: JobKind) -> None:
    """Have the pages of a kind of job take these forms; they lead back to where they stand."""

    @pages.post("/<uuid:job_id>/retry")
    def retry(job_id: UUID) -> Response:
        """Ask again for what failed."""
        return ask_again(kind, job_id, jobs.retry)

    @pages.post("/<uuid:job_id>/cancel")
    def cancel(job_id: UUID) -> Response:
        """Cancel what has not ended; what just has stays."""
        cleanup.cancel(get_or_404(kind, job_id), services.storage())
        return redirect(referrer() or url_for(".show", job_id=job_id), 303)

    @pages.post("/<uuid:job_id>/delete")
    def delete(job_id: UUID) -> Response:
        """Remove a job and its files."""
        cleanup.remove(get_or_404(kind, job_id), services.storage())
        here = referrer() or ""
        stays = here and not here.startswith(url_for(".show", job_id=job_id))
        return redirect(here if stays else url_for(".walk"), 303)


def ask_again(kind: type[AnyJob], job_id: UUID, ask: Callable[[AnyJob], AnyJob]) -> Response:
    """Have a new job made of an old one, and go where it can be watched."""
    job = get_or_404(kind, job_id)
    services.admit(1)
    again = ask(job)
    services.charge(again)
    services.engine().submit()
    return redirect(url_for(SHOW[kind], job_id=again.id), 303)


def referrer() -> str | None:
    """Return the page that a form stands on, with its filters, as browsers tell it."""
    try:
        url = urlsplit(request.referrer or "")
    except ValueError:
        return None
    here = url._replace(scheme="", netloc="", fragment="").geturl()
    return local_path(here) if url.netloc == request.host else None
