"""What is found, where, and which of several sizes is taken."""

import pytest

from app.scrape import find_pictures

URL = "http://site/page"

ELEMENTS = [
    ("<img src=a.png>", "img.src", "a.png"),
    ("<image src=a.png>", "img.src", "a.png"),
    ("<img srcset='a.png 1x, b.png 2x' src=c.png>", "img.srcset", "b.png a.png c.png"),
    ("<img srcset='a.png 100w, b.png 200w' src=c.png>", "img.srcset", "b.png a.png c.png"),
    ("<img srcset='b.png 0.5x' src=c.png>", "img.src", "c.png b.png"),
    ("<picture><source srcset=a.webp><img src=a.png></picture>", "picture", "a.webp a.png"),
    (
        "<picture><source srcset='a.avif 9w'><img srcset='a.png 9w'></picture>",
        "img.srcset",
        "a.png a.avif",
    ),
    (
        "<picture><source srcset='a.avif 9w'><img srcset='a.png 8w'></picture>",
        "picture",
        "a.avif a.png",
    ),
    ("<picture><p><img src=a.png></p><source srcset=b.png></picture>", "img.src", "a.png"),
    ("<video><source srcset=b.png></video><img src=a.png>", "img.src", "a.png"),
    ("<input type=IMAGE src=a.png>", "input", "a.png"),
    ("<video poster=a.png></video>", "poster", "a.png"),
    ("<video data-poster=a.png></video>", "poster", "a.png"),
    ("<video poster=a.png><img src=b.png></video>", "poster", "a.png"),
    ("<svg><image href=a.png /></svg>", "svg", "a.png"),
    ("<svg><image xlink:href=a.png /></svg>", "svg", "a.png"),
    ("<object type=image/png data=a.png></object>", "object", "a.png"),
    ("<amp-anim src=a.gif></amp-anim>", "img.src", "a.gif"),
    ("<amp-video poster=a.png></amp-video>", "poster", "a.png"),
    ("<object data=a.svg></object>", "object", "a.svg"),
    ("<object type=IMAGE/x data=a></object>", "object", "a"),
    ("<embed src=a.png?x>", "embed", "a.png?x"),
    ("<embed type=image/svg+xml src=a>", "embed", "a"),
    ("<iframe srcdoc='<img src=a.png>'></iframe>", "img.src", "a.png"),
    ("<iframe srcdoc='&lt;p&gt;&lt;img src=a.png&gt;'></iframe>", "img.src", "a.png"),
    ("<iframe srcdoc='<style>p{background:url(a.png)}</style><p>'></iframe>", "css", "a.png"),
    ("<link rel=preload as=image imagesrcset='b.png 1x, a.png 2x'>", "preload", "a.png b.png"),
    ("<link rel=preload as=IMAGE href=a.png media=screen>", "preload", "a.png"),
    ("<amp-img srcset='a.png 1x, b.png 2x'></amp-img>", "img.srcset", "b.png a.png"),
    ("<body background=a.png>", "background", "a.png"),
    ("<table><td background='a b.png'>", "background", "a%20b.png"),
    ("<div style='background: url(a.png)'>", "css", "a.png"),
    ("<p><noscript><img src=a.png></noscript>", "noscript", "a.png"),
    ("<img src=b.gif data-src=a.png>", "data-src", "a.png b.gif"),
    ("<img src='data:,' data-lazy-src=a.png>", "data-lazy-src", "a.png"),
    ("<img data-srcset='a.png 1w, b.png 2w' data-src=c.png>", "data-srcset", "b.png a.png c.png"),
    ("<img data-src='a_{width}x.png' data-widths='[100, 90]'>", "data-src", "a_100x.png a_90x.png"),
    ("<img data-src='a_{width}x.png' src=b.png>", "data-src", "a_1024x.png b.png"),
    ("<img data-lazy=true src=a.png>", "img.src", "a.png"),
    ("<img class=loaded src=a.png data-src=a.png>", "data-src", "a.png"),
    ("<picture><source data-srcset=a.webp><img src='data:,'></picture>", "data-srcset", "a.webp"),
    ("<div data-bg=a.png>", "data-bg", "a.png"),
    ("<div data-bg='url(a.png)'>", "data-bg", "a.png"),
    ("<div data-bg=a.png data-bg-hidpi='url(b.png)'>", "data-bg-hidpi", "b.png a.png"),
    ("<div data-bg-hidpi=b.png>", "data-bg-hidpi", "b.png"),
    (
        "<div data-background-image-set='url(a.png) 1x, url(b.png) 2x'>",
        "data-background-image-set",
        "b.png a.png",
    ),
    ("<div data-bgset='a.png 1w, b.png 2w'>", "data-bgset", "b.png a.png"),
    ("<div data-bgset='a.png [(max-width: 9em)] | b.png'>", "data-bgset", "b.png a.png"),
    ("<div data-bgset='/a 1x, /b 2x [(width > 9em)] | /c'>", "data-bgset", "b a c"),
    ("<div data-bgset='a.jxx [type: image/jxx]|\tb.png'>", "data-bgset", "b.png a.jxx"),
    (
        "<div data-bgset='a.webp [ (width > 9em) ] [type:image/webp] | b.png'>",
        "data-bgset",
        "a.webp b.png",
    ),
    ("<div data-bgset='a.png [(nonsense] | b.png'>", "data-bgset", "b.png a.png"),
    ("<div data-bg='/a[1]|b.png'>", "data-bg", "a[1]|b.png"),
    ("<div data-background-url=a.png>", "data-background-url", "a.png"),
    ("<picture><source data-src=a.webp><img src='data:,'></picture>", "data-src", "a.webp"),
    (
        "<picture><source media=print data-src=b.png><img data-src=a.png></picture>",
        "data-src",
        "a.png b.png",
    ),
    (
        "<div data-src=/a.png data-srcset='/b.png 9w, /c.png 90w'>",
        "data-srcset",
        "c.png b.png a.png",
    ),
    ("<div style='background:url(b.gif)' data-bg=a.png>", "data-bg", "a.png b.gif"),
    ("<div style='background:url(b.gif)' data-bgset='/c 1w, /a 9w'>", "data-bgset", "a c b.gif"),
    (
        "<div class=carousel-cell data-flickity-bg-lazyload=/a.png>",
        "data-flickity-bg-lazyload",
        "a.png",
    ),
    ("<div data-back=/a.png>", "data-back", "a.png"),
    ("<div style='color:red' data-thumbnail=/a.png>", "data-thumbnail", "a.png"),
    ("<img lazyload=/a.png src=b.png>", "lazyload", "a.png b.png"),
    ("<img data-rjs=/a@2x.png src=b.png>", "data-rjs", "a@2x.png b.png"),
    ("<img lay-src=/a.png src=b.png>", "lay-src", "a.png b.png"),
    ("<img src=b.png zoomfile=/c.png file=/a.png>", "zoomfile", "c.png a.png b.png"),
    ("<img data-rjs=2 src=b.png>", "img.src", "b.png"),
    (
        "<img data-src='a_%width%x.png' data-widths='[9, 100]' src=b.png>",
        "data-src",
        "a_100x.png b.png",
    ),
    ("<img data-src='a_%7Bwidth%7Dx.png' src=b.png>", "data-src", "a_1024x.png b.png"),
    ("<input type=image src=b.gif data-src=/a.png>", "input", "a.png"),
    ("<amp-img src=a.png width=1 height=1 layout=responsive></amp-img>", "img.src", "a.png"),
    ("<amp-img src=a.webp><amp-img fallback src=b.png></amp-img></amp-img>", "img.src", "a.webp"),
    ("<object data=a.png><img src=b.png></object>", "object", "a.png"),
    (
        "<iframe srcdoc=\"<iframe srcdoc='&lt;img src=a.png>'></iframe>\"></iframe>",
        "img.src",
        "a.png",
    ),
    (
        "<picture><source srcset='a.webp 9w'><noscript><img src=b.png></noscript></picture>",
        "noscript",
        "a.webp b.png",
    ),
    (
        "<?xml version='1.0'?><html><script src='x.js'/><title/><img src='a.png'/>",
        "img.src",
        "a.png",
    ),
    # the fallback without scripts belongs to the picture right before it
    ("<img src='data:,'><noscript><img src=a.png></noscript>", "noscript", "a.png"),
    ("<img data-src=a.png> <noscript><p><img src=b.png></noscript>", "data-src", "a.png b.png"),
    ("<img src=c.gif data-src=a.png><noscript><img src=b.png>", "data-src", "a.png b.png c.gif"),
    (
        "<picture><img data-src=a.png></picture><noscript><img srcset='b.png 2x'>",
        "noscript",
        "b.png a.png",
    ),
]
PHONE, WIDE, DENSE = "(max-width: 700px)", "(min-width: 1000px)", "(min-resolution: 2dppx)"
# What a desktop's screen does not show, though larger, is what is left when nothing else works.
PICTURES = [
    ("<source data-srcset=/b.png><img data-src=/a.png>", "data-src", "a.png b.png"),
    (f"<source media='{PHONE}' srcset='a 1x, b 2x'><img src=c>", "img.src", "c b a"),
    (f"<source media='{WIDE}' srcset='a 1x, b 2x'><img src=c>", "picture", "b a c"),
    (f"<source media='{WIDE}' srcset=a><img srcset='b 900w'>", "picture", "a b"),
    (f"<source media='{WIDE}' srcset=a><source media=screen srcset='b 9w'><img>", "picture", "a b"),
    ("<source media=print srcset='a 9w'><img src=b>", "img.src", "b a"),
    ("<source media='(prefers-color-scheme: dark)' srcset='a 2x'><img src=b>", "img.src", "b a"),
    ("<source media='(prefers-reduced-motion)' srcset='a 2x'><img src=b>", "img.src", "b a"),
    ("<source media='(bogus)' srcset='a 2x'><img src=b>", "img.src", "b a"),
    ("<source media='' srcset=a><img src=b>", "picture", "a b"),
    ("<source media=' ALL ' srcset=a><img src=b>", "picture", "a b"),
    (f"<source media='{DENSE}' srcset='a 9w'><img srcset='b 5w'>", "picture", "a b"),
    (
        f"<source media='{PHONE}' type=image/webp srcset=a><source media='{WIDE}' type=image/webp"
        f" srcset=b><source media='{PHONE}' srcset=c><source media='{WIDE}' srcset=d><img src=e>",
        "picture",
        "b d a c e",
    ),
    ("<source type=image/jp2 srcset='a 9w'><img src=b>", "img.src", "b a"),
    ("<source type=video/mp4 srcset='a 9w'><img src=b>", "img.src", "b a"),
    ("<source type='image/jpg; x=y' srcset='a 9w'><img src=b>", "picture", "a b"),
    (f"<source media='{WIDE}'><img src=b>", "img.src", "b"),
    (f"<source data-media='{PHONE}' data-srcset='a 2x'><img data-src=./b>", "data-src", "b a"),
    (f"<source media='{PHONE}' data-srcset='a 2x'><img data-src=./b>", "data-src", "b a"),
    (f"<source media='{WIDE}' data-srcset='a 2x'><img data-src=./b>", "data-srcset", "a b"),
]
NOTHING = [
    "",
    "<img>",
    "<img src=' '>",
    "<img alt='<img src=a.png>'>",
    "<!-- <img src=a.png> -->",
    "<script>document.write('<img src=a.png>')</script>",
    "<textarea><img src=a.png></textarea>",
    "<template><img src=a.png></template>",
    "<input src=a.png>",
    "<object type=text/html data=a.html></object>",
    "<object data=a.html></object><embed src=a.pdf><embed type=video/mp4 src=a.png>",
    "<iframe srcdoc='&lt;template&gt;&lt;img src=a.png&gt;'></iframe>",
    "<iframe srcdoc='x' src=a.png></iframe>",
    "<link rel=preload as=image href=a.png media=print><link rel=preload as=script href=a.png>",
    "<video src=a.mp4></video>",
    "<a href=a.png>full size</a><link rel=icon href=b.png><meta property=og:image content=c.png>",
    "<div data-bg='#fff'>",
    "<div style='background: red'>",
    "<div background=a.png>",
    "<link rel=preload as=image href=a.jxr type=image/jxr>",
]
APART = [
    "<img data-src=a.png><p>text</p><noscript><img src=b.png></noscript>",
    "<img src=a.png><noscript><img src=b.png></noscript>",
    "<div><img data-src=a.png></div><noscript><img src=b.png></noscript>",
    "<img src='data:,'><noscript><img src=a.png><img src=b.png></noscript>",
    "<img src=a.png><img src=b.png>",
    "<img src=b.png style='background:url(a.png)'>",  # as far as one can tell
    "<img srcset='b.png 2x' src=b.png style='content:url(a.png)'>",
    "<img src=b.png data-src=b.png style='background:url(a.png)'>",
    "<img data-src='data:,' src=b.png style='background:url(a.png)'>",
    "<img data-src=a.png style='background:url(b.png)'><div style='background:url(b.png)'>",
]


