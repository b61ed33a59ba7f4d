"""GET /download: the list of downloads."""

from flask.testing import FlaskClient


def add(client: FlaskClient, count: int) -> list[str]:
    """Ask for downloads; return their ids, newest first."""
    urls = [f"https://example.com/{number}" for number in range(count)]
    added = [client.post("/download", json={"url": url}).json["download_id"] for url in urls]
    return added[::-1]


def test_it_lists_the_newest_first(client: FlaskClient) -> None:
    ids = add(client, 3)
    told = client.get("/download").json

    assert [one["download_id"] for one in told["downloads"]] == ids
    assert told["next_cursor"] is None
    assert told["downloads"][0]["url"] == "https://example.com/2"
    assert "images" not in told["downloads"][0]


def test_it_walks_by_cursor(client: FlaskClient) -> None:
    ids = add(client, 5)
    seen = []
    path = "/download?limit=2"
    while path:
        answer = client.get(path)
        seen.append([one["download_id"] for one in answer.json["downloads"]])
        path = answer.headers.get("Link", "").partition(">")[0].lstrip("<")

    assert seen == [ids[:2], ids[2:4], ids[4:]]


def test_it_filters_by_status(client: FlaskClient) -> None:
    add(client, 2)

    assert len(client.get("/download?status=queued").json["downloads"]) == 2
    assert client.get("/download?status=failed").json["downloads"] == []
