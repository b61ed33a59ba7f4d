"""Memory of a worker at work, beside the same one idle: eight jobs at once.

Once with pages of small images, one after another; then with eight images of 100 MB at once in
each job, for as long as it takes all of them to be on the way. What counts is the largest resident
memory of the worker so far, shared code included.
"""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import requests

from bench.download import Service, children, service
from bench.files import peak
from bench.site import LARGE_BYTES, site

JOBS, AT_ONCE, SECONDS = 8, 8, 15
IDLE_SECONDS = 3


def memory(running: Service) -> float:
    """Return the most memory that the worker has had since `forget`, in MB."""
    (worker,) = children(running.master)
    most = peak(worker) / 1000
    Path(f"/proc/{worker}/clear_refs").write_text("5")  # the peak is what there is now
    return most


def main() -> None:
    """Print all three."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        origin = stack.enter_context(site())
        variables = {
            "DOWNLOADER_JOB_THREADS": f"{JOBS}",
            "DOWNLOADER_IMAGES_AT_ONCE": f"{AT_ONCE}",
            "DOWNLOADER_HOST_CONNECTIONS": f"{JOBS * AT_ONCE}",
            "DOWNLOADER_MAX_IMAGE_BYTES": f"{2 * LARGE_BYTES}",
        }
        running = stack.enter_context(service(folder, **variables))
        time.sleep(IDLE_SECONDS)
        memory(running)
        idle = memory(running)
        running.download(f"{origin}0/", pages=3 * JOBS)
        small = memory(running)
        for _ in range(JOBS):
            requests.post(f"{running.url}/download", json={"url": f"{origin}0/large"}, timeout=30)
        time.sleep(SECONDS)
        large = memory(running)
        came = sum(file.stat().st_size for file in folder.glob("*/*/*") if file.is_file())
    print(f"\n{f'memory of a worker, {JOBS} jobs, {AT_ONCE} images at once':56}{'MB':>10}")
    for name, most in ("idle", idle), ("images of 120 kB", small), ("images of 100 MB", large):
        print(f"  {name:54}{most:10.1f}{most / idle:10.2f}")
    print(f"  at most 1.3; {came / 1e6:,.0f} MB were stored or on the way", flush=True)


if __name__ == "__main__":
    main()
