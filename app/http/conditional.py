"""The one reading of conditions and ranges (RFC 9110, sections 13 and 14)."""

import re
from datetime import datetime
from typing import NamedTuple

from flask import Response, request
from werkzeug.exceptions import PreconditionFailed
from werkzeug.http import generate_etag

# A number beyond the end of every file; nginx refuses what does not fit into 64 bits.
HUGE = re.compile(r"[0-9]{19,}", re.ASCII)

_CONDITIONS = {
    *("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_RANGE"),
    *("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"),
}


class Version(NamedTuple):
    """What conditions compare with; a job without a document or a file to show has neither.

    etag        opaque, without quotes
    modified    of a file
    """

    etag: str | None = None
    modified: datetime | None = None


def version_of(body: bytes) -> Version:
    """Return the version of a document."""
    return Version(generate_etag(body))


def require(version: Version) -> None:
    """Refuse a request that is about another version (section 13.2.2, steps 1 and 2).

    `If-Match` compares strongly, since ranges of a file must not be mixed. Of a document it takes a
    weak tag, too: we give none, so it is ours, weakened by a proxy that compressed the document.

    Raises:
        PreconditionFailed: `If-Match`, or else `If-Unmodified-Since`, does not hold.
    """
    tags, moment = request.if_match, request.if_unmodified_since
    if tags:
        weakly = version.modified is None and tags.is_weak(str(version.etag))
        holds = tags.star_tag or tags.is_strong(str(version.etag)) or weakly
    else:
        holds = not (moment and version.modified and version.modified > moment)
    if not holds:
        raise PreconditionFailed


def apply(response: Response, version: Version, size: int | None = None) -> Response:
    """Name the version that a response has, and answer the request's conditions on it.

    The response becomes a 304, or a 206 with a part of its `size` bytes if those are a file's.

    Raises:
        PreconditionFailed, RequestedRangeNotSatisfiable: as section 13.2.2 lays down.
    """
    response.headers["ETag"] = f'"{version.etag}"'
    if _CONDITIONS.isdisjoint(request.environ):
        return response
    require(version)
    part = _range(response, size) if size is not None else ""
    environ = {**request.environ, "HTTP_IF_MATCH": "", "HTTP_RANGE": part}
    response.make_conditional(environ)
    if response.status_code == 200 and part:
        response.make_conditional(environ, accept_ranges=True, complete_length=size)
    return response


def _range(response: Response, size: int) -> str:
    """Return the single range of this version that is asked for; others mean the whole file.

    Servers need not send several ranges in one answer, and few clients ask for them.
    """
    asked = HUGE.sub("9" * 18, request.headers.get("Range", "").lower())
    this_version = (None, response.headers["ETag"], response.headers["Last-Modified"])
    if (
        request.method != "GET"
        or not asked.startswith("bytes=")
        or "," in asked
        or request.headers.get("If-Range") not in this_version
    ):
        return ""
    last = re.fullmatch(r"bytes=-([0-9]+)", asked)
    # Werkzeug refuses the last bytes of a file that has fewer.
    return "bytes=0-" if last and int(last[1]) > size else asked
