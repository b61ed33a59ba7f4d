"""The command's own parts; as a process it is tried in tests/service/test_fetch.py."""

import signal
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.commands.fetch import interrupt


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, interrupt)
    yield
    signal.signal(signal.SIGTERM, before)


def test_cleaning_up_is_not_interrupted() -> None:
    cleaned = []

    def work() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            try:
                int("none")
            except ValueError:
                signal.raise_signal(signal.SIGTERM)
            cleaned.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert cleaned


def test_after_an_interrupt_that_got_lost_the_next_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: lost.append(told.exc_type))
    one = {0}
    _reference = weakref.ref(one, lambda _: signal.raise_signal(signal.SIGTERM))
    del one

    assert lost == [KeyboardInterrupt]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("url", ["https://a/?it's=$5&b=$(shell)#`c`", "https://a/ b\\"])
def test_make_passes_on_a_url_as_it_is(tmp_path: Path, url: str) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    made = "--old-file=.venv/runtime"
    command = ["make", "--no-print-directory", "fetch", made, f"BIN={tmp_path}", "ARGS=--limit 1"]
    told = subprocess.run([*command, f"URL={url}"], capture_output=True, text=True, check=True)
    none = subprocess.run(command, capture_output=True, text=True, check=False)

    assert told.stdout.splitlines() == ["-m", "app", "fetch", "--limit", "1", url]
    assert "URL=https://… is missing" in none.stderr
