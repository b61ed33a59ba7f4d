"""What the form on `/` asks for, judged by the schemas of the API."""

import re
from itertools import islice
from typing import Any, cast

from marshmallow import Schema, ValidationError
from werkzeug.datastructures import FileStorage, MultiDict

from app.api.schemas import DEFAULT_LIMIT, MAX_URLS, NewDownload, NewImage
from app.http import services
from app.setting_values import NotValid, read_size
from app.urls import listed, with_scheme
from app.web import messages

MAX_PAGES = 100  # at once, by hand
MAX_TOLD = 5  # of what is wrong with a field

NUMBERS = ("limit", "min_width", "min_height", "at_once")
CHOICES = ("types", "sources")
WORDS = ("image_urls", "include", "exclude")
TRUTHS = ("manifest", "dry_run", "render")

Form = MultiDict[str, str]
Errors = dict[str, list[str]]


class Refused(Exception):
    """The form cannot be taken as it is; `errors` says why, by field."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(errors)
        self.errors = errors


def add_list(form: Form, file: FileStorage | None) -> None:
    """Add the addresses of a file to those that are typed in.

    Raises:
        Refused: it is no text.
    """
    if not file or not file.filename:
        return
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused({"list": [messages.NO_TEXT_FILE]}) from error
    form["urls"] = f"{form.get('urls', '')}\n{text}".strip()


def new_downloads(form: Form) -> list[dict[str, Any]]:
    """Return what is asked for, a download for each page.

    Raises:
        Refused: with what to change.
    """
    are_images = form.get("kind") == "images"
    urls = _lines(form, MAX_URLS if are_images else _jobs_at_once(MAX_PAGES))
    images = {}
    if are_images:  # they make one download, which stands under the first of them
        images = {"image_urls": list(urls.values())}
        urls = dict(islice(urls.items(), 1))
    if form.get("image_urls", "").strip() and len(urls) > 1:
        raise Refused({"image_urls": [messages.ONE_PAGE_FOR_LIST]})
    errors = Errors()
    options = _options(form, errors) | images
    if "choose" in form:  # from all there are, as far as one grid has room
        most = services.settings().max_images
        options.setdefault("limit", max(min(DEFAULT_LIMIT, most), most // len(urls)))
    asked = {number: {"url": url, **options} for number, url in urls.items()}
    return _judged(NewDownload(), asked, errors)


def new_images(form: Form) -> list[dict[str, Any]]:
    """Return what is asked for, a copy of each image.

    Raises:
        Refused: with what to change.
    """
    urls = _lines(form, _jobs_at_once(MAX_URLS))
    return _judged(NewImage(), {number: {"url": url} for number, url in urls.items()}, Errors())


def _jobs_at_once(most: int) -> int:
    """Return how many new jobs may ever wait, but no more than `most`."""
    settings = services.settings()
    return min(most, settings.max_queued or most, settings.quota_jobs or most)


def _lines(form: Form, most: int) -> dict[int, str]:
    """Return the addresses that are typed in, by the numbers of their lines."""
    text = form.get("urls", "")
    lines = {number: with_scheme(line) for number, line in listed(text.splitlines())}
    if not lines:
        raise Refused({"urls": [messages.ENTER_AN_ADDRESS]})
    if len(lines) > most:
        raise Refused({"urls": [messages.TOO_MANY.format(most=most, count=len(lines))]})
    return lines


def _options(form: Form, errors: Errors) -> dict[str, Any]:
    """Return the fields of the API that the form sets; what is left empty has its default.

    What the API has no word for, because it takes a number, is added to the errors.
    """
    given = {name: form[name].strip() for name in NUMBERS if name in form}
    options: dict[str, Any] = {name: _number(text) for name, text in given.items() if text}
    options |= {name: True for name in TRUTHS if name in form}
    options |= {name: form.getlist(name) for name in CHOICES if name in form}
    if size := form.get("min_bytes", "").strip():
        try:
            options["min_bytes"] = read_size(size)
        except NotValid:
            errors["min_bytes"] = [messages.NO_SIZE]
    if pattern := form.get("pattern", "").strip():
        options["pattern"] = pattern
    for name in WORDS:
        lines = listed(form.get(name, "").splitlines())
        if words := [word for _, line in lines for word in line.split()]:
            options[name] = words
    return options


def _number(text: str) -> int | str:
    """Return a number where there is one; what else stands there, the schema refuses."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text


def _judged(
    schema: Schema, asked: dict[int, dict[str, Any]], errors: Errors
) -> list[dict[str, Any]]:
    """Return what is asked for as the API reads it.

    Raises:
        Refused: with these errors, and those that the API has.
    """
    loaded = []
    for number, one in asked.items():
        try:
            loaded.append(schema.load(one))
        except ValidationError as error:
            for field, reasons in cast(dict[str, Any], error.messages).items():
                is_line = field == "url" and len(asked) > 1
                name = "urls" if field == "url" else field
                sentences = [
                    messages.LINE.format(number=number, sentence=sentence) if is_line else sentence
                    for sentence in _sentences(reasons)
                ]
                errors.setdefault(name, []).extend(sentences)
    if errors:
        raise Refused(
            {field: _some(list(dict.fromkeys(reasons))) for field, reasons in errors.items()}
        )
    return loaded


def _some(sentences: list[str]) -> list[str]:
    """Return the first of many sentences, and how many more there are."""
    more = len(sentences) - MAX_TOLD
    return sentences[:MAX_TOLD] + ([messages.MORE.format(count=more)] if more > 0 else [])


def _sentences(reasons: Any) -> list[str]:
    """Return the messages of a field; those of a list's entries stand below their numbers."""
    if isinstance(reasons, dict):
        return [sentence for entry in reasons.values() for sentence in _sentences(entry)]
    return list(reasons)
