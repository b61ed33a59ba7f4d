"""Callbacks: what is told of a job's end, how it is signed, and what becomes of it."""

import base64
import hashlib
import hmac
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from peewee import SQL

from app import jobs
from app.database.connection import db
from app.database.ids import first_id, new_id, now
from app.database.models import Delivery, Download, Image, Receiver
from app.errors import Unreachable
from app.jobs import Turn, cleanup, receivers
from app.settings import Settings
from app.storage import Storage
from app.worker.processes import ProcessRegistry
from app.worker.tasks import Tasks
from app.worker.webhooks import MAX_REST_SECONDS, MINUTE, PAUSES, SILENCE_SECONDS, sign
from tests.samples import add_image, picture
from tests.site import Reply, Request, Site

GUIDE = Path(__file__).parents[2] / "docs" / "webhooks.md"
OLD, NEW = b"o" * 24, b"n" * 64
Work = Callable[[], int]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, webhook_secret=(NEW, OLD))


@pytest.fixture
def hook(site: Site, app: Flask) -> str:
    """A receiver that is content with everything."""
    site.replies["/hook"] = Reply(status=204)
    return site.url("/hook")


def told(site: Site) -> list[Request]:
    return [request for request in site.requests if request.path == "/hook"]


def event(request: Request) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(request.body)
    return event


