"""The API's own documentation, and what stands beside the resources."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from app import keys
from app.http.problem_types import CATALOGUE, REASONS, REFUSALS
from app.settings import Settings
from tests.conftest import ClientWith, application

ROOT = Path(__file__).parent.parent.parent
KEY = "correct-horse-battery"


def test_healthz_answers(client: FlaskClient) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


@pytest.fixture
def document(client: FlaskClient) -> Any:
    return client.get("/openapi.json").json


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, one in document["paths"].items():
        for method in {"get", "post", "delete"} & set(one):
            yield f"{method} {path}", one[method]


def resolve(document: Any, one: Any) -> Any:
    for name in one.get("$ref", "").split("/")[1:]:
        document = document[name]
    return document if "$ref" in one else one


def refs(one: Any) -> Iterator[str]:
    """Yield all references in a part of the document."""
    if isinstance(one, dict):
        yield from [one["$ref"]] if "$ref" in one else []
        one = list(one.values())
    if isinstance(one, list):
        for part in one:
            yield from refs(part)


def test_every_route_is_documented(document: Any, app: Flask) -> None:
    ours = {"downloads", "images", "health", "metrics"}
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in ours]
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in rules}

    assert set(document["paths"]) == routes


def test_every_part_is_used_and_there(document: Any) -> None:
    used = set(refs(document))
    parts = {
        f"#/components/{place}/{name}"
        for place, named in document["components"].items()
        for name in named
        if place != "securitySchemes"
    }

    assert used == parts


def test_every_answer_is_described_with_its_headers(document: Any) -> None:
    for call, operation in operations(document):
        assert operation["summary"]
        assert operation["operationId"]
        for status, response in operation["responses"].items():
            told = resolve(document, response)
            assert told["description"], (call, status)
            assert "X-Request-ID" in told["headers"]


def test_every_error_is_a_problem_with_an_example(document: Any) -> None:
    for _, operation in operations(document):
        for status, response in operation["responses"].items():
            if status >= "400":
                [(content_type, content)] = resolve(document, response)["content"].items()
                assert content_type == "application/problem+json"
                schema = resolve(document, content["schema"])
                for code, example in content["examples"].items():
                    Draft202012Validator(schema).validate(example["value"])
                    assert not Draft202012Validator(schema).is_valid({"status": int(status)})
                    assert example["value"]["status"] == int(status)
                    assert example["value"]["type"] == f"/problems/{code}"


def test_the_examples_are_what_the_schemas_say(document: Any) -> None:
    examples = [
        (name, example)
        for name, schema in document["components"]["schemas"].items()
        for example in schema.get("examples", ())
    ]

    assert examples
    for name, example in examples:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        Draft202012Validator(schema).validate(example)


def test_the_examples_of_requests_work(document: Any, client: FlaskClient) -> None:
    for call, operation in operations(document):
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            for example in content["examples"].values():
                path = call.split()[1].replace("{download_id}", str(uuid.uuid4()))
                answer = client.post(path, json=example["value"])
                # A body is judged first: 404 says that it is valid, and about nothing here.
                assert answer.status_code == (404 if "{" in call else 202)


@pytest.mark.parametrize(
    ("call", "status", "headers"),
    [
        ("post /download", "202", {"Location", "Retry-After", "Preference-Applied"}),
        ("post /images", "303", {"Location", "Preference-Applied"}),
        ("get /images", "200", {"Link", "ETag"}),
        ("get /images", "304", {"ETag"}),
        ("get /download/{download_id}", "202", {"Retry-After", "Preference-Applied"}),
        ("get /download/{download_id}", "206", {"Content-Range", "Content-Disposition"}),
        ("get /images/{image_id}/content", "200", {"ETag", "Accept-Ranges"}),
        ("get /images", "401", {"WWW-Authenticate"}),
        ("get /images", "429", {"Retry-After", "RateLimit-Limit"}),
        ("get /images", "503", {"Retry-After"}),
    ],
)
def test_headers_are_documented(document: Any, call: str, status: str, headers: set[str]) -> None:
    response = dict(operations(document))[call]["responses"][status]

    assert headers <= set(resolve(document, response)["headers"])


def test_versions_are_documented_where_there_are_some(document: Any, client: FlaskClient) -> None:
    for call, operation in operations(document):
        method, path = call.split()
        if method == "get" and "{" not in path:
            versions = "ETag" in client.get(path).headers
            assert ("ETag" in operation["responses"]["200"]["headers"]) is versions
            assert ("304" in operation["responses"]) is versions
            assert ("412" in operation["responses"]) is versions


def test_the_reasons_of_a_picture_without_a_copy_are_documented(document: Any) -> None:
    for part in "content", "thumbnail":
        response = document["paths"][f"/images/{{image_id}}/{part}"]["get"]["responses"]["422"]
        examples = resolve(document, response)["content"]["application/problem+json"]["examples"]
        assert {"unwanted", "skipped", "not-an-image", "too-large"} <= set(examples)


def test_keys_are_documented_where_they_are_needed(client_with: ClientWith) -> None:
    client = client_with(api_keys=(keys.digest(KEY),))
    headers = {"Authorization": f"Bearer {KEY}"}
    document = client.get("/openapi.json", headers=headers).json

    assert document["security"] == [{"key": []}]
    assert document["paths"]["/healthz"]["get"]["security"] == []


def test_the_default_limit_is_one_that_is_taken(client_with: ClientWith) -> None:
    document = client_with(max_images=20).get("/openapi.json").json
    limit = document["components"]["schemas"]["NewDownload"]["properties"]["limit"]

    assert (limit["default"], limit["maximum"]) == (20, 20)


@pytest.mark.parametrize(
    ("browser", "body", "status"),
    [
        ("", {"render": False}, 202),
        ("", {"render": True}, 422),
        ("/usr/bin/true", {"render": True}, 202),
        ("/usr/bin/true", {"render": True, "image_urls": ["https://example.com/a.png"]}, 422),
        ("", {"pattern": "Fotos für {site} - {title}"}, 202),
        ("", {"pattern": "{position}/{name}"}, 422),
        ("", {"pattern": "{number}"}, 422),
        ("", {"sources": ["links"], "image_urls": ["https://example.com/a.png"]}, 422),
    ],
)
def test_what_is_refused_is_documented_so(
    migrated: Path, settings: Settings, browser: str, body: dict[str, Any], status: int
) -> None:
    with application(replace(settings, browser=browser), migrated) as app:
        client = app.test_client()
        schemas = client.get("/openapi.json").json["components"]["schemas"]
        body = {"url": "https://example.com/", **body}

        assert client.post("/download", json=body).status_code == status
    assert jsonschema_rs.is_valid(schemas["NewDownload"], body) == (status == 202)


def test_every_input_is_described(document: Any) -> None:
    for _, operation in operations(document):
        for one in operation["parameters"]:
            assert resolve(document, one)["description"]
    for name in "NewDownload", "NewImage":
        for field in document["components"]["schemas"][name]["properties"].values():
            assert field["description"]


def test_a_callback_needs_no_key_of_ours(document: Any) -> None:
    for path in "/download", "/images":
        for call in document["paths"][path]["post"]["callbacks"]["ended"].values():
            assert call["post"]["security"] == []
            assert call["post"]["requestBody"]["required"]


def test_the_docs_need_no_other_host_and_nothing_inline(client: FlaskClient) -> None:
    answer = client.get("/docs")
    assets = re.findall(r'(?:src|href)="([^"]+)"', answer.text)

    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script>|<style|style=|onload=", answer.text)
    assert assets
    for asset in assets:
        assert asset.startswith("/")
        assert client.get(asset).status_code == 200


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_problem_type_leads_to_what_it_means(client: FlaskClient, code: str) -> None:
    answer = client.get(f"/problems/{code}")

    assert answer.status_code == 200
    assert CATALOGUE[code].title in answer.text
    assert f'id="{code}"' in client.get("/problems").text


def test_no_two_problem_types_share_a_name() -> None:
    every = {*REFUSALS, *REASONS}
    assert len(CATALOGUE) == len(every)


def test_every_problem_that_is_told_is_in_the_catalogue() -> None:
    ours = [*(ROOT / "app").rglob("*.py"), *(ROOT / "deploy").rglob("*.conf")]
    text = "".join(path.read_text() for path in ours)
    told = re.findall(r'CATALOGUE\["([\w-]+)"\]|"/problems/([\w-]+)"', text)

    assert told
    assert {one or other for one, other in told} <= set(CATALOGUE)


def test_an_unknown_problem_type_is_404(client: FlaskClient) -> None:
    assert client.get("/problems/nonsense").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/docs/assets/../../secret", 404, "not-found"),
        ("PUT", "/download", 405, "method-not-allowed"),
        ("POST", "/healthz", 405, "method-not-allowed"),
    ],
)
def test_errors_outside_the_resources_are_problems_too(
    client: FlaskClient, method: str, path: str, status: int, kind: str
) -> None:
    answer = client.open(path, method=method)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == f"/problems/{kind}"
