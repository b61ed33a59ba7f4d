"""The service keeps to its own OpenAPI document, whatever Schemathesis thinks of."""

import os
import subprocess
import sys
from pathlib import Path

from tests.samples import picture
from tests.service.conftest import ROOT, serving
from tests.site import Site

SECONDS = int(os.environ.get("FUZZ_SECONDS", "20"))
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


def test_it_keeps_to_its_own_document(tmp_path: Path, site: Site) -> None:
    site.file("/a.png", picture())
    site.file("/b.webp", picture("webp"), "image/webp")
    site.page("/page", "<img src=a.png><img src=b.webp><img src=none.png>")
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    with serving(tmp_path, "--workers", "2", DOWNLOADER_WEBHOOK_SECRET=secret) as service:
        done = subprocess.run(
            [
                *(SCHEMATHESIS, "--config-file", "tests/contract/schemathesis.toml"),
                *("run", f"http://127.0.0.1:{service.port}/openapi.json"),
                *("--max-time", str(SECONDS)),
                *("--seed", os.environ.get("SEED", "20261120")),
            ],
            cwd=ROOT,
            env={**os.environ, "FUZZED_SITE": site.url().rstrip("/"), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [line for line in service.lines() if line["level"] in ("ERROR", "CRITICAL")]
