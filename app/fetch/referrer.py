"""What a request says of the page it comes from, by the W3C's Referrer Policy."""

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


def of_meta(value: str, policy: str = DEFAULT) -> str:
    """Return the policy that `<meta name=referrer>` sets, else the policy so far."""
    word = value.strip().lower()
    word = _OLD_WORDS.get(word, word)
    return word if word in _POLICIES else policy


def of_element(value: str, policy: str) -> str:
    """Return the policy of a `referrerpolicy` attribute, else that of its page."""
    word = value.lower()
    return word if word in _POLICIES else policy


def referer(page: Url, target: Url, policy: str = DEFAULT) -> str | None:
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
