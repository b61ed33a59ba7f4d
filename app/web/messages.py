"""What the pages say to people as things happen: states, notices and errors, those of scripts too.

Headings and labels, which stand on a page anyway, are in its template.
"""

from app.database.models import Status
from app.pictures.sources import Source

STATES = {
    Status.QUEUED: "Waiting",
    Status.RUNNING: "Running",
    Status.FINISHED: "Done",
    Status.FAILED: "Failed",
    Status.CANCELLED: "Cancelled",
}
SOURCES = {
    Source.SEEN: "Shown on the page",
    Source.META: "Previews (Open Graph)",
    Source.LINKS: "Linked image files",
    Source.ICONS: "Icons",
}
FILTERS = {"status": "State", "site": "Site", "added_after": "From", "added_before": "To"}

ENTER_AN_ADDRESS = "Enter an address, such as https://example.com/."
ONE_PAGE_FOR_LIST = "Pictures are listed for one page: enter one address."
NO_TEXT_FILE = "Not a text file (UTF-8) with one address per line."
TOO_MANY = "At most {most:,} at once; these are {count:,}."
LINE = "Line {number}: {sentence}"
MORE = "There are {count:,} more like these"
CHOOSE_ONE = "Choose at least one picture."
SOME_DELETED = "Some of these pictures have been deleted. Check what is chosen, and save again."
ALL_DELETED = "These downloads have been deleted."
UNKNOWN_KEY = "This is not a key of this service."
BAD_FILTER = "Check the filter. {reasons}"
BAD_LINK = "This link is incomplete or out of date. Start from the first page of the list."
NO_DAY = "{label}: Enter a date, such as 2026-11-20."
NO_SIZE = "Enter a size, such as 20 kB or 1 MB."
NO_IDS = "ids: Not a list of ids of images, with commas."
TOO_MANY_IDS = "ids: At most {most} at once."
PROBLEM_TYPES = "Problem types"
UNKNOWN_PROBLEM = "there is no problem type {code}"

TO_START = "Waiting to start."
PAUSED = "{site} asked for a pause, until {time}."
READING = "Reading the page…"
STORING = "{found} found. {done} of {total} stored."
STORING_SOME = "{found} found. {done} of {total} stored, {failed} failed."
PREVIEWED = "{found} found. Preview only: nothing was downloaded."
STORED = "{done} of {found} stored."
STORED_SOME = "{done} of {found} stored; {failed} failed."
TOGETHER = "{done} of {pages}."
TOGETHER_RUNNING = "{done} of {pages} so far."
TOGETHER_FAILED = "{done} of {pages}; {failed} failed."
CHOOSE_SEVERAL = "Tick downloads below to choose among their pictures or to change several at once."

SCRIPTS = {  # by the names that static/messages.js is asked for
    "away": "The service does not answer. Try again in a moment.",
    "chosen": "{count} chosen",
    "chosen_of": "{count} of {all} chosen",
    "close": "Close",
    "copied": "Copied",
    "copy": "Copy this link:",
    "deleted": "Some of these pictures have been deleted. Load this page again.",
    "drag": "Drag this to the bookmarks bar, then click it there on another page.",
    "next": "Next",
    "no_text": "{name} is not a text file with one address per line.",
    "picture": "Picture",
    "pixels": "{count} pixels",
    "previous": "Previous",
    "save": "Save pictures",
    "save_many": "Save {count} pictures",
    "save_one": "Save 1 picture",
    "sending": "Sending…",
    "sent": "Check the address, then download its pictures.",
    "sent_many": "Your browser showed {count} pictures there. Check the list, then download them.",
    "sent_one": "Your browser showed 1 picture there. Check the list, then download it.",
    "zipping": "Making the zip…",
}
