"""The path that a proxy serves this application under, and takes away from requests."""

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from app.urls import PREFIX

_PATH = re.compile(r"(/[\w~-][\w.~-]*)+", re.ASCII)


class Prefix:
    """Has every address that a response names begin with `SCRIPT_NAME`, if that is a plain path.

    `//example.com` would lead elsewhere.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        prefix = environ.get("SCRIPT_NAME", "")
        if not _PATH.fullmatch(prefix):
            prefix = environ["SCRIPT_NAME"] = ""
        PREFIX.set(prefix)
        return self._app(environ, start_response)
