"""Problem documents (RFC 9457) for people: as pages, and `/problems`, where their URIs lead."""

from flask import Blueprint, Response, render_template, request

from app.errors import NotFound
from app.http.auth import wants_page
from app.http.problem_types import CATALOGUE
from app.http.problems import CONTENT_TYPE
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


def tell_people(response: Response) -> Response:
    """Show a problem as a page to those whose browser would rather have one."""
    if response.mimetype == CONTENT_TYPE:
        response.vary.add("Accept")
        if wants_page(request.environ):
            response.set_data(render_template("error.html", **response.get_json()))
            response.content_type = "text/html; charset=utf-8"
    return response
