"""A page that tries every way out of a browser, each to an address of its own."""

from collections.abc import Iterator
from itertools import count
from urllib.parse import quote

HOST, PORT = "127.0.0.2", 8080  # where the page is from, which alone may be asked
SPELLINGS = [  # of places inside
    *("http://127.0.0.1:81/", "http://127.1:82/", "http://0x7f.1:83/", "http://2130706433:84/"),
    *("http://0177.0.0.1:85/", "http://[::1]:86/", "http://[::ffff:127.0.0.1]:88/"),
    *("http://localhost:89/", "http://a.localhost:90/", "http://localhost.:91/"),
    *("http://169.254.169.254/", "http://0.0.0.0:92/", "http://[::]:93/", "http://[fe80::1]/"),
    *("http://[fd00::1]/", "http://192.168.77.2/", "http://192.168.77.3/", "http://172.16.0.1/"),
    *("http://100.64.0.1/", "http://[64:ff9b::a00:1]/", "https://127.0.0.1:444/"),
    *("https://localhost:445/", "https://169.254.169.254/", "http://127.0.0.3:8080/"),
    *("http://inside.test/", "http://rebind.test:8080/", "http://metadata.google.internal/"),
    *("http://10.0.0.1:22/", "ftp://10.0.0.2/", "gopher://10.0.0.3/", "file:///etc/passwd"),
]
MARKUP = [
    '<img src="{}">',
    '<img srcset="{} 1x">',
    '<picture><source srcset="{}"><img></picture>',
    '<input type=image src="{}">',
    '<body background="{}">',
    '<div style="background:url({})">x</div>',
    '<div style="cursor:url({}),auto">x</div>',
    '<link rel=stylesheet href="{}">',
    "<style>@import url({});</style>",
    "<style>@font-face{{font-family:f;src:url({})}}p{{font-family:f}}</style><p>text</p>",
    '<script src="{}"></script>',
    '<script type=module src="{}"></script>',
    '<iframe src="{}"></iframe>',
    '<iframe srcdoc="<meta http-equiv=refresh content=0;url={}>"></iframe>',
    '<object data="{}"></object>',
    '<embed src="{}">',
    '<video src="{}" autoplay muted></video>',
    '<audio src="{}" preload=auto></audio>',
    '<video poster="{}"></video>',
    '<video><track default src="{}" kind=captions></video>',
    '<link rel=dns-prefetch href="{}">',
    '<link rel=preconnect href="{}">',
    '<link rel=prefetch href="{}">',
    '<link rel=preload as=fetch crossorigin href="{}">',
    '<link rel=modulepreload href="{}">',
    '<link rel=prerender href="{}">',
    '<link rel=icon href="{}">',
    '<link rel=manifest href="{}">',
    '<script type=speculationrules>{{"prefetch":[{{"source":"list","urls":["{}"]}}]}}</script>',
    '<script type=speculationrules>{{"prerender":[{{"source":"list","urls":["{}"]}}]}}</script>',
    '<svg><image href="{}"/></svg>',
    '<svg><use href="{}#a"/></svg>',
    '<form id=f method=post action="{}" target=fr><input name=a></form><iframe name=fr></iframe>'
    "<script>f.submit()</script>",
    '<a id=d download target=_blank href="{}">x</a><script>d.click()</script>',
    '<a id=p ping="{}" href="#x">x</a><script>p.click()</script>',
]
SCRIPTS = [
    "fetch(url, {{mode: 'no-cors'}})",
    "fetch(url, {{method: 'POST', mode: 'no-cors', body: 'x'.repeat(1000), keepalive: true}})",
    "fetch(url, {{mode: 'no-cors', targetAddressSpace: 'local'}})",
    "fetchLater(url, {{activateAfter: 0}})",
    "navigator.sendBeacon(url, 'x')",
    "const x = new XMLHttpRequest(); x.open('GET', url); x.send()",
    "new WebSocket(url.replace('http', 'ws'))",
    "new WebSocket(url.replace('http:', 'wss:'))",
    "new EventSource(url)",
    "new WebTransport(url.replace('http:', 'https:'))",
    "import(url)",
    "window.open(url)",
    "window.open(url, '', 'noopener')",
    "const f = document.createElement('iframe'); document.body.append(f);"
    "f.contentWindow.location = url",
    "new Worker(URL.createObjectURL(new Blob([`fetch('${{url}}', {{mode: 'no-cors'}})`])))",
    "new Worker(URL.createObjectURL(new Blob([`importScripts('${{url}}')`])))",
    "new Worker(URL.createObjectURL(new Blob([`new WebSocket('${{url}}'.replace('http','ws'))`])))",
    "new SharedWorker(URL.createObjectURL(new Blob([`fetch('${{url}}', {{mode: 'no-cors'}})`])))",
    "navigator.serviceWorker.register('/worker?' + encodeURIComponent(url))",
    "CSS.paintWorklet?.addModule(url)",
    "new AudioContext().audioWorklet.addModule(url)",
    "new FontFace('f', `url(${{url}})`).load()",
    "document.cookie = 'a=b'; new Image().src = url",
    "const l = document.createElement('link'); l.rel = 'prefetch'; l.href = url;"
    "document.head.append(l)",
    "new PaymentRequest([{{supportedMethods: url.replace('http:', 'https:')}}],"
    "{{total: {{label: 'a', amount: {{currency: 'EUR', value: '1'}}}}}}).canMakePayment()",
    "navigator.credentials.get({{identity: {{providers: [{{"
    "configURL: url.replace('http:', 'https:'), clientId: 'a'}}]}}}})",
]
TRIED = "tried"  # the title at the end
END = f"<script>document.title = '{TRIED}'</script>"
RTC = [
    "stun:{}:3478",
    "turn:{}:3478?transport=udp",
    "turn:{}:3479?transport=tcp",
    "turns:{}:5349?transport=tcp",
    "stun:stun{}.test:3478",
]


