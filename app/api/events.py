"""Server-sent events (WHATWG HTML): a download as it goes on, for pages that show it."""

from collections.abc import Iterator
from functools import lru_cache, partial
from threading import Lock
from typing import Any
from uuid import UUID

from flask import Response, json, request

from app import jobs
from app.database.models import Download, Status
from app.errors import NotFound
from app.http import services
from app.jobs import Standing
from app.jobs.documents import JobDocument, PictureDocument, ProgressDocument
from app.jobs.watch import UNSEEN, JobWatcher, Subscription

HEARTBEAT_SECONDS = 15  # proxies cut what is silent for long, and only a write finds a client gone
RETRY_MILLISECONDS = 2000

_one_at_a_time = Lock()  # all who follow a download wake together: the first does it for the rest


def stream(download: Download) -> Response:
    """Answer with what happens to a download until its end.

    Each `progress` tells the counts and the pictures that have ended since the one before; its id
    is that of the last picture sent, so a client that comes back gets the rest. `end` is the last.

    Raises:
        Overloaded: too many clients wait already.
    """
    watcher = services.watcher()
    subscription = watcher.subscribe(Download, download.id, services.client(), services.has_left())
    last = request.headers.get("Last-Event-ID", type=UUID)
    answer = Response(_events(watcher, subscription, last), mimetype="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"  # nginx would wait for more
    answer.call_on_close(partial(watcher.unsubscribe, subscription))
    return answer


def _events(watcher: JobWatcher, subscription: Subscription, last: UUID | None) -> Iterator[str]:
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    sent: Standing | None = None
    while not (watcher.stopping() or subscription.given_up):
        standing = watcher.next_change(subscription, HEARTBEAT_SECONDS)
        if standing is not None and standing in (sent, UNSEEN):
            yield ": still here\n\n"
            continue
        if standing:
            sent = standing
            with _one_at_a_time:
                event, last = _progress(subscription.job_id, standing, last)
            yield event
        if standing is None or standing.is_final:
            yield _event("end", _end(subscription.job_id))
            return


@lru_cache(maxsize=4)  # it may have megabytes
def _progress(download_id: UUID, standing: Standing, last: UUID | None) -> tuple[str, UUID | None]:
    """Return an event, once for all who follow a download, and the last picture it tells."""
    pictures = jobs.ended_pictures(download_id, after=last)
    last = pictures[-1].id if pictures else last
    data = {
        "status": standing.status,
        "progress": ProgressDocument().dump(standing),
        "images": PictureDocument(many=True).dump(pictures),
    }
    return _event("progress", data, last), last


def _end(download_id: UUID) -> Any:
    try:
        return JobDocument().dump(jobs.get(Download, download_id))
    except NotFound:
        return {"status": Status.CANCELLED, "error": None}


def _event(name: str, data: Any, last: UUID | None = None) -> str:
    text = json.dumps(data, separators=(",", ":"))
    return f"event: {name}\n" + (f"id: {last}\n" if last else "") + f"data: {text}\n\n"
