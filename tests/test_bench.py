"""What measures fails in words where it cannot measure."""

import socket

import pytest

from bench.site import site


def test_a_site_whose_port_is_taken_says_so_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"{port}"), site(port=port):
            pass
