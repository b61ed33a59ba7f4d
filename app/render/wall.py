"""The program that becomes the browser, in a network of its own where nothing else exists.

Arguments: descriptors of a socket to its parent and of two pipes, then the command. What it
sends to its parent is a listening socket in that network: the one thing the browser can reach.
It imports nothing of ours, which would take longer than its work.
"""

import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
import sys
import time
from pathlib import Path

PORT = 3128
FILE_BYTES = 64 << 20  # of one file that the browser writes
NICENESS = 5
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1
TRIES, BETWEEN_SECONDS = 5, 0.11  # the kernel takes ten of these a second
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
FREE_DESCRIPTOR = 10  # for a pipe, until it is where the browser looks for it: 3 or 4


def main() -> None:
    """Leave every network, and become the browser."""
    control, *pipes = (int(number) for number in sys.argv[1:4])
    with socket.socket(fileno=control) as parent:
        try:
            unshare_network()
            with socket.create_server(("127.0.0.1", PORT)) as listener:
                socket.send_fds(parent, [b"+"], [listener.fileno()])
        except OSError as error:
            parent.sendall(b"-" + os.strerror(error.errno or 0).encode())
            return
    set_limits()
    exec_browser(pipes, sys.argv[4:])


def unshare_network() -> None:
    """Enter a user and a network namespace of our own, as the same user, with loopback up."""
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def set_limits() -> None:
    """Bound what all processes of the browser inherit."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    be_nice()
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise SystemExit("no_new_privs is refused")


def be_nice() -> None:
    """Leave the processor to others, where sessions have equal shares of it, too (sched(7))."""
    os.nice(NICENESS)
    group = Path("/proc/self/autogroup")
    for _ in range(TRIES):
        try:
            group.write_text(str(NICENESS))
        except BlockingIOError:  # somebody has just done the same
            time.sleep(BETWEEN_SECONDS)
        except OSError:  # sessions have no shares here
            return
        else:
            return


def exec_browser(pipes: list[int], command: list[str]) -> None:
    """Put the pipes where the browser looks for them, close all else, and run it."""
    above = [fcntl.fcntl(pipe, fcntl.F_DUPFD, FREE_DESCRIPTOR) for pipe in pipes]
    for number, pipe in enumerate(above, 3):
        os.dup2(pipe, number)
    os.closerange(5, os.sysconf("SC_OPEN_MAX"))
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
