"""Which addresses are on the public internet; by our own table, for `ipaddress` is no guard."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from app.errors import RefusedAddress
from app.setting_values import Network

Address = IPv4Address | IPv6Address

# The IANA registries of special-purpose addresses; where two match, the first one names it.
_REFUSED = [
    (ip_network(cidr), name)
    for cidr, name in [
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud platform"),  # Azure's host agent, in public space
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignment"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "IPv4-compatible"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("100::/64", "discard-only"),
        ("2001::/32", "Teredo"),
        ("2001:2::/48", "benchmarking"),
        ("2001::/23", "protocol assignment"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "unique local"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    ]
]
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291; what IANA has not opened is not public
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: stands for the IPv4 address in its last bits


def judge(address: Address, allow: tuple[Network, ...] = ()) -> None:
    """Pass what is public or allowed by the deployer.

    Raises:
        RefusedAddress: naming the kind of address, not the address: it may be an inner secret.
    """
    if any(address in network for network in allow):
        return
    if kind := kind_of(address):
        raise RefusedAddress(
            f"refused: {kind} address; DOWNLOADER_ALLOW_NETWORKS can open its network"
        )


def judge_host(host: str, allow: tuple[Network, ...] = ()) -> None:
    """Judge, without a lookup, a host that is an address or names this machine (RFC 6761)."""
    address = literal(host)
    if f".{host}".rstrip(".").endswith(".localhost"):
        address = IPv4Address("127.0.0.1")
    if address:
        judge(address, allow)


def kind_of(address: Address) -> str | None:
    """Name why an address is not public; None says that it is."""
    for network, kind in _REFUSED:
        if address in network:
            return kind
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return _kind_inside(address, "NAT64")
    if address not in _GLOBAL_UNICAST:
        return "not global unicast"
    # RFC 5214: ISATAP is an interface identifier, so it may sit under any prefix.
    if (int(address) >> 32) & 0xFDFF_FFFF == 0x5EFE:
        return _kind_inside(address, "ISATAP")
    return None


def literal(host: str) -> Address | None:
    """Return the address that a host spells out, None for a name."""
    if ":" not in host and not host[-1:].isdigit():
        return None  # the cheap way to tell nearly every name
    try:
        return ip_address(host)
    except ValueError:
        return None


def _kind_inside(address: IPv6Address, form: str) -> str | None:
    inside = kind_of(IPv4Address(int(address) & 0xFFFF_FFFF))
    return inside and f"{form} {inside}"
