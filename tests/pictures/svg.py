"""SVG files: what comes before the root element, and sizes of every kind."""

from app.pictures.formats import SVG
from tests.pictures.cases import CHROMIUM, Case

NAMESPACE = "http://www.w3.org/2000/svg"
ROOT = f'<svg xmlns="{NAMESPACE}" width="60" height="40"/>'

# Attributes of the root element, and the size in which Chromium shows the image.
SIZES = {
    'width="60" height="40"': (60, 40),
    "width='60' height='40'": (60, 40),
    'width = "60" height\n=\n"40"': (60, 40),
    'width=" 60 " height="&#9;40&#10;"': (60, 40),
    'width="&#54;0" height="40"': (60, 40),
    'data-a="a>b" width="60" height="40"': (60, 40),
    'stroke-width="9" width="60" height="40"': (60, 40),
    'xml:space="preserve" width="60" height="40"': (60, 40),
    # Units
    'width="60px" height="40PX"': (60, 40),
    'width="10mm" height="1cm"': (38, 38),
    'width="210mm" height="297mm"': (794, 1123),
    'width="1in" height="72pt"': (96, 96),
    'width="1IN" height="1Pt"': (96, 1),
    'width="6pc" height="40Q"': (96, 38),
    'width="2em" height="2rem"': (32, 32),
    'width="2ic" height="2ric"': (32, 32),
    'width="2.778125mm" height="1.125pt"': (11, 2),
    'width="10vw" height="10vh"': (0, 0),
    'width="5cqmin" height="4"': (0, 4),
    'width="60MM" height="40"': (227, 40),
    'width="60foo" height="40"': (300, 40),
    'width="60 px" height="40"': (300, 40),
    'width="5x" height="5dpi"': (300, 150),
    # Numbers
    'width="+60" height="40"': (60, 40),
    'width="-60" height="40"': (0, 40),
    'width="-0" height="7"': (0, 7),
    'width="1e2" height="1E+1"': (100, 10),
    'width=".5e2" height="5e-1"': (50, 1),
    'width="2e1em" height="2em"': (320, 32),
    'width="2e" height="40"': (300, 40),
    'width="60." height="40"': (300, 40),
    'width="--60" height="40"': (300, 40),
    'width="+ 5" height="6"': (300, 6),
    'width="60,0" height="40"': (300, 40),
    'width="60;" height="40"': (300, 40),
    'width="60 40" height="40"': (300, 40),
    'width="0x10" height="40"': (300, 40),
    'width="1_0" height="40"': (300, 40),
    'width="٦٠" height="40"': (300, 40),
    'width="60/* of 100 */" height="/**/40"': (60, 40),
    'width="" height="40"': (300, 40),
    'width="auto" height="40"': (300, 40),
    'width="1e400" height="1e-400"': (33_554_428, 0),
    'width="99999999" height="40"': (33_554_428, 40),
    # Rounding
    'width="60.4" height="40.5"': (60, 41),
    'width="2.5" height="3.5"': (3, 4),
    'width="0.5" height="0.5" viewBox="0 0 1 1"': (1, 1),
    'width="0.4" height="0.4"': (0, 0),
    'width="10.49" height="10.4999"': (10, 10),
    'width="7.2" height="12.7"': (7, 13),
    # Sizes of fonts
    'font-size="20" width="4em" height="2rem"': (80, 40),
    'font-size=" 50% " width="4em" height="2ic"': (32, 16),
    'font-size="12pt" width="4em" height="2pc"': (64, 32),
    'font-size="2rem" width="4em" height="2ric"': (128, 64),
    'font-size="0" width="4em" height="2px"': (0, 2),
    'font-size="-5" width="4em" height="2em"': (64, 32),
    'font-size="bad" width="4em" height="2em"': (64, 32),
    'font-size="1e9" width="4em" height="2em"': (40_000, 20_000),
    'style="font-size:10px" font-size="20" width="4em" height="2em"': (40, 20),
    'style="color:red; FONT-SIZE : 2em !important" width="4em" height="2em"': (128, 64),
    'style="font-size:20px/**/;font-size:bad;x-font-size:9px" width="4em" height="2em"': (80, 40),
    # Sides that are missing
    "": (300, 150),
    'width="100"': (100, 150),
    'height="100"': (300, 100),
    'WIDTH="60" height="40"': (300, 40),
    'style="width:60px;height:40px"': (300, 150),
    'width="50%" height="50%"': (300, 150),
    'width="50%" height="20"': (300, 20),
    'width="50%" height="20" viewBox="0 0 10 10"': (20, 20),
    'width="0%" height="0%"': (300, 150),
    'width="100" viewBox="0 0 31 17"': (100, 55),
    'height="100" viewBox="0 0 31 17"': (182, 100),
    'width="100%" height="50" viewBox="0 0 20 10"': (100, 50),
    'width="60" height="bad" viewBox="0 0 10 20"': (60, 120),
    'width="60" height="-5" viewBox="0 0 10 20"': (60, 0),
    'width="0px" viewBox="0 0 1 1"': (0, 0),
    'width="101" viewBox="0 0 2 1"': (101, 51),
    'height="10.6" viewBox="0 0 2 1"': (21, 11),
    'width="24" viewBox="0 0 512 256"': (24, 12),
    # View boxes
    'viewBox="0 0 31 17"': (274, 150),
    'width="100%" height="100%" viewBox="0 0 31 17"': (274, 150),
    'viewBox="0 0 1 1"': (150, 150),
    'viewBox="0 0 3 1"': (300, 100),
    'viewBox="0 0 10 1000"': (2, 150),
    'viewBox="-5,-5 , 10.0 20"': (75, 150),
    'viewBox="0-5 5 5"': (150, 150),
    'viewBox="0 0 .5.5"': (150, 150),
    'viewBox="0 0 1e2 +100"': (150, 150),
    'viewBox="0 0 55"': (300, 150),
    'viewBox="0 0 5 5 5"': (300, 150),
    'viewBox="0 0 5,,5"': (300, 150),
    'viewBox="0 0 5. 5."': (300, 150),
    'viewBox="0 0 5px 5px"': (300, 150),
    'viewBox="0 0 0 5" width="60"': (60, 150),
    'viewBox="0 0 -5 5" width="10"': (10, 150),
    'viewBox="0 0 1e39 1e39"': (300, 150),
    'viewbox="0 0 5 5"': (300, 150),
    'viewBox="bad" width="3" height="4"': (3, 4),
    'viewBox="0 0 5 5" preserveAspectRatio="none"': (300, 150),
    'viewBox="0 0 5 5" preserveAspectRatio=" none slice" width="7"': (300, 150),
    'viewBox="0 0 5 5" preserveAspectRatio="none" width="7" height="9"': (7, 9),
    'viewBox="0 0 5 5" preserveAspectRatio="NONE"': (150, 150),
    'viewBox="0 0 5 5" preserveAspectRatio="xMidYMid"': (150, 150),
    'preserveAspectRatio="none" width="7"': (300, 150),
}

