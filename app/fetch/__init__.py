"""The only way out: each fetch is bounded in place, time, size and kind."""

from app.fetch.budget import JobTime, Report, unreported
from app.fetch.client import Fetcher, Page, Receipt
from app.fetch.redirects import Held
from app.pictures.judge import ImageFacts
