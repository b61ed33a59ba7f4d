"""What becomes of the jobs of processes that died."""

from collections.abc import Callable

from app.database.models import WORK, Job, Status
from app.database.sqlite import db
from app.errors import GaveUp
from app.jobs.claims import fail


def recover(lives: Callable[[str], bool], crashes_allowed: int) -> int:
    """Hand back the jobs of dead processes, or fail those that died too often; return how many."""
    owners = [(owner, kind) for kind in WORK for owner in _owners(kind)]
    return sum(_recover_from(*one, crashes_allowed) for one in owners if not lives(one[0]))


def _owners(kind: type[Job]) -> list[str]:
    owned = kind.select(kind.owner).where(kind.owner.is_null(False)).distinct()
    return [job.owner for job in owned if job.owner]


def _recover_from(owner: str, kind: type[Job], crashes_allowed: int) -> int:
    left = kind.owner == owner
    with db.atomic():
        doomed = list(kind.select().where(left, kind.crashes + 1 >= crashes_allowed))
        for job in doomed:
            crashes = job.crashes + 1
            fail(job, GaveUp(f"its process died {crashes} times"), crashes=crashes)
        queued = kind.update(status=Status.QUEUED, owner=None, crashes=kind.crashes + 1)
        count: int = queued.where(left).execute()
        return len(doomed) + count
