"""What the wall does, without the wall: the browser shares the network that is there."""

import runpy
import socket
import sys
from pathlib import Path

WALL = Path(__file__).parent.parent.parent / "app" / "render" / "wall.py"

if __name__ == "__main__":
    wall = runpy.run_path(str(WALL))
    listener = socket.create_server(("127.0.0.1", wall["PORT"]))
    with socket.socket(fileno=int(sys.argv[1])) as parent, listener:
        socket.send_fds(parent, [b"+"], [listener.fileno()])
    wall["exec_browser"]([int(number) for number in sys.argv[2:4]], sys.argv[4:])
