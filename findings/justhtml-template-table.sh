#!/usr/bin/env bash
# justhtml 3.16.0 puts what follows a table in front of it, inside of <template>.
#
# The end tags of cells and rows may be left out (HTML, 13.1.2.4). When </tbody> closes them in a
# template, justhtml stays in table mode: everything behind the table, up to </template>, is foster
# parented, as if it stood between the rows. A picture below a table so gets in front of it.
# With all end tags, or outside of a template, it is right, and html5lib and selectolax are right in
# each case.
#
# Seen with justhtml 3.16.0, html5lib 1.1, selectolax 1.0.2:
#                             justhtml     html5lib     selectolax
#   in <div>, tags left out   table, img   table, img   table, img
#   in template, all tags     table, img   table, img   table, img
#   in template, no </td>     img, table   table, img   table, img
#   in template, no </tr>     img, table   table, img   table, img
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    justhtml==3.16.0 html5lib==1.1 selectolax==1.0.2 2>pip || { cat pip; exit 2; }
venv/bin/python >seen <<'PYTHON'
import re

import html5lib
from html5lib.serializer import serialize
from justhtml import JustHTML
from selectolax.lexbor import LexborHTMLParser

CLOSED = "<table><tbody><tr><td>x</td></tr></tbody></table><img src=a.png alt=a>"
OPEN = "<table><tbody><tr><td>x</tbody></table><img src=a.png alt=a>"
ROW = "<table><tbody><tr><td>x</td></tbody></table><img src=a.png alt=a>"
CASES = {
    "in <div>, tags left out": f"<div>{OPEN}</div>",
    "in template, all tags": f"<template>{CLOSED}</template>",
    "in template, no </td>": f"<template>{OPEN}</template>",
    "in template, no </tr>": f"<template>{ROW}</template>",
}


def order(html):
    return ", ".join(re.findall("<(table|img)", html))


print(f"{'':25} {'justhtml':12} {'html5lib':12} selectolax")
for title, inner in CASES.items():
    html = f"<!doctype html><html lang=en><title>t</title><body>{inner}"
    orders = [
        order(JustHTML(html, sanitize=False).to_html()),
        order(serialize(html5lib.parse(html), omit_optional_tags=False)),
        order(LexborHTMLParser(html).html),
    ]
    print(f"{title:25} {orders[0]:12} {orders[1]:12} {orders[2]}")
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                          justhtml     html5lib     selectolax
in <div>, tags left out   table, img   table, img   table, img
in template, all tags     table, img   table, img   table, img
in template, no </td>     img, table   table, img   table, img
in template, no </tr>     img, table   table, img   table, img
SEEN
