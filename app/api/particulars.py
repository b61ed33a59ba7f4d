"""What is told by hand in the OpenAPI document: words, headers, parameters, examples."""

from typing import Any

DESCRIPTION = """
Fetches the pictures of a page into one zip, or one image as a stored copy. A `POST` accepts a job
and answers 202 at once; its `Location` tells how far it is, and in the end what became of it.

* **Waiting**: `Prefer: wait=30` waits up to 30 seconds for the end. A `POST` leads on to it (303);
  lists of `urls` are answered at once.
* **Repeating**: with the same `Idempotency-Key`, a `POST` that is sent again is done once.
* **Units**: sizes are bytes and pixels, times are RFC 3339 in UTC, ids are UUIDs.
* **Errors** are problem documents (RFC 9457). Their `type` is stable, and tells more when opened:

| type | status | meaning |
|---|---|---|
"""

HEADERS = {
    "X-Request-ID": ("string", "of this request, as sent or made here; it stands in the log"),
    "RateLimit-Limit": ("integer", "requests in a period, where they are limited"),
    "RateLimit-Remaining": ("integer", "requests left in it"),
    "RateLimit-Reset": ("integer", "seconds until it ends"),
    "RateLimit-Policy": ("string", "limit and period, such as `100;w=60`"),
    "Retry-After": ("integer", "seconds after which to ask again"),
    "Location": ("string", "where the job is"),
    "Link": ("string", 'the next page, as `<…>; rel="next"`; absent on the last'),
    "ETag": ("string", "of this version, for `If-None-Match`"),
    "Preference-Applied": ("string", "such as `wait=30`, when it was heeded"),
    "Content-Disposition": ("string", "the name of the file (RFC 6266)"),
    "Content-Range": ("string", "the bytes sent, and how many there are in all"),
    "Accept-Ranges": ("string", "`bytes`"),
    "WWW-Authenticate": ("string", "how to send a key"),
}
EXAMPLES = {
    "Retry-After": 2,
    "Location": "/download/01a1f882-94ec-7569-8cff-cd211d2c85f9",
    "ETag": '"118c310be46283485511cdc84ad635648f183dac"',
    "Preference-Applied": "wait=30",
}

TEXT = {"type": "string"}
# A structured string, or bare; spaces around it are not part of a header.
KEY = r'^([!#-~]([ -~]{0,253}[!-~])?|"([ !#-\[\]-~]|\\["\\]){1,255}")$'
PARAMETERS: dict[str, dict[str, Any]] = {
    "Idempotency-Key": {
        "description": "makes it safe to send the request again; a new one for each request",
        "schema": {"type": "string", "pattern": KEY, "maxLength": 255},
        "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
    },
    "Prefer": {
        "description": "`wait=N`: answer after N seconds, 30 at most, or when the job has ended",
        "schema": TEXT,
        "example": "wait=30",
    },
    "Last-Event-ID": {
        "description": "the last event known; only what came after it is told",
        "schema": TEXT,
    },
    "If-Match": {
        "description": "ETag that a GET of the same URL sends for the version meant: 412 else",
        "schema": TEXT,
    },
    "If-None-Match": {"description": "ETags of versions known: 304 for those", "schema": TEXT},
    "Range": {
        "description": "a part of the file",
        "schema": TEXT,
        "example": "bytes=0-1023",
    },
}
ARRAY = {"type": "array"}
# What holds between fields.
RULES = {
    "NewDownload": {
        "not": {
            "required": ["sources", "image_urls"],
            "properties": {"sources": ARRAY, "image_urls": ARRAY},
        }
    },
    "NewImage": {"oneOf": [{"required": ["url"]}, {"required": ["urls"]}]},
}
EVENT = {
    "type": "object",
    "description": "an event of the stream, with its fields",
    "properties": {
        "event": {"enum": ["progress", "end"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "`progress`: `status`, `progress` and the `images` that have ended since"
            " the last; `end`: `status` and `error`",
        },
        "id": {"type": "string", "description": "for `Last-Event-ID`"},
        "retry": {"type": "integer", "description": "milliseconds until the next try"},
    },
}

_ID = "01a1f882-94ec-7569-8cff-cd211d2c85f9"
_PLACE = {
    "download_id": _ID,
    "status": "finished",
    "status_url": f"/download/{_ID}/status",
    "download_url": f"/download/{_ID}",
}
_DOWNLOAD = {
    **_PLACE,
    "error": None,
    "url": "https://example.com/",
    "added_at": "2026-11-20T09:30:00.000Z",
    "started_at": "2026-11-20T09:30:00.012Z",
    "finished_at": "2026-11-20T09:30:04.500Z",
    "attempts": 1,
}
_COPY = {
    "status": "finished",
    "error": None,
    "id": "01a1f882-a3b0-7c11-b0a5-6f2f4f0c9d37",
    "source_url": "https://example.com/sunset.jpg",
    "image_url": "/images/01a1f882-a3b0-7c11-b0a5-6f2f4f0c9d37/content",
    "content_type": "image/jpeg",
    "width": 1920,
    "height": 1080,
    "bytes": 482113,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
_IMAGE = {
    **_COPY,
    "added_at": "2026-11-20T09:30:00.000Z",
    "completed_at": "2026-11-20T09:30:01.250Z",
    "download_id": None,
}
_PICTURE = {
    **_COPY,
    "position": 1,
    "found_in": "img.srcset",
    "alt": "A sunset",
    "candidates": [_COPY["source_url"], "https://example.com/sunset-640.jpg"],
    "file": "001-sunset.jpg",
}
# Of whole documents, by the names of their schemas.
SAMPLES = {
    "AcceptedDocument": {**_PLACE, "status": "queued"},
    "DownloadListDocument": {"downloads": [_DOWNLOAD], "next_cursor": None},
    "StatusDocument": {
        **_DOWNLOAD,
        "progress": {"found": 1, "done": 1, "failed": 0, "total": 1},
        "images": [_PICTURE],
    },
    "ImageDocument": _IMAGE,
    "ImageListDocument": {"images": [_IMAGE], "next_cursor": _IMAGE["id"]},
}

# Of bodies, by call.
REQUESTS: dict[str, dict[str, dict[str, Any]]] = {
    "post /download": {
        "plain": {"url": "https://example.com/"},
        "choosy": {
            "url": "https://example.com/",
            "limit": 10,
            "min_width": 800,
            "types": ["jpeg", "png"],
            "manifest": True,
        },
        "as a browser shows it": {
            "url": "https://example.com/",
            "image_urls": ["https://example.com/sunset.jpg"],
        },
    },
    "post /images": {
        "one": {"url": "https://example.com/sunset.jpg"},
        "many": {"urls": ["https://example.com/1.jpg", "https://example.com/2.jpg"]},
    },
}
