"""The path that a proxy serves this application under, and takes away from requests."""

import re
from wsgiref.types import WSGIEnvironment

from app.http.middleware import Headers
from app.urls import PREFIX

_PATH = re.compile(r"(/[\w~-][\w.~-]*)+", re.ASCII)


def note_prefix(environ: WSGIEnvironment, headers: Headers) -> None:
    """Have every address that the answer names begin with `SCRIPT_NAME`, if that is a plain path.

    A guard that refuses nobody. `//example.com` would lead elsewhere.
    """
    path = environ.get("SCRIPT_NAME", "").removesuffix("/")
    environ["SCRIPT_NAME"] = path if _PATH.fullmatch(path) else ""
    PREFIX.set(environ["SCRIPT_NAME"])
