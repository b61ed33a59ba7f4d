"""The keys that open the service, and the cookies that stand for them in browsers.

A cookie is signed with a secret made of its key's digest: it ends with the key, whatever becomes of
the others.
"""

import hashlib
import hmac
from collections.abc import Iterable

from itsdangerous import BadSignature, TimestampSigner

from app.keys import digest

COOKIE = "image_downloader_key"
COOKIE_SECONDS = 30 * 24 * 3600


class Keys:
    """The keys of a service; none of them is needed if there are none."""

    def __init__(self, digests: Iterable[bytes]) -> None:
        self._names = {one: hashlib.sha256(b"name" + one).hexdigest()[:8] for one in digests}
        self._signers = {name: _signer(one) for one, name in self._names.items()}

    def __bool__(self) -> bool:
        return bool(self._names)

    def name(self, key: str) -> str | None:
        """Return the short hash that logs tell instead of a key, if it is one of ours."""
        asked, found = digest(key), None
        for one, name in self._names.items():  # all of them, so that time tells nothing
            if hmac.compare_digest(asked, one):
                found = name
        return found

    def cookie(self, key: str) -> str | None:
        """Return the value of a cookie that stands for a key, if it is one of ours."""
        name = self.name(key)
        return name and self._signers[name].sign(name).decode()

    def name_of_cookie(self, cookie: str) -> str | None:
        """Return the short hash of the key that a cookie stands for, if it still does."""
        name = cookie.partition(".")[0]
        try:
            self._signers[name].unsign(cookie, COOKIE_SECONDS)
        except (KeyError, BadSignature):
            return None
        return name


def _signer(secret: bytes) -> TimestampSigner:
    return TimestampSigner(secret, salt=COOKIE, key_derivation="hmac", digest_method=hashlib.sha256)
