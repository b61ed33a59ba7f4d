"""What `create_app` made for this application, by type."""

from typing import Protocol, cast

from flask import current_app

from app.settings import Settings
from app.storage import Storage


class Engine(Protocol):
    """What runs the jobs."""

    def submit(self) -> None:
        """Say that there is work."""


def settings() -> Settings:
    """Return the settings of this application."""
    return cast(Settings, current_app.extensions["settings"])


def storage() -> Storage:
    """Return the storage of this application."""
    return cast(Storage, current_app.extensions["storage"])


def engine() -> Engine:
    """Return the engine of this application."""
    return cast(Engine, current_app.extensions["engine"])
