"""What services that resize pictures take them from, as far as their addresses say so."""

import re
from base64 import urlsafe_b64decode
from contextlib import suppress
from urllib.parse import unquote

_HOSTS = r"(?:images\.weserv\.nl|wsrv\.nl)/?|(?:external-content|proxy)\.duckduckgo\.com/iu/"
_PATHS = (
    r"_next/image/?|_vercel/image|_image/?|\.netlify/images|_ipx|imgproxy|resize(?:r|\.php)?"
    r"|(?:image-?)?proxy(?:\.php)?|_gatsby/image(?:/[^/?#]*){1,3}|imagehandler\.ashx"
    r"|(?:tim|php)?thumb(?:nail)?\.(?:php|ashx)|image(?:resizer)?\.(?:php|ashx)|img\.(?:php|ashx)"
)
# /_next/image?url=%2Fphoto.png&w=640
_IN_QUERY = re.compile(
    rf"https?://(?:(?:{_HOSTS})|[^?#]*/(?:{_PATHS}))\?(?:[^#]*&)?(?:url|src|href|u|image|img)="
    r"([^&#]+)",
    re.IGNORECASE,
)
# /cdn-cgi/image/width=80/photos/a.jpg, /_ipx/w_640/photos/a.jpg
_IN_PATH = re.compile(r"https?://[^/?#]+(?:/[^?#]*)?/(?:cdn-cgi/image|_ipx)/[^/?#]+(/?[^?#]+)")
# https://i0.wp.com/example.com/a.jpg?w=300
_PHOTON = re.compile(r"https?://i[0-9]\.wp\.com/([^/?#]+\.[^/?#]+/[^?#]+)")
# /image/fetch/w_640/https%3A%2F%2Fexample.com%2Fa.jpg, and thumbor's, imgproxy's, Next's like it
_WHOLE = re.compile(
    r"https?://[^/?#]+/(?:[^?#]*?/)?(https?(?:://?|%3A%2F%2F)[^?#]+)", re.IGNORECASE
)
# https://example-com.cdn.ampproject.org/ii/w1000/s/example.com/a.jpg
_AMP = re.compile(r"https?://(?:[^/?#]+\.)?cdn\.ampproject\.org/ii?/(?:w[0-9]+/)?(s/)?([^?#]+)")
# imgproxy's /rs:fit:300/aHR0cHM6Ly9leGFtcGxlLmNvbS9hLmpwZw.webp
_BASE64 = re.compile(r"https?://[^?#]*?/(aHR0c[\w/-]{8,})=*(?:\.[a-z0-9]+)?(?:[?#]|\Z)")


def wrapped(url: str) -> str | None:
    """Return the address, absolute or not, of what a resizing proxy's URL wraps."""
    if "=" in url and (found := _IN_QUERY.match(url)):
        return unquote(found[1])
    if "http" in url[8:] and (found := _WHOLE.match(url)):
        inner = unquote(found[1]) if "%3a" in found[1][:8].lower() else found[1]
        return re.sub(r"^(https?):/(?!/)", r"\1://", inner.partition("@")[0])
    if "/aHR0c" in url and (found := _BASE64.match(url)):
        return _decoded(found[1].replace("/", ""))
    if ".ampproject.org/" in url and (found := _AMP.match(url)):
        return f"http{'s' if found[1] else ''}://{found[2]}"
    if ".wp.com/" in url and (found := _PHOTON.match(url)):
        return f"https://{found[1]}"
    if ("/_ipx/" in url or "/cdn-cgi/" in url) and (found := _IN_PATH.match(url)):
        return "/" + found[1].lstrip("/")
    return None


def _decoded(text: str) -> str | None:
    with suppress(ValueError):
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    return None