def found(html):
    return [one for one in find_pictures(html.encode(), None, URL) if not one.skipped]


@pytest.mark.parametrize(("html", "place", "names"), ELEMENTS)
def test_a_picture_is_found_with_its_sizes_best_first(html, place, names):
    picture = find_pictures(html.encode(), None, URL)[0]
    assert picture.found_in == place
    assert picture.candidates == tuple(f"http://site/{name}" for name in names.split())
    assert picture.url == picture.candidates[0]


@pytest.mark.parametrize(("html", "place", "names"), PICTURES)
def test_a_picture_is_taken_as_a_desktop_shows_it(html, place, names):
    (picture,) = find_pictures(f"<picture>{html}</picture>".encode(), None, URL)
    assert picture.candidates == tuple(f"http://site/{name}" for name in names.split())
    assert picture.found_in == place


@pytest.mark.parametrize("html", NOTHING)
def test_what_shows_no_picture_gives_none(html):
    assert find_pictures(html.encode(), None, URL) == []


@pytest.mark.parametrize(
    ("light", "dark"),
    [
        ("class=only-light", "class=only-dark"),
        ("class='x light-only'", "class='x dark-only'"),
        ("class='x themedImage--light_1'", "class='x themedImage--dark_2'"),
        ("class='block dark:hidden'", "class='hidden dark:block'"),
        ("class=dark:!hidden", "class='hidden dark:inline-flex'"),
        ("class=dark:sl-hidden", "class=light:sl-hidden"),
        ("class='VPImage light'", "class='VPImage dark'"),
        ("src=/a.png#gh-light-mode-only", "src=/b.png#gh-dark-mode-only"),
        ("src=/a.png#only-light", "src=/b.png#only-dark"),
        ("class=light-only srcset='/a.png 2x'", "class=dark-only srcset='/b.png 2x'"),
        ("class=light-only width=1 height=1", "class=dark-only"),
    ],
)
@pytest.mark.parametrize("order", ["{0}{1}", "{1}{0}"])
def test_of_two_for_light_and_dark_screens_the_light_one_is_seen(light, dark, order):
    light, dark = f"<img alt=x {light} src=/a.png>", f"<p><img alt=x {dark} src=/b.png></p>"
    html = order.format(light, dark)
    (picture,) = found(html)
    assert picture.candidates == ("http://site/a.png", "http://site/b.png")
    assert len(found(html + html.replace("/a", "/c").replace("/b", "/d"))) == 2


