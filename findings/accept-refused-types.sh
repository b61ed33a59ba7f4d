#!/usr/bin/env bash
# Django 5.2, Litestar 2.25 and Sanic 25.12 choose the type that a client has refused by its Accept header.
#
# What is said of a type goes before what is said of a range around it, in whatever order they stand, and a weight
# of 0 refuses (RFC 9110, 12.5.1 and 12.4.2): `text/html;q=0, */*` takes all but HTML. The three try one range
# after the other, by weight, and take the first that fits: HTML, by `*/*`. Litestar and Sanic go on to ranges
# of no weight where nothing else fits, and take a type of low weight by the range around it.
# They and Falcon take `application/json;version=1` for any JSON, and Falcon and Sanic do not know TEXT/HTML
# (8.3.1). Werkzeug, which is under Flask, WebOb, which is under Pyramid, and negotiator of npm are right
# in each case.
#
# Seen with Werkzeug 3.1.9, WebOb 1.8.11, negotiator 1.1.0 (which is under Express), Falcon 4.4.0, Django 5.2.19, Litestar
# 2.25.0 and Sanic 25.12.1, for an offer of HTML, JSON and WebP in that order; "." is right:
#                                                   RFC 9110   Werkzeug   WebOb      negotiator Falcon     Django     Litestar   Sanic
#   text/html;q=0.5, application/json               JSON       .          .          .          .          .          .          .
#   application/json;q=0.1, */*                     HTML       .          .          .          .          .          .          .
#   text/html;q=0, */*                              JSON       .          .          .          .          HTML       HTML       HTML
#   text/html;q=0, text/*, application/json;q=0.1   JSON       .          .          .          .          HTML       HTML       HTML
#   */*;q=0                                         none       .          .          .          .          .          HTML       HTML
#   text/html;q=0.3, text/*;q=0.9, image/webp;q=0.5 WebP       .          .          .          .          .          HTML       HTML
#   application/json;version=1, image/webp;q=0.5    WebP       .          .          .          JSON       .          JSON       JSON
#   TEXT/HTML                                       HTML       .          .          .          none       .          .          none
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check werkzeug==3.1.9 webob==1.8.11 falcon==4.4.0 django==5.2.19 \
    litestar==2.25.0 sanic==25.12.1 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund negotiator@1.1.0 >log 2>&1 || { cat log; exit 2; }

cat >choose.cjs <<'NODE'
const Negotiator = require('negotiator');
const [, , offer, ...headers] = process.argv;
console.log(JSON.stringify(headers.map((accept) =>
  new Negotiator({ headers: { accept } }).mediaType(offer.split(' ')) || null)));
NODE

venv/bin/python >seen 2>log <<'PYTHON'
import json
import subprocess

from django.conf import settings
from django.http import HttpRequest
from falcon.testing import create_req
from litestar.datastructures.headers import Accept
from sanic.headers import parse_accept
from webob.acceptparse import create_accept_header
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

settings.configure()
OFFER = ["text/html", "application/json", "image/webp"]
SHORT = {"text/html": "HTML", "application/json": "JSON", "image/webp": "WebP"}
CASES = {
    "text/html;q=0.5, application/json": "JSON",
    "application/json;q=0.1, */*": "HTML",
    "text/html;q=0, */*": "JSON",
    "text/html;q=0, text/*, application/json;q=0.1": "JSON",
    "*/*;q=0": "none",
    "text/html;q=0.3, text/*;q=0.9, image/webp;q=0.5": "WebP",
    "application/json;version=1, image/webp;q=0.5": "WebP",
    "TEXT/HTML": "HTML",
}


def by_webob(accept):
    found = create_accept_header(accept).acceptable_offers(OFFER)
    return found[0][0] if found else None


def by_django(accept):
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = accept
    return request.get_preferred_type(OFFER)


command = ["node", "choose.cjs", " ".join(OFFER), *CASES]
negotiated = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
CHOOSE = {
    "Werkzeug": lambda accept: parse_accept_header(accept, MIMEAccept).best_match(OFFER),
    "WebOb": by_webob,
    "negotiator": dict(zip(CASES, negotiated, strict=True)).get,
    "Falcon": lambda accept: create_req(headers={"Accept": accept}).client_prefers(OFFER),
    "Django": by_django,
    "Litestar": lambda accept: Accept(accept).best_match(OFFER),
    "Sanic": lambda accept: parse_accept(accept).match(*OFFER).mime or None,
}


def line(title, cells):
    print(f"{title:47} {' '.join(f'{cell:10}' for cell in cells)}".rstrip())


line("", ("RFC 9110", *CHOOSE))
for accept, right in CASES.items():
    found = [SHORT.get(choose(accept), "none") for choose in CHOOSE.values()]
    line(accept, (right, *("." if one == right else one for one in found)))
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                                                RFC 9110   Werkzeug   WebOb      negotiator Falcon     Django     Litestar   Sanic
text/html;q=0.5, application/json               JSON       .          .          .          .          .          .          .
application/json;q=0.1, */*                     HTML       .          .          .          .          .          .          .
text/html;q=0, */*                              JSON       .          .          .          .          HTML       HTML       HTML
text/html;q=0, text/*, application/json;q=0.1   JSON       .          .          .          .          HTML       HTML       HTML
*/*;q=0                                         none       .          .          .          .          .          HTML       HTML
text/html;q=0.3, text/*;q=0.9, image/webp;q=0.5 WebP       .          .          .          .          .          HTML       HTML
application/json;version=1, image/webp;q=0.5    WebP       .          .          .          JSON       .          JSON       JSON
TEXT/HTML                                       HTML       .          .          .          none       .          .          none
SEEN
