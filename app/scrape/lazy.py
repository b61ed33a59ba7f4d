"""The attributes from which scripts take a picture once it scrolls into view."""

SRCSET = (
    "data-srcset",
    "data-lazy-srcset",
    "data-original-set",
    "data-flickity-lazyload-srcset",
    "data-splide-lazy-srcset",
    "data-ezsrcset",
    "nitro-lazy-srcset",
)
SRC = (
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-lazyload",
    "data-ll-src",
    "data-echo",
    "data-hi-res-src",
    "data-actualsrc",
    "data-delayed-url",
    "data-flickity-lazyload",
    "data-splide-lazy",
    "data-cfsrc",
    "data-pagespeed-lazy-src",
    "data-ezsrc",
    "data-orig-src",
    "data-opt-src",
    "nitro-lazy-src",
    "data-img-src",
    "data-image-src",
    "data-image",
    "data-img",
    "data-url",
)
BACKGROUND = (
    "data-bg",
    "data-bgset",
    "data-bg-image",
    "data-background",
    "data-background-image",
    "data-lazy-background",
)
