"""Logs: one JSON line for a request and for a job, and for whatever else there is to say."""

from typing import Any


def configuration(level: int) -> dict[str, Any]:
    """Return the `logging.config` dictionary of the service and of gunicorn."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": "%(levelname)s %(name)s %(message)s",
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": "time",  # by RFC 3339, in UTC
            }
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
        },
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": {"level": level, "propagate": True},
            "urllib3": {"level": "ERROR"},  # its warnings are answers of origins
        },
    }
