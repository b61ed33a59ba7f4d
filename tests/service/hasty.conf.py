"""The service's own gunicorn.conf.py, and little patience with clients that have stopped."""

from pathlib import Path

exec(Path("gunicorn.conf.py").read_text())  # gunicorn knows no include

from app.server import slow_clients  # noqa: E402

slow_clients.READ_SECONDS = slow_clients.SEND_SECONDS = 1
slow_clients.REQUEST_SECONDS = 3
