"""`python -m app fetch URL...`."""

import signal

# Until the command hears it, an interrupt ends this process: there is nothing to clean up or tell.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from app.commands.fetch import main

if __name__ == "__main__":
    main(prog_name="python -m app")
