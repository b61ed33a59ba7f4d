"""The application that gunicorn serves: `gunicorn wsgi:app`."""

import logging.config

from app import create_app, logs, settings

_settings = settings.load()
logging.config.dictConfig(logs.configuration(_settings.log_level))
app = create_app(_settings)
