"""The service's own gunicorn.conf.py, and little patience with clients that have stopped."""

from pathlib import Path

exec(Path("gunicorn.conf.py").read_text())  # gunicorn knows no include

from app import server  # noqa: E402

server.READ_SECONDS = server.SEND_SECONDS = 1
server.REQUEST_SECONDS = 3
