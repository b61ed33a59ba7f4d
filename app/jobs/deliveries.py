"""Callbacks at the end of jobs: a delivery each, written in the transaction that ends the job.

So no crash loses any. A delivery is work like a job: claimed, fenced and recovered in the same way.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from app.database.connection import db
from app.database.ids import now
from app.database.models import Delivery, Download, Image, Job, JobKind, Status
from app.errors import NotFailed, NotFound
from app.jobs import receivers
from app.urls import site_of

if TYPE_CHECKING:
    from app.jobs.documents import EventDocument


def announce(job: Job) -> None:
    """Add the callback that a client asked for; called in the transaction that ends the job."""
    if not isinstance(job, Download | Image) or not job.callback_url:
        return
    document = _document(type(job))
    kind = type(job).__name__.lower()
    event = {"type": f"{kind}.{job.status}", "timestamp": job.finished_at, "data": job}
    delivery = Delivery.create(
        job_id=job.id,
        url=job.callback_url,
        host=site_of(job.callback_url) or "",
        body=orjson.dumps(document.dump(event)).decode(),
        client=job.client or "",
    )
    receivers.refresh(delivery.host)


@cache
def _document(kind: JobKind) -> "EventDocument":
    """Import what describes documents, for the first job with a callback: most have none."""
    from app.jobs import documents

    return documents.DownloadEventDocument() if kind is Download else documents.ImageEventDocument()


def delivery_of(kind: JobKind, job_id: UUID) -> Delivery:
    """Return the callback at a job's end, also when the job has been removed since.

    Raises:
        NotFound: the job has not ended, has no callback, or ended long ago.
    """
    name = kind.__name__.lower()
    delivery: Delivery | None = Delivery.get_or_none(job_id=job_id)
    if delivery is None or not orjson.loads(delivery.body)["type"].startswith(f"{name}."):
        raise NotFound(
            f"there is no callback for {name} {job_id}: it has no callback_url, or no end yet"
        )
    return delivery


def redeliver(delivery: Delivery) -> None:
    """Try once more what was given up; its receiver knows it by the same id.

    Raises:
        NotFailed: it is in another state.
    """
    again = Delivery.update(status=Status.QUEUED, due_at=now(), finished_at=None)
    given_up = (Delivery.id == delivery.id) & (Delivery.status == Status.FAILED)
    with db.atomic():
        if not again.where(given_up).execute():
            raise NotFailed(f"it is {delivery.status}; only a failed delivery can be tried again")
        receivers.refresh(delivery.host)


def forget(deliveries: Sequence[Delivery]) -> None:
    """Remove deliveries that ended."""
    if deliveries:  # a DELETE of nothing would wait for its turn to write all the same
        Delivery.delete().where(Delivery.id.in_([delivery.id for delivery in deliveries])).execute()