DTD = "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"
DOCUMENTS: dict[str, str | bytes] = {
    "XML declaration": f'<?xml version="1.0" encoding="UTF-8"?>\n{ROOT}',
    "byte order mark": f'\ufeff<?xml version="1.0"?>{ROOT}',
    "space": f"\n \t{ROOT}",
    "style sheet": f'<?xml version="1.0"?><?xml-stylesheet href="a.css"?>{ROOT}',
    "many instructions": "<?a b?><?c?>" * 50 + ROOT,
    "many comments": "<!-- <html> --><!-- a > b -->" * 50 + ROOT,
    "long comment": f"<!--{'x' * 32_000}-->{ROOT}",
    "late sides": f'<svg xmlns="{NAMESPACE}" id="{"x" * 5000}" width="60" height="40"/>',
    "doctype": f'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "{DTD}">{ROOT}',
    "doctype amid comments": f"<!-- x --><?p?><!DOCTYPE svg><!-- y --><?q?>{ROOT}",
    "doctype of HTML": f"<!DOCTYPE html>{ROOT}",
    "doctype of another": f"<!DOCTYPE drawing>{ROOT}",
    "internal subset": f'<!DOCTYPE svg [<!ENTITY a "x>y]]"><!-- ]> --><?p ]>?>]>{ROOT}',
    "notation": f'<!DOCTYPE svg [<!NOTATION n SYSTEM "x"><!ELEMENT svg ANY>]>{ROOT}',
    "external entity": f'<!DOCTYPE svg [<!ENTITY % x SYSTEM "x.txt"> %x;]>{ROOT}',
    "namespace as an entity": f'<!DOCTYPE svg [<!ENTITY ns "{NAMESPACE}">]>'
    '<svg xmlns="&ns;" width="60" height="40"/>',
    "side as an entity": f'<!DOCTYPE svg [<!ENTITY w "6&#48;">]>'
    f'<svg xmlns="{NAMESPACE}" width="&w;" height="40"/>',
    "side by default": f'<!DOCTYPE svg [<!ATTLIST svg width CDATA "60">]>'
    f'<svg xmlns="{NAMESPACE}" height="40"/>',
    "prefix": f'<ns0:svg xmlns:ns0="{NAMESPACE}" width="60" height="40"/>',
    "odd prefix": f'<_a-b.é:svg xmlns:_a-b.é="{NAMESPACE}" width="60" height="40"/>',
    "prefix beside none": f'<a:svg xmlns="" xmlns:a="{NAMESPACE}" width="60" height="40"/>',
    "declared otherwise": f'<?xml version="1.0" encoding="utf-16"?><!-- é -->{ROOT}',
    "UTF-16, little": b"\xff\xfe" + ROOT.encode("utf-16-le"),
    "UTF-16, big": b"\xfe\xff" + ROOT.encode("utf-16-be"),
    "UTF-16, declared": f'<?xml version="1.0" encoding="UTF-16"?>{ROOT}'.encode("utf-16"),
    "UTF-16, astral": f"<!-- 😀 -->{ROOT}".encode("utf-16"),
    "UTF-16, odd end": ROOT.encode("utf-16") + b"x",
    "UTF-16, long comment": f"<!--{'x' * 16_000}-->{ROOT}".encode("utf-16"),
}

