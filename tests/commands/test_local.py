"""What the command asks of itself, beside what a service would answer."""

from collections.abc import Callable
from typing import Any

import pytest

from app import jobs
from app.commands.local import status_document
from app.database.models import Download
from app.jobs.documents import StatusDocument
from tests.samples import picture
from tests.site import Site


def within(whole: Any, part: Any) -> Any:
    """Return as much of a document as another one has."""
    if isinstance(part, dict):
        return {name: within(whole[name], value) for name, value in part.items()}
    if isinstance(part, list):
        return [within(*each) for each in zip(whole, part, strict=True)]
    return whole


@pytest.mark.parametrize("path", ["/", "/nothing"])
def test_the_document_is_a_part_of_that_of_the_api(
    site: Site, work: Callable[[], int], path: str
) -> None:
    site.file("/a.png", picture())
    page = site.page("/", "<img src=a.png><img src=gone.png><img src=a.gif width=1 height=1>")
    download = jobs.add_download(url=page.rstrip("/") + path, limit=50)

    def same() -> bool:
        row = jobs.get(Download, download.id)
        ours, theirs = status_document(row), StatusDocument().dump(row)
        assert ours == within(theirs, ours)
        return bool(ours["images"])

    assert not same()
    work()
    assert same() == (path == "/")
