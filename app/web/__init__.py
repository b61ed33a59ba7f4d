"""The pages for people: what the API does, to look at. They work without JavaScript, too."""

import mimetypes

from flask import Blueprint, Flask

from app.web import filters
from app.web.downloads import downloads
from app.web.gallery import gallery
from app.web.grids import choices
from app.web.home import home
from app.web.key import key
from app.web.problems import problems, tell_people

web = Blueprint("web", __name__, template_folder="templates")
for part in home, choices, downloads, gallery, key, problems:
    web.register_blueprint(part)
web.after_app_request(tell_people)


def init_app(app: Flask) -> None:
    """Register the pages, and the filters that their templates use."""
    mimetypes.add_type("application/manifest+json", ".webmanifest")
    app.register_blueprint(web)
    app.jinja_env.filters.update(filters.FILTERS)
    app.jinja_env.tests.update(filters.TESTS)
    app.jinja_env.globals.update(filters.GLOBALS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
