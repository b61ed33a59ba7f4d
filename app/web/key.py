"""`/key`: asks for the key once, and keeps a cookie in its place."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug import Response

from app.http import services
from app.http.auth import local_path
from app.http.keys import COOKIE, COOKIE_SECONDS
from app.http.middleware import KEY
from app.urls import own
from app.web import messages

key = Blueprint("key", __name__, url_prefix="/key")


@key.get("")
def show() -> str:
    """Ask for the key."""
    return _form()


@key.post("")
def enter() -> Response | tuple[str, int]:
    """Take a key that is one of ours, and go on to where it was asked for."""
    cookie = services.keys().cookie(request.form.get("key", "").strip())
    if not cookie:
        return _form(messages.UNKNOWN_KEY), 403
    answer = redirect(own(local_path(request.args.get("next", "/"))), 303)
    answer.set_cookie(
        COOKIE,
        cookie,
        COOKIE_SECONDS,
        path=own("/"),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


@key.post("/forget")
def forget() -> Response:
    """Forget the key in this browser."""
    answer = redirect(url_for(".show"), 303)
    answer.delete_cookie(COOKIE, path=own("/"))
    return answer


def _form(problem: str | None = None) -> str:
    return render_template(
        "key.html",
        problem=problem,
        needed=bool(services.keys()),
        known=KEY in request.environ,
    )
