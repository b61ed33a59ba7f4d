"""The command beside gallery-dl: a page of 50 images in a zip, and what tells the version.

gallery-dl, which has to be in the PATH, drops the port of a page it has no rules for, so the page
is at port 80 of a loopback address; it writes files and makes no zip. The origin answers at once.
Our modules are compiled first, as an installation has them and gallery-dl, too.
"""

import compileall
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench import Cost, rank
from bench.download import HOME
from bench.jobs import run
from bench.site import IMAGES, site

ROUNDS = 5
HOST = "127.0.0.80"
PEER = "gallery-dl", "--config-ignore", "--quiet"
OURS = sys.executable, "-m", "app"


def main() -> None:
    """Compare both calls."""
    if not shutil.which("gallery-dl") or os.geteuid():
        print("\ncommand: skipped, it needs gallery-dl, and root for port 80")
        return
    compileall.compile_dir(HOME / "app", quiet=1)
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
            return run(*OURS, "fetch", "--output", place(), url)

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
            ("image-downloader", lambda: run(*OURS, "--version")),
            target="both at most 0.25",
        )


if __name__ == "__main__":
    main()
