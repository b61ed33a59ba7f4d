#!/usr/bin/env bash
# Pillow 13.0.0 loses the transparency of a palette, when its PNG is in an icon.
#
# The same PNG with a palette and tRNS: opened alone, its alphas are there. As the one picture of an
# .ico (which Pillow wrote by itself) it is opaque after `open().convert("RGBA")`, since
# IcoImageFile.load() takes over pixels and palette of the inner picture, but not its `info`, where
# "transparency" stands. `icon.ico.getimage(icon.size)` still has it. True colour icons are right.
#
# Seen with Pillow 13.0.0:
#   png alone          [96, 255]
#   in an icon         [255, 255]
#   ico.getimage()     [96, 255]
#   icon, true colour  [96, 255]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0 2>pip || { cat pip; exit 2; }
venv/bin/python >seen <<'PYTHON'
import io

from PIL import Image


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return Image.open(file)


def show(title, picture):
    alpha = picture.convert("RGBA").getchannel("A")
    print(f"{title:18} {[alpha.getpixel((x, 16)) for x in (4, 28)]}")


colours = Image.new("RGBA", (32, 32), (255, 0, 0, 96))
colours.paste((0, 0, 255, 255), (16, 0, 32, 32))
palette = colours.quantize(2)
icon = saved(palette, "ICO", sizes=[(32, 32)])
show("png alone", saved(palette, "PNG"))
show("in an icon", icon)
show("ico.getimage()", icon.ico.getimage(icon.size))
show("icon, true colour", saved(colours, "ICO", sizes=[(32, 32)]))
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
png alone          [96, 255]
in an icon         [255, 255]
ico.getimage()     [96, 255]
icon, true colour  [96, 255]
SEEN
