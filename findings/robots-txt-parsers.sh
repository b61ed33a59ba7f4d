#!/usr/bin/env bash
# Seven parsers of robots.txt judge other than RFC 9309 says, those of npm in half of the cases.
#
# Lines that are no rules must not interfere with those that are (2.2.4): `Sitemap` or `Crawl-delay` between two names
# of a group ends it in the three parsers of npm, so that the first bot has no rules; in Protego a delay does, or a line
# that it does not know. Groups of the same bot are combined (2.2.1); robots-txt-guard takes one, and
# robots-txt-parser ends it at a blank line. A bot that is named without rules may fetch all; robots-parser,
# "specification compliant" by its README, takes those of `*` for it. Octets are compared as they are meant (2.2.2): `%62` is b, `%2A` and `%24` are a star and a dollar
# that stand for themselves (2.2.3); Google's parser, in its port to Python, takes them for others too. A CR may end a
# line (2.2), and /robots.txt is always allowed (2.2.2).
#
# Seen with Protego 0.7.0 (which is under Scrapy), robotspy 0.13.0, fast-robotstxt 1.1.0 ("fast"), gpyrobotstxt 1.0.0
# ("gpy") on Python 3.11, and robots-parser 3.0.1, robots-txt-guard 1.0.2 with robots-txt-parse 2.0.1 ("txt-guard"),
# robots-txt-parser 2.0.3 ("txt-parser") on Node.js 20.20.2; "." is right:
#                         RFC 9309      Protego       robotspy      fast          gpy           robots-parser txt-guard     txt-parser
#   the longest rule      allowed       .             .             .             .             .             .             .
#   as long, allowed      allowed       .             .             .             .             .             .             .
#   two groups of a bot   refused       .             .             .             .             .             allowed       .
#   group without rules   allowed       .             .             .             .             refused       .             .
#   blank between bots    refused       .             .             .             .             .             .             allowed
#   Sitemap between bots  refused       .             .             .             .             allowed       allowed       allowed
#   delay between bots    refused       allowed       .             .             .             allowed       allowed       allowed
#   other between bots    refused       allowed       .             .             .             allowed       allowed       allowed
#   * counts as written   allowed       .             .             .             .             .             refused       .
#   %2A is a star         refused       .             .             .             allowed       allowed       allowed       allowed
#   %24 is a dollar       refused       .             .             .             allowed       allowed       allowed       allowed
#   %62 is b in a rule    refused       .             .             .             allowed       allowed       allowed       allowed
#   %62 is b in a URL     refused       .             .             .             allowed       allowed       allowed       allowed
#   %e3%83%84 as %E3…     refused       .             .             .             .             .             allowed       allowed
#   lines end by CR       refused       .             allowed       .             .             .             allowed       .
#   /robots.txt           allowed       .             refused       refused       refused       refused       refused       refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check protego==0.7.0 robotspy==0.13.0 fast-robotstxt==1.1.0 \
    gpyrobotstxt==1.0.0 2>pip || { cat pip; exit 2; }
npm install --silent --no-audit --no-fund robots-parser@3.0.1 robots-txt-parse@2.0.1 robots-txt-guard@1.0.2 \
    robots-txt-parser@2.0.3 >log 2>&1 || { cat log; exit 2; }

cat >cases.json <<'JSON'
[
  ["the longest rule", ["User-agent: *", "Disallow: /a", "Allow: /a/b"], "/a/b/c", true],
  ["as long, allowed", ["User-agent: *", "Disallow: /a", "Allow: /a"], "/a", true],
  ["two groups of a bot", ["User-agent: bot", "Disallow: /a", "User-agent: b", "Disallow: /b", "User-agent: bot", "Disallow: /c"], "/c", false],
  ["group without rules", ["User-agent: *", "Disallow: /", "User-agent: bot"], "/a", true],
  ["blank between bots", ["User-agent: bot", "", "User-agent: b", "Disallow: /a"], "/a", false],
  ["Sitemap between bots", ["User-agent: bot", "Sitemap: http://a/b", "User-agent: b", "Disallow: /a"], "/a", false],
  ["delay between bots", ["User-agent: bot", "Crawl-delay: 5", "User-agent: b", "Disallow: /a"], "/a", false],
  ["other between bots", ["User-agent: bot", "Foo: a", "User-agent: b", "Disallow: /a"], "/a", false],
  ["* counts as written", ["User-agent: *", "Disallow: /folder", "Allow: /*folder"], "/folder", true],
  ["%2A is a star", ["User-agent: *", "Disallow: /a/%2A"], "/a/*", false],
  ["%24 is a dollar", ["User-agent: *", "Disallow: /a%24"], "/a$", false],
  ["%62 is b in a rule", ["User-agent: *", "Disallow: /%62"], "/b", false],
  ["%62 is b in a URL", ["User-agent: *", "Disallow: /b"], "/%62", false],
  ["%e3%83%84 as %E3…", ["User-agent: *", "Disallow: /%e3%83%84"], "/%E3%83%84", false],
  ["lines end by CR", ["User-agent: *\rDisallow: /a"], "/a", false],
  ["/robots.txt", ["User-agent: *", "Disallow: /"], "/robots.txt", true]
]
JSON
cat >read.mjs <<'NODE'
import fs from 'node:fs';
import { Readable } from 'node:stream';
import robotsParser from 'robots-parser';
import guard from 'robots-txt-guard';
import parse from 'robots-txt-parse';
import robotsTxtParser from 'robots-txt-parser';