@pytest.mark.parametrize("dark", ["/x-dark.svg", "/dark/x.svg", "/x_dark.svg", "/x.dark.svg"])
def test_two_without_a_text_are_one_by_their_addresses(dark):
    light = dark.replace("dark", "light")
    html = f"<img class=only-light src={light}><img class=only-dark src={dark}>"
    (picture,) = found(html)
    assert picture.candidates == (f"http://site{light}", f"http://site{dark}")


@pytest.mark.parametrize(
    "html",
    [
        "<img class=only-dark src=/a.png>",
        "<img class=only-dark src=/a.png><img src=/b.png>",
        "<img class='dark:invert' src=/a.png><img class='dark:invert' src=/b.png>",
        "<img class=only-dark src=/a.png alt=Night><img class=only-light src=/b.png alt=Day>",
        "<img class=only-dark src=/x-dark.png><img src=/b.png><img class=only-light src=/x.png>",
        "<img class=only-dark src=/a.png><img class=only-light src=/b.png>",
        "<img class=bg-light src=/a.png alt=x><img class=bg-dark src=/b.png alt=x>",
        "<img class=card-dark src=/a.png alt=x><img class=card-light src=/b.png alt=x>",
        "<img class=light-roast src=/light.png><img class=dark-roast src=/dark.png>",
        "<img class=dark src=/a.png alt=x><img class=light src=/b.png alt=x>",
        "<img class=dark:brightness-75 src=/a.png alt=x><img class='light x' src=/b.png alt=x>",
        "<img class=dark:block src=/a.png alt=x><img class=dark:hidden src=/b.png alt=x>",
    ],
)
def test_what_is_for_one_scheme_alone_stays_a_picture(html):
    assert len(found(html)) == html.count("<img")


