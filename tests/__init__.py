"""The tests; with `POSTGRESQL=1`, on a server of their own where they otherwise use SQLite."""

import os

if os.environ.get("POSTGRESQL"):
    os.environ["DOWNLOADER_DATABASE_URL"] = ""  # before the application is imported
