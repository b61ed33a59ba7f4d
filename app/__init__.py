"""An image downloader as a service: a page's images in one zip, an image as a stored copy."""

from functools import cache

from flask import Flask

from app import api, cli, database
from app.engine import PoolEngine
from app.settings import Settings, load
from app.storage import Storage


def verify(settings: Settings) -> None:
    """Make sure, before the service starts, that its storage can be relied on.

    Raises:
        ConfigurationError: it cannot; the message says what to change.

    """
    storage = Storage(settings.storage_dir)
    storage.prepare()
    database.use(storage.database)
    try:
        database.check()
    finally:
        database.db.close()  # a connection must not be carried over a fork


@cache
def prepare(settings: Settings) -> None:
    """Make the storage ready, once: what gunicorn's master has done, its workers need not.

    Raises:
        ConfigurationError: it cannot be used; the message says what to change.

    """
    storage = Storage(settings.storage_dir)
    storage.prepare()
    database.use(storage.database)
    with storage.locked("migration"):
        database.migrate()
    database.db.close()


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application; its engine starts with the first job, or when it is told to.

    Raises:
        ConfigurationError: it cannot work like this; the message says what to change.

    """
    settings = settings or load()
    prepare(settings)
    storage = Storage(settings.storage_dir)
    database.use(storage.database)
    app = Flask(__name__)
    app.extensions["settings"] = settings
    app.extensions["storage"] = storage
    app.extensions["engine"] = PoolEngine(settings, storage)
    api.init_app(app)
    cli.init_app(app)
    return app