def page() -> str:
    """Return the page; `/redirect` and `/worker` of its host are ways, too."""
    here = f"http://{HOST}:{PORT}"
    numbers = count(1)
    return "\n".join(["<!DOCTYPE html><body>", *_ways(here, numbers), END])


def _ways(here: str, numbers: Iterator[int]) -> Iterator[str]:
    def inside() -> str:
        number = next(numbers)
        return f"http://10.1.{number // 200}.{number % 200 + 1}/"

    for url in SPELLINGS:
        yield _script("fetch(url, {{mode: 'no-cors'}})", url)
        yield f'<iframe src="{url}"></iframe>'
    for status in (301, 302, 303, 307, 308):
        yield _script("fetch(url, {{mode: 'no-cors'}})", f"{here}/redirect?{status}&{inside()}")
    yield f'<iframe src="{here}/redirect?302&{inside()}"></iframe>'
    yield f'<script src="{here}/redirect?302&{inside()}"></script>'
    for markup in MARKUP:
        yield markup.format(inside())
    for script in SCRIPTS:
        yield _script(script, inside())
    for server in RTC:
        yield _rtc(server.format(f"10.2.0.{next(numbers)}" if "stun{" not in server else 1))
    yield _script("new Image().src = url", f"http://{quote('a b')}.test/")


def _script(script: str, url: str) -> str:
    return f"<script>{{const url = '{url}'; try {{ {script.format()} }} catch (e) {{}} }}</script>"


def _rtc(server: str) -> str:
    return f"""<script>{{
      const pc = new RTCPeerConnection({{iceServers: [
        {{urls: '{server}', username: 'a', credential: 'b'}}]}});
      const other = new RTCPeerConnection();
      pc.createDataChannel('x');
      pc.onicecandidate = e => e.candidate && other.addIceCandidate(e.candidate).catch(() => 0);
      other.onicecandidate = e => e.candidate && pc.addIceCandidate(e.candidate).catch(() => 0);
      pc.createOffer().then(async offer => {{
        await pc.setLocalDescription(offer); await other.setRemoteDescription(offer);
        const answer = await other.createAnswer();
        await other.setLocalDescription(answer); await pc.setRemoteDescription(answer);
        pc.addIceCandidate({{sdpMid: '0', sdpMLineIndex: 0,
          candidate: 'candidate:1 1 udp 2122260223 10.3.0.1 9999 typ host'}});
      }}).catch(() => 0);
    }}</script>"""
