"""How gunicorn serves the application; it reads this file by itself. Its flags win over it."""

import atexit
import fcntl
import gc
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

CHECK_SECONDS = 60  # that new code may take to start
PAUSE_SECONDS = 5.0  # without a turn of the master's loop, of a second: the machine has slept
MEMORY = Path("/dev/shm")  # where it is there; nothing of it must wait for a disk
METRICS_BYTES = 1 << 20  # for each kind of metric, with all labels that there can be


def _hold(folder: Path | str) -> int:
    """Lock a folder until the last process of this service has ended, however it does."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise
    return held


def _remove(folder: str, master: int) -> None:
    if os.getpid() == master:  # workers, which are forks of it, come to their exit too
        shutil.rmtree(folder, ignore_errors=True)


def _reserve_metrics(folder: Path | str, uid: int = -1, gid: int = -1) -> None:
    """Reserve the files of this process's metrics before they are mapped into memory.

    A write to a mapped page for which there is no room kills the process (SIGBUS). With `--user`,
    a worker still has to become the user that then writes to them.
    """
    for kind in "counter", "histogram":
        with Path(folder, f"{kind}_{os.getpid()}.db").open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, METRICS_BYTES)
            os.fchown(file.fileno(), uid, gid)


def _metrics_folder(base: Path) -> str:
    """Make a folder where the workers' metrics are added up, and remove what killed ones left."""
    for left in base.glob("downloader-metrics-*"):
        with suppress(OSError):  # its service lives, or is not ours
            held = _hold(left)
            shutil.rmtree(left)
            os.close(held)
    while True:
        folder = mkdtemp(prefix=f"downloader-metrics-{os.getpid()}-", dir=base)
        atexit.register(_remove, folder, os.getpid())
        _reserve_metrics(folder)
        with suppress(OSError):  # a service that starts just now took it for one of the dead
            _hold(folder)
            return folder


# prometheus-client looks for it when it is imported; over a reload it stays. Without it, each
# worker reports its own metrics.
_metrics = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
if f"downloader-metrics-{os.getpid()}-" not in _metrics:
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    for _base in MEMORY, Path(gettempdir()):
        with suppress(OSError):  # no room there
            _metrics = os.environ["PROMETHEUS_MULTIPROC_DIR"] = _metrics_folder(_base)
            break

from gunicorn.glogging import Logger as GunicornLogger  # noqa: E402
from prometheus_client.multiprocess import mark_process_dead  # noqa: E402

from app import api, logs, prepare, settings, verify, web  # noqa: E402, F401  # for the workers
from app.errors import ConfigurationError  # noqa: E402
from app.server import Worker  # noqa: E402

try:
    _settings = settings.load()
except ConfigurationError as error:
    raise SystemExit(f"image-downloader: {error}") from error


class Logger(GunicornLogger):  # type: ignore[misc]
    """gunicorn's, which also with `logconfig_dict` composes a line a request only when asked."""

    @property
    def access_log_enabled(self) -> bool:
        """Tell whether `--access-logfile` asks for lines beside those of the request log."""
        return bool(self.cfg.accesslog)

    def exception(self, msg, *args, **kwargs):
        """Log an exception, but not that a client has stopped in the middle of a request."""
        if not isinstance(sys.exc_info()[1], BlockingIOError):  # READ_SECONDS of app.server
            super().exception(msg, *args, **kwargs)


logger_class = Logger
worker_class = Worker
forwarded_allow_ips = ""  # DOWNLOADER_TRUSTED_PROXIES says who is believed
workers = 1
threads = 56 + _settings.max_waiting  # those who wait hold a thread each
graceful_timeout = 20  # seconds; below the stop_grace_period of docker-compose.yml
limit_request_line = 8190  # URLs are asked for in queries, too; gunicorn has no higher bound
control_socket_disable = True  # it would need a writable home
logconfig_dict = logs.configuration(_settings.log_level)
# A connection and a thread need files, of which systems first allow fewer than they would give.
_, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_most, _most))
if MEMORY.is_dir():
    worker_tmp_dir = str(MEMORY)


def on_starting(server):
    """Refuse a start that could not work."""
    if server.cfg.preload_app:
        raise SystemExit("image-downloader: --preload is not possible: threads survive no fork")
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        os.chown(_metrics, server.cfg.uid, server.cfg.gid)
    else:
        server.log.warning("no room for shared metrics: each worker reports its own")
    if server.cfg.uid != os.geteuid():
        return  # --user: what this process made, the workers could not write
    try:
        verify(_settings)
        prepare(_settings)  # once: the workers inherit that it is done
    except ConfigurationError as error:
        raise SystemExit(f"image-downloader: {error}") from error


def when_ready(server):
    """Extend what the master does at SIGHUP, and with workers that seem to hang."""
    _try_reloads(server)
    _forgive_sleep(server)


def _forgive_sleep(server):
    """Kill no worker for being silent while the whole machine slept, but let it catch up."""
    murder_workers = server.murder_workers
    last_turn, patient_until = time.monotonic(), 0.0

    def murder_unless_asleep():
        nonlocal last_turn, patient_until
        now = time.monotonic()
        if now - last_turn > PAUSE_SECONDS:
            patient_until = now + PAUSE_SECONDS
        last_turn = now
        if now > patient_until:
            murder_workers()

    server.murder_workers = murder_unless_asleep


def _try_reloads(server):
    """Let SIGHUP leave all as it is where what is there now could not start."""
    reload = server.handle_hup
    command = [sys.executable, *sys.orig_argv[1:], "--check-config"]

    def try_first():
        try:
            subprocess.run(  # noqa: S603
                command,
                cwd=server.START_CTX["cwd"],
                capture_output=True,
                text=True,
                check=True,
                timeout=CHECK_SECONDS,
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            told = str(error.stderr or error).strip()
            server.log.error("reload refused, what runs goes on: %s", told)  # noqa: TRY400
        else:
            reload()

    server.handle_hup = try_first


def on_reload(server):
    """Let the new workers import the code that is there now; they inherit what is imported here."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("app", "wsgi")]:
        del sys.modules[name]


def post_fork(server, worker):
    """Reserve what this worker's metrics need, or do without them."""
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        try:
            _reserve_metrics(folder, server.cfg.uid, server.cfg.gid)
        except OSError as error:
            server.log.warning("requests of worker %s are not counted: %s", worker.pid, error)
            from app import metrics  # the one that the application imports, also after a reload

            metrics.stop_counting()


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
    # What is there by now stays, and what a request makes is gone before a look would be worth it.
    gc.freeze()
    gc.set_threshold(10_000)


def worker_exit(server, worker):
    """Hand back what runs; a worker whose start failed has no application."""
    if worker.app.callable:
        worker.app.callable.extensions["engine"].stop()


def child_exit(server, worker):
    """Forget what a worker measured of its present; what it has counted stays in the sums."""
    mark_process_dead(worker.pid)
