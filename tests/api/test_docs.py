"""The API's own documentation, and what stands beside the resources."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient


def test_healthz_answers(client: FlaskClient) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_every_route_is_documented(client: FlaskClient, app: Flask) -> None:
    documented = client.get("/openapi.json").json["paths"]
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}
    ours = {path for path in routes if not path.startswith(("/docs", "/openapi", "/static"))}

    assert set(documented) == ours


def test_every_error_is_documented_as_a_problem(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    problems = [
        response
        for response in document["components"]["responses"].values()
        if "content" in response
    ]

    assert problems
    assert all(set(problem["content"]) == {"application/problem+json"} for problem in problems)


def test_the_docs_need_no_other_host(client: FlaskClient) -> None:
    page = client.get("/docs").text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert assets
    for asset in assets:
        assert asset.startswith("/docs/assets/")
        assert client.get(asset).status_code == 200


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


def test_405_names_the_methods_there_are(client: FlaskClient) -> None:
    allowed = client.put("/download").headers["Allow"]

    assert {"GET", "POST"} <= set(allowed.split(", "))