def is_genuine(request: Request, key: bytes) -> bool:
    """Verify a message by the words of Standard Webhooks."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    signed = b"%s.%s.%s" % (
        headers["webhook-id"].encode(),
        headers["webhook-timestamp"].encode(),
        request.body,
    )
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 60
    return fresh and f"v1,{digest}" in headers["webhook-signature"].split(" ")


def test_the_guide_verifies_messages() -> None:
    [code] = re.findall(r"```python\n(def is_genuine.*?)```", GUIDE.read_text(), re.DOTALL)
    exec(code, names := {"base64": base64, "hmac": hmac, "time": time})
    verify = names["is_genuine"]
    secret = f"whsec_{base64.b64encode(NEW).decode()}"
    body = '{"type":"image.finished ü"}'.encode()

    headers = sign("1", now(), body, [OLD, NEW])
    assert verify(headers, body, secret)
    assert not verify(headers, body + b" ", secret)
    assert not verify(sign("1", now(), body, [OLD]), body, secret)
    assert not verify(sign("1", now() - timedelta(seconds=400), body, [NEW]), body, secret)


def waiting(url: str) -> Delivery:
    """Have a delivery whose time has come."""
    add_image("https://a/1.png", url)
    image = jobs.claim(Image, "me")
    assert image
    jobs.fail(image, Unreachable("no address for a"))
    return Delivery.select().order_by(Delivery.id.desc()).get()


def again(delivery: Delivery) -> Delivery:
    return jobs.get(Delivery, delivery.id)


def let_pass(seconds: float) -> None:
    """Have time gone by."""
    micro = int(seconds * 1_000_000)
    for moments in (
        [Delivery.added_at, Delivery.due_at],
        [Receiver.ready_at, Receiver.held_until],
    ):
        earlier = {field: SQL(f"{field.name} - {micro}") for field in moments}
        moments[0].model.update(earlier).execute()


def put_off(delivery: Delivery, began: datetime, least: float, most: float) -> bool:
    """Tell whether it is due so many seconds after a moment between then and now."""
    due_at = again(delivery).due_at
    return began + timedelta(seconds=least) <= due_at <= now() + timedelta(seconds=most)


def test_the_signature_is_that_of_the_reference() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    moment = datetime.fromtimestamp(1614265330, UTC)

    headers = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", moment, b'{"test": 2432232314}', [key])

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_end_of_an_image_is_told(site: Site, hook: str, work: Work) -> None:
    image = add_image(site.file("/a.png", picture()), hook)
    work()

    [request] = told(site)
    assert is_genuine(request, NEW)
    assert is_genuine(request, OLD)
    assert not is_genuine(request, b"another")
    assert request.headers["Content-Type"] == "application/json"
    message = event(request)
    assert message["type"] == "image.finished"
    assert message["timestamp"] == message["data"]["completed_at"]
    assert message["data"]["image_url"] == f"/images/{image.id}/content"
    assert message["data"]["bytes"] == len(picture())
    assert "hook" not in request.body.decode()
    [delivery] = Delivery.select()
    assert (delivery.status, delivery.job_id) == ("finished", image.id)
    assert request.headers["webhook-id"] == str(delivery.id)


def test_the_end_of_a_download_is_told_once(site: Site, hook: str, work: Work) -> None:
    site.file("/a.png", picture())
    page = site.page("/", "<img src=a.png><img src=gone.png>")
    download = jobs.add_download(url=page, limit=9, callback_url=hook)
    work()

    [request] = told(site)
    message = event(request)
    assert message["type"] == "download.finished"
    assert message["data"]["download_url"] == f"/download/{download.id}"
    assert message["data"]["progress"] == {"found": 2, "done": 1, "failed": 1, "total": 2}
    assert message["data"]["error"] is None
    assert "images" not in message["data"]


def test_a_failure_is_told_with_its_reason(site: Site, hook: str, work: Work) -> None:
    jobs.add_download(url=site.url("/nowhere"), limit=9, callback_url=hook)
    work()

    [request] = told(site)
    assert event(request)["type"] == "download.failed"
    assert event(request)["data"]["error"]["type"] == "/problems/origin-status"


@pytest.mark.parametrize("claimed", [False, True])
def test_a_cancel_is_told(
    site: Site, hook: str, work: Work, storage: Storage, claimed: bool
) -> None:
    download = jobs.add_download(url=site.url(), limit=9, callback_url=hook)
    if claimed:
        jobs.claim(Download, "me")
    cleanup.remove(download, storage)
    work()

    [request] = told(site)
    assert event(request)["type"] == "download.cancelled"
    assert event(request)["data"]["status"] == "cancelled"
    cleanup.remove(download, storage)  # now it is gone, and nothing more is told
    work()
    assert len(told(site)) == 1


def test_a_job_given_up_is_told(site: Site, hook: str, work: Work) -> None:
    add_image(site.url("/a.png"), hook)
    jobs.claim(Image, "dead")
    jobs.recover(lambda process: False, crashes_allowed=1)
    work()

    assert event(told(site)[0])["data"]["error"]["type"] == "/problems/gave-up"


def test_what_is_removed_after_its_end_is_told_all_the_same(
    site: Site, hook: str, work: Work, storage: Storage, tasks: Tasks
) -> None:
    image = add_image(site.file("/a.png", picture()), hook)
    tasks.turn([Image])
    cleanup.remove(image, storage)
    work()

    assert event(told(site)[0])["type"] == "image.finished"


def test_nobody_is_told_who_did_not_ask(site: Site, work: Work) -> None:
    add_image(site.file("/a.png", picture()))
    work()

    assert Delivery.select().count() == 0


def test_the_delivery_is_written_with_the_end_or_not_at_all(
    site: Site, hook: str, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = add_image(site.file("/a.png", picture()), hook)

    def broken(**values: Any) -> None:
        raise RuntimeError("no row")

    with monkeypatch.context() as patch:
        patch.setattr(Delivery, "create", broken)
        with pytest.raises(RuntimeError):
            tasks.turn([Image])
    assert jobs.get(Image, image.id).status == "running"


@pytest.mark.parametrize("status", [301, 302, 400, 404, 429, 500, 502, 503, 504])
def test_everything_but_2xx_is_tried_again(
    site: Site, hook: str, work: Work, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "app.worker.webhooks.PAUSES", (MINUTE, MINUTE)
    )  # longer than this test takes
    site.replies["/hook"] = Reply(status=status, headers={"Location": site.url("/elsewhere")})
    delivery = waiting(hook)

    began = now()
    assert work() == 1
    left = again(delivery)
    assert (left.status, left.error_detail) == ("queued", f"the server answered {status}")
    assert put_off(left, began, MINUTE * 0.8, MINUTE)
    assert site.asked("/elsewhere") == 0
    assert work() == 0

    site.replies["/hook"] = Reply(status=299)
    let_pass(MINUTE)
    assert work() == 1
    assert (again(delivery).status, again(delivery).error_detail) == ("finished", None)
    first, second = told(site)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert is_genuine(second, NEW)


def test_pauses_grow_for_a_day_and_then_it_is_given_up(
    site: Site, hook: str, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    site.replies["/hook"] = Reply(status=500)
    delivery = waiting(hook)
    for pause in PAUSES:
        began = now()
        assert work() == 1
        assert put_off(delivery, began, pause * 0.8, pause)
        let_pass(pause)
    with caplog.at_level(logging.INFO):
        assert work() == 1
    assert work() == 0

    assert again(delivery).status == "failed"
    [line] = [record for record in caplog.records if record.message == "job failed"]
    assert (vars(line)["kind"], vars(line)["detail"]) == ("delivery", "the server answered 500")
    assert len(told(site)) == 9


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("90", 90, 90),
        ("Mon, 01 Jan 0001 00:00:00 +2300", PAUSES[0] * 0.8, PAUSES[0]),
        ("1", PAUSES[0] * 0.8, PAUSES[0]),
        ("99999", MAX_REST_SECONDS, MAX_REST_SECONDS),
        ("so", PAUSES[0] * 0.8, PAUSES[0]),
    ],
)
def test_a_receiver_is_left_alone_as_long_as_it_asks_within_reason(
    site: Site, hook: str, work: Work, asked: str, least: float, most: float
) -> None:
    site.replies["/hook"] = Reply(status=503, headers={"Retry-After": asked})
    delivery = waiting(hook)
    began = now()
    work()

    assert put_off(delivery, began, least, most)
    let_pass(most)
    assert work() == 1


def test_what_else_is_to_be_told_there_waits_too(site: Site, hook: str, work: Work) -> None:
    site.replies["/hook"] = Reply(status=429, headers={"Retry-After": "90"})
    for _ in range(3):
        waiting(hook)
    assert work() == 1
    let_pass(80)
    waiting(hook)
    assert work() == 0

    site.replies["/hook"] = Reply()
    let_pass(11)
    assert work() == 4


def test_410_ends_it_at_once(site: Site, hook: str, work: Work) -> None:
    site.replies["/hook"] = Reply(status=410)
    delivery = waiting(hook)
    work()

    assert (again(delivery).status, again(delivery).error_code) == ("failed", "gone")


def test_a_receiver_that_has_moved_inside_gets_nothing(
    site: Site, hook: str, storage: Storage, processes: ProcessRegistry, settings: Settings
) -> None:
    delivery = waiting(hook.replace("127.0.0.1", "localhost"))
    tasks = Tasks(replace(settings, allow_networks=()), storage, processes, stopping=lambda: False)
    assert tasks.turn([Delivery])

    assert told(site) == []
    assert (again(delivery).status, again(delivery).error_code) == ("failed", "refused-address")


def test_a_host_that_does_not_answer_is_tried_again_and_holds_nobody_up(
    site: Site, hook: str, work: Work
) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.2", 0))
        delivery, same = (
            waiting(f"http://127.0.0.2:{unheard.getsockname()[1]}/{n}") for n in range(2)
        )
        other = waiting(hook)
        began = now()
        assert work() == 2

    assert (again(delivery).status, again(delivery).error_code) == ("queued", "unreachable")
    assert put_off(delivery, began, SILENCE_SECONDS, SILENCE_SECONDS)
    assert again(same).attempts == 0
    assert again(other).status == "finished"
    let_pass(SILENCE_SECONDS)
    assert work() == 1


def test_each_receiver_is_told_one_thing_at_a_time(hook: str) -> None:
    first, second = waiting(hook), waiting(hook)
    other = waiting(hook.replace("127.0.0.1", "127.0.0.2"))

    claimed = [jobs.claim(Delivery, "me") for _ in range(3)]
    assert [one and one.id for one in claimed] == [first.id, other.id, None]
    assert claimed[0]
    jobs.finish(claimed[0])
    next_one = jobs.claim(Delivery, "me")
    assert next_one
    assert next_one.id == second.id


def test_half_of_the_seats_stay_with_the_jobs(
    site: Site, hook: str, settings: Settings, storage: Storage, processes: ProcessRegistry
) -> None:
    tasks = Tasks(replace(settings, job_threads=2), storage, processes, stopping=lambda: False)
    inner: list[bool] = []

    def meanwhile() -> Reply:
        inner.append(tasks.turn([Delivery]))
        return Reply()

    waiting(hook)
    waiting(hook.replace("127.0.0.1", "localhost"))
    site.replies["/hook"] = meanwhile
    assert tasks.turn([Delivery])
    assert inner == [False]
    site.replies["/hook"] = Reply()
    assert tasks.turn([Delivery])


def test_what_a_dead_process_was_telling_is_told_again(site: Site, hook: str, work: Work) -> None:
    delivery = waiting(hook)
    lost = jobs.claim(Delivery, "dead")
    assert lost
    assert work() == 0
    assert jobs.recover(lambda process: False, crashes_allowed=3) == 1
    assert work() == 1

    assert (again(delivery).status, again(delivery).attempts) == ("finished", 2)
    with pytest.raises(jobs.LostClaim):
        jobs.finish(lost)


def test_a_process_that_stops_hands_it_back(
    site: Site, hook: str, settings: Settings, storage: Storage, processes: ProcessRegistry
) -> None:
    delivery = waiting(hook)
    patient = replace(settings, fetch_seconds=10)
    tasks = Tasks(patient, storage, processes, stopping=lambda: bool(told(site)))
    stopped = threading.Event()

    def late() -> Reply:
        stopped.wait(10)
        return Reply()

    site.replies["/hook"] = late
    assert tasks.turn([Delivery])
    stopped.set()
    assert (again(delivery).status, again(delivery).claimed_by) == ("queued", None)


def test_without_a_secret_deliveries_wait(
    site: Site, hook: str, settings: Settings, storage: Storage, processes: ProcessRegistry
) -> None:
    waiting(hook)
    tasks = Tasks(replace(settings, webhook_secret=()), storage, processes, stopping=lambda: False)

    assert not tasks.turn(tasks.kinds)


def test_old_deliveries_are_forgotten(hook: str, work: Work, storage: Storage) -> None:
    first, second = waiting(hook), waiting(hook)
    work()
    for one, days in (first, 7.1), (second, 6.9):
        moment = now() - timedelta(days=days)
        old = Delivery.update(id=first_id(moment), finished_at=moment)
        old.where(Delivery.id == one.id).execute()
    cleanup.expire(storage, keep_days=0, moment=now())
    assert Delivery.select().count() == 1
    cleanup.expire(storage, keep_days=1, moment=now())
    assert Delivery.select().count() == 0


def test_the_receivers_of_one_client_do_not_delay_those_of_another(app: Flask) -> None:
    for number in range(32):
        call(f"silent{number}.example", "a")
    call("quick.example", "b")

    claimed = []
    for _ in range(2):
        delivery = jobs.claim(Delivery, "me", Turn(after=claimed[-1].client if claimed else ""))
        assert delivery
        claimed.append(delivery)
    assert {delivery.host for delivery in claimed} == {"silent0.example", "quick.example"}


def call(host: str, client: str = "", at: datetime | None = None) -> Delivery:
    """Add a delivery for a host."""
    about = {"url": f"http://{host}/", "host": host, "body": "{}", "client": client}
    delivery = Delivery.create(job_id=new_id(), due_at=at or now(), **about)
    receivers.refresh(host)
    return delivery


def steps_of_a_claim() -> int:
    """Return the steps of SQLite to claim a delivery for a new receiver and to end it."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    call("a.example", "z")
    db.connection().set_progress_handler(step, 1)
    claimed = jobs.claim(Delivery, "me", Turn(after="y"))
    assert claimed
    jobs.finish(claimed)
    db.connection().set_progress_handler(None, 0)
    assert claimed.host == "a.example"
    return steps