def test_what_is_painted_under_lazy_pictures_joins_none_of_them():
    html = "<img src=/l.png>" + "".join(
        f"<img style='background:url(/l.png)' data-src=/{name}.png>" for name in "ab"
    )
    assert [one.candidates for one in found(html)] == [
        (f"http://site/{name}.png",) for name in "lab"
    ]


def test_what_stands_in_for_an_object_that_is_an_image_is_not_seen():
    html = "<object data=/a.svg type=image/svg+xml><img src=/b.png></object>"
    assert [one.url for one in found(html)] == ["http://site/a.svg"]


@pytest.mark.parametrize("html", APART)
def test_two_pictures_stay_two(html):
    assert [one.url for one in found(html)] == ["http://site/a.png", "http://site/b.png"]


@pytest.mark.parametrize("outer", ["object data=/a.swf", "object data=/a type=text/html"])
def test_what_stands_in_for_another_object_is_seen(outer):
    assert [one.url for one in found(f"<{outer}><img src=/b.png></object>")] == [
        "http://site/b.png"
    ]


def test_what_stands_in_for_several_backgrounds_joins_them_not():
    boxes = "".join(
        f"<div style='background:url(x.gif)' data-bg={name}.png></div>" for name in "ab"
    )
    assert [one.candidates for one in found(boxes)] == [
        ("http://site/a.png",),
        ("http://site/b.png",),
    ]


