"""`/`: one form for all that can be asked for."""

import re

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug import Response

from app import jobs
from app.http import services
from app.pictures.formats import FORMATS
from app.web import forms, grids

home = Blueprint("home", __name__)


@home.get("/")
def show() -> str:
    """Show the form, filled in with an address that a link or a phone's share menu brings."""
    shared = request.args.get("url") or request.args.get("text", "")
    found = re.search(r"https?://\S+", shared)
    return _form(forms.Form({"urls": found[0]} if found else {}))


@home.post("/")
def add() -> Response | tuple[str, int]:
    """Ask for what the form says, and go where it can be watched."""
    form = forms.Form(request.form)
    try:
        forms.add_list(form, request.files.get("list"))
        alone = form.get("kind") == "images" and "choose" not in form
        target = _add_images(form) if alone else _add_downloads(form)
    except forms.Refused as refused:
        return _form(form, refused.errors), 422
    services.engine().submit()
    return redirect(target, 303)


def _add_images(form: forms.Form) -> str:
    images = forms.new_images(form)
    services.admit(len(images))
    first, *_ = jobs.add_images((new["url"] for new in images), client=services.client())
    since = first.added_at.isoformat(timespec="milliseconds")
    return url_for("web.gallery.walk", status="", added_after=since)


def _add_downloads(form: forms.Form) -> str:
    downloads = forms.new_downloads(form)
    services.admit(len(downloads))
    added = jobs.add_downloads({**new, "client": services.client()} for new in downloads)
    services.charge(*added)
    if len(added) == 1:
        return url_for("web.downloads.show", job_id=added[0].id)
    if added[0].dry_run:
        return url_for("web.downloads.walk")
    return grids.address_of(added)


def _form(form: forms.Form, errors: forms.Errors | None = None) -> str:
    return render_template(
        "home.html",
        form=form,
        errors=errors or {},
        formats=FORMATS,
        settings=services.settings(),
    )
