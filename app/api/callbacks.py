"""Callbacks in the OpenAPI document: what those are told who wait for a job's end."""

from typing import Any

from marshmallow import Schema

HEADERS = {
    "webhook-id": "the same each time that this end is told",
    "webhook-timestamp": "seconds since 1970, of this attempt",
    "webhook-signature": "`v1,` and the base64 of an HMAC-SHA256, one or several",
}


def describe(document: type[Schema]) -> dict[str, Any]:
    """Describe what is sent to the `callback_url` of a request."""
    header = {"in": "header", "required": True, "schema": {"type": "string"}}
    message = {
        "summary": "Tell of the end, as Standard Webhooks lays down",
        "parameters": [
            {**header, "name": name, "description": text} for name, text in HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": document}}},
        "security": [],  # no key of ours: it is signed
        "responses": {
            "2XX": {"description": "It is known now"},
            "410": {"description": "Never mind; anything else is tried again for a day"},
        },
    }
    return {"ended": {"{$request.body#/callback_url}": {"post": message}}}
