"""The attributes from which scripts take a picture once it scrolls into view."""

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
}
BACKGROUND = {
    "data-bg",  # lazysizes, vanilla-lazyload, WP Rocket
    "data-bgset",  # lazysizes
    "data-bg-image",
    "data-background",  # Swiper
    "data-background-image",  # lozad
    "data-background-image-set",  # lozad
    "background",  # HTML 3.2: no script, and still drawn by every browser
}
