"""How facts are put for people."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.database.models import Image
from app.web import filters, messages

PLACE = Path(messages.__file__)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (21_517, "22 kB"),
        (1_440_000, "1.4 MB"),
        (2_500_000_000_000, "2,500 GB"),
    ],
)
def test_sizes_are_told_as_people_do(count: int, told: str) -> None:
    assert filters.size(count).replace(filters.NO_BREAK, " ") == told


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://example.com/a/sunset.jpg?w=1#x", "sunset.jpg"),
        ("https://example.com/%E2%98%80.png", "☀.png"),
        ("https://example.com/%ff.png", "\N{REPLACEMENT CHARACTER}.png"),
        ("https://example.com/a/", "a"),
        ("https://example.com", "example.com"),
        ("https://example.com:8080/?a", "example.com:8080"),
        ("http://[::1/a.png", "a.png"),
        ("http://[", "["),
        ("data:image/png;base64,AAAA", "data:image/png;base64,AAAA"),
        ("data:" + "a" * 9000, "data:" + "a" * 195),
        ("", ""),
    ],
)
def test_a_picture_is_called_by_the_end_of_its_url(url: str, told: str) -> None:
    assert filters.name(Image(source_url=url)) == told


def test_in_an_archive_a_picture_has_the_name_it_has_there() -> None:
    assert filters.name(Image(source_url="https://example.com/a", file="001-a.png")) == "001-a.png"


def test_a_drawing_is_its_own_preview_while_it_is_small() -> None:
    drawing = Image(content_type="image/svg+xml", bytes=filters.SMALL_DRAWING)
    assert filters.preview(drawing) == f"/images/{drawing.id}/content"
    drawing.bytes += 1
    assert filters.preview(drawing) is None


def test_a_time_is_told_in_utc() -> None:
    assert filters.moment(datetime(2026, 11, 5, 9, 30, tzinfo=UTC)) == "5 Nov 2026, 09:30 UTC"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//a/b", "", "\x01http:"]
)
def test_only_addresses_of_the_web_become_links(url: str) -> None:
    assert not filters.is_link(url)
    assert filters.is_link("HTTPS://example.com/")


def test_code_between_backticks_is_marked_up_and_all_else_escaped() -> None:
    assert filters.code("`a<b>` & c") == "<code>a&lt;b&gt;</code> &amp; c"


def sentences(module: Path) -> Iterator[str]:
    """Yield the texts of a module that people might read, without those that explain code."""
    tree = ast.parse(module.read_text())
    explaining = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and isinstance(node.body[0], ast.Expr)
    }
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    for node in texts:
        said = node.value if isinstance(node.value, str) and id(node) not in explaining else ""
        if re.search(r"[A-Z][a-z]+ |\w+ \w+ \w+", said):
            yield said


def test_what_the_code_of_pages_says_stands_in_one_place() -> None:
    assert len(list(sentences(PLACE))) > 10
    assert {
        module.name: found
        for module in PLACE.parent.glob("*.py")
        if module != PLACE and (found := list(sentences(module)))
    } == {}


# Names of keys and headers, which browsers and servers read.
NAMES = {"Enter", "Escape", "Files", "Prefer", "Accept"}


def test_what_scripts_say_stands_there_too_and_nothing_more() -> None:
    scripts = [file.read_text() for file in (PLACE.parent / "static").glob("*.js")]
    code = re.sub(r"(^|\s)//.*", "", "\n".join(scripts))
    texts = [found[2] for found in re.finditer(r"""(["'`])((?:\\.|(?!\1).)*)\1""", code)]
    said = [text for text in texts if re.search(r"^[A-Z][a-z]+(?!-|\w)|^[\w${}.]+ [a-z]+ ", text)]

    assert set(said) - NAMES == set()
    names = {name for name in messages.SCRIPTS if f'"{name}"' in code}
    assert names == set(messages.SCRIPTS)


@pytest.mark.parametrize(
    "template", sorted((PLACE.parent / "templates").glob("*.html")), ids=lambda path: path.name
)
def test_what_a_page_announces_is_no_text_of_its_template(template: Path) -> None:
    text = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", template.read_text(), flags=re.DOTALL)
    announced = re.findall(r'<(\w+)[^>]* role="(?:status|alert)"[^>]*>(.*?)</\1>', text, re.DOTALL)

    assert [
        inner for _, inner in announced if re.search(r"\w", re.sub(r"<[^>]*>", "", inner))
    ] == []
