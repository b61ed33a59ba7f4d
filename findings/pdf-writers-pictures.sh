#!/usr/bin/env bash
# Eleven writers of PDF, and each makes other pictures out of valid PNG and JPEG files than browsers show.
#
# img2pdf, which calls itself lossless, gives the mask of a palette as few bits as the palette needs, so that what is
# half transparent among 16 colours or less vanishes; pdfkit, and react-pdf with it, do so where pixels have one bit.
# Grey of 16 bits is black in WeasyPrint, and white in reportlab and fpdf2 from 255 of 65535 on. The one transparent
# value of grey or RGB (tRNS; PNG, third edition, 11.3.1.1) stays opaque in six. Pillow puts pictures with alpha in as
# JPEG 2000 (SMaskInData; ISO 32000-1, 11.6.5.3), to which PDFium applies it twice. Six leave a JPEG as it lies.
# ICC profiles are kept by three, though PDF has a place for them (8.6.5.5); gAMA (PNG, 11.3.2.2) by none.
#
# Seen with img2pdf 0.6.3, reportlab 5.1.0, fpdf2 2.8.9, PyMuPDF 2.0, Pillow 13.0.0, typst 0.15.2, WeasyPrint
# 70.0 (with Debian's Pango), pdf-lib 1.17.1, pdfkit 0.20.2, @react-pdf/renderer 4.9.0, jsPDF 4.2.1, all by PDFium (of
# pypdfium2 5.15.2), and MuPDF where that differs; the picture itself by chromium-headless-shell 156.0.8078.114-1~deb12u1
# (amd64). The number is the grey that is seen on white, "." that of Chromium:
#                        Chromium   img2pdf    reportlab  fpdf2      PyMuPDF    Pillow     typst      WeasyPrint pdf-lib    pdfkit     react-pdf  jsPDF
#   JPEG, turned by EXIF 255        .          0          0          0          0          .          .          0          .          .          0
#   JPEG, linear by ICC  188        .          128        .          .          128        128        128        128        128        128        128
#   PNG, linear by ICC   188        .          128        .          .          128        128        128        128        128        128        128
#   PNG, linear by gAMA  188        128        128        128        128        128        128        128        128        128        128        128
#   grey of 16 bits      200        .          255        255        .          refused    .          0          .          .          .          .
#   alpha                177        .          .          .          .          215/.      .          .          .          .          .          .
#   alpha, 16 bits       177        refused    .          .          .          215/.      .          .          .          .          .          .
#   palette with alpha   177        255        .          .          .          .          .          .          .          .          .          .
#   palette, 1 bit       177        255        .          .          .          .          .          .          .          255        255        .
#   grey, tRNS           255        .          100        100        .          100        .          .          .          100        100        100
#   grey of 4 bits, tRNS 255        102        102        102        .          102        .          102        .          102        102        102
#   RGB, tRNS            255        .          100        100        .          100        .          .          .          100        100        100
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 imagecodecs==2026.3.6 img2pdf==0.6.3 \
    reportlab==5.1.0 fpdf2==2.8.9 pymupdf==2.0 typst==0.15.2 weasyprint==70.0 pypdfium2==5.15.2 2>pip ||
    { cat pip; exit 2; }
npm install --silent --no-audit --no-fund pdf-lib@1.17.1 pdfkit@0.20.2 @react-pdf/renderer@4.9.0 react@19.3.1 \
    jspdf@4.2.1 >log 2>&1 || { cat log; exit 2; }

cat >pictures.py <<'PYTHON'
"""Write pictures of 64x64 whose point at 16, 16 tells how they were read."""

import struct
import zlib
from pathlib import Path

import imagecodecs
from PIL import Image

SIDE = 64


def chunk(kind, content):
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def png(name, bits, colour_type, row, *more):
    size = struct.pack(">IIBBBBB", SIDE, SIDE, bits, colour_type, 0, 0, 0)
    pixels = zlib.compress((b"\0" + row) * SIDE)
    parts = (b"IHDR", size), *more, (b"IDAT", pixels), (b"IEND", b"")
    Path(name).write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))


