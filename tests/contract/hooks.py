"""What Schemathesis cannot know: which URLs there are, and that keys are not to be used twice."""

import os
import re
import uuid
from typing import Any

import schemathesis
from hypothesis import strategies

from app.api.openapi import TEXTS

KEY = TEXTS["parameters"]["Idempotency-Key"]["schema"]["pattern"]
SITE = os.environ.get("FUZZED_SITE", "http://127.0.0.1:8")
PATHS = ["/", "/page", "/a.png", "/b.webp", "/page.html", "/none", "/a.png?q=1#x"]

schemathesis.openapi.format("uri", strategies.sampled_from([SITE + path for path in PATHS]))
schemathesis.openapi.format("hostname", strategies.sampled_from(["example.com", "127.0.0.1"]))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Make what is valid in form valid in fact."""
    headers = case.headers or {}
    if re.fullmatch(KEY, str(headers.get("Idempotency-Key", ""))):
        headers["Idempotency-Key"] = str(uuid.uuid4())
    if isinstance(case.body, dict | list):
        case.body = _at_hand(case.body)


def _at_hand(value: Any) -> Any:
    """Turn the examples of the documentation into pages of the site at hand."""
    match value:
        case dict():
            return {name: _at_hand(part) for name, part in value.items()}
        case list():
            return [_at_hand(part) for part in value]
        case str() if value.startswith("https://example.com"):
            return value.replace("https://example.com", SITE)
    return value
