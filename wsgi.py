"""The application that gunicorn serves: `gunicorn wsgi:app`."""

import logging.config

from click import ClickException

from app import create_app, logs, settings
from app.errors import ConfigurationError

try:
    _settings = settings.load()
    logging.config.dictConfig(logs.configuration(_settings.log_level))
    app = create_app(_settings)
except ConfigurationError as error:
    raise ClickException(str(error)) from error  # what operators' commands show in one line
