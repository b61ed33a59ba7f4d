"""Media queries as Chromium judges them, on a desktop's screen."""

from itertools import product

import pytest
from playwright.sync_api import Browser

from app.scrape.screen import shows

HOLD = """
    all | screen | SCREEN | only screen | not print | not foo | (min-width: 600px) |
    (min-width:1366px) | (max-width:1366px) | (width:1366px) | (min-width:85em) |
    (min-height:768px) | (min-device-width:1366px) | (min-width:0) | (min-width:-1px) |
    (min-width: 10cm) | (min-width:1e3px) | (min-width:.5px) | (min-width:100vw) |
    (width>=600px) | (width < 1367px) | (600px <= width) | (600px<width<=1366px) |
    (1400px > width >= 100px) | (width = 1366px) | (width) | (height) |
    (orientation: landscape) | (orientation) | not (orientation: portrait) |
    (aspect-ratio > 1/1) | (min-aspect-ratio: 16/9) | (min-aspect-ratio: 1) |
    (aspect-ratio: 1366/768) | (max-aspect-ratio: 1/0) | (min-device-aspect-ratio: 4/3) |
    (min-resolution: 1dppx) | (resolution) | (min-resolution: 0dpi) |
    (min-resolution: 37dpcm) | (color) | (min-color: 8) | (color: 8) | (monochrome: 0) |
    (hover) | (hover: hover) | (pointer) | (pointer: fine) | (any-pointer: fine) |
    (any-hover) | (prefers-color-scheme: light) | (prefers-color-scheme) |
    (prefers-reduced-motion: no-preference) | (prefers-reduced-transparency: no-preference) |
    (scripting) | (scripting: enabled) | (update: fast) | (update) | (overflow-block: scroll) |
    (overflow-inline: scroll) | (color-gamut: srgb) | (color-gamut) |
    (dynamic-range: standard) | (grid: 0) | (display-mode: browser) | (display-mode) |
    (horizontal-viewport-segments: 1) | (horizontal-viewport-segments) |
    (device-posture: continuous) | (device-posture) | (-webkit-transform-3d) |
    (-webkit-transform-3d: 1) | (vertical-viewport-segments: 1) |
    screen and (min-width: 600px) | not screen and (min-width:2000px) |
    not print and (min-width:1px) | only screen and (min-width:1px) and (max-width:2000px) |
    (min-width:1px) or (max-width:1px) | ((min-width:1px) and (hover)) or (color) |
    not ((min-width:2000px) or (hover:none)) | (not (hover: none)) and (color) |
    screen and not (hover:none) | not (not (hover)) | (hover) and (not (grid)) |
    screen and (not (grid)) | screen and ((grid) or (hover)) | print, screen | screen, print |
    print, (min-width:600px) | (bogus), screen | (bogus) or (hover) |
    not ((bogus) and (grid)) | bogus(1) or (hover) | not print and (bogus) |
    (hover)and (color) | screen and (hover)and (color) | (hover | screen, | ,screen |
    (min-width: calc(500px + 1em)) | screen/**/and/**/(hover) | ( hover /* x */ : hover ) |
    (h\\6Fver: hover) | \\73 creen | (MIN-WIDTH: 600PX) | (Hover: HOVER) |
    (min-width: 1px) AND (hover) | NOT print | ONLY SCREEN | (min-color-index: 0) |
    (max-monochrome: 0) | (min-width: 1px) and ((max-width: 2px) or (min-width: 3px)) |
    (0 <= width) | (width >= 0) | (1 < aspect-ratio < 2) | (aspect-ratio) |
    (1dppx <= resolution) | not hover | (width: 1366.0px) | ((hover)) | (((hover))) |
    (min-width: 1px), bogus( | (min-width:+1px)
"""
FAIL = """
    print | speech | tv | handheld | only print | not screen | not all | foo |
    (min-width:1367px) | (max-width:1365.98px) | (min-width:86rem) | (max-width:85.374em) |
    (max-height:767px) | (max-device-width:1024px) | (min-width:5) | (max-width: 10in) |
    (max-width:50vw) | (width > 1366px) | (600px <= width < 1366px) | (1366px > width) |
    (100px < width > 50px) | (400px = width) | (width < = 1400px) | (min-width > 5px) |
    (min-width) | (orientation: portrait) | (orientation: square) | not (orientation: square) |
    (max-aspect-ratio: 16 / 9) | (min-aspect-ratio: 1/0) | (min-aspect-ratio: -1/1) |
    (min--moz-device-pixel-ratio: 1.5) | (-o-min-device-pixel-ratio: 3/2) |
    (min-device-pixel-ratio: 1) | (resolution: infinite) | (min-resolution: 1) |
    (min-color:9) | (monochrome) | (color-index) | (min-color: 1.5) | (hover: none) |
    (pointer: coarse) | (any-hover: none) | (hover: on-demand) | (pointer: none) |
    (prefers-color-scheme: dark) | (prefers-color-scheme: no-preference) |
    (prefers-reduced-motion) | (prefers-reduced-motion: reduce) | (prefers-contrast: more) |
    (prefers-contrast: high) | (prefers-contrast) | (forced-colors: active) | (forced-colors) |
    (inverted-colors) | (inverted-colors: none) | (prefers-reduced-data: reduce) |
    (prefers-reduced-data) | (prefers-reduced-data: no-preference) |
    (prefers-reduced-transparency) | (scripting: none) | (update: none) |
    (overflow-block: paged) | (overflow-block: optional-paged) | (color-gamut: p3) |
    (dynamic-range: high) | (video-dynamic-range: standard) | (video-dynamic-range: high) |
    (grid) | (grid: 1) | (scan: progressive) | (scan) | (scan: interlace) |
    (display-mode: standalone) | (display-mode: foo) | (nav-controls: back) | (nav-controls) |
    (environment-blending: opaque) | (shape: rect) | (-ms-high-contrast: none) |
    (-ms-high-contrast) | (transform-3d) | (-webkit-animation) | (-moz-touch-enabled: 0) |
    (resizable: true) | (resizable) | (display-state: normal) | (immersive) |
    (-webkit-video-playable-inline) | print and (min-width:1px) |
    screen and (min-width:1px) or (max-width:1px) | (min-width:1px) and (max-width:1px) |
    (min-width:1px) and (max-width:2000px) or (hover) | not (min-width:2000px) and (hover) |
    screen and not (hover) | (hover) and not (grid) | (not (not (not (hover)))) | (bogus) |
    not (bogus) | (bogus) and (hover) | not ((bogus) or (hover)) | (bogus: 1) | bogus(1) |
    not bogus(1) | (bogus(1)) | screen and (bogus) | not screen and (bogus) | screen and |
    and | and (hover) | or | not | only | screen screen | screen (hover) | screen and(hover) |
    ( | () | ( ) | not () | (hover;) | (hover) junk | [hover] | (hover) and [x] |
    only (hover) | only screen or (hover) | , | , , | print, | ; | screen; | @media |
    "screen" | scr een | not and | layer | only not screen | not only screen |
    (min-width: 600px !important) | (min-width: calc(2000px)) | (min-width: 600 px) |
    (min-width:: 1px) | (: 1px) | (1px) | (min-width=1px) | (600px) | (min-width: var(--x)) |
    projection | aural | tty | braille | (max-width: infinite) |
    screen and (max-width: 1365px), (min-width: 100px) and (hover: none), print |
    (width >= 1) | (hover = hover) | (hover >= hover) | (not hover) |
    (not (hover) and (color)) | (hover: hover, none) | (min-width: 1px 2px) | (min-width:) |
    (:) | (min-hover: hover) | (min-width: 1px)(hover) | ((bogus)) | (not (bogus)) |
    not (not (bogus)) | ((hover) (color)) | (min-orientation: landscape) |
    (-webkit-resolution: 1dppx) | (-webkit-width: 1366px) | (-webkit-min-width: 1px) |
    screen or print
"""
DENSE = """
    (min-resolution: 2dppx) | (min-resolution: 192dpi) | (resolution >= 1.5x) |
    (-webkit-min-device-pixel-ratio: 1.5)
"""
PLAIN = """
    (max-resolution: 96dpi) | (-webkit-max-device-pixel-ratio: 1) |
    (-webkit-device-pixel-ratio: 1)
"""


