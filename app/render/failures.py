"""Why a page could not be rendered."""


class RenderFailed(Exception):
    """The browser did not show the page; the message, for people, says why."""


class CommandFailed(Exception):
    """The browser refused a command, such as one about a page that has just gone."""
