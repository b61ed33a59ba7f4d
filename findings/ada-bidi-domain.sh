#!/usr/bin/env bash
# ada-url 4.0.0 and idna 3.20 take host names that Chromium 156 refuses: the Bidi rule across labels.
#
# The URL standard turns a host into ASCII with CheckBidi (UTS 46). Its rule is about the whole name:
# with one label that is written from right to left, every label has to satisfy RFC 5893, so none
# may begin with a digit. ada and idna look at each label alone, and know a violation only inside of
# one. A list of hosts that one of them has normalized may hold names that no browser opens.
#
# Seen with ada-url 4.0.0, idna 3.20, chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64):
#   host               ada      idna     Chromium
#   3d.example         taken    taken    taken
#   www.example.xn--…  taken    taken    taken
#   3d.example.xn--…   taken    taken    refused
#   1 and alef         refused  refused  refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ada-url==4.0.0 idna==3.20 2>pip ||
    { cat pip; exit 2; }

cat >page.html <<'HTML'
<!doctype html><meta charset=utf-8><pre id=seen></pre><script>
const hosts = ['3d.example', 'www.example.\u05d0', '3d.example.\u05d0', '1\u05d0'];
seen.textContent = hosts.map((host) => URL.canParse(`http://${host}/`)).join(' ');
</script>
HTML
sandbox=()
if ((EUID == 0)); then sandbox=(--no-sandbox); fi  # the page is our own
root/usr/lib/chromium/chromium-headless-shell "${sandbox[@]}" --user-data-dir="$folder/profile" \
    --dump-dom "file://$folder/page.html" 2>log |
    sed -n 's/.*<pre id="seen">\(.*\)<\/pre>.*/\1/p' >chromium

venv/bin/python >seen <<'PYTHON'
from pathlib import Path

import ada_url
import idna

HOSTS = {
    "3d.example": "3d.example",
    "www.example.xn--…": "www.example.\u05d0",
    "3d.example.xn--…": "3d.example.\u05d0",
    "1 and alef": "1\u05d0",
}


def taken_by_idna(host):
    try:
        return bool(idna.encode(host, uts46=True))
    except idna.IDNAError:
        return False


print(f"{'host':18} {'ada':8} {'idna':8} Chromium")
browser = Path("chromium").read_text().split()
for (title, host), opened in zip(HOSTS.items(), browser, strict=True):
    answers = ada_url.check_url(f"http://{host}/"), taken_by_idna(host), opened == "true"
    print(f"{title:18} " + " ".join(f"{'taken' if yes else 'refused':8}" for yes in answers).strip())
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
host               ada      idna     Chromium
3d.example         taken    taken    taken
www.example.xn--…  taken    taken    taken
3d.example.xn--…   taken    taken    refused
1 and alef         refused  refused  refused
SEEN
