"""`/problems`: what the types of problem documents mean (RFC 9457): where their URIs lead."""

from flask import Blueprint, render_template

from app.errors import NotFound
from app.http.problem_types import CATALOGUE
from app.web import messages

problems = Blueprint("problems", __name__, url_prefix="/problems")


@problems.get("")
def walk() -> str:
    """List all types of problems."""
    return render_template("problems.html", title=messages.PROBLEM_TYPES, types=CATALOGUE.values())


@problems.get("/<code>")
def show(code: str) -> str:
    """Tell what one type of problem means."""
    if code not in CATALOGUE:
        raise NotFound(messages.UNKNOWN_PROBLEM.format(code=code))
    one = CATALOGUE[code]
    return render_template("problems.html", title=one.title, types=[one])
