"""What clients get of stored files: the same answers whether nginx sends the bytes or gunicorn.

A file never changes once it has its name, so the ETag that its storage knows is a strong one. nginx
leaves the application's away when it sends a file in its place, and puts its own there, together
with its own reading of ranges and conditions.
"""

import unicodedata
from datetime import UTC, datetime
from urllib.parse import quote

from flask import Response, request, send_file
from werkzeug.exceptions import HTTPException

from app.http import conditional, services
from app.http.middleware import KEY
from app.pictures.formats import SVG

YEAR = 365 * 24 * 3600  # seconds

# What strangers made must not act as a page of ours.
CONTENT_SECURITY_POLICY = "default-src 'none'; sandbox"

# By this, nginx's cache may give an answer again for a second, to the same key alone.
KEPT_BY_NGINX = {"X-Accel-Expires": "1"}


def send(key: str, content_type: str, name: str, *, max_age: int = 0) -> Response:
    """Send a stored file, by nginx where `DOWNLOADER_ACCEL` says how; see `send_directly`."""
    answer = send_directly(key, content_type, name, max_age=max_age)
    accel = services.settings().accel
    huge = conditional.HUGE.search(request.headers.get("Range", ""))
    plain = request.method == "GET" and not huge
    if accel and plain and answer.status_code in (200, 206):
        answer.close()
        answer.set_data(b"")
        del answer.headers["Accept-Ranges"]  # nginx would say it twice
        answer.headers["X-Accel-Redirect"] = accel + services.storage().proxy_path(key)
    return answer


def send_directly(key: str, content_type: str, name: str, *, max_age: int) -> Response:
    """Send a stored file from this process; clients may keep it for `max_age` seconds unasked.

    Raises:
        Gone: somebody has removed it from the storage.
        PreconditionFailed, RequestedRangeNotSatisfiable: as RFC 9110 has it.
    """
    version, size = version_of(key)
    file = services.storage().open(key)
    answer = send_file(file, content_type, conditional=False, last_modified=version.modified)
    answer.content_length = size
    answer.headers["Content-Type"] = content_type  # its encoding is the file's own affair
    shown = content_type.startswith("image/") and content_type != SVG.content_type
    answer.headers.set("Content-Disposition", "inline" if shown else "attachment", **_names(name))
    answer.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # other pages may show it
    whose = "private" if KEY in request.environ else "public"
    keeping = f"max-age={max_age}, immutable" if max_age else "no-cache"
    answer.headers["Cache-Control"] = f"{whose}, {keeping}"
    answer.accept_ranges = "bytes"
    try:
        return conditional.apply(answer, version, size)
    except HTTPException:
        answer.close()
        raise


def version_of(key: str) -> tuple[conditional.Version, int]:
    """Return the version of a stored file, and its size in bytes.

    Raises:
        Gone: there is none.
    """
    found = services.storage().stat(key)
    moment = datetime.fromtimestamp(found.changed, UTC)
    return conditional.Version(found.etag, moment), found.size


def _names(name: str) -> dict[str, str]:
    """Return a file's name as parameters of Content-Disposition (RFC 6266, appendix D)."""
    if name.isascii():
        return {"filename": name}
    stem, _, ending = unicodedata.normalize("NFKD", name).rpartition(".")
    stem = stem.encode("ascii", "ignore").decode().strip("-._") or "file"
    return {"filename": f"{stem}.{ending}", "filename*": f"UTF-8''{quote(name)}"}