@pytest.mark.sqlite
@pytest.mark.parametrize("state", ["paused", "ready", "busy"])
@pytest.mark.parametrize("hosts", [1, 1000])
def test_a_claim_costs_the_same_however_many_wait_for_others(
    app: Flask, state: str, hosts: int
) -> None:
    alone = steps_of_a_claim()
    with db.atomic():
        for number in range(1000):
            call(f"{number % hosts}.example", "b")
        later = now() + timedelta(hours=1)
        Receiver.update(calls=state, ready_at=later, held_until=later).execute()

    assert steps_of_a_claim() < 1.5 * alone


def test_a_pause_of_many_hours_is_a_clock_that_was_set(app: Flask) -> None:
    ahead = call("ahead.example", at=now() + timedelta(days=2))
    later = call("later.example", at=now() + timedelta(hours=9))
    jobs.end_pauses()

    claimed = jobs.claim(Delivery, "me")
    assert claimed
    assert claimed.id == ahead.id
    assert jobs.claim(Delivery, "me") is None
    assert Receiver.get_by_id(later.host).calls == "paused"


@pytest.mark.parametrize("suspects", [True, False])
def test_a_suspect_is_passed_over_while_another_runs(app: Flask, suspects: bool) -> None:
    call("a.example", "a")
    Delivery.update(crashes=1).execute()
    call("b.example", "b")

    claimed = [jobs.claim(Delivery, "me", Turn(suspects=suspects)) for _ in range(2)]
    hosts = [delivery.host for delivery in claimed if delivery]
    assert hosts == (["a.example", "b.example"] if suspects else ["b.example"])


def test_a_receiver_is_forgotten_when_nothing_waits_for_it(
    site: Site, hook: str, work: Work
) -> None:
    waiting(hook)
    assert Receiver.select().count() == 1
    work()
    assert Receiver.select().count() == 0


def test_of_the_callbacks_for_a_host_the_one_due_first_is_next(app: Flask) -> None:
    call("a.example", at=now() - timedelta(seconds=1))
    older = call("a.example", at=now() - timedelta(seconds=9))

    claimed = jobs.claim(Delivery, "me")
    assert claimed
    assert claimed.id == older.id


def test_what_was_handed_back_is_next_again(app: Flask) -> None:
    added = call("a.example")
    claimed = jobs.claim(Delivery, "me")
    assert claimed
    jobs.hand_back(claimed)

    assert jobs.claim(Delivery, "other") == added


def test_what_is_tried_again_later_belongs_to_no_process(app: Flask) -> None:
    call("a.example")
    claimed = jobs.claim(Delivery, "me")
    assert claimed
    later = now() + timedelta(minutes=1)
    jobs.postpone(claimed, Unreachable("no answer"), later, later)

    assert jobs.recover(lambda process: False, crashes_allowed=1) == 0
    assert again(claimed).status == "queued"
