"""Errors for people: what a problem document tells, as a page."""

from flask import Response, render_template, request

from app.http.auth import wants_page
from app.http.problems import CONTENT_TYPE


def tell_people(response: Response) -> Response:
    """Show a problem as a page to those whose browser would rather have one."""
    if response.mimetype == CONTENT_TYPE:
        response.vary.add("Accept")
        if wants_page(request.environ):
            response.set_data(render_template("error.html", **response.get_json()))
            response.content_type = "text/html; charset=utf-8"
    return response
