"""`image-downloader`, or `python -m app` in a checkout."""

import atexit
import gc
import os
import sys

# Where a standard stream is closed, the next file that is opened must not take its number.
if sys.stdin is None:
    os.open(os.devnull, os.O_RDONLY)
for stream in "stdout", "stderr":
    if getattr(sys, stream) is None:
        setattr(sys, stream, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))

if sys.argv[1:] == ["--version"]:  # without what reads options, or handles signals
    from app import VERSION

    sys.stdout.write(f"image-downloader {VERSION}\n")
    sys.exit()

import signal  # noqa: E402

# Imports leave no garbage: to look for it would take a tenth of the start, and a while at the end.
gc.set_threshold(100_000)
atexit.register(gc.freeze)

# Until a subcommand handles it, an interrupt ends this process: there is nothing to clean up.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# What BeautifulSoup and requests import and nothing here uses: what reads CSS selectors, parsers
# wherever they are installed, and what guesses the charset of a text that does not name one.
sys.modules.setdefault("soupsieve", type(sys)("soupsieve"))
for name in "lxml", "html5lib":
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]
guess = type(sys)("charset_normalizer")
vars(guess).update(__version__="3.0.0", detect=lambda content: {"encoding": None})
sys.modules.setdefault(guess.__name__, guess)

from app.commands.main import main  # noqa: E402

if __name__ == "__main__":
    main()
