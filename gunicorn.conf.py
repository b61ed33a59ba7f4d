"""How gunicorn serves the application; it reads this file by itself. Its flags win over it."""

import os
import signal
import sys
from pathlib import Path

from app import logs, prepare, settings, verify
from app.errors import ConfigurationError

try:
    _settings = settings.load()
except ConfigurationError as error:
    raise SystemExit(f"image-downloader: {error}") from error

worker_class = "gthread"
workers = 1
threads = 32
graceful_timeout = 20  # seconds; below the stop_grace_period of docker-compose.yml
control_socket_disable = True  # it would need a writable home
logconfig_dict = logs.configuration(_settings.log_level)
if Path("/dev/shm").is_dir():
    worker_tmp_dir = "/dev/shm"  # the heartbeat must not wait for a disk


def on_starting(server):
    """Refuse a start that could not work."""
    if server.cfg.preload_app:
        raise SystemExit("image-downloader: --preload is not possible: threads survive no fork")
    if server.cfg.uid != os.geteuid():
        return  # --user: what this process made, the workers could not write
    try:
        verify(_settings)
        prepare(_settings)  # once: the workers inherit that it is done
    except ConfigurationError as error:
        raise SystemExit(f"image-downloader: {error}") from error


def on_reload(server):
    """Let the new workers import the code that is there now; they inherit what is imported here."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("app", "wsgi")]:
        del sys.modules[name]


def post_worker_init(worker):
    """Start the engine in the worker; at SIGTERM it stops at once, while requests end in peace."""
    engine = worker.app.callable.extensions["engine"]
    engine.start()
    end_requests = signal.getsignal(signal.SIGTERM)

    def end(number, frame):
        engine.halt()
        if callable(end_requests):
            end_requests(number, frame)

    signal.signal(signal.SIGTERM, end)


def worker_exit(server, worker):
    """Hand back what runs; a worker whose start failed has no application."""
    if worker.app.callable:
        worker.app.callable.extensions["engine"].stop()