# Units that depend on the font which a machine has for lack of another.
_DEJAVU = "Chromium 156 with DejaVu Serif"
OF_FONTS = {
    'width="20ex" height="20ch"': (180, 200),
    'width="2cap" height="2rcap"': (24, 24),
    'width="2lh" height="2rlh"': (38, 38),
}

_LENIENT = "this service: no impostor, though no XML"
MORE: dict[str, tuple[str | bytes, tuple[int, int] | None, str]] = {
    "no namespace": ('<svg width="60" height="40"/>', (60, 40), _LENIENT),
    "cut": (f"{ROOT[:-2]}><g>", (60, 40), _LENIENT),
    "space before the declaration": (f'\n<?xml version="1.0"?>{ROOT}', (60, 40), _LENIENT),
    "Latin-1": (f"<!-- é -->{ROOT}".encode("latin-1"), (60, 40), _LENIENT),
    "unbound prefix of an attribute": (
        f'<svg xmlns="{NAMESPACE}" a:b="" width="60" height="40"/>',
        (60, 40),
        _LENIENT,
    ),
    "calculated side": (
        f'<svg xmlns="{NAMESPACE}" width="calc(1px + 1em)" height="40"/>',
        None,
        "CSS Values 4, 10: not calculated here",
    ),
}


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


CASES = [
    *(
        Case(
            attributes or "nothing",
            SVG,
            f'<svg xmlns="{NAMESPACE}" {attributes}/>'.encode(),
            size,
            _DEJAVU if attributes in OF_FONTS else CHROMIUM,
        )
        for attributes, size in (SIZES | OF_FONTS).items()
    ),
    *(Case(name, SVG, _bytes(text), (60, 40)) for name, text in DOCUMENTS.items()),
    *(Case(name, SVG, _bytes(text), size, source) for name, (text, size, source) in MORE.items()),
]

# What no SVG is, and what it is called; Chromium shows none of them.
NONE: dict[str, str] = {
    f'<SVG xmlns="{NAMESPACE}"/>': "XML",
    '<svg xmlns="urn:other"/>': "XML",
    f'<svg xmlns="{NAMESPACE}/"/>': "XML",
    f'<svg xmlns="{NAMESPACE.replace("http", "https")}"/>': "XML",
    f'<a:svg xmlns:a="urn:other" xmlns="{NAMESPACE}"/>': "XML",
    "<svg:svg/>": "XML",
    f'<g xmlns="{NAMESPACE}"><svg/></g>': "XML",
    f"<!DOCTYPE svg><!DOCTYPE svg>{ROOT}": "XML",
    f"<![CDATA[x]]>{ROOT}": "XML",
    f'<svg xmlns="{NAMESPACE}" width=60/>': "XML",
    f'<html xmlns="http://www.w3.org/1999/xhtml">{ROOT}</html>': "HTML",
    "<!DOCTYPE html><svg></svg>": "HTML",
    f"text {ROOT}": "text",
}

_NESTED = '<!ENTITY a "aaaaaaaa">' + "".join(
    f'<!ENTITY {after} "{f"&{before};" * 8}">'
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
_LONG = f'<!ENTITY a "{"a" * 30_000}">'

# Documents whose entities could become gigabytes.
BOMBS = [
    f'<!DOCTYPE svg [{_NESTED}]><svg xmlns="{NAMESPACE}" id="&i;"/>',
    f'<!DOCTYPE svg [{_LONG}]><svg xmlns="{NAMESPACE}" id="{"&a;" * 9000}"/>',
    f'<!DOCTYPE svg [{_LONG}<!ATTLIST svg id CDATA "{"&a;" * 9000}">]><svg xmlns="{NAMESPACE}"/>',
]
