"""Errors as the database raises them."""

import sqlite3

from peewee import OperationalError


def failure(name: str) -> OperationalError:
    """Make the error of a result code of SQLite."""
    cause = sqlite3.OperationalError("what SQLite says")
    cause.sqlite_errorname = name
    return OperationalError(cause, *cause.args)
