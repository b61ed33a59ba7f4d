"""`Idempotency-Key`: a request that is sent again gives the first answer again.

By draft-ietf-httpapi-idempotency-key-header; the key may also come without the quotes of a
structured field. What is compared is the JSON as it was sent, whatever a release or a setting has
since made of what it leaves out; the order of its fields does not matter.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, request

from app import jobs
from app.database.connection import db
from app.database.models import Idempotency, Image
from app.errors import InvalidKey
from app.http.middleware import KEY
from app.http.problems import RETRY_SECONDS
from app.http.responses import json_response, name_job
from app.jobs.documents import AskedImagesDocument


def idempotent(act: Callable[[], Response], where: dict[str, UUID], *, body: bool) -> Response:
    """Act once for a key; what is added and the answer are committed together.

    A request is its path's arguments `where`, and its JSON if it takes a `body`.

    Raises:
        InvalidKey: the Idempotency-Key cannot be read.
        KeyReused: it came with another request.
    """
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return act()
    asked = jobs.Asked(
        caller=request.environ.get(KEY, ""),
        call=f"{request.method} {request.url_rule}",
        key=_key(header),
        request=_fingerprint([where, request.get_json() if body else None]),
    )
    with db.atomic():
        kept = jobs.first_answer(asked)
        if kept:
            return _repeat(kept)
        first = act()
        location = first.headers.get("Location")
        text = first.get_data(as_text=True) if location else _ids(first)
        jobs.keep_answer(asked, first.status_code, location, text)
        return first


def _ids(first: Response) -> str:
    """Return what is kept of the answer to a batch: the rest, megabytes, is in the request."""
    return json.dumps([image["id"] for image in first.get_json()["images"]])


def _batch(ids: str) -> Any:
    """Write the answer to a batch again, by its ids and the URLs of the same request."""
    pairs = zip(json.loads(ids), request.get_json()["urls"], strict=True)
    images = [Image(id=job_id, source_url=url) for job_id, url in pairs]
    return AskedImagesDocument().dump({"images": images})


def _repeat(kept: Idempotency) -> Response:
    answer = json_response(_batch(kept.body)) if kept.body[0] == "[" else Response(kept.body)
    answer.status_code, answer.mimetype = kept.status, "application/json"
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    if kept.location:
        name_job(answer, kept.location, UUID(kept.location.rpartition("/")[2]))
    return answer


def _key(header: str) -> str:
    """Return the key: a string of a structured field (RFC 8941), or bare."""
    quoted = re.fullmatch(r'"((?:[^"\\]|\\["\\])*)"', header)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header
    if not re.fullmatch(r"[ -~]{1,255}", key) or (header.startswith('"') and not quoted):
        raise InvalidKey("Idempotency-Key must be 1 to 255 printable ASCII characters")
    return key


def _fingerprint(asked: Any) -> str:
    text = json.dumps(asked, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
