"""How the keys that open the service are written, and what is kept of them."""

import hashlib
import re

SPELLING = re.compile(r"[A-Za-z0-9._~+/=-]{16,}")  # what may follow `Bearer `, RFC 6750


def digest(key: str) -> bytes:
    """Return what is kept of a key: its SHA-256 alone."""
    return hashlib.sha256(key.encode()).digest()
