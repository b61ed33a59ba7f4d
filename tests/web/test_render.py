"""The box of the form that has a page opened in a browser, and what became of that."""

from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient

from app import jobs
from app.database.models import Download

BOX = '<input type="checkbox" name="render" value="true"'


def test_the_form_offers_a_browser_where_there_is_one(app: Flask, client: FlaskClient) -> None:
    assert BOX not in client.get("/").text
    app.extensions["settings"] = replace(app.extensions["settings"], browser="/usr/bin/browser")
    assert BOX in client.get("/").text
    client.post("/", data={"urls": "https://example.com/", "render": "true"})
    assert Download.get().render


def test_a_box_of_an_earlier_page_is_refused_with_its_reason(client: FlaskClient) -> None:
    answer = client.post("/", data={"urls": "https://example.com/", "render": "true"})
    assert answer.status_code == 422
    assert "This service has no browser" in answer.text


def test_a_download_says_why_no_browser_showed_its_page(client: FlaskClient) -> None:
    download = jobs.add_download(url="https://example.com/", limit=50, render=True)
    path = f"/downloads/{download.id}"
    assert "No browser showed the page" not in client.get(path).text
    values = {"rendered": False, "render_detail": "not done within 30 s"}
    Download.update(values).where(Download.id == download.id).execute()
    assert "No browser showed the page: <bdi>Not done within 30 s" in client.get(path).text