const parsers = {
  'robots-parser': (text, path) => robotsParser('http://a/robots.txt', text).isAllowed(`http://a${path}`, 'bot'),
  'txt-guard': async (text, path) => guard(await parse(Readable.from([Buffer.from(text)]))).isAllowed('bot', path),
  'txt-parser': (text, path) => {
    const robots = robotsTxtParser({ userAgent: 'bot', allowOnNeutral: true });
    robots.parseRobots('http://a', text);
    robots.useRobotsFor('http://a');
    return robots.canCrawlSync(`http://a${path}`);
  },
};
const rows = [];
for (const [, lines, path] of JSON.parse(fs.readFileSync('cases.json'))) {
  const row = [];
  for (const read of Object.values(parsers)) row.push((await read(lines.join('\n'), path)) !== false);
  rows.push(row);
}
console.log(JSON.stringify([Object.keys(parsers), rows]));
NODE
node read.mjs >read.json

venv/bin/python >seen 2>log <<'PYTHON'
import json
from pathlib import Path

import robots
import robotstxt
from gpyrobotstxt.robots_cc import RobotsMatcher
from protego import Protego

PARSERS = {
    "Protego": lambda text, url: Protego.parse(text).can_fetch(url, "bot"),
    "robotspy": lambda text, url: robots.RobotsParser.from_string(text).can_fetch("bot", url),
    "fast": lambda text, url: robotstxt.RobotsMatcher().is_allowed(text, "bot", url),
    "gpy": lambda text, url: RobotsMatcher().one_agent_allowed_by_robots(text.encode(), "bot", url),
}
WORDS = {True: "allowed", False: "refused"}
cases, (names, others) = (json.loads(Path(f"{name}.json").read_text()) for name in ("cases", "read"))
print(f"{'':21}", " ".join(f"{name:13}" for name in ("RFC 9309", *PARSERS, *names)).rstrip())
for (title, lines, path, right), found in zip(cases, others, strict=True):
    found = [*(read("\n".join(lines), f"http://a{path}") for read in PARSERS.values()), *found]
    cells = [WORDS[right], *("." if one == right else WORDS[one] for one in found)]
    print(f"{title:21}", " ".join(f"{cell:13}" for cell in cells).rstrip())
PYTHON
cat seen
diff seen - <<'SEEN' && echo "as described"
                      RFC 9309      Protego       robotspy      fast          gpy           robots-parser txt-guard     txt-parser
the longest rule      allowed       .             .             .             .             .             .             .
as long, allowed      allowed       .             .             .             .             .             .             .
two groups of a bot   refused       .             .             .             .             .             allowed       .
group without rules   allowed       .             .             .             .             refused       .             .
blank between bots    refused       .             .             .             .             .             .             allowed
Sitemap between bots  refused       .             .             .             .             allowed       allowed       allowed
delay between bots    refused       allowed       .             .             .             allowed       allowed       allowed
other between bots    refused       allowed       .             .             .             allowed       allowed       allowed
* counts as written   allowed       .             .             .             .             .             refused       .
%2A is a star         refused       .             .             .             allowed       allowed       allowed       allowed
%24 is a dollar       refused       .             .             .             allowed       allowed       allowed       allowed
%62 is b in a rule    refused       .             .             .             allowed       allowed       allowed       allowed
%62 is b in a URL     refused       .             .             .             allowed       allowed       allowed       allowed
%e3%83%84 as %E3…     refused       .             .             .             .             .             allowed       allowed
lines end by CR       refused       .             allowed       .             .             .             allowed       .
/robots.txt           allowed       .             refused       refused       refused       refused       refused       refused
SEEN
