"""GET /images: the list of images."""

import uuid

import pytest
from flask.testing import FlaskClient

from app import jobs
from app.database.models import Download, Image
from app.pictures.picture import Picture
from tests.samples import add_image


def add(count: int) -> list[str]:
    """Add images; return their ids, newest first."""
    return [str(add_image(f"https://example.com/{n % 3}").id) for n in range(count)][::-1]


def ids(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [image["id"] for image in answer["images"]]


def test_it_is_empty_at_first(client: FlaskClient) -> None:
    assert client.get("/images").json == {"images": [], "next_cursor": None}


def test_it_lists_the_newest_first_fifty_at_a_time(client: FlaskClient) -> None:
    added = add(51)
    first = client.get("/images").json
    second = client.get(f"/images?cursor={first['next_cursor']}").json

    assert (ids(first), ids(second)) == (added[:50], added[50:])
    assert second["next_cursor"] is None


def test_a_full_last_page_has_no_next(client: FlaskClient) -> None:
    add(4)
    first = client.get("/images?limit=2").json
    second = client.get(f"/images?limit=2&cursor={first['next_cursor']}").json

    assert second["next_cursor"] is None


def test_the_link_leads_to_the_next_page(client: FlaskClient) -> None:
    add(3)
    answer = client.get("/images?limit=1&status=queued")

    cursor = answer.json["next_cursor"]
    assert answer.headers["Link"] == (
        f'</images?limit=1&status=queued&cursor={cursor}>; rel="next"'
    )


def test_a_walk_sees_each_once_while_others_are_added(client: FlaskClient) -> None:
    added = add(7)
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        answer = client.get("/images", query_string={"limit": 2, "cursor": cursor or None}).json
        seen += ids(answer)
        add(2)
        cursor = answer["next_cursor"]

    assert seen == added


def test_it_filters(client: FlaskClient) -> None:
    download = jobs.add_download(url="https://example.com/", limit=5)
    alone = add(3)
    claimed = jobs.claim(Download, "somebody")
    assert claimed
    jobs.add_found(claimed, 1, [Picture(("https://example.com/0",), "img.src")])
    [found] = [str(image.id) for image in Image.select().where(Image.download == download)]
    taken = jobs.claim(Image, "somebody")
    assert taken

    def listed(**query: str) -> list[str]:
        return ids(client.get("/images", query_string=query).json)

    assert listed(download_id=str(download.id)) == [found]
    assert listed(status="running") == [str(taken.id)] == alone[2:]
    assert listed(status="queued") == [found, *alone[:2]]
    assert listed(source_url="https://example.com/0") == [found, alone[2]]
    assert listed(source_url="https://example.com/0", status="queued") == [found]
    assert listed(download_id=str(uuid.uuid4())) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("limit=1_0", "limit"),
        ("limit=%D9%A3", "limit"),
        ("cursor=5", "cursor"),
        ("cursor=01a1f88294ec75698cffcd211d2c85f9", "cursor"),
        ("cursor=urn:uuid:01a1f882-94ec-7569-8cff-cd211d2c85f9", "cursor"),
        ("cursor=01a1f882-94ec-7569-8cff-cd211d2c8%D9%A3f9", "cursor"),
        ("status=done", "status"),
        ("download_id=x", "download_id"),
        ("stauts=failed", "stauts"),
        ("status=failed&status=queued", "status"),
        ("site=a/b", "site"),
        ("site=", "site"),
        ("added_after=2026-11-20", "added_after"),
        ("added_after=2026-11-20T12:00:00", "added_after"),
        ("added_before=yesterday", "added_before"),
        ("added_before=2026-13-20T12:00:00Z", "added_before"),
    ],
)
def test_it_names_the_parameter_that_is_wrong(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"/images?{query}")

    assert answer.status_code == 422
    assert field in answer.json["errors"]


@pytest.mark.parametrize(
    ("query", "way_out"),
    [
        ("site=http://example.com", "such as example.com"),
        ("added_after=2026-11-20", "such as 2026-11-20T09:30:00Z"),
        ("added_after=2026-11-20T12:00:00+01:00", "%2B"),
    ],
)
def test_it_says_what_to_send_instead(client: FlaskClient, query: str, way_out: str) -> None:
    [(told,)] = client.get(f"/images?{query}").json["errors"].values()

    assert way_out in told


def test_it_filters_by_site(client: FlaskClient) -> None:
    there = add_image("https://B\u00fccher.example:8080/1")
    add_image("https://example.com/1")

    for site in "b\u00fccher.example", "XN--BCHER-KVA.example":
        assert ids(client.get("/images", query_string={"site": site}).json) == [str(there.id)]


def test_it_filters_by_the_very_time_it_tells(client: FlaskClient) -> None:
    added = add(30)
    told = client.get("/images").json["images"]
    times = [image["added_at"] for image in told]
    for time in times:
        later = ids(client.get("/images", query_string={"added_after": time}).json)
        earlier = ids(client.get("/images", query_string={"added_before": time}).json)
        assert later == [one for one, at in zip(added, times, strict=True) if at >= time]
        assert later + earlier == added
    assert not ids(client.get("/images?added_after=9999-12-31T23:59:59.999Z").json)
    assert not ids(client.get("/images?added_before=0001-01-01T00:00:00%2B23:59").json)
