"""`/metrics`: what the service counts, in the text format of Prometheus."""

from collections.abc import Iterator

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app import jobs
from app.database.ids import now
from app.database.models import CLAIMABLE
from app.http.operations import Content, Resource
from app.jobs import quotas
from app.metrics import of_all_processes

MAX_COUNTED = 1_000_000  # to count them takes 80 ms
MAX_CLIENTS = 20


class Jobs(Collector):
    """The jobs as the database knows them: right for all workers, and after a restart."""

    def collect(self) -> Iterator[Metric]:
        """Ask the database, from indexes and in a bounded time."""
        queued = _gauge("jobs_queued", f"Jobs that wait, counted up to {MAX_COUNTED}.")
        running = _gauge("jobs_running", "Jobs at work.")
        age = _gauge("oldest_queued_seconds", "How long the first in the queue has waited.")
        for kind in CLAIMABLE:
            labels = [kind.__name__.lower()]
            since = jobs.queued_since(kind)
            queued.add_metric(labels, jobs.count_queued(kind, MAX_COUNTED))
            running.add_metric(labels, jobs.count_running(kind))
            age.add_metric(labels, (now() - since).total_seconds() if since else 0)
        ended = CounterMetricFamily(
            "image_downloader_jobs_ended",
            "Jobs, and pictures of downloads that had their turn, that ended; why, if not well.",
            labels=["kind", "state", "reason"],
        )
        for count in jobs.ended():
            ended.add_metric([count.kind, count.state, count.reason], count.count)
        yield from (queued, running, age, ended, *_of_clients())


def _of_clients() -> Iterator[Metric]:
    """Yield what the clients have that have most; there may be any number of others."""
    waiting, stored = quotas.heaviest(MAX_CLIENTS)
    for name, meaning, clients in (
        ("client_jobs_queued", "Jobs of a client that wait for their turn.", waiting),
        ("client_stored_bytes", "Bytes of a client that are stored.", stored),
    ):
        about = f"{meaning} The {MAX_CLIENTS} clients with most; a key by its hash."
        gauge = _gauge(name, about, "client")
        for client, count in clients:
            gauge.add_metric([client], count)
        yield gauge


metrics = Resource("metrics", "For those who operate the service")


@metrics.get("/metrics", answer=Content("text/plain", {"type": "string"}))
def get_metrics() -> Response:
    """Get the metrics of all workers, for Prometheus."""
    known = CollectorRegistry()
    known.register(Jobs())
    text = generate_latest(of_all_processes()) + generate_latest(known)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def _gauge(name: str, meaning: str, label: str = "kind") -> GaugeMetricFamily:
    return GaugeMetricFamily(f"image_downloader_{name}", meaning, labels=[label])
