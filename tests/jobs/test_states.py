"""No sequence of what may happen to jobs leads to a state that the design forbids."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from app import jobs
from app.database import sqlite
from app.database.connection import db
from app.database.models import JOB_KINDS, Delivery, Download, Image, Status
from app.errors import NotFailed, Unreachable
from app.pictures.picture import Picture
from tests.postgresql import ON_POSTGRESQL, empty
from tests.samples import add_image

FINAL = {Status.FINISHED, Status.FAILED, Status.CANCELLED}
PROCESSES = ["alpha", "beta"]
HOOKS = [None, "https://b/hook"]
CRASHES = 3


def rows() -> Iterator[Download | Image]:
    for kind in JOB_KINDS:
        yield from kind.select()


@cache
def migrated() -> bytes:
    """Return an empty database with all migrations."""
    with TemporaryDirectory() as folder:
        sqlite.use(Path(folder) / "downloader.db")
        db.migrate()
        db.close()
        return Path(db.database).read_bytes()


class Jobs(RuleBasedStateMachine):
    """Clients, two processes that may die, and late finishers, in any order."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        if not ON_POSTGRESQL:
            self.folder = TemporaryDirectory()
            database = Path(self.folder.name) / "downloader.db"
            database.write_bytes(migrated())
            sqlite.use(database)
        self.final: dict[UUID, tuple[str, str | None]] = {}
        self.attempts: dict[UUID, int] = {}
        self.held: dict[UUID, tuple[int, str]] = {}  # the attempt and process that may end a job
        self.accepted: set[UUID] = set()
        self.removed: set[UUID] = set()
        self.told: set[UUID] = set()  # whose end somebody is told

    def teardown(self) -> None:
        if ON_POSTGRESQL:
            empty()
        else:
            db.close()
            self.folder.cleanup()

    @initialize(target=claims, pictures=st.integers(1, 4))
    def read_a_page(self, pictures: int) -> Any:
        """Begin with a download whose pictures are known: chance seldom comes so far."""
        self.add_download(3, None)
        return self.claim(Download, PROCESSES[0], pictures)

    @rule(hook=st.sampled_from(HOOKS))
    def add_image(self, hook: str | None) -> None:
        self.accepted.add(add_image("https://a/", hook).id)

    @rule(limit=st.integers(1, 3), hook=st.sampled_from(HOOKS))
    def add_download(self, limit: int, hook: str | None) -> None:
        download = jobs.add_download(url="https://a/", limit=limit, callback_url=hook)
        self.accepted.add(download.id)

    @rule(
        target=claims,
        kind=st.sampled_from(JOB_KINDS),
        process=st.sampled_from(PROCESSES),
        pictures=st.integers(0, 4),
    )
    def claim(self, kind: Any, process: str, pictures: int) -> Any:
        """Claim a job; of a download, record pictures where an earlier attempt has not."""
        waiting = {job.id for job in kind.select() if job.status == Status.QUEUED}
        if kind is Image:
            waiting = {i.id for i in Image.select() if i.id in waiting and not i.download_id}
        job = jobs.claim(kind, process)
        assert (job.id if job else None) == min(waiting, default=None)
        if not job:
            return multiple()
        self.held[job.id] = (job.attempts, process)
        if isinstance(job, Download) and job.found is None and pictures:
            found = [Picture((f"https://a/{n}",), "img.src") for n in range(pictures)]
            jobs.add_found(job, pictures, found)
        return job

    @rule(
        number=st.integers(0, 100), ending=st.sampled_from(["finish", "fail"]), late=st.booleans()
    )
    def end_an_image(self, number: int, ending: str, late: bool) -> None:
        """Try to end one image of a download, perhaps after the claim of that was lost."""
        images = [image for image in Image.select() if image.download_id]
        if not images:
            return
        image = images[number % len(images)]
        ours = image.status == Status.QUEUED and not late
        image.attempts -= late
        try:
            self.change(image, ending)
            assert ours
        except jobs.LostClaim:
            assert not ours

    @rule(job=claims, ending=st.sampled_from(["finish", "fail"]))
    def end(self, job: Any, ending: str) -> None:
        """Try to end a job, perhaps long after the claim was lost."""
        self.change_if_held(job, ending)

    @rule(job=claims)
    def settle(self, job: Any) -> None:
        """Give up the images of a download that have not had their turn."""
        if isinstance(job, Download):
            held = self.holds(job)
            try:
                jobs.settle(job)
                assert held
                assert not [one for one in jobs.pictures_of(job) if one.status == Status.QUEUED]
            except jobs.LostClaim:
                assert not held

    @rule(job=claims)
    def hand_back(self, job: Any) -> None:
        self.change_if_held(job, "hand back")

    @rule(dead=st.sampled_from(PROCESSES))
    def crash(self, dead: str) -> None:
        jobs.recover(lambda process: process != dead, CRASHES)
        self.held = {job: claim for job, claim in self.held.items() if claim[1] != dead}
        assert dead not in {job.claimed_by for job in rows()}

    def holds(self, job: Any) -> bool:
        held = self.held.get(job.id, (0, ""))[0] == job.attempts
        assert jobs.is_ours(job) == held
        return held

    def change_if_held(self, job: Any, change: str) -> None:
        held = self.holds(job)
        try:
            self.change(job, change)
            assert held
            del self.held[job.id]
        except jobs.LostClaim:
            assert not held

    def change(self, job: Any, change: str) -> None:
        if change == "finish":
            jobs.finish(job)
        elif change == "fail":
            jobs.fail(job, Unreachable("no address"))
        elif change == "hand back":
            jobs.hand_back(job)

    @rule(number=st.integers(0, 100))
    def withdraw(self, number: int) -> None:
        everything = list(rows())
        if everything:
            job = everything[number % len(everything)]
            gone = {withdrawn.id for withdrawn in jobs.withdraw(job)}
            self.held = {job: claim for job, claim in self.held.items() if job not in gone}
            self.removed |= gone - {row.id for row in rows()}

    @rule(number=st.integers(0, 100))
    def retry(self, number: int) -> None:
        everything = list(rows())
        if everything:
            job: Any = everything[number % len(everything)]
            with suppress(NotFailed):
                self.accepted.add(jobs.retry(job).id)

    @invariant()
    def the_rows_are_as_the_design_allows(self) -> None:
        """Read them once for all that has to hold of them."""
        downloads, images = list(Download.select()), list(Image.select())
        everything = [*downloads, *images]
        self.nothing_is_lost(everything)
        self.a_final_state_is_final(everything)
        self.each_end_is_told_once_where_somebody_asked(everything)
        self.every_attempt_has_a_number_of_its_own(everything)
        self.what_runs_is_claimed_and_nothing_else(everything)
        self.images_wait_only_while_their_download_does_not_end(downloads, images)

    def nothing_is_lost(self, everything: list[Download | Image]) -> None:
        assert self.accepted <= {job.id for job in everything} | self.removed

    def a_final_state_is_final(self, everything: list[Download | Image]) -> None:
        for job in everything:
            told = (job.status, job.error_code)
            assert self.final.get(job.id, told) == told
            if job.status in FINAL:
                self.final[job.id] = told
                assert job.finished_at

    def each_end_is_told_once_where_somebody_asked(
        self, everything: list[Download | Image]
    ) -> None:
        self.told |= {job.id for job in everything if job.callback_url and job.status in FINAL}
        assert Counter(one.job_id for one in Delivery.select()) == Counter(self.told)

    def every_attempt_has_a_number_of_its_own(self, everything: list[Download | Image]) -> None:
        for job in everything:
            assert job.attempts >= self.attempts.get(job.id, 0)
            assert job.crashes <= min(job.attempts, CRASHES)
            self.attempts[job.id] = job.attempts

    def what_runs_is_claimed_and_nothing_else(self, everything: list[Download | Image]) -> None:
        for job in everything:
            alone = isinstance(job, Download) or job.download_id is None
            assert bool(job.claimed_by) == (alone and job.status == Status.RUNNING)

    def images_wait_only_while_their_download_does_not_end(
        self, downloads: list[Download], images: list[Image]
    ) -> None:
        state = {download.id: download.status for download in downloads}
        for image in images:
            if image.download_id is not None:
                assert image.status != Status.RUNNING
                if image.status == Status.QUEUED:
                    assert state[image.download_id] in (Status.QUEUED, Status.RUNNING)


TestJobs = pytest.mark.usefixtures("database_url")(Jobs.TestCase)
TestJobs.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
