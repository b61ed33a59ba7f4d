"""The command beside gallery-dl: a page of 50 images in a zip, and what tells the version.

Both have to be in the PATH, each installed as people have it: `pip install gallery-dl .` in an
environment of its own. gallery-dl drops the port of a page it has no rules for, so the page is at
port 80 of a loopback address; it writes files and makes no zip. The origin answers at once.
"""

import os
import shutil
import tempfile
from pathlib import Path

from bench import Cost, rank
from bench.jobs import run
from bench.site import IMAGES, site

ROUNDS = 5
HOST = "127.0.0.80"
PEER = "gallery-dl", "--config-ignore", "--quiet"


def main() -> None:
    """Compare both calls."""
    installed = shutil.which("gallery-dl") and shutil.which("image-downloader")
    if not installed or os.geteuid():
        print("\ncommand: skipped, it needs both commands installed, and root for port 80")
        return
    os.environ["DOWNLOADER_ALLOW_NETWORKS"] = "127.0.0.0/8"
    with tempfile.TemporaryDirectory() as folder, site(HOST, 80):
        url = f"http://{HOST}/0/"

        def place() -> Path:
            return Path(tempfile.mkdtemp(dir=folder))

        def peer() -> Cost:
            target = place()
            cost = run(*PEER, "--directory", target, f"generic:{url}")
            if len([*target.iterdir()]) != IMAGES:
                raise SystemExit("gallery-dl has not got the images")
            return cost

        def ours() -> Cost:
            return run("image-downloader", "fetch", "--output", place(), url)

        rank(
            f"the command, a page of {IMAGES} images",
            ROUNDS,
            ("gallery-dl", peer),
            ("image-downloader fetch", ours),
            target="both at most 0.8",
        )
        rank(
            "the command, its version",
            ROUNDS,
            ("gallery-dl", lambda: run("gallery-dl", "--version")),
            ("image-downloader", lambda: run("image-downloader", "--version")),
            target="both at most 0.25",
        )


if __name__ == "__main__":
    main()
