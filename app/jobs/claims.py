"""What the work does to a job between its claim and its end.

A claim raises the attempt number, and every later change of that job names it: a process
that lost the claim (to a cancel, or to another process) changes nothing any more. The images of a
download are claimed with it: they have its attempt number, and go from queued to their end.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from datetime import datetime
from itertools import count
from typing import Any

from peewee import Expression

from app.database.connection import db
from app.database.ids import now, stamp
from app.database.models import CLAIMABLE, AnyJob, Claimable, Delivery, Download, Image, Job, Status
from app.database.statements import insert, parameter, parameters, prepared
from app.errors import Cancelled, Failure, GaveUp, Skipped
from app.jobs import counts, quotas, receivers
from app.jobs.deliveries import announce
from app.jobs.pictures import pictures_of
from app.jobs.queue import ANY, Turn, first_claimable
from app.jobs.submissions import get
from app.pictures.picture import Picture
from app.urls import site_of


class LostClaim(Exception):
    """The job is no longer ours to change."""


def claim(kind: type[AnyJob], process: str, turn: Turn = ANY) -> AnyJob | None:
    """Take the next job of its kind for a process, if there is one."""
    if not first_claimable(kind, turn):
        return None  # to ask inside of a transaction alone would wait for the turn to write
    with db.atomic():
        first = first_claimable(kind, turn, hold=True)
        if first is None:
            return None
        job = get(kind, first, hold=True)
        free = not isinstance(job, Delivery) or receivers.is_ready(job.host)
        if job.status != Status.QUEUED or not free:
            return None  # another process was faster
        claimed = {"status": Status.RUNNING, "claimed_by": process, "started_at": now()}
        _change(job, Status.QUEUED, attempts=job.attempts + 1, **claimed)
        if isinstance(job, Download) and job.attempts > 1:
            images = Image.update(attempts=job.attempts)
            images.where(Image.download == job, Image.status == Status.QUEUED).execute()
        if isinstance(job, Delivery):
            receivers.refresh(job.host)
        return job


def add_found(download: Download, found: int, pictures: Iterable[Picture]) -> None:
    """Record the pictures of a page in page order; `found` is how many it has in all."""
    positions = count(1)
    rows = [
        {
            **stamp(beside=download.id),
            "download": download,
            "position": None if picture.skipped else next(positions),
            "source_url": picture.url,
            "site": site_of(picture.url),
            "other_urls": picture.candidates if len(picture.candidates) > 1 else None,
            "found_in": picture.found_in,
            "alt": picture.alt,
            "attempts": download.attempts,
            "crashes": 0,
            "status": Status.CANCELLED if picture.skipped else Status.QUEUED,
            "finished_at": now() if picture.skipped else None,
            "error_code": Skipped.code if picture.skipped else None,
            "error_detail": f"skipped: {picture.skipped}" if picture.skipped else None,
        }
        for picture in pictures
    ]
    with db.atomic():
        names = "title", "spent_seconds", "rendered", "render_detail", "sheets_failed", "referrers"
        _change(download, found=found, **{name: getattr(download, name) for name in names})
        insert(Image, rows)


def settle(download: Download, cut_short: Failure | None = None) -> list[Image]:
    """Leave the images that have not had their turn; return the finished ones in page order."""
    with db.atomic():
        _change(download, spent_seconds=download.spent_seconds)  # and nobody else does, until
        _leave_rest(download, cut_short or Cancelled(f"the limit of {download.limit} is reached"))
    return [image for image in pictures_of(download) if image.status == Status.FINISHED]


def name_members(download: Download, names: Iterable[tuple[Image, str]]) -> None:
    """Give the pictures of a download their names in the archive."""
    with db.atomic():
        if not is_ours(download):
            raise LostClaim
        for image, name in names:
            image.file = name
            Image.update(file=name).where(Image.id == image.id).execute()


def finish(job: Job, **values: Any) -> None:
    """End a job with what it made."""
    _end(job, _values_of(values))


def fail(job: Job, failure: Failure, **values: Any) -> None:
    """End a job with a reason."""
    _end(job, _values_of(failure) | values)


def hand_back(job: Job) -> None:
    """Queue a job again that could not be brought to its end here."""
    with db.atomic():
        _change(job, status=Status.QUEUED, claimed_by=None, spent_seconds=job.spent_seconds)
        if isinstance(job, Delivery):
            receivers.refresh(job.host)


def claimed_by(process: str) -> list[Claimable]:
    """Return the jobs that are claimed for a process, with what `hand_back` needs of them."""
    claimed: list[Claimable] = []
    for kind in CLAIMABLE:
        columns = [kind.id, kind.attempts, kind.spent_seconds]
        if kind is Delivery:
            columns.append(Delivery.host)
        claimed.extend(kind.select(*columns).where(kind.claimed_by == process))
    return claimed


def pause(job: Download | Image, host: str, due_at: datetime) -> None:
    """Queue a job again until the pause is over that a host has asked for."""
    spent = {"spent_seconds": job.spent_seconds, "paused_seconds": job.paused_seconds}
    until = {"due_at": due_at, "waiting_for": host}
    _change(job, status=Status.QUEUED, claimed_by=None, **until, **spent)


def postpone(delivery: Delivery, failure: Failure, due_at: datetime, held_until: datetime) -> None:
    """Queue a delivery again for later, and others for its receiver not before `held_until`."""
    why = {"error_code": failure.code, "error_detail": failure.detail}
    with db.atomic():
        _change(delivery, status=Status.QUEUED, claimed_by=None, due_at=due_at, **why)
        receivers.refresh(delivery.host, held_until)


def is_ours(job: Job) -> bool:
    """Return whether a claimed job is still ours."""
    return bool(_ours(type(job)).rows(**_present(job)))


@prepared
def _ours(kind: type[Job]) -> Any:
    return kind.select(kind.id).where(*_unchanged(kind))


def _present(job: Job, held: Status | None = None) -> dict[str, Any]:
    """Return what is in the row of a job while this attempt is the present one, and `held`."""
    waits = isinstance(job, Image) and job.download_id is not None  # while its download runs
    status = held or (Status.QUEUED if waits else Status.RUNNING)
    return {"old_id": job.id, "old_status": status, "old_attempts": job.attempts}


def _unchanged(kind: type[Job]) -> Iterator[Expression]:
    for name in "id", "status", "attempts":
        field = kind._meta.fields[name]
        yield field == parameter(f"old_{name}", field)


def _change(job: Job, held: Status | None = None, /, **values: Any) -> None:
    """Change the row of a job that is ours, or that is still `held` as read, and the object."""
    if not _update(type(job), tuple(values)).run(**_present(job, held), **values).rowcount:
        raise LostClaim
    for name, value in values.items():
        setattr(job, name, value)


@prepared
def _update(kind: type[Job], names: tuple[str, ...]) -> Any:
    return kind.update(parameters(kind, names)).where(*_unchanged(kind))


def end_pictures(
    download: Download, ended: Iterable[tuple[Image, Failure | dict[str, Any]]], quota: int = 0
) -> list[Image]:
    """End pictures of a download, together: each failed, or finished with what it made.

    Returns those not kept: they are no longer ours, or failed as TooMuchStored by the quota.
    """
    lost, kept, done = [], 0, []
    with db.atomic():
        with suppress(LostClaim):
            _change(download, spent_seconds=download.spent_seconds)
        used = quotas.stored_bytes(download.client, hold=True) if quota else 0
        for picture, outcome in ended:
            size = 0 if isinstance(outcome, Failure) else outcome["bytes"]
            if quota and size and used + 2 * (kept + size) > quota:
                outcome, size = quotas.too_much(used + 2 * kept, quota), 0
                lost.append(picture)
            try:
                _change(picture, **_values_of(outcome))
            except LostClaim:
                lost.append(picture)
            else:
                done.append(picture)
                kept += size
        counts.count(*done)
        if kept:
            _change(download, archive_bytes=(download.archive_bytes or 0) + kept)
            quotas.add_bytes(download.client, 2 * kept)
    return lost


def finish_image(image: Image, quota: int, **values: Any) -> None:
    """End an image that stands alone with what it made.

    Raises:
        TooMuchStored: its client has no room for it.
    """
    with db.atomic():
        quotas.require(image.client, values["bytes"], quota)
        finish(image, **values)
        quotas.add_bytes(image.client, values["bytes"])


def _values_of(outcome: Failure | dict[str, Any]) -> dict[str, Any]:
    """Return what the row of a job that ends is to say."""
    end = {"claimed_by": None, "finished_at": now()}
    if isinstance(outcome, Failure):
        why = {"error_code": outcome.code, "error_detail": outcome.detail}
        return {"status": Status.FAILED, **end, **why}
    return {"status": Status.FINISHED, **end, **outcome}


def _end(job: Job, values: dict[str, Any]) -> None:
    with nullcontext() if db.in_transaction() else db.atomic():
        freed = 0
        if isinstance(job, Download) and values["status"] == Status.FAILED:
            freed, values["archive_bytes"] = job.archive_bytes or 0, None
        _change(job, **values)
        if isinstance(job, Download):
            _leave_rest(job, Cancelled("a dry run" if job.dry_run else "the download has ended"))
        announce(job)
        counts.count(job)
        if isinstance(job, Delivery):
            receivers.refresh(job.host)
        elif isinstance(job, Download):
            # Last: nobody else of the client ends anything before we have.
            quotas.add_bytes(job.client, -freed)


def _leave_rest(download: Download, why: Failure) -> None:
    Image.update(
        status=Status.CANCELLED,
        finished_at=now(),
        error_code=why.code,
        error_detail=f"not fetched: {why.detail}",
    ).where(Image.download == download, Image.status == Status.QUEUED).execute()


def recover(is_alive: Callable[[str], bool], crashes_allowed: int) -> int:
    """Hand back the jobs of dead processes, or fail those that died too often; return how many."""
    claims = [(process, kind) for kind in CLAIMABLE for process in _processes(kind)]
    dead = [(process, kind) for process, kind in claims if not is_alive(process)]
    if not dead:
        return 0  # a transaction would wait for its turn to write all the same
    with db.atomic():  # one process at a time: crashes are counted once
        if not db.try_lock("recovery"):
            return 0
        return sum(_recover_from(process, kind, crashes_allowed) for process, kind in dead)


def _processes(kind: type[Job]) -> list[str]:
    claimed = kind.select(kind.claimed_by).where(kind.claimed_by.is_null(False)).distinct()
    return [job.claimed_by for job in claimed if job.claimed_by]


def _recover_from(process: str, kind: type[Job], crashes_allowed: int) -> int:
    left = kind.claimed_by == process
    doomed = list(db.for_change(kind.select().where(left, kind.crashes + 1 >= crashes_allowed)))
    for job in doomed:
        crashes = job.crashes + 1
        fail(job, GaveUp(f"its process died {crashes} times"), crashes=crashes)
    hosts = {job.host for job in kind.select().where(left)} if kind is Delivery else ()
    queued = kind.update(status=Status.QUEUED, claimed_by=None, crashes=kind.crashes + 1)
    count: int = queued.where(left).execute()
    for host in sorted(hosts):
        receivers.refresh(host)
    return len(doomed) + count
