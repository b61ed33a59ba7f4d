"""The file behind a thumbnail: what a link around it, a gallery or a zoom opens."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeGuard

from turbohtml import Element, Node
from turbohtml.query import select

from app.scrape.painted import MARK
from app.scrape.sheets import names_file
from app.scrape.sightings import is_image_file

# Attributes of our own: none that is parsed from a page has a capital letter.
FILES, POLICY = "Files", "Policy"
LINK = "link"  # the place of what a link opens

MAX_IMAGES = 5_000

_IMAGES = {"img", "amp-img"}

# On an `img`, or on what is around it; the first is the best.
ORIGINALS = ("data-orig-file", "data-original-file", "data-original-image", "data-original-url")
LARGE = (
    "data-large-file",  # Jetpack
    *("data-full", "data-full-src", "data-full-url", "data-full-image", "data-full-size"),
    *("data-fullsrc", "data-fullsize", "data-fullsize-src", "data-full-res", "data-fullres"),
    *("data-zoom-image", "data-zoom-src", "data-zoom", "data-zoom-url", "data-zoom-img"),  # zooms
    *("data-zoomsrc", "data-zoom-original", "data-magnify-src", "data-magnify-image"),
    *("data-large_image", "data-large-image", "data-large", "data-large-src", "data-largesrc"),
    *("data-big", "data-big-src", "data-bigimage", "data-big-image", "data-max-src"),
    *("data-hires", "data-high-res", "data-highres", "data-high-res-src", "data-hd-src"),
    *("data-mfp-src", "data-lightbox-src", "data-lightbox-image", "data-fancybox-src"),
    *("data-super-full-img", "data-super-img", "data-image-large-src", "data-fullurl"),
    "zoomfile",  # Discuz!
    *("data-pswp-src", "data-lg-src", "data-featherlight", "data-action-zoom", "data-xlarge"),
)
# Only on what is around an `img`; on itself these are addresses of what is shown there.
_AROUND = ("data-image", "data-img", "data-src", "data-url", "data-image-url", "data-href")
_ADDRESS = re.compile(r"[^\s/]*+/\S*+")

_BOXES = re.compile(
    r"lightbox|fancybox|swipebox|venobox|magnific[-_]?popup|prettyphoto|colorbox|cboxelement"
    r"|thickbox|shadowbox|highslide|photoswipe|lightgallery|image-popup|image-link|baguettebox"
    r"|lightcase|mfp-image|mfp-zoom|popup-image|foobox|lbimage|lightview|zoombox|slimbox|fluidbox"
    r"|magiczoom|cloud-zoom|jqzoom"
    # These are parts of other names, too (`quality`, `card--spotlight`).
    r"|(?<!\S)(?:spotlight|lity|fresco|luminous|chocolat-image)(?!\S)|(?<![a-z])magnific(?![a-z])"
)
_MARKS = {"data-fancybox", "data-lightbox", "data-fslightbox", "data-pswp-width", "data-gallery"}
_MARKS |= {"data-lity", "data-lightbox-gallery", "data-glightbox", "data-lg-size", "data-sub-html"}
NAMES = {*ORIGINALS, *LARGE}
_NAMES_AROUND = NAMES | set(_AROUND)
_PAINTED_BY_SCRIPTS = "data-thumbnail"  # Elementor
_NUMBERED = re.compile(r"[^&;=?]+=[^&;]*[0-9][^&;]*")
# Pages about a file: MediaWiki's, those of code hosts, Blogger's.
_PAGE = re.compile(r"(?::|%3A)[^/?#]*(?:[?#]|\Z)|/blob/|/s[0-9]+-h/", re.IGNORECASE)
_NO_FILE = re.compile(
    r"#|[a-z]+:(?!//)|.*(?:youtu\.?be|vimeo\.)|[^?#]*\.(?:[xs]?html?|php|aspx?|jsp|pdf|mp4|webm|mov)"
    r"(?:[?#]|\Z)",
    re.IGNORECASE,
)


class Files:
    """Tells what files the pictures of a page stand for, asked of each in document order."""

    def __init__(self) -> None:
        self._linked: set[Element] = set()
        self._asked = 0

    def of(self, element: Element) -> dict[str, str]:
        """Return what is around a picture names, as attributes: lines of place and address.

        Those are of the link around it if it is the first there, and of an element next to that
        link or to itself if it is the only one there.
        """
        if not _is_picture(element) or self._asked >= MAX_IMAGES:
            return {}
        self._asked += 1
        link = element.closest("a[href]")
        lines: list[str] = []
        page: list[str] = []  # which it may be, if what is around names a file
        if link is not None and link not in self._linked:
            self._linked.add(link)
            opened = _linked(link, element)
            lines, page = (opened, []) if is_image_file(_href(link)) else ([], opened)
        for owner in (element.parent,) if link is None else (link, link.parent):
            if _owns(owner):
                lines += named(owner.attrs, (*ORIGINALS, *LARGE, *_AROUND))
        lines += page
        if not lines:
            return {}
        policy = policy_of(link.attrs) if link is not None else ""
        return {FILES: "\n".join(lines), POLICY: policy}


def policy_of(attributes: Mapping[str, Any]) -> str:
    """Return what a link says of the Referer of what it opens."""
    kinds = attributes.get("rel") or ""
    words = kinds.lower().split() if isinstance(kinds, str) else map(str.lower, kinds)
    if "noreferrer" in words:
        return "no-referrer"
    return str(attributes.get("referrerpolicy") or "").strip()


def _is_picture(element: Element) -> bool:
    """Tell whether it is an image, or something in a link that has one as its background."""
    if element.tag in _IMAGES:
        return True
    painted = element.attrs.get(MARK, names_file(element.attr("style") or ""))
    painted = painted or _PAINTED_BY_SCRIPTS in element.attrs
    return bool(painted) and element.closest("a[href]") is not None


def _owns(owner: Node | None) -> TypeGuard[Element]:
    return (
        isinstance(owner, Element)
        and not _NAMES_AROUND.isdisjoint(owner.attrs)
        and len(select("img", owner, limit=2)) == 1
    )


def named(attributes: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    """Read those attributes that hold an address, in the order of the names."""
    for name in filter(attributes.__contains__, names):
        value = str(attributes[name] or "").strip()
        if is_image_file(value) or (_ADDRESS.fullmatch(value) and name not in _AROUND):
            yield f"{name} {value}"


def _href(link: Element) -> str:
    return (link.attr("href") or "").strip()


def _linked(link: Element, element: Element) -> list[str]:
    href = _href(link)
    if is_image_file(href):
        opens_file = not _PAGE.search(href.partition("://")[2] or href)
    else:
        opens_box = bool(href) and _opens_box(link) and not _NO_FILE.match(href)
        opens_file = opens_box or _is_larger(href, (element.attr("src") or "").strip())
    return [f"{LINK} {href}"] if opens_file else []


def _is_larger(href: str, shown: str) -> bool:
    """Tell whether two addresses name one file in two sizes, as those of forums and Blogger do.

    `file.php?id=7` and `file.php?id=7&thumb=1` share a number, `/img/abc` and `/img/abc=s320` all.
    """
    path, _, query = href.partition("?")
    other, _, another = shown.partition("?")
    if path != other or href == shown:
        return "/" in path and not query and shown.startswith(f"{path}=")
    return not set(_NUMBERED.findall(query)).isdisjoint(_NUMBERED.findall(another))


def _opens_box(link: Element) -> bool:
    if (link.attr("data-type") or "image").lower() != "image":  # a frame, say, or what it loads
        return False
    words = (
        link.attr(name) for name in ("class", "rel", "data-rel", "data-toggle", "data-bs-toggle")
    )
    marks = f"{' '.join(filter(None, words))}".lower()
    return bool(_BOXES.search(marks)) or not _MARKS.isdisjoint(link.attrs)
