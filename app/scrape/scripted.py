"""Pages that are a frame for what their scripts are to bring."""

from app.scrape.document import parse

LITTLE = 200  # characters that such a page says by itself, at most
_UNSEEN = "script, style, noscript, template"
_PLACES = ":is(div, main, section, app-root):is([id], app-root):empty"


def waits_for_scripts(body: bytes, charset: str | None) -> bool:
    """Tell whether a page has scripts, an empty place for what they bring, and hardly any text."""
    document = parse(body, charset)
    if not document.select_one("script"):
        return False
    document.remove(_UNSEEN)
    shown = document.select_one("body")
    if not shown or not shown.select_one(_PLACES):
        return False
    return len(" ".join(shown.text.split())) <= LITTLE
