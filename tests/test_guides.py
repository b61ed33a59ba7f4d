"""The guides: short where people start, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GUIDES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def anchors(text: str) -> set[str]:
    """Return what headings are called in links, as GitHub makes it of their words."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_links_lead_to_files_and_headings(guide: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", guide.read_text()):
        path, _, anchor = target.partition("#")
        file = guide.parent / path if path else guide
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text()), target


def test_readme_is_short_enough_for_a_newcomer() -> None:
    text = (ROOT / "README.md").read_text()

    assert len(text.splitlines()) <= 150
    for guide in ROOT.glob("docs/*.md"):
        assert f"(docs/{guide.name})" in text


def test_names_that_the_architecture_points_to_are_defined_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    pointers = re.findall(r"`(\w+)` in\s+\[([\w./]+)\]", text)
    assert len(pointers) > 5
    for name, file in pointers:
        assert re.search(rf"^ *def {name}\b", (ROOT / file).read_text(), re.MULTILINE), name


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {path.parent.name for path in ROOT.glob("app/*/*.py")}
    assert {room for room in rooms if f"| [{room}](../app/{room}/" not in text} == set()
