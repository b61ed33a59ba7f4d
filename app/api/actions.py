"""What clients do to a download and to an image alike."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from marshmallow import Schema

from app import jobs
from app.database.models import Delivery
from app.http import conditional, services
from app.http.operations import Resource
from app.http.responses import get_or_404
from app.jobs import cleanup
from app.jobs.documents import DeliveryDocument


def register(
    resource: Resource, accepted: type[Schema], version: Callable[[Any], conditional.Version]
) -> None:
    """Declare these operations; `version` is what a GET of the job's own path would show now."""
    kind = resource.kind
    noun = kind.__name__.lower()
    job = f"/<uuid:{noun}_id>"

    @resource.get(f"{job}/callback", name=f"get_{noun}_callback", answer=DeliveryDocument)
    def callback(job_id: UUID) -> Delivery:
        """Get whether the callback at the end was delivered."""
        return jobs.delivery_of(kind, job_id)

    @resource.post(
        f"{job}/retry", name=f"retry_{noun}", accepted=(accepted,), problems=("not-failed",)
    )
    def retry(job_id: UUID) -> Any:
        """Ask again for what failed, as a new job."""
        failed = get_or_404(kind, job_id)
        services.admit(1)
        again = jobs.retry(failed)
        services.charge(again)
        return again

    @resource.delete(job, name=f"delete_{noun}")
    def delete(job_id: UUID) -> None:
        """Cancel a job that has not ended, remove one that has, with its files."""
        job = get_or_404(kind, job_id)
        conditional.require(version(job))
        cleanup.remove(job, services.storage())
