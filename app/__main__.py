"""`image-downloader`, or `python -m app` in a checkout."""

import sys

if sys.argv[1:] == ["--version"]:  # without what reads options, or handles signals
    from app import VERSION

    sys.stdout.write(f"image-downloader {VERSION}\n")
    sys.exit()

import signal

# Until a subcommand handles it, an interrupt ends this process: there is nothing to clean up.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# BeautifulSoup imports what reads CSS selectors, which is not used.
sys.modules.setdefault("soupsieve", type(sys)("soupsieve"))

from app.commands.main import main  # noqa: E402

if __name__ == "__main__":
    main()
