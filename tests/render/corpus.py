"""Pages that show pictures by scripts, scrolling, sheets, shadows and frames."""

from typing import NamedTuple


class Case(NamedTuple):
    """A page, and the pictures that a person sees there, in page order."""

    html: str
    shown: list[str]
    static: list[str] = []  # noqa: RUF012  # those that need no browser


SPACE = "<div style=height:3000px></div>"
APPEND = "const i = new Image(); i.src = '{}'; document.body.append(i);"

CASES = {
    "at once": Case(
        f"<body><img src=a.png><script>{APPEND.format('b.png')}</script>",
        ["a.png", "b.png"],
        ["a.png"],
    ),
    "late": Case(
        "<body><img src=a.png><script>setTimeout(() => {"
        f"{APPEND.format('b.png')}}}, 400)</script>",
        ["a.png", "b.png"],
        ["a.png"],
    ),
    "at load, in a chain of requests": Case(
        "<body><script>onload = async () => {"
        "  for (const n of [1, 2, 3]) await fetch('list.json?' + n);"
        f" {APPEND.format('c.png')}}}</script>",
        ["c.png"],
    ),
    "largest size, set by script": Case(
        "<body><img id=i src=small.png><script>"
        "i.srcset = 'small.png 300w, large.png 2000w'; i.sizes = '100px'</script>",
        ["large.png"],
        ["small.png"],
    ),
    "seen by an IntersectionObserver": Case(
        f"<body><img src=a.png>{SPACE}"
        "<div id=d></div><script>new IntersectionObserver(found => {"
        " if (found[0].isIntersecting && !d.firstChild) {"
        "  const i = new Image(); i.src = 'c.png'; d.append(i); } }).observe(d);"
        "</script>",
        ["a.png", "c.png"],
        ["a.png"],
    ),
    "on scroll events": Case(
        f"<body>{SPACE}<div id=d></div><p style=height:900px>end<script>"
        "onscroll = () => { if (scrollY > 1500 && !d.firstChild) {"
        " const i = new Image(); i.src = 'a.png'; d.append(i); } }</script>",
        ["a.png"],
    ),
    "on wheel events alone": Case(
        f"<body>short<script>addEventListener('wheel', () => {{{APPEND.format('a.png')}}},"
        " {once: true})</script>",
        ["a.png"],
    ),
    "loading=lazy below, as a browser does it": Case(
        f"<body>{SPACE}<img loading=lazy src=a.png>", ["a.png"], ["a.png"]
    ),
    "in a box that scrolls by itself": Case(
        "<body style=margin:0><div style='height:700px;overflow:auto'>"
        f"{SPACE}<div id=d></div></div><script>new IntersectionObserver(found => {{"
        " if (found[0].isIntersecting && !d.firstChild) {"
        "  const i = new Image(); i.src = 'a.png'; d.append(i); } }).observe(d)</script>",
        ["a.png"],
    ),
    "endlessly, more at each end": Case(
        f"<body>{SPACE}<div id=d></div><script>let n = 0;"
        "new IntersectionObserver(async found => {"
        " if (!found[0].isIntersecting || n > 200) return; n++;"
        " await fetch('list.json?' + n); const i = new Image(); i.src = n + '.png';"
        " i.style.cssText = 'display:block;height:1000px'; d.before(i);"
        "}, {rootMargin: '200px'}).observe(d)</script>",
        [f"{number}.png" for number in range(1, 11)],
    ),
    "in a list that keeps what is in sight alone": Case(
        "<body style=margin:0><img src=a.png style=display:block;height:90px>"
        "<div id=d style=position:relative;height:6000px></div><script>const rows = {};"
        "const draw = () => { for (let n = 0; n < 10; n++) {"
        " const near = Math.abs(n * 600 - scrollY) < 900;"
        " if (near && !rows[n]) {"
        "  rows[n] = document.createElement('p'); d.append(rows[n]);"
        "  rows[n].innerHTML = `<img src=${n}.png style=height:500px>`;"
        "  rows[n].style.cssText = `position:absolute;margin:0;top:${n * 600}px` }"
        " else if (!near) { rows[n]?.remove(); delete rows[n] } } };"
        "onscroll = draw; draw()</script>",
        ["a.png", *(f"{number}.png" for number in range(10))],
        ["a.png"],
    ),
    "while scrolled, among names of what documents and forms have": Case(
        "<body><img name=addEventListener><img name=scrollingElement><form><input name=parentNode>"
        "<input name=parentElement><div id=d style=height:300px><p><img src=a.png></p></div>"
        "</form><img id=scrolls src=z.png><script>"
        "addEventListener('wheel', () => d.replaceChildren())</script>",
        ["a.png", "z.png"],
        ["a.png", "z.png"],
    ),
    "in place of a preview": Case(
        "<body><div id=d><img src=small.png width=300 height=200></div><script>"
        "const i = new Image(300, 200); i.src = 'large.png';"
        "addEventListener('wheel', () => d.replaceChildren(i))</script>",
        ["large.png"],
        ["small.png"],
    ),
    "in place of a preview, where all has moved": Case(
        "<body><div id=ad></div><div id=d><img src=small.png></div><script>"
        "addEventListener('wheel', () => { ad.style.height = '400px';"
        " d.innerHTML = '<img src=large.png>' }, {once: true})</script>",
        ["large.png"],
        ["small.png"],
    ),
    "after a sign that more is loading": Case(
        "<body><img src=a.png><div id=d style=height:300px><img src=spinner.gif></div><script>"
        "addEventListener('wheel', () => d.replaceChildren())</script>",
        ["a.png"],
        ["a.png", "spinner.gif"],
    ),
    "in rows that go again": Case(
        "<body><img src=a.png><img id=i src=before.png><div id=d style=height:600px>"
        "<p><img src=c.png><p><img src=a.png#part><p><img id=n><p><img src=x.png style=opacity:0>"
        "</div><img src=b.png><script>n.src = 'data:image/svg+xml,<svg"
        ' xmlns="http://www.w3.org/2000/svg" width="60" height="60"/>\';'
        "addEventListener('wheel', () => { i.src = 'other.png'; d.replaceChildren() })</script>",
        ["a.png", "other.png", "b.png", "c.png"],
        ["a.png", "before.png", "c.png"],
    ),
    "by fetch of JSON": Case(
        "<body><main id=m></main><script>fetch('list.json').then(r => r.json()).then(names => {"
        " m.innerHTML = names.map(n => `<img src=${n}>`).join('') })</script>",
        ["x.png", "y.png"],
    ),
    "by a style sheet from elsewhere": Case(
        "<head><link rel=stylesheet href={other}/sheet.css></head><body>"
        "<p class=hero>x</p><img src=z.png>",
        ["{other}/hero.png", "{other}/imported.png", "z.png"],
        ["{other}/hero.png", "{other}/imported.png", "z.png"],
    ),
    "by rules that a script makes": Case(
        "<body><p class=a>x</p><p class=b>x</p><script>"
        "const s = new CSSStyleSheet(); s.replaceSync('.a{background:url(a.png)}');"
        "document.adoptedStyleSheets = [s];"
        "const e = document.createElement('style'); document.head.append(e);"
        "e.sheet.insertRule('.b::before{content:url(b.png)}')</script>",
        ["a.png", "b.png"],
    ),
    "in a set of resolutions, by a script": Case(
        "<body><p id=p>x</p><img src=z.png><script>"
        "p.style.backgroundImage = 'image-set(url(small.png) 1x, url(large.png) 2x)'</script>",
        ["large.png", "z.png"],
        ["z.png"],
    ),
    "in an open shadow root": Case(
        "<body><div id=h></div><img src=z.png><script>"
        "h.attachShadow({mode: 'open'}).innerHTML ="
        " '<style>p{background:url(b.png)}</style><img src=a.png><p>x</p>'</script>",
        ["a.png", "b.png", "z.png"],
        ["z.png"],
    ),
    "in a declarative shadow root": Case(
        "<body><div><template shadowrootmode=open><img src=a.png></template></div>",
        ["a.png"],
        ["a.png"],
    ),
    "in a frame of the same origin": Case(
        "<body><img src=a.png><iframe src=/inner/frame></iframe><img src=z.png>",
        ["a.png", "/inner/in.png", "z.png"],
        ["a.png", "z.png"],
    ),
    "in a frame that a script writes": Case(
        "<body><iframe id=f></iframe><script>f.contentDocument.write("
        "'<img src=w.png>'); f.contentDocument.close()</script>",
        ["w.png"],
    ),
    "where the page has moved to": Case(
        "<body><script>history.replaceState(0, '', '/moved/to/')</script><img src=a.png>",
        ["/moved/to/a.png"],
        ["a.png"],
    ),
    "among names of what documents and forms have": Case(
        "<body><form><input name=getAttribute><input name=shadowRoot><img name=URL src=a.png>"
        "</form><form name=documentElement></form><img name=querySelectorAll src=b.png"
        " alt='half \\ud800'><script>document.body.append('\\ud800')</script>",
        ["a.png", "b.png"],
        ["a.png", "b.png"],
    ),
    "if the browser is online": Case(
        f"<body><script>if (navigator.onLine) {{{APPEND.format('a.png')}}}</script>", ["a.png"]
    ),
    "behind an alert": Case(
        f"<body><script>alert('wait'); {APPEND.format('a.png')}</script>", ["a.png"]
    ),
    "while a request never ends": Case(
        f"<body><script>fetch('/never'); {APPEND.format('a.png')}</script>", ["a.png"]
    ),
    "painted with nothing, and with parts of the page itself": Case(
        "<head><style>body{background-image:url('')}p{mask-image:url(#m)}</style></head><body>"
        "<p>x</p><svg width=60 height=60><mask id=m></mask><image href=#m width=60 height=60 />"
        "<image href=a.png width=60 height=60 /></svg>",
        ["a.png"],
        ["a.png"],
    ),
    "blob, data and canvas": Case(
        "<body><img src=a.png><img id=b><canvas id=c width=60 height=60></canvas><script>"
        "c.getContext('2d').fillRect(0, 0, 60, 60);"
        "c.toBlob(blob => { b.src = URL.createObjectURL(blob) })</script>",
        ["a.png"],
        ["a.png"],
    ),
}
