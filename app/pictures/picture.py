"""A picture as a page shows it, before anything of it is fetched."""

from typing import NamedTuple


class Picture(NamedTuple):
    """A picture of the page: absolute URLs from best to worst, or why it is skipped."""

    candidates: tuple[str, ...]
    found_in: str
    alt: str = ""
    skipped: str | None = None
    written: str = ""
    shown: str = ""  # the best that the page itself shows, where files behind it precede that
    policies: tuple[tuple[str, str], ...] = ()  # `referrerpolicy` of candidates that have one
    painted: tuple[tuple[str, str], ...] = ()  # candidates, and the linked sheet that paints them

    @property
    def url(self) -> str:
        """The best candidate, or the start of what is written in the page when skipped."""
        return self.candidates[0] if self.candidates else self.written
