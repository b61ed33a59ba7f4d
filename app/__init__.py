"""An image downloader as a service: a page's images in one zip, an image as a stored copy."""

from flask import Flask

from app import api, models
from app.engine import PoolEngine
from app.settings import Settings, load
from app.storage import Storage


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application; its engine starts with the first job, or when it is told to.

    Raises:
        ConfigurationError: it cannot work like this; the message says what to change.

    """
    settings = settings or load()
    storage = Storage(settings.storage_dir)
    storage.prepare()
    models.open_database(storage.database)
    with storage.locked("migration"):
        models.migrate()
    app = Flask(__name__)
    app.extensions["settings"] = settings
    app.extensions["storage"] = storage
    app.extensions["engine"] = PoolEngine(settings, storage)
    api.init_app(app)
    return app
