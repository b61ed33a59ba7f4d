"""The service's own gunicorn.conf.py, and little patience with clients that have stopped."""

from pathlib import Path

exec(Path("gunicorn.conf.py").read_text())  # gunicorn knows no include

from app import lanes, server  # noqa: E402

lanes.ASKING_SECONDS = server.BODY_SECONDS = server.SEND_SECONDS = 1
