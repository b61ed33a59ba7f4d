"""The groups of places where a page names pictures; clients choose among them."""

from enum import StrEnum


class Source(StrEnum):
    """A group; in a download they come in this order."""

    SEEN = "seen"  # what a person sees
    META = "meta"  # what previews show: Open Graph, Twitter cards, JSON-LD
    LINKS = "links"  # links straight to image files
    ICONS = "icons"
