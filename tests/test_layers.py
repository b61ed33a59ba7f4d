"""Imports run in one direction; the sentences that carry the design hold."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parent.parent / "app"

LEAVES = {"errors", "settings", "setting_values", "keys", "metrics", "logs", "urls", "addresses"}
STATE = {"jobs", "database", "storage", "pictures"}
# Who may import which modules of ours; what is not listed may be imported by wiring alone.
MAY_IMPORT = {
    "server": {"server", "http"} | LEAVES,
    "web": {"web", "api", "http"} | STATE | LEAVES,
    "api": {"api", "http"} | STATE | LEAVES,
    "http": {"http"} | STATE | LEAVES,
    "worker": {"worker", "render", "fetch", "scrape"} | STATE | LEAVES,
    "jobs": STATE | LEAVES,
    "render": {"render", "fetch", "scrape", "pictures"} | LEAVES,
    "scrape": {"scrape", "pictures"} | LEAVES,
    "fetch": {"fetch", "pictures"} | LEAVES,
    "pictures": {"pictures"} | LEAVES,
    "storage": {"storage"} | LEAVES,
    "database": {"database"} | LEAVES,
    "migrations": set(),
    **dict.fromkeys(LEAVES, LEAVES),
}
WIRING = {"__init__", "__main__", "commands"}
FOREIGN = {
    "fetch": {"flask", "peewee"},
    "render": {"flask", "peewee"},
    "scrape": {"flask", "peewee", "requests"},
}
for tool in "storage", "pictures":
    FOREIGN[tool] = {"flask", "peewee", "requests"}


def modules() -> list[Path]:
    return sorted(APP.rglob("*.py"))


def place(path: Path) -> str:
    """Return the module or package of `app/` that a file belongs to."""
    return path.relative_to(APP).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(path: Path) -> set[str]:
    names = {name.split(".")[1] for name in imported(path) if name.startswith("app.")}
    return {name for name in names if (APP / name).exists() or (APP / f"{name}.py").exists()}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(APP)))
def test_a_module_imports_only_what_lies_below(path: Path) -> None:
    if place(path) not in WIRING:
        assert ours(path) <= MAY_IMPORT[place(path)]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(APP)))
def test_a_tool_knows_neither_flask_nor_the_database(path: Path) -> None:
    foreign = {name.split(".")[0] for name in imported(path)}
    assert not foreign & FOREIGN.get(place(path), set())


def test_no_request_handler_can_make_an_outgoing_request() -> None:
    for path in modules():
        if place(path) in {"http", "api", "web"}:
            names = {name.split(".")[0] for name in imported(path)}
            assert not names & {"requests", "urllib3", "http", "socket"}
            assert "fetch" not in ours(path)


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            function = node.func
            yield (
                function.attr
                if isinstance(function, ast.Attribute)
                else getattr(function, "id", ""),
                node,
            )


def test_only_jobs_changes_a_state() -> None:
    changes = {"create", "update", "insert_many", "insert", "save", "delete", "delete_instance"}
    for path in modules():
        if place(path) in {"jobs", "migrations", "fetch", "scrape"}:
            continue
        for name, call in calls(path):
            owner = call.func.value if isinstance(call.func, ast.Attribute) else None
            if isinstance(owner, ast.Name) and owner.id in {
                "Download",
                "Image",
                "Job",
                "Idempotency",
                "Delivery",
            }:
                assert name not in changes, f"{path}:{call.lineno}"


def test_only_storage_opens_files() -> None:
    opening = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "mkstemp", "unlink"}
    for path in modules():
        # output: the folder of the command's user; processes: files that are locks; settings: those
        # that hold secrets; the rest: /dev/null and /proc, where a program begins
        allowed = {"output.py", "processes.py", "settings.py"}
        allowed |= {"__main__.py", "thumbnail_child.py", "wall.py"}
        if place(path) != "storage" and path.name not in allowed:
            for name, call in calls(path):
                # Pillow's, of a file that is open; and the storage's own, by key
                fine = re.search(r"(^Image|storage(\(\))?)\.open$", ast.unparse(call.func))
                if not fine:
                    assert name not in opening, f"{path}:{call.lineno}"


def test_one_machine_imports_nothing_that_only_several_need(tmp_path: Path) -> None:
    code = "import sys, wsgi; print([name for name, module in sys.modules.items() if module])"
    environment = {**os.environ, "DOWNLOADER_STORAGE_DIR": str(tmp_path)}
    loaded = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert not {"dramatiq", "obstore", "psycopg", "redis"} & set(ast.literal_eval(loaded))


def test_the_decoder_of_thumbnails_imports_its_own_parts_and_is_imported_by_nobody() -> None:
    parts = set((APP / "pictures").glob("thumbnail_*.py"))
    assert {path for path in modules() if "PIL" in imported(path)} <= parts
    exif = APP / "pictures" / "exif.py"
    own = tuple(f"app.pictures.{path.stem}" for path in (*parts, exif))
    for path in (*parts, exif):
        ours = {name for name in imported(path) if name.startswith("app.")} - {"app.pictures"}
        assert all(name.startswith(own) for name in ours)
    for path in set(modules()) - parts:
        assert not any(name.startswith("app.pictures.thumbnail_") for name in imported(path))