def test_pages_within_pages_end_somewhere():
    html = "<img src=/a.png>"
    for name in "bcdef":
        inner = html.replace("&", "&amp;").replace('"', "&quot;")
        html = f'<img src=/{name}.png><iframe srcdoc="{inner}"></iframe>'
    assert [one.url[-5] for one in found(html)] == list("fedc")


def test_pictures_come_in_document_order():
    html = """
        <style>#x { background: url(3) }</style>
        <img src=1><svg><image href=2></svg><p id=x><video poster=4></video><input type=image src=5>
    """
    assert [one.url[-1] for one in found(html)] == ["1", "2", "3", "4", "5"]


def test_the_alternative_text_comes_along_up_to_a_limit():
    (picture,) = found(f"<img src=a alt='{'x' * 1000}'>")
    assert picture.alt == "x" * 300


def test_a_misnested_picture_still_belongs_where_the_parser_puts_it():
    html = "<table><img src=a.png><tr><td><b><p><img src=b.png></b></table><img src=c.png"
    assert [one.url[-5:] for one in found(html)] == ["a.png", "b.png"]


LAZY = [
    ("<div class=owl-lazy data-src=/a.png></div>", "data-src", "a.png"),
    ("<div data-original=/a.png>text</div>", "data-original", "a.png"),
    ("<div data-src=/a></div>", "", ""),
    ("<a data-src=/a.png>opens it</a>", "", ""),
    ("<section data-src=/a.png><p>text</section>", "data-src", "a.png"),
    (
        "<img src=/w.gif data-src=/a.png style='background:url(/s.png)'>",
        "data-src",
        "a.png w.gif",
    ),
    (
        "<img src=/a.png srcset='/a.png 1x, /b.png 2x' style='background:url(/s.png)'>",
        "img.srcset",
        "b.png a.png",
    ),
    ("<article data-src=/a.png><img src=/b.png></article>", "data-src", "a.png b.png"),
    ("<x-image src=/a.png></x-image>", "src", "a.png"),
    ("<x-avatar image=/a.png></x-avatar>", "image", "a.png"),
    ("<x-player src=/a.mp4 poster=/a.png></x-player>", "poster", "a.png"),
    ("<x-zoom src=/a.png><img src=/b.png></x-zoom>", "img.src", "b.png"),
    ("<x-icon src=/a.svg></x-icon><x-part src=/a.html></x-part>", "", ""),
    ("<div data-poster=/a.png></div>", "data-poster", "a.png"),
    ("<div data-poster=/a.png><video></video><img></div>", "data-poster", "a.png"),
    ("<div data-poster=/b.png><img src=/a.png></div>", "img.src", "a.png"),
    ("<x-video poster=/b.png><p><img src=/a.png></x-video>", "img.src", "a.png"),
    ("<img src=/b.png file=/a.png>", "file", "a.png b.png"),
    ("<img src=/b.png file=/a.pdf>", "img.src", "b.png"),
    ("<img src=/b.png file=1.2>", "img.src", "b.png"),
    ("<img src=/b.png aid=1 file='/f.php?aid=1'>", "file", "f.php?aid=1 b.png"),
    ("<img data-src=/s.png data-src-retina=/a.png>", "data-src-retina", "a.png s.png"),
    ("<img src=/s.png data-at2x=/a.png>", "data-at2x", "a.png s.png"),
    ("<img data-src='/s.png|/a.png' src=/x.gif>", "data-src", "a.png s.png x.gif"),
    ("<img data-url=/a.png>", "data-url", "a.png"),
    ("<img src='data:,' data-srv=/a.png>", "data-srv", "a.png"),
    ("<img lazy-load=/a.png?w=3>", "lazy-load", "a.png?w=3"),
    ("<img src=b.png data-native-src=/a.png>", "data-native-src", "a.png b.png"),
    ("<img src=b.png data-hover-src=/a.png data-icon=/c.png>", "img.src", "b.png"),
    ("<img alt=b.png data-caption=c.png data-x=/a.png>", "data-x", "a.png"),
    (
        "<img data-imgxs=/c.png data-imglg=/a.png data-imgmd=/b.png>",
        "data-imglg",
        "a.png b.png c.png",
    ),
    ("<img data-src='/b.png 300w, /a.png 900w' src='data:,'>", "data-src", "a.png b.png"),
    ("<img data-original='/b.png, /a.png 2x'>", "data-original", "a.png b.png"),
    ("<img data-anything='/b.png 1x, /a.png 2x'>", "data-anything", "a.png b.png"),
    ("<img data-anything='a sentence. With a full stop'>", "", ""),
    # what stands in until a script comes is no size, wherever it stands
    ("<img src=a.png srcset=spin.gif data-srcset=a.png>", "data-srcset", "a.png spin.gif"),
    ("<img src=spin.gif srcset='spin.gif 1x' data-src=a.png>", "data-src", "a.png spin.gif"),
    ("<img srcset=spin.gif data-src=a.png>", "data-src", "a.png spin.gif"),
    ("<img src=b.png srcset='a.png 2x' data-src=b.png>", "img.srcset", "a.png b.png"),
    ("<img src=a.png srcset='b.png 80w, a.png 640w' data-src=b.png>", "img.srcset", "a.png b.png"),
    ("<img src=a.png srcset='a.png 640w' data-src=b.png>", "img.srcset", "a.png b.png"),
    (
        "<picture><source srcset=spin.gif data-srcset=a.png><img src=spin.gif></picture>",
        "data-srcset",
        "a.png spin.gif",
    ),
    (
        "<picture><source srcset=spin.gif><img src=spin.gif data-src=a.png></picture>",
        "data-src",
        "a.png spin.gif",
    ),
    (
        "<img src=/a.png srcset='/a.png 1x, /b.png 2x' style='background:url(/content/s.png)'>",
        "img.srcset",
        "b.png a.png",
    ),
]


