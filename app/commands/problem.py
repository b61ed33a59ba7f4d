"""Why a job of the command did not work."""

from typing import Any


class Problem(Exception):
    """What the service answered instead."""

    def __init__(self, document: dict[str, Any]) -> None:
        errors = document.get("errors") or {}
        reasons = "; ".join(f"{field}: {_flat(reason)}" for field, reason in errors.items())
        super().__init__(reasons or document.get("detail") or document.get("title") or "no reason")


class NoAnswer(Problem):
    """The service cannot be reached, or answers with what nobody can read."""


def _flat(reason: Any) -> str:
    """Say in one line what is wrong with a field, as marshmallow nests it."""
    if isinstance(reason, dict):
        reason = reason.values()
    return reason if isinstance(reason, str) else " ".join(map(_flat, reason))
