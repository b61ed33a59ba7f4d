"""The name of the route that a path belongs to, without asking Flask."""

import re
from functools import cached_property

from werkzeug.routing import Map

from app.metrics import OTHER

_PARAMETER = re.compile(r"<(?:[^:>]+:)?(\w+)>")
_SECOND_PART = re.compile(r"(?<=.)/[^/]+")


class Routes:
    """Names for metrics: as many as there are routes, whatever is asked for."""

    def __init__(self, url_map: Map) -> None:
        self._url_map = url_map

    @cached_property
    def _names(self) -> dict[str, str]:
        """Map each route, with `*` for the part that varies, to its name; when all are there."""
        rules = [rule.rule for rule in self._url_map.iter_rules()]
        return {_PARAMETER.sub("*", rule): _PARAMETER.sub(r"<\1>", rule) for rule in rules}

    def name(self, path: str) -> str:
        """Return the route's name, and `other` for a path that has none."""
        names, path = self._names, path.removesuffix("/") or "/"
        if path in names:
            return names[path]
        folder, _, _ = path.rpartition("/")
        varied = _SECOND_PART.sub("/*", path, count=1)
        return names.get(varied) or names.get(f"{folder}/*") or OTHER
