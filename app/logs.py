"""Logs: one JSON line for a request and for a job, and for whatever else there is to say."""

import json
import logging
import select
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson
from pythonjsonlogger.json import JsonFormatter

REQUESTS = "app.http.request_log"  # of lines about requests; readers of the log know it by this
MAX_LINES = 10_000  # that wait while nobody reads the log: its oldest are lost, not the memory
CLOSE_SECONDS = 1.0  # for a reader to take what waits when the process ends

# No line names them, and to ask for them takes as long as to make the rest of a record.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class Formatter(JsonFormatter):
    """Writes a line as a JSON object; it names the request during which it is written.

    The line of a request itself comes ready as its record's arguments: to look through every
    attribute of a record takes five times as long.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, whichever it is."""
        if record.name == REQUESTS:
            return _shortened(_request(record))
        if current := request_id.get():
            record.request_id = current
        return _shortened(super().format(record))


def _request(record: logging.LogRecord) -> str:
    """Return a request's line, with the same first fields as every other."""
    fields = record.args if isinstance(record.args, Mapping) else {}
    line = {
        "level": record.levelname,
        "logger": record.name,
        "message": record.msg,
        **fields,
        "time": datetime.fromtimestamp(record.created, UTC),
    }
    text = orjson.dumps(line).decode()
    # What is not ASCII may be a command to a terminal, or the end of a line to some readers.
    return text if text.isascii() else json.dumps(orjson.loads(text))


def _shortened(line: str) -> str:
    """Cut the middle out of what is long, so that a line is written at once and whole.

    The system takes no more than `PIPE_BUF` bytes of one process without those of others between.
    """
    if len(line) < select.PIPE_BUF:
        return line
    fields = json.loads(line)
    while len(line) >= select.PIPE_BUF:
        name = max(fields, key=lambda name: len(str(fields[name])))
        text = str(fields[name])
        part = len(text) // 3
        fields[name] = f"{text[:part]}…{text[-part:]}"
        line = json.dumps(fields)
    return line


class Handler(logging.StreamHandler[Any]):
    """Writes lines without making anybody wait: for another's lines, or for a reader of the log.

    Dozens of threads would otherwise queue for the lock once more at the end of each request; and
    jobs have to go on, and gunicorn's master to end, with a reader that has stopped. A thread that
    writes would not outlive gunicorn's forks.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=MAX_LINES)

    def handle(self, record: logging.LogRecord) -> bool:
        """Write a record, or leave it to whoever is just writing, or writes when there is room."""
        self._lines.append(self.format(record) + self.terminator)
        try:
            self.flush()
        except Exception:
            self.handleError(record)
        return True

    def flush(self) -> None:
        """Write what waits, as far as there is room."""
        # Whoever lets go of the lock looks again, so no line stays behind.
        while self._lines and self._has_room() and self.lock and self.lock.acquire(blocking=False):
            try:
                self._write()
            finally:
                self.lock.release()

    def close(self) -> None:
        """Write what waits, for as long as a reader takes it."""
        end = time.monotonic() + CLOSE_SECONDS
        with suppress(Exception):  # nobody is left to read it
            while self._lines and (left := end - time.monotonic()) > 0 and self._has_room(left):
                self.flush()
        super().close()

    def _has_room(self, seconds: float = 0) -> bool:
        """Tell whether `PIPE_BUF` bytes can be written without waiting, or within some seconds."""
        poll = select.poll()
        try:
            poll.register(self.stream, select.POLLOUT)
        except (OSError, TypeError, ValueError):  # it is no file of the system's
            return True
        return bool(poll.poll(seconds * 1000))

    def _write(self) -> None:
        text = ""
        with suppress(IndexError):
            while not text or len(text) + len(self._lines[0]) <= select.PIPE_BUF:
                text += self._lines.popleft()
        self.stream.write(text)
        self.stream.flush()


def configuration(level: int) -> dict[str, Any]:
    """Return the `logging.config` dictionary of the service and of gunicorn."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": Formatter,
                "fmt": "%(levelname)s %(name)s %(message)s",
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": "time",  # by RFC 3339, in UTC
            },
        },
        "handlers": {"stderr": {"()": Handler, "formatter": "json"}},
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {
            REQUESTS: {"handlers": ["stderr"], "propagate": False},  # it saves the way to the root
            "gunicorn.error": {"level": level, "propagate": True},
            "urllib3": {"level": "ERROR"},  # its warnings are answers of origins
        },
    }
