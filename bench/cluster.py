"""What a second worker brings: pages whose origin takes its time, on real servers.

PostgreSQL, Redis and SeaweedFS run beside the workers, all on this machine. The time is from the
first request to the last zip; an origin that waits costs no CPU, so two workers should take half.
"""

import os
import tempfile
import time
from pathlib import Path

from tests.object_store import KEYS, SeaweedFS
from tests.samples import picture
from tests.service.test_cluster import Cluster
from tests.site import Reply, Site

PAGES, PICTURES = 32, 10
LATENCY_SECONDS = 1.0  # of each picture


def seconds(cluster: Cluster, site: Site, marker: int) -> float:
    """Have all pages fetched; return how long it took."""
    tags = "".join(f"<img src=/{marker}/{number}.png>" for number in range(PICTURES))
    for number in range(PICTURES):
        reply = Reply(picture("png", number), "image/png")
        site.replies[f"/{marker}/{number}.png"] = lambda reply=reply: (
            time.sleep(LATENCY_SECONDS) or reply
        )
    page = site.page(f"/{marker}/", tags)
    began = time.perf_counter()
    told = [cluster.web.post("/download", url=page) for _ in range(PAGES)]
    for download in told:
        assert cluster.web.end_of(download["download_url"]).status_code == 200
    return time.perf_counter() - began


def main() -> None:
    """Measure one worker, then two."""
    os.environ.update(KEYS)
    with tempfile.TemporaryDirectory() as name, SeaweedFS(Path(name, "objects")) as objects:
        cluster = Cluster(Path(name), objects)
        with cluster.queue, cluster.rows, Site() as site:
            try:
                cluster.web.start()
                taken = []
                for workers in (1, 2):
                    cluster.add_worker()
                    cluster.wait_for_workers()  # to start is no part of the work
                    taken.append(seconds(cluster, site, workers))
                    print(f"{workers} workers  {taken[-1]:6.1f} s")
                print(f"{taken[0] / taken[1]:.2f} times as fast")
            finally:
                cluster.stop()


if __name__ == "__main__":
    main()