@pytest.mark.parametrize(("html", "place", "names"), LAZY)
def test_what_a_script_will_show_precedes_what_stands_there_meanwhile(html, place, names):
    pictures = find_pictures(html.encode(), None, URL)
    assert [one.found_in for one in pictures] == ([place] if place else [])
    found = [url for one in pictures for url in one.candidates]
    assert found == [f"http://site/{name}" for name in names.split()]


@pytest.mark.parametrize(
    ("html", "names"),
    [
        ("<img src=s.gif loadsrc=/a.png><img src=s.gif loadsrc=/b.png>", "a.png b.png"),
        ("<img src=s.gif osrc=/a.png><p><img src=s.gif imgsrc=/b.png>", "a.png b.png"),
        (
            "<img src=s.gif data-n-src=/a.png><img src=s.gif data-n-src='/c.png 1x, /b.png 2x'>",
            "a.png b.png c.png",
        ),
        # one that stands there for itself, too
        ("<img src=s.gif osrc=/a.png><img src=s.gif osrc=/b.png><img src=s.gif>", "s.gif"),
        ("<img src=s.gif osrc=/a.png>", "s.gif"),
        ("<img src=s.gif data-x=/a.png><img src=s.gif data-x=/a.png>", "s.gif"),
        ("<img src=s.gif data-hover=/a.png><img src=s.gif data-hover=/b.png>", "s.gif"),
        ("<img src=s.gif alt=a.png><img src=s.gif alt=b.png>", "s.gif"),
        ("<img src=s.gif data-x=1.5><img src=s.gif data-x=/b.html>", "s.gif"),
    ],
)
def test_one_file_that_stands_in_for_several_pictures_is_seen_through(html, names):
    addresses = [url for one in found(html) for url in one.candidates]
    assert addresses == [f"http://site/{name}" for name in names.split()]


@pytest.mark.parametrize(
    "html", ["<img srcset='{}'>", "<img data-src='{}'>", "<div data-bgset='{}'>"]
)
def test_of_too_many_sizes_the_largest_are_kept(html):
    sizes = ", ".join(f"/{width}.png {width}w" for width in range(1, 121))
    (picture,) = found(html.format(sizes))
    assert picture.candidates == tuple(f"http://site/{width}.png" for width in range(120, 70, -1))


def test_what_is_loaded_ahead_counts_once_where_the_page_shows_it():
    html = "<link rel=preload as=image imagesrcset='a 1w, b 2w'><img src=x><img src=a><img src=y>"
    assert [picture.url[-1] for picture in found(html)] == ["x", "b", "y"]


def test_a_base_within_an_inner_page_is_not_that_of_the_page():
    html = "<iframe srcdoc='<base href=/other/><img src=a>'></iframe><img src=b>"
    assert [picture.url for picture in found(html)] == ["http://site/a", "http://site/b"]
