"""The log as the service writes it: JSON lines on standard error."""

import io
import json
import logging
import os
import select
import subprocess
import sys
from threading import Thread
from typing import Any

import pytest

from app import logs
from app.logs import MAX_LINES, REQUESTS, Formatter, Handler

SETUP = """
import logging.config
from app import logs
from app.http.middleware import Middleware
logging.config.dictConfig(logs.configuration(logging.INFO))
"""


def written(program: str) -> list[dict[str, Any]]:
    """Return the lines that a process wrote."""
    done = subprocess.run(
        [sys.executable, "-c", SETUP + program], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_what_is_said_during_a_request_names_it() -> None:
    [during, after] = written(
        "logs.request_id.set('mine'); logging.getLogger('app.x').warning('slow')\n"
        "logs.request_id.set(None); logging.getLogger('app.x').warning('later')"
    )

    assert (during["message"], during["request_id"]) == ("slow", "mine")
    assert "request_id" not in after


def test_a_request_is_written_once_with_the_same_first_fields_as_others() -> None:
    [request, other] = written(
        "middleware = Middleware(lambda environ, start: start('200 OK', []) and [])\n"
        "environ = {'REQUEST_METHOD': 'GET', 'PATH_INFO': '/caf\\xc3\\xa9\\n'}\n"
        "middleware(environ, lambda *answer: print).close()\n"
        "logging.getLogger('app.x').info('done')"
    )

    assert (request["message"], request["path"]) == ("request", "/café\n")
    assert list(request)[:3] == list(other)[:3] == ["level", "logger", "message"]
    assert request["time"].endswith("+00:00")
    assert other["time"].endswith("+00:00")


def test_while_nobody_reads_nobody_waits_and_the_newest_lines_are_kept() -> None:
    handler = Handler()
    handler.setFormatter(Formatter())
    handler.stream = io.StringIO()

    def ask(*numbers: int) -> None:
        for number in numbers:
            handler.handle(
                logging.LogRecord(REQUESTS, logging.INFO, "", 0, "request", ({"n": number},), None)
            )

    assert handler.lock
    with handler.lock:  # of a thread whose write does not end
        others = Thread(target=ask, args=range(MAX_LINES + 2))
        others.start()
        others.join()
        assert handler.stream.getvalue() == ""
    ask(-1)

    lines = [json.loads(line)["n"] for line in handler.stream.getvalue().splitlines()]
    assert lines == [*range(3, MAX_LINES + 2), -1]


def test_nobody_waits_for_a_reader_of_the_log() -> None:
    handler = Handler()
    handler.setFormatter(Formatter())
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as handler.stream:

        def ask(number: int) -> None:
            line = {"name": "app.x", "msg": "job " + "a" * 200, "number": number}
            handler.handle(logging.makeLogRecord(line))

        for number in range(1000):  # several times what a pipe holds
            ask(number)
        told = []
        while len(told) < 500:
            told.append(json.loads(reader.readline())["number"])
            ask(1000)

    assert told == list(range(500))


def test_a_line_of_a_request_is_ascii_whatever_was_asked_for() -> None:
    asked = {"path": "/\u009b2J\u2028ü"}
    record = logging.LogRecord(REQUESTS, logging.INFO, "", 0, "request", (asked,), None)

    line = Formatter().format(record)

    assert line.isascii()
    assert json.loads(line)["path"] == asked["path"]


def test_what_waited_for_a_reader_is_written_when_it_is_back_or_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "CLOSE_SECONDS", 60)  # this machine may be busy
    handler = Handler()
    handler.setFormatter(Formatter())
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as handler.stream:
        for number in range(1000):  # several times what a pipe holds
            handler.handle(logging.makeLogRecord({"msg": "a" * 200, "number": number}))
        told = [json.loads(reader.readline())["number"] for _ in range(200)]
        handler.flush()
        rest = Thread(target=lambda: told.extend(json.loads(line)["number"] for line in reader))
        rest.start()
        handler.close()
        handler.stream.close()
        rest.join()

    assert told == list(range(1000))


@pytest.mark.parametrize("letter", ["a", "é", "\U0001f600", '"', "\x00"])
def test_a_line_is_never_too_long_to_be_written_at_once(letter: str) -> None:
    asked = {"path": "/" + letter * 8000 + "/end", "status": 404}
    error = {"name": "app.x", "msg": "broke", "exc_text": "Traceback " + letter * 8000 + " end"}
    for record in (
        logging.LogRecord(REQUESTS, logging.INFO, "", 0, "request", (asked,), None),
        logging.makeLogRecord(error),
    ):
        line = Formatter().format(record)
        told = json.loads(line)
        [long] = [text for text in map(str, told.values()) if len(text) > 100]

        assert len(line.encode()) < select.PIPE_BUF
        assert long.startswith(("/", "Traceback"))
        assert long.endswith("end")
