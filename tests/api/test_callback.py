"""GET …/callback: whether a receiver has been told; and how the documentation tells of it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import jobs
from app.database.ids import now
from app.database.models import JOB_KINDS, Delivery, Download, Image
from app.errors import Unreachable
from app.settings import Settings
from tests.samples import add_image, fail_next

HOOK = "https://hooks.example.com/a?key=s3cret"
PATHS = {Download: "/download", Image: "/images"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, webhook_secret=(b"x" * 24,))


def ended(kind: type[Download] | type[Image]) -> str:
    """Have a job that failed; return where it is asked after."""
    if kind is Download:
        jobs.add_download(url="https://a/", limit=1, callback_url=HOOK)
    else:
        add_image("https://a/", HOOK)
    job = fail_next(kind)
    return f"{PATHS[kind]}/{job.id}/callback"


@pytest.mark.parametrize("kind", JOB_KINDS)
def test_it_tells_how_far_a_delivery_is(client: FlaskClient, kind: Any) -> None:
    path = ended(kind)
    [row] = Delivery.select()
    told = client.get(path).json
    assert (told["webhook_id"], told["status"], told["attempts"]) == (str(row.id), "queued", 0)
    assert datetime.fromisoformat(told["next_attempt_at"]) <= now()

    delivery = jobs.claim(Delivery, "me")
    assert delivery
    jobs.postpone(delivery, Unreachable("no address for hooks.example.com"), now(), now())
    told = client.get(path).json
    assert told["attempts"] == 1
    assert told["error"]["detail"] == "no address for hooks.example.com"
    assert "s3cret" not in client.get(path).text

    delivery = jobs.claim(Delivery, "me")
    assert delivery
    jobs.finish(delivery, error_code=None, error_detail=None)
    told = client.get(path).json
    assert (told["status"], told["error"], told["next_attempt_at"]) == ("finished", None, None)


def test_a_job_is_found_among_its_own_kind_alone(client: FlaskClient) -> None:
    image, download = ended(Image), ended(Download)

    assert client.get(image.replace("/images", "/download")).status_code == 404
    assert client.get(download.replace("/download", "/images")).status_code == 404


@pytest.mark.parametrize(("path", "data"), [("/download", "Outcome"), ("/images", "Image")])
def test_what_receivers_get_is_documented(client: FlaskClient, path: str, data: str) -> None:
    document = client.get("/openapi.json").json
    callbacks = document["paths"][path]["post"]["callbacks"]["ended"]
    message = callbacks["{$request.body#/callback_url}"]["post"]

    assert [header["name"] for header in message["parameters"]] == [
        "webhook-id", "webhook-timestamp", "webhook-signature"
    ]  # fmt: skip
    schema = message["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    event = document["components"]["schemas"][schema.rpartition("/")[2]]
    assert event["properties"]["data"]["$ref"].endswith(f"/{data}Document")