def queries(table: str) -> list[str]:
    return [query.strip() for query in table.replace("\n", " ").split(" | ")]


CASES = [
    *product([""], [True], [True]),
    *product(queries(HOLD), [True], [True]),
    *product(queries(FAIL), [False], [False]),
    *product(queries(DENSE), [False], [True]),
    *product(queries(PLAIN), [True], [False]),
]


@pytest.mark.parametrize(("query", "plain", "dense"), CASES)
def test_a_query_holds_as_in_the_table(query: str, plain: bool, dense: bool) -> None:
    assert (shows(query, 1.0), shows(query, 2.0)) == (plain, dense)


@pytest.mark.parametrize("density", [1, 2])
def test_the_table_is_what_a_browser_says(browser: Browser, density: int) -> None:
    size = {"width": 1366, "height": 768}
    context = browser.new_context(viewport=size, screen=size, device_scale_factor=density)
    script = "queries => queries.map(query => matchMedia(query).matches)"
    found = context.new_page().evaluate(script, [query for query, _, _ in CASES])
    context.close()
    differ = [case for case, holds in zip(CASES, found, strict=True) if case[density] != holds]
    assert not differ


@pytest.mark.parametrize("query", ["(" * 1500, "not (" * 300 + "hover", "screen," * 1000])
def test_what_is_too_long_or_deep_does_not_hold(query: str) -> None:
    assert not shows(query)