def of_palette(name, bits):
    """Have entry 1, grey of 100, half transparent."""
    row = (b"\xff" if bits == 1 else b"\1") * (SIDE * bits // 8)
    png(name, bits, 3, row, (b"PLTE", bytes((0, 0, 0, 100, 100, 100))), (b"tRNS", bytes((0, 128))))


GREY = Image.new("RGB", (SIDE, SIDE), (128, 128, 128))
LINEAR = imagecodecs.cms_profile(
    "rgb",
    gamma=1.0,
    whitepoint=(0.3127, 0.3290, 1),
    primaries=(0.64, 0.33, 1, 0.30, 0.60, 1, 0.15, 0.06, 1),
)
GREY.save("profile.jpg", quality=95, icc_profile=LINEAR)
GREY.save("profile.png", icc_profile=LINEAR)
png("gamma.png", 8, 2, bytes((128,)) * 3 * SIDE, (b"gAMA", struct.pack(">I", 100_000)))
turned = Image.new("RGB", (SIDE, SIDE), "white")
turned.paste("black", (0, 0, SIDE, SIDE // 2))  # above, which goes to the right
turn = Image.Exif()
turn[0x0112] = 6
turned.save("turned.jpg", quality=95, exif=turn)
png("grey-16.png", 16, 0, struct.pack(">H", 200 * 257) * SIDE)
png("alpha.png", 8, 6, bytes((100, 100, 100, 128)) * SIDE)
png("alpha-16.png", 16, 6, struct.pack(">HHHH", *[100 * 257] * 3, 128 * 257) * SIDE)
of_palette("palette.png", 8)
of_palette("palette-1.png", 1)
png("clear-grey.png", 8, 0, bytes((100,)) * SIDE, (b"tRNS", struct.pack(">H", 100)))
png("clear-grey-4.png", 4, 0, b"\x66" * (SIDE // 2), (b"tRNS", struct.pack(">H", 6)))
png("clear-rgb.png", 8, 2, bytes((100,)) * 3 * SIDE, (b"tRNS", struct.pack(">HHH", 100, 100, 100)))
PYTHON

cat >write.py <<'PYTHON'
import io
import json
import sys
from pathlib import Path

import fpdf
import img2pdf
import pymupdf
import typst
import weasyprint
from PIL import Image
from reportlab.pdfgen import canvas

SIDE = 64
SHEET = f"@page{{size:{SIDE}pt;margin:0}}body{{margin:0}}img{{width:{SIDE}pt;display:block}}"


def by_img2pdf(name):
    return img2pdf.convert(name)


def by_reportlab(name):
    file = io.BytesIO()
    page = canvas.Canvas(file, pagesize=(SIDE, SIDE))
    page.drawImage(name, 0, 0, SIDE, SIDE, mask="auto")
    page.save()
    return file.getvalue()


def by_fpdf2(name):
    pdf = fpdf.FPDF(unit="pt", format=(SIDE, SIDE))
    pdf.set_auto_page_break(False)
    pdf.add_page()
    pdf.image(name, 0, 0, SIDE, SIDE)
    return bytes(pdf.output())


def by_pymupdf(name):
    pdf = pymupdf.open()
    page = pdf.new_page(width=SIDE, height=SIDE)
    page.insert_image(page.rect, filename=name)
    return pdf.tobytes()


def by_pillow(name):
    file = io.BytesIO()
    Image.open(name).save(file, "PDF")
    return file.getvalue()


def by_typst(name):
    source = f'#set page(width: {SIDE}pt, height: {SIDE}pt, margin: 0pt)\n#image("{name}", width: {SIDE}pt)'
    Path("page.typ").write_text(source)
    return typst.compile("page.typ")


def by_weasyprint(name):
    page = f'<style>{SHEET}</style><img src="{name}">'
    return weasyprint.HTML(string=page, base_url=f"{Path.cwd()}/").write_pdf()


WRITERS = {
    "img2pdf": by_img2pdf,
    "reportlab": by_reportlab,
    "fpdf2": by_fpdf2,
    "PyMuPDF": by_pymupdf,
    "Pillow": by_pillow,
    "typst": by_typst,
    "WeasyPrint": by_weasyprint,
}
for name in json.loads(sys.argv[1]):
    for title, write in WRITERS.items():
        try:
            Path(f"{name}.{title}.pdf").write_bytes(write(name))
        except Exception as error:
            print(title, name, repr(error), file=sys.stderr)
PYTHON

cat >write.mjs <<'NODE'
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Document, Image, Page, renderToFile } from '@react-pdf/renderer';
import { jsPDF } from 'jspdf';
import { PDFDocument } from 'pdf-lib';
import PDFKit from 'pdfkit';
import { createElement } from 'react';

const side = 64;
const writers = {
  async 'pdf-lib'(name, to) {
    const pdf = await PDFDocument.create();
    const bytes = Uint8Array.from(readFileSync(name));
    const picture = await (name.endsWith('jpg') ? pdf.embedJpg(bytes) : pdf.embedPng(bytes));
    pdf.addPage([side, side]).drawImage(picture, { x: 0, y: 0, width: side, height: side });
    writeFileSync(to, await pdf.save());
  },
  async pdfkit(name, to) {
    const pdf = new PDFKit({ size: [side, side], margin: 0 });
    const file = pdf.pipe(createWriteStream(to));
    pdf.image(name, 0, 0, { width: side });
    pdf.end();
    await finished(file);
  },
  async 'react-pdf'(name, to) {
    const picture = createElement(Image, { src: name, style: { width: side } });
    const page = createElement(Page, { size: [side, side] }, picture);
    await renderToFile(createElement(Document, {}, page), to);
  },
  async jsPDF(name, to) {
    const pdf = new jsPDF({ unit: 'pt', format: [side, side] });
    pdf.addImage(new Uint8Array(readFileSync(name)), name.endsWith('jpg') ? 'JPEG' : 'PNG', 0, 0, side, side);
    writeFileSync(to, Buffer.from(pdf.output('arraybuffer')));
  },
};
for (const name of JSON.parse(process.argv[2]))
  for (const [title, write] of Object.entries(writers)) await write(name, `${name}.${title}.pdf`);
NODE

cat >read.py <<'PYTHON'
import json
import sys
from base64 import b64encode
from pathlib import Path

import pymupdf
import pypdfium2

NAMES = {
    "JPEG, turned by EXIF": "turned.jpg",
    "JPEG, linear by ICC": "profile.jpg",
    "PNG, linear by ICC": "profile.png",
    "PNG, linear by gAMA": "gamma.png",
    "grey of 16 bits": "grey-16.png",
    "alpha": "alpha.png",
    "alpha, 16 bits": "alpha-16.png",
    "palette with alpha": "palette.png",
    "palette, 1 bit": "palette-1.png",
    "grey, tRNS": "clear-grey.png",
    "grey of 4 bits, tRNS": "clear-grey-4.png",
    "RGB, tRNS": "clear-rgb.png",
}
WRITERS = "img2pdf reportlab fpdf2 PyMuPDF Pillow typst WeasyPrint pdf-lib pdfkit react-pdf jsPDF"


def page():
    yield "<!doctype html>"
    for name in NAMES.values():
        kind = "jpeg" if name.endswith("jpg") else "png"
        yield f'<img src="data:image/{kind};base64,{b64encode(Path(name).read_bytes()).decode()}">'
    yield """<pre id=seen></pre><script>
onload = () => {
  seen.textContent = JSON.stringify([...document.images].map((picture) => {
    const canvas = document.createElement('canvas'), draw = canvas.getContext('2d');
    draw.fillStyle = 'white';
    draw.fillRect(0, 0, 64, 64);
    draw.drawImage(picture, 0, 0);
    return draw.getImageData(16, 16, 1, 1).data[1];
  }));
};
</script>"""


def shown(file, expected):
    """Return what PDFium shows, and MuPDF where that differs; a dot is right."""
    if not file.exists():
        return "refused"
    rendered = pypdfium2.PdfDocument(file)[0].render().to_pil().convert("RGB")
    values = [rendered.getpixel((rendered.width // 4, rendered.height // 4))[1]]
    pixels = pymupdf.open(file)[0].get_pixmap(alpha=False)
    values.append(pixels.pixel(pixels.width // 4, pixels.height // 4)[1])
    cells = ["." if abs(value - expected) < 5 else str(value) for value in values]
    return cells[0] if abs(values[0] - values[1]) < 5 else "/".join(cells)


def line(title, *cells):
    print(f"{title:20} {' '.join(f'{cell:10}' for cell in cells)}".rstrip())


match sys.argv[1]:
    case "names":
        print(json.dumps(list(NAMES.values())))
    case "page":
        print("\n".join(page()))
    case "table":
        line("", "Chromium", *WRITERS.split())
        for (title, name), expected in zip(NAMES.items(), json.loads(sys.argv[2]), strict=True):
            cells = (shown(Path(f"{name}.{writer}.pdf"), expected) for writer in WRITERS.split())
            line(title, str(expected), *cells)
PYTHON
venv/bin/python pictures.py
names=$(venv/bin/python read.py names)
venv/bin/python write.py "$names" 2>log
node write.mjs "$names"
venv/bin/python read.py page >page.html
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
chromium=$(root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log | sed -n 's/.*<pre id="seen">\(.*\)<\/pre>.*/\1/p')
venv/bin/python read.py table "$chromium" | tee seen
diff seen - <<'SEEN' && echo "as described"
                     Chromium   img2pdf    reportlab  fpdf2      PyMuPDF    Pillow     typst      WeasyPrint pdf-lib    pdfkit     react-pdf  jsPDF
JPEG, turned by EXIF 255        .          0          0          0          0          .          .          0          .          .          0
JPEG, linear by ICC  188        .          128        .          .          128        128        128        128        128        128        128
PNG, linear by ICC   188        .          128        .          .          128        128        128        128        128        128        128
PNG, linear by gAMA  188        128        128        128        128        128        128        128        128        128        128        128
grey of 16 bits      200        .          255        255        .          refused    .          0          .          .          .          .
alpha                177        .          .          .          .          215/.      .          .          .          .          .          .
alpha, 16 bits       177        refused    .          .          .          215/.      .          .          .          .          .          .
palette with alpha   177        255        .          .          .          .          .          .          .          .          .          .
palette, 1 bit       177        255        .          .          .          .          .          .          .          255        255        .
grey, tRNS           255        .          100        100        .          100        .          .          .          100        100        100
grey of 4 bits, tRNS 255        102        102        102        .          102        .          102        .          102        102        102
RGB, tRNS            255        .          100        100        .          100        .          .          .          100        100        100
SEEN
