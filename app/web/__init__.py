"""The pages for people: what the API does, to look at. They work without JavaScript, too."""

import mimetypes

from flask import Blueprint, Flask, request
from werkzeug.exceptions import Forbidden

from app.http.auth import same_origin
from app.web import words
from app.web.downloads import downloads
from app.web.errors import tell_people
from app.web.gallery import gallery
from app.web.home import home
from app.web.key import key
from app.web.problems import problems

web = Blueprint("web", __name__, template_folder="templates")
for part in home, downloads, gallery, key, problems:
    web.register_blueprint(part)
web.after_app_request(tell_people)


@web.before_request
def refuse_foreign_forms() -> None:
    """Refuse what a page of another site makes a browser send, also where no key is needed."""
    if request.method == "POST" and not same_origin(request.environ):
        raise Forbidden("Only the pages of this site may send this form.")


def init_app(app: Flask) -> None:
    """Register the pages, and the words that their templates use."""
    mimetypes.add_type("application/manifest+json", ".webmanifest")
    app.register_blueprint(web)
    app.jinja_env.filters.update(words.FILTERS)
    app.jinja_env.tests.update(words.TESTS)
    app.jinja_env.globals.update(words.GLOBALS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
