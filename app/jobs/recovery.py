"""What becomes of the jobs of processes that died."""

from collections.abc import Callable

from app.database.models import WORK, Job, Status
from app.database.sqlite import db
from app.errors import GaveUp
from app.jobs.claims import fail


def recover(is_alive: Callable[[str], bool], crashes_allowed: int) -> int:
    """Hand back the jobs of dead processes, or fail those that died too often; return how many."""
    claims = [(process, kind) for kind in WORK for process in _processes(kind)]
    dead = [(process, kind) for process, kind in claims if not is_alive(process)]
    return sum(_recover_from(process, kind, crashes_allowed) for process, kind in dead)


def _processes(kind: type[Job]) -> list[str]:
    claimed = kind.select(kind.claimed_by).where(kind.claimed_by.is_null(False)).distinct()
    return [job.claimed_by for job in claimed if job.claimed_by]


def _recover_from(process: str, kind: type[Job], crashes_allowed: int) -> int:
    left = kind.claimed_by == process
    with db.atomic():
        doomed = list(kind.select().where(left, kind.crashes + 1 >= crashes_allowed))
        for job in doomed:
            crashes = job.crashes + 1
            fail(job, GaveUp(f"its process died {crashes} times"), crashes=crashes)
        queued = kind.update(status=Status.QUEUED, claimed_by=None, crashes=kind.crashes + 1)
        count: int = queued.where(left).execute()
        return len(doomed) + count
