"""A program in a network where every address is local: it serves a page of ways out, has a browser
visit it, and prints each flow that is neither from browser to proxy nor to the page's host.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from app.render import wall
from tests.render.ways_out import HOST, PORT, page

SET_UP = [  # everything is here; WebRTC gathers nothing without an interface that is up
    "ip link set lo up",
    "ip link add outside type veth peer name beyond",
    "ip link set beyond up",
    "ip addr add 192.168.77.2/24 dev outside",
    "ip addr add fd77::2/64 dev outside nodad",
    "ip link set outside up",
    "ip route add default via 192.168.77.1",
    "ip route add local 0.0.0.0/0 dev lo",
    "ip -6 route add local ::/0 dev lo",
]
OUTGOING = 4  # packet(7): PACKET_OUTGOING; on loopback each packet arrives, too
ALLOWED = {("tcp", "127.0.0.1", wall.PORT), ("tcp", HOST, PORT)}
TCP, UDP = 6, 17
KERNEL = {0, 1, 2, 58}  # ICMP and IGMP, of both versions of IP: nobody can put words into it


class Watcher:
    """Notes where every packet of this network goes."""

    def __init__(self) -> None:
        self.flows: set[tuple[str, str, int]] = set()
        everything = socket.ntohs(0x0003)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, everything)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            packet, (_, protocol, kind, *_) = self._socket.recvfrom(65536)
            if kind == OUTGOING and protocol in (0x0800, 0x86DD):
                self._note(packet)

    def _note(self, packet: bytes) -> None:
        if packet[0] >> 4 == 4:
            kind, rest = packet[9], packet[(packet[0] & 15) * 4 :]
            target = socket.inet_ntop(socket.AF_INET, packet[16:20])
        else:
            kind, rest = packet[6], packet[40:]
            target = socket.inet_ntop(socket.AF_INET6, packet[24:40])
        if kind == TCP:
            flags = rest[13]
            if flags & 0x12 == 0x02:  # SYN without ACK: who began
                self.flows.add(("tcp", target, struct.unpack_from(">H", rest, 2)[0]))
        elif kind == UDP:
            self.flows.add(("udp", target, struct.unpack_from(">H", rest, 2)[0]))
        elif kind not in KERNEL:
            self.flows.add((str(kind), target, 0))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    direct: list[str] = []  # noqa: RUF012  # requests that came by no proxy of ours
    targets: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        if self.headers.get("Connection") != "close":
            self.direct.append(self.path)
        self.targets.append(self.path)
        body, status, kind, where = b"", 200, "text/html", ""
        path, _, query = self.path.partition("?")
        if path == "/redirect":
            status, where = int(query[:3]), unquote(query[4:])
        elif path == "/worker":
            kind = "text/javascript"
            body = f"fetch('{unquote(query)}', {{mode: 'no-cors'}})".encode()
        elif path == "/":
            body = page().encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if where:
            self.send_header("Location", where)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None:
        pass


def main(visit: list[str]) -> None:
    for command in SET_UP:
        subprocess.run(command.split(), check=True)
    server = ThreadingHTTPServer((HOST, PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    watcher = Watcher()
    done = subprocess.run(visit, capture_output=True, text=True)
    result = {
        "flows": sorted(watcher.flows - ALLOWED),
        "direct": Handler.direct,
        "asked": Handler.targets,
        "said": done.stdout + done.stderr,
        "status": done.returncode,
    }
    sys.stdout.write(json.dumps(result))
    sys.stdout.flush()
    os._exit(0)  # whatever still serves


if __name__ == "__main__":
    main(sys.argv[1:])
