"""What clients get of stored files: the same answers whether nginx sends the bytes or gunicorn.

A file never changes once it has its name, so its time and size make a strong ETag. It is spelled
as nginx spells it: nginx leaves the application's away when it sends a file in its place, and
puts its own there, together with its own reading of ranges and conditions.
"""

import re
import unicodedata
from urllib.parse import quote

from flask import Response, request, send_file
from werkzeug.exceptions import HTTPException, PreconditionFailed

from app.http import services
from app.http.request_log import KEY
from app.pictures.formats import SVG

YEAR = 365 * 24 * 3600  # seconds

# What strangers made must not act as a page of ours.
CONTENT_SECURITY_POLICY = "default-src 'none'; sandbox"

# A number beyond the end of every file; nginx refuses what does not fit into 64 bits.
HUGE = re.compile(r"[0-9]{19,}", re.ASCII)

# By this, nginx's cache may give an answer again for a second, to the same key alone.
KEPT_BY_NGINX = {"X-Accel-Expires": "1"}


def stored(key: str, content_type: str, name: str, *, max_age: int = 0) -> Response:
    """Send a stored file, by nginx where `DOWNLOADER_ACCEL` says how; see `sent`."""
    answer = sent(key, content_type, name, max_age=max_age)
    accel = services.settings().accel
    plain = request.method == "GET" and not HUGE.search(request.headers.get("Range", ""))
    if accel and plain and answer.status_code in (200, 206):
        answer.close()
        answer.set_data(b"")
        del answer.headers["Accept-Ranges"]  # nginx would say it twice
        answer.headers["X-Accel-Redirect"] = accel + quote(key)
    return answer


def sent(key: str, content_type: str, name: str, *, max_age: int = 0) -> Response:
    """Send a stored file from this process; clients may keep it for `max_age` seconds unasked.

    Raises:
        Gone: somebody has removed it from the storage.
        PreconditionFailed, RequestedRangeNotSatisfiable: as RFC 9110 has it.

    """
    found = services.storage().stat(key)
    file = services.storage().open(key)
    answer = send_file(file, content_type, conditional=False, last_modified=found.changed)
    answer.content_length = found.size
    answer.headers["Content-Type"] = content_type  # its encoding is the file's own affair
    shown = content_type.startswith("image/") and content_type != SVG.content_type
    answer.headers.set("Content-Disposition", "inline" if shown else "attachment", **_names(name))
    answer.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # other pages may show it
    whose = "private" if KEY in request.environ else "public"
    keeping = f"max-age={max_age}, immutable" if max_age else "no-cache"
    answer.headers["Cache-Control"] = f"{whose}, {keeping}"
    answer.set_etag(f"{found.changed:x}-{found.size:x}")
    answer.accept_ranges = "bytes"
    try:
        _heed_request(answer, found.size)
    except HTTPException:
        answer.close()
        raise
    return answer


def _names(name: str) -> dict[str, str]:
    """Return a file's name as parameters of Content-Disposition (RFC 6266, appendix D)."""
    if name.isascii():
        return {"filename": name}
    stem, _, ending = unicodedata.normalize("NFKD", name).rpartition(".")
    stem = stem.encode("ascii", "ignore").decode().strip("-._") or "file"
    return {"filename": f"{stem}.{ending}", "filename*": f"UTF-8''{quote(name)}"}


def _heed_request(answer: Response, size: int) -> None:
    """Heed conditions, then a range, in the order of RFC 9110, section 13.2.2."""
    if not conditions_hold(answer):
        raise PreconditionFailed
    asked = {**request.environ, "HTTP_IF_MATCH": "", "HTTP_RANGE": _range(answer, size)}
    answer.make_conditional(asked)
    if answer.status_code == 200 and asked["HTTP_RANGE"]:
        answer.make_conditional(asked, accept_ranges=True, complete_length=size)


def conditions_hold(answer: Response) -> bool:
    """Tell whether an answer is as `If-Match`, or else `If-Unmodified-Since`, wants it."""
    tags, moment = request.if_match, request.if_unmodified_since
    if tags:  # Werkzeug takes no * for any
        return tags.star_tag or tags.is_strong(str(answer.get_etag()[0]))
    return not (moment and answer.last_modified and answer.last_modified > moment)


def _range(answer: Response, size: int) -> str:
    """Return the single range of this version that is asked for; others mean the whole file.

    Servers need not send several ranges in one answer, and few clients ask for them.
    """
    asked = HUGE.sub("9" * 18, request.headers.get("Range", "").lower())
    this_version = (None, answer.headers["ETag"], answer.headers["Last-Modified"])
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
