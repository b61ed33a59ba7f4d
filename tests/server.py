"""Where servers of the tests' own listen."""

import socket


def free_ports(count: int) -> list[int]:
    """Return ports that are free now."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [listener.getsockname()[1] for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()
