"""`image-downloader`, or `python -m app` in a checkout."""

import signal

# Until a subcommand handles it, an interrupt ends this process: there is nothing to clean up.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from app.commands.main import main

if __name__ == "__main__":
    main()
