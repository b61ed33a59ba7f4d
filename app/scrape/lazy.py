"""The attributes from which scripts take a picture once it scrolls into view."""

import re
from functools import lru_cache

# Characters of an attribute's name that is on no list.
MAX_NAME = 50

SRCSET = {
    "data-srcset",  # lazysizes, lozad, vanilla-lazyload, Swiper
    "data-lazy-srcset",  # Jetpack, WP Rocket, BJ Lazy Load
    "data-original-set",
    "data-flickity-lazyload-srcset",
    "data-splide-lazy-srcset",
    "data-nectar-img-srcset",  # Salient
    "data-tf-srcset",  # Themify
    "data-ezsrcset",  # Ezoic
    "nitro-lazy-srcset",  # NitroPack
}
SRC = {
    "data-src",  # lazysizes, lozad, vanilla-lazyload, Smush, a3, Swiper
    "data-lazy-src",  # Jetpack, WP Rocket, BJ Lazy Load
    "data-original",  # jquery_lazyload
    "data-original-src",
    "data-lazy",  # Slick
    "data-lazyload",  # Slider Revolution
    "data-lazyload-src",
    "data-lazy-original",
    "data-ks-lazyload",  # KISSY
    "data-echo",  # Echo.js
    "data-flickity-lazyload",
    "data-flickity-lazyload-src",
    "data-splide-lazy",
    "data-nectar-img-src",  # Salient
    "data-tf-src",  # Themify
    "data-orig-src",  # Avada
    "data-opt-src",  # Optimole
    "data-breeze",
    "data-ezsrc",  # Ezoic
    "data-cfsrc",  # Cloudflare Mirage
    "data-pagespeed-lazy-src",
    "pagespeed_lazy_src",
    "nitro-lazy-src",  # NitroPack
    "data-actualsrc",  # Zhihu
    "data-delayed-url",  # LinkedIn
    "data-defer-src",
    "data-real-src",
    "data-hi-res-src",
    "data-img-src",
    "data-rjs",  # retina.js
    "lazyload",  # ng-lazyload-image
    "lazy-src",  # Vuetify
    "lay-src",  # Layui
    "real_src",  # Sina
    "ng-src",
    "v-lazy",
}
FILE = "file"  # anything, but an address where Discuz! says more
BESIDE_FILE = {"aid", "zoomfile"}
BACKGROUND = {
    "data-bg",  # lazysizes, vanilla-lazyload, WP Rocket
    "data-bgset",  # lazysizes
    "data-bg-image",
    "data-bg-img",
    "data-bg-url",
    "data-bg-multi",  # vanilla-lazyload
    "data-bg-hidpi",
    "data-bg-multi-hidpi",
    "data-setbg",  # templates of Colorlib
    "data-bg-src",
    "data-bgimage",
    "data-lazy-background",
    "data-lazy-bg",
    "data-flickity-bg-lazyload",
    "data-echo-background",
    "data-back",  # EWWW
    "nitro-lazy-bg",  # NitroPack
    "data-image-src",  # parallax.js
    "data-background",  # Swiper
    "data-background-image",  # lozad
    "data-background-url",
    "data-vc-parallax-image",  # WPBakery
    "background",  # HTML 3.2: no script, and still drawn by every browser
}
# What a script puts into `image-set()`.
BACKGROUND_SET = {
    "data-bg-set",  # vanilla-lazyload, with a bar between several images
    "data-background-image-set",  # lozad
}
BACKGROUND |= BACKGROUND_SET

# No list is complete: an image file in an attribute that is named like those above counts as well.
_LIKELY = re.compile(
    r"data-(?:[a-z0-9-]*[_-])?(?:src|source|srcset|lazy|lazyload|load|original|retina|at2x|hi-?res"
    r"|url|image|img|photo|picture)"
)
# What stands there in place of the picture, or is shown for another moment, screen or mode.
_OTHER = re.compile(
    r"thumb|tiny|mini|low|lqip|blur|preview|placeholder|fallback|error|broken|mobile|phone|tablet"
    r"|small|hover|over|swap|alt|second|back|toggle|active|dark|night|print|poster|video|icon|avatar"
)
# Texts of a picture, which often are its file's name.
_TEXT = re.compile(r"alt|title|name|class|id|style|on[a-z]+|.*(?:alt|title|name|caption|label).*")
_LARGE = re.compile(r"lg|xl|large|full|big|orig|hi-?res|retina|rjs|2x|max|desktop|zoom")
LARGEST = 3
_MEDIUM = re.compile(r"md|medium|mid|tablet")
_SMALL = re.compile(rf"xs|sm|{_OTHER.pattern}")


def is_likely(name: str) -> bool:
    """Tell whether an attribute that is on no list is named like one of a lazy loader."""
    return len(name) <= MAX_NAME and _is_likely(name)


@lru_cache(1024)
def _is_likely(name: str) -> bool:
    return bool(_LIKELY.fullmatch(name)) and not _OTHER.search(name)


def may_hold(name: str) -> bool:
    """Tell whether an attribute may hold an address at all."""
    return not _TEXT.fullmatch(name)


def size(name: str) -> int:
    """Guess a size by the name of an attribute; 0 is small."""
    for rank, pattern in enumerate((_SMALL, _MEDIUM)):
        if pattern.search(name):
            return rank
    return LARGEST if _LARGE.search(name) else 2
