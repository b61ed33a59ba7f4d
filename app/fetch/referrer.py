"""What a request says of the page it comes from, by the W3C's Referrer Policy."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from app.errors import RefusedUrl
from app.pictures.picture import Picture
from app.urls import Url

DEFAULT = "strict-origin-when-cross-origin"
_OLD_WORDS = {  # of `meta` alone
    "never": "no-referrer",
    "default": DEFAULT,
    "always": "unsafe-url",
    "origin-when-crossorigin": "origin-when-cross-origin",
}
_POLICIES = {
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    DEFAULT,
    "unsafe-url",
}


def of_header(value: str, policy: str = DEFAULT) -> str:
    """Return the last known word of a Referrer-Policy header, else the policy so far."""
    words = [word.strip().lower() for word in value.split(",")]
    return next((word for word in reversed(words) if word in _POLICIES), policy)


def of_meta(value: str, policy: str) -> str:
    """Return the policy that `<meta name=referrer>` sets, else the policy so far."""
    word = value.strip().lower()
    word = _OLD_WORDS.get(word, word)
    return word if word in _POLICIES else policy


def of_element(value: str, policy: str) -> str:
    """Return the policy of a `referrerpolicy` attribute, else that of its page."""
    word = value.lower()
    return word if word in _POLICIES else policy


def referer(page: Url, target: Url, policy: str) -> str | None:
    """Return the Referer of a request from a page to a target; None for none."""
    same = (page.scheme, page.host, page.port) == (target.scheme, target.host, target.port)
    downgrade = (page.scheme, target.scheme) == ("https", "http")
    if policy == "no-referrer" or (policy == "same-origin" and not same):
        return None
    if downgrade and (policy.startswith("strict-") or policy == "no-referrer-when-downgrade"):
        return None
    whole = policy in ("unsafe-url", "no-referrer-when-downgrade", "same-origin")
    if whole or (same and policy in (DEFAULT, "origin-when-cross-origin")):
        return str(page)
    return f"{page.scheme}://{page.authority}/"


class Referrers:
    """Which document asks for each image of a page, and by which policy; threads share it."""

    def __init__(self) -> None:
        self.policies: dict[Url, str] = {}  # of pages and sheets that set one
        self._by_image: dict[tuple[Url, Url], tuple[Url, str]] = {}  # by page and image

    def policy(self, document: Url, default: str = DEFAULT) -> str:
        """Return the policy of a page or sheet."""
        return self.policies.get(document, default)

    def of_image(self, page: Url, image: Url) -> tuple[Url, str]:
        """Return the document that asks for an image, the page or a sheet, and by which policy."""
        return self._by_image.get((page, image), (page, self.policy(page)))

    def record(self, page: Url, pictures: Sequence[Picture]) -> list[Any]:
        """Record what a page, its sheets and `referrerpolicy` say of its images.

        A sheet asks for what it paints, by its own policy or else the page's. Return that as JSON,
        for a later run of the job to `restore`.
        """
        elements = [one for picture in pictures for one in picture.policies]
        sheets: dict[str, list[str]] = {}
        for url, sheet in (one for picture in pictures for one in picture.painted):
            sheets.setdefault(sheet, []).append(url)
        own = self.policy(page)
        painted = [
            (sheet, self.policy(Url.lenient(sheet), own), urls) for sheet, urls in sheets.items()
        ]
        self._note(page, own, elements, painted)
        return [str(page), own, elements, painted]

    def _note(self, page: Url, own: str, elements: list[Any], painted: list[Any]) -> None:
        """Note who asks for each image: the first that is said of it counts."""
        documents = [(page, of_element(policy, own), [url]) for url, policy in elements]
        documents += [(Url.lenient(sheet), policy, urls) for sheet, policy, urls in painted]
        for document, policy, urls in documents:
            for url in urls:
                with suppress(RefusedUrl):
                    self._by_image.setdefault((page, Url.lenient(url)), (document, policy))

    def restore(self, recorded: list[Any]) -> Url:
        """Restore what an earlier run recorded, and return the URL of the page.

        Earlier rows lack what sheets paint.
        """
        written, own, elements, *painted = recorded
        page = Url.lenient(written)
        self.policies[page] = own
        self._note(page, own, elements, *painted or [[]])
        return page
