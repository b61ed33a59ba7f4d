"""Who may ask: a client with a key, in a header or a cookie, if the service has keys."""

import re
from urllib.parse import quote
from wsgiref.types import WSGIApplication, WSGIEnvironment

from flask import redirect
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from app.http.keys import COOKIE, Keys
from app.http.middleware import KEY, Headers
from app.http.problems import CONTENT_TYPE, refusal
from app.urls import own

OPEN = {"/healthz", "/key"}  # those who have no key have to reach these
OPEN_FOLDERS = ("/static/", "/problems/")  # the latter explain a refusal

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_COOKIE = re.compile(rf"(?:^|;) *{COOKIE}=([\w.-]+)", re.ASCII)
_BY_COOKIE = "image_downloader.by_cookie"


class Access:
    """Two guards: `recognize` finds out who asks, `check` lets them in or not."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def recognize(self, environ: WSGIEnvironment, headers: Headers) -> None:
        """Note the short hash of the key that a request comes with."""
        scheme, _, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() == "bearer":
            name = self._keys.name(key.strip())
        else:  # none, or one that a proxy asked for
            cookie = _cookie(environ)
            name = self._keys.name_of_cookie(cookie) if cookie else None
            environ[_BY_COOKIE] = name is not None
        if name:
            environ[KEY] = name

    def check(self, environ: WSGIEnvironment, headers: Headers) -> WSGIApplication | None:
        """Refuse a client that needs a key and has none."""
        path = environ.get("PATH_INFO", "")
        if path in OPEN or path.startswith(OPEN_FOLDERS):
            return None
        return None if KEY in environ else _ask_for_key(environ)


def local_path(path: str) -> str:
    """Return a path of this site unchanged, and `/` for anything that would lead elsewhere."""
    # To browsers a backslash is a slash, and controls are not there at all.
    local = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if local and path.isprintable() else "/"


def _cookie(environ: WSGIEnvironment) -> str | None:
    # Not by Werkzeug: a cookie that another application of this host has set need not be UTF-8.
    found = _COOKIE.search(environ.get("HTTP_COOKIE", ""))
    return found[1] if found else None


def _ask_for_key(environ: WSGIEnvironment) -> WSGIApplication:
    """Send people to the page that takes a key, and tell programs how to send it."""
    bearer = environ.get("HTTP_AUTHORIZATION", "").lower().startswith("bearer")  # no browser's
    if wants_page(environ) and not bearer:
        if environ["REQUEST_METHOD"] != "GET":  # a form, when the cookie has just run out
            return redirect(own("/key"), 303)
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        query = environ.get("QUERY_STRING")
        wanted = local_path(quote(path) + (f"?{query}" if query else ""))
        return redirect(own("/key?next=") + quote(wanted, safe="/"), 303)
    unknown, missing = "this service has no such key", "send a key: Authorization: Bearer <key>"
    answer = refusal(401, unknown if bearer else missing)
    wrong = ', error="invalid_token"' if "HTTP_AUTHORIZATION" in environ else ""
    answer.headers["WWW-Authenticate"] = f'Bearer realm="image-downloader"{wrong}'
    return answer


def wants_page(environ: WSGIEnvironment) -> bool:
    """Tell whether a client would rather have a page than JSON, as people's browsers would."""
    accepted = parse_accept_header(environ.get("HTTP_ACCEPT"), MIMEAccept)
    return accepted.best_match(["application/json", CONTENT_TYPE, "text/html"]) == "text/html"


def refuse_foreign(environ: WSGIEnvironment, headers: Headers) -> WSGIApplication | None:
    """Refuse a change that a page of another site makes a browser ask for.

    A guard for API and pages alike. Browsers say where a request comes from, and let no page lie
    about it; of a client that shows a key, or says nothing, no page has made use. But a cookie
    comes from a browser, which has to say.
    """
    by_cookie = environ.get(_BY_COOKIE, False)
    if environ["REQUEST_METHOD"] in _SAFE_METHODS or (KEY in environ and not by_cookie):
        return None
    says_origin = "HTTP_SEC_FETCH_SITE" in environ or "HTTP_ORIGIN" in environ
    if _same_origin(environ) or not (says_origin or by_cookie):
        return None
    return refusal(403, "in a browser, only pages of this site may ask for changes")


def _same_origin(environ: WSGIEnvironment) -> bool:
    """Return whether a page of ours made the browser ask.

    Of `Origin`, the host is compared: behind a proxy, the scheme that browsers see is not ours.
    """
    if site := environ.get("HTTP_SEC_FETCH_SITE"):
        return bool(site == "same-origin")
    host = environ.get("HTTP_HOST", "")
    return bool(environ.get("HTTP_ORIGIN", "").endswith(f"://{host}"))
