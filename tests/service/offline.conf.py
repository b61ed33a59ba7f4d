"""The service's own gunicorn.conf.py, and no way out of this machine."""

import errno
import socket
import sys
from pathlib import Path
from typing import Any

exec(Path("gunicorn.conf.py").read_text())  # gunicorn knows no include


def stay(event: str, args: tuple[Any, ...]) -> None:
    """Know no name, and reach no address but loopback ones, whoever asks in these processes."""
    if event == "socket.getaddrinfo" and not str(args[0]).startswith("127."):
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    if event == "socket.connect" and not str(args[1][0]).startswith("127."):
        raise OSError(errno.ENETUNREACH, "no network")


sys.addaudithook(stay)
