"""What `create_app` made for this application, by type."""

import select
from collections.abc import Callable
from typing import Any, Protocol, cast

from flask import Response, after_this_request, current_app, request

from app.database.models import Download, Image, Job
from app.http.keys import Keys
from app.http.rate_limit import CHARGE, RENDERED, client_name
from app.jobs.capacity import Capacity, require_room
from app.jobs.quotas import Quotas
from app.jobs.watch import JobWatcher
from app.settings import Settings
from app.storage import Storage

CLOSED = getattr(select, "POLLRDHUP", select.POLLHUP)  # Linux tells it of half a connection, too


class Engine(Protocol):
    """What runs the jobs."""

    def submit(self) -> None:
        """Say that there is work."""

    def turning(self) -> bool:
        """Tell whether it has looked for work lately."""

    def queue(self) -> str | None:
        """Return how the queue between processes is; None: there is none."""

    def make_thumbnail(self, image: Image, client: str) -> None:
        """Say that a client wants the thumbnail of a finished image, or raise why there is none."""


def settings() -> Settings:
    """Return the settings of this application."""
    return cast(Settings, current_app.extensions["settings"])


def storage() -> Storage:
    """Return the storage of this application."""
    return cast(Storage, current_app.extensions["storage"])


def engine() -> Engine:
    """Return the engine of this application."""
    return cast(Engine, current_app.extensions["engine"])


def admit(count: int) -> None:
    """Let in so many new jobs of the client.

    Raises:
        StorageFull: there is no room for what they would store.
        TooManyWaiting, TooMuchStored: the client has used up a quota.
        Overloaded: too many would wait.
    """
    require_room(storage().free_bytes(), settings().min_free_bytes)
    quotas, asking = cast(Quotas, current_app.extensions["quotas"]), client()
    quotas.admit(asking, count)

    @after_this_request
    def release(response: Response) -> Response:
        quotas.release(asking, count)
        return response

    cast(Capacity, current_app.extensions["capacity"]).admit(count)


def charge(*added: Job) -> None:
    """Count a request as more in the rate limit: by each job that a browser is started for."""
    rendered = sum(isinstance(job, Download) and job.render for job in added)
    if rendered and (count := request.environ.get(CHARGE)):
        count(RENDERED * rendered - 1)  # the request itself has been counted


def keys() -> Keys:
    """Return the keys of this application."""
    return cast(Keys, current_app.extensions["keys"])


def watcher() -> JobWatcher:
    """Return what watches jobs for this application."""
    return cast(JobWatcher, current_app.extensions["watcher"])


def client() -> str:
    """Return who asks, by key or else by address: jobs of clients take turns."""
    return client_name(request.environ)


def has_left() -> Callable[[], bool]:
    """Return what tells whether the client has closed its end; gunicorn alone shows us that."""
    sock = request.environ.get("gunicorn.socket")
    return lambda: sock is not None and _is_closed(sock)


def _is_closed(sock: Any) -> bool:
    number = sock.fileno()  # once: another thread may close it
    if number < 0:
        return True
    poll = select.poll()
    poll.register(number, CLOSED)
    return bool(poll.poll(0))
