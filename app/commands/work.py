"""`work`: a process that does jobs and answers no requests."""

import faulthandler
import gc
import logging.config
import signal
import threading
from typing import TYPE_CHECKING

import click

from app import logs, prepare, verify
from app import metrics as counts
from app.errors import ConfigurationError
from app.settings import Settings, load
from app.storage import open_storage

if TYPE_CHECKING:
    from app.worker.messages import MessageEngine

STOP_SECONDS = 25  # below the stop_grace_period of deploy/cluster.yml


@click.command()
@click.option(
    "--metrics", metavar="HOST:PORT", help="Where Prometheus is told of this worker's fetches."
)
def work(metrics: str | None) -> None:
    """Do the jobs of a service on several machines.

    DOWNLOADER_JOB_THREADS says how many at once. SIGTERM ends it: what runs is handed back.
    """
    try:
        if metrics:
            _serve(metrics)
        settings = load()
        logging.config.dictConfig(logs.configuration(settings.log_level))
        engine = _engine(settings)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error
    ended = threading.Event()

    def end(number: int, frame: object) -> None:
        # What does not end says where it is, and others take over its jobs.
        faulthandler.dump_traceback_later(STOP_SECONDS, exit=True)
        engine.halt()
        ended.set()

    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, end)
    engine.start()
    # As in gunicorn's workers: what is there by now stays, and jobs leave what is worth a look.
    gc.freeze()
    gc.set_threshold(10_000)
    ended.wait()
    engine.stop()


def _serve(address: str) -> None:
    """Answer Prometheus there, even while the databases are away."""
    host, _, port = address.rpartition(":")
    try:
        counts.serve(host.strip("[]"), int(port))
    except (ValueError, OSError, OverflowError) as error:
        raise click.BadParameter(f"{address}: {error}", param_hint="--metrics") from error


def _engine(settings: Settings) -> "MessageEngine":
    if not settings.queue_url:
        raise ConfigurationError(
            "there is no queue: set DOWNLOADER_DATABASE_URL, DOWNLOADER_QUEUE_URL and"
            " DOWNLOADER_STORAGE_URL; without them, `serve` does the jobs by itself"
        )
    from app.worker.messages import MessageEngine

    verify(settings)
    if settings.browser:
        from app.render import trial

        trial.verify(settings)
    prepare(settings)
    return MessageEngine(settings, open_storage(settings), report=counts.count_fetch, works=True)
