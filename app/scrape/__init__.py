"""From a page to the pictures a person sees, the best size of each."""

from app.scrape.linked import Load, Loaded
from app.scrape.pictures import Skip, find_pictures, list_pictures
from app.scrape.scripted import waits_for_scripts
from app.scrape.titles import title_of
