"""The application on some of the servers alone: a test starts no more than it asks about."""

import os
from dataclasses import replace

from app import create_app
from app.settings import load

app = create_app(
    replace(
        load(),
        storage_url=os.environ.get("TEST_STORAGE_URL", ""),
        queue_url=os.environ.get("TEST_QUEUE_URL", ""),
    )
)
