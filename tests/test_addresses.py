"""Which addresses are public: every refused range with the neighbours just outside it."""

from ipaddress import ip_address, ip_network

import pytest

from app.addresses import judge, judge_host, kind_of
from app.errors import RefusedAddress

KINDS = """
    0.0.0.0                                    unspecified
    0.255.255.255                              unspecified
    1.0.0.0                                    public
    9.255.255.255                              public
    10.0.0.0                                   private
    10.255.255.255                             private
    11.0.0.0                                   public
    100.63.255.255                             public
    100.64.0.0                                 carrier-grade NAT
    100.127.255.255                            carrier-grade NAT
    100.128.0.0                                public
    126.255.255.255                            public
    127.0.0.0                                  loopback
    127.255.255.255                            loopback
    128.0.0.0                                  public
    168.63.129.15                              public
    168.63.129.16                              cloud platform
    168.63.129.17                              public
    169.253.255.255                            public
    169.254.0.0                                link-local
    169.254.255.255                            link-local
    169.255.0.0                                public
    172.15.255.255                             public
    172.16.0.0                                 private
    172.31.255.255                             private
    172.32.0.0                                 public
    191.255.255.255                            public
    192.0.0.0                                  protocol assignment
    192.0.0.255                                protocol assignment
    192.0.1.0                                  public
    192.0.1.255                                public
    192.0.2.0                                  documentation
    192.0.2.255                                documentation
    192.0.3.0                                  public
    192.88.98.255                              public
    192.88.99.0                                6to4 relay
    192.88.99.255                              6to4 relay
    192.88.100.0                               public
    192.167.255.255                            public
    192.168.0.0                                private
    192.168.255.255                            private
    192.169.0.0                                public
    198.17.255.255                             public
    198.18.0.0                                 benchmarking
    198.19.255.255                             benchmarking
    198.20.0.0                                 public
    198.51.99.255                              public
    198.51.100.0                               documentation
    198.51.100.255                             documentation
    198.51.101.0                               public
    203.0.112.255                              public
    203.0.113.0                                documentation
    203.0.113.255                              documentation
    203.0.114.0                                public
    223.255.255.255                            public
    224.0.0.0                                  multicast
    239.255.255.255                            multicast
    240.0.0.0                                  reserved
    255.255.255.255                            broadcast
    ::                                         unspecified
    ::1                                        loopback
    ::2                                        IPv4-compatible
    ::ffff:ffff                                IPv4-compatible
    ::1:0:0                                    not global unicast
    ::fffe:ffff:ffff                           not global unicast
    ::ffff:0:0                                 IPv4-mapped
    ::ffff:ffff:ffff                           IPv4-mapped
    ::1:0:0:0                                  not global unicast
    ::fffe:ffff:ffff:ffff                      not global unicast
    ::ffff:0:0:0                               IPv4-translated
    ::ffff:0:ffff:ffff                         IPv4-translated
    ::ffff:1:0:0                               not global unicast
    64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff      not global unicast
    64:ff9b::                                  NAT64 unspecified
    64:ff9b::ffff:ffff                         NAT64 broadcast
    64:ff9b::1:0:0                             not global unicast
    64:ff9b:0:ffff:ffff:ffff:ffff:ffff         not global unicast
    64:ff9b:1::                                local NAT64
    64:ff9b:1:ffff:ffff:ffff:ffff:ffff         local NAT64
    64:ff9b:2::                                not global unicast
    ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff      not global unicast
    100::                                      discard-only
    100::ffff:ffff:ffff:ffff                   discard-only
    100:0:0:1::                                not global unicast
    100::1:ffff:ffff:ffff:ffff                 not global unicast
    100:0:0:2::                                not global unicast
    1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff    not global unicast
    2000::                                     public
    3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff    public
    4000::                                     not global unicast
    2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff    public
    2001::                                     Teredo
    2001:0:ffff:ffff:ffff:ffff:ffff:ffff       Teredo
    2001:1::                                   protocol assignment
    2001:1:ffff:ffff:ffff:ffff:ffff:ffff       protocol assignment
    2001:2::                                   benchmarking
    2001:2:0:ffff:ffff:ffff:ffff:ffff          benchmarking
    2001:2:1::                                 protocol assignment
    2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff     protocol assignment
    2001:200::                                 public
    2001:db7:ffff:ffff:ffff:ffff:ffff:ffff     public
    2001:db8::                                 documentation
    2001:db8:ffff:ffff:ffff:ffff:ffff:ffff     documentation
    2001:db9::                                 public
    2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff    public
    2002::                                     6to4
    2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff    6to4
    2003::                                     public
    3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff    public
    3fff::                                     documentation
    3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff     documentation
    3fff:1000::                                public
    5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff    not global unicast
    5f00::                                     segment routing
    5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff    segment routing
    5f01::                                     not global unicast
    fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff    not global unicast
    fc00::                                     unique local
    fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff    unique local
    fe00::                                     not global unicast
    fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff    not global unicast
    fe80::                                     link-local
    febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff    link-local
    fec0::                                     site-local
    feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff    site-local
    ff00::                                     multicast
    ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff    multicast
    1.1.1.1                                    public
    8.8.8.8                                    public
    93.184.215.14                              public
    10.1.2.3                                   private
    100.100.100.200                            carrier-grade NAT
    127.0.0.1                                  loopback
    127.0.0.53                                 loopback
    169.254.169.254                            link-local
    169.254.170.2                              link-local
    172.17.0.1                                 private
    192.0.0.192                                protocol assignment
    192.168.1.1                                private
    198.19.0.1                                 benchmarking
    224.0.0.1                                  multicast
    224.0.0.251                                multicast
    255.255.255.254                            reserved
    2606:4700:4700::1111                       public
    2001:4860:4860::8888                       public
    2a00:1450:4001:82b::200e                   public
    2620:fe::fe                                public
    ::127.0.0.1                                IPv4-compatible
    ::8.8.8.8                                  IPv4-compatible
    ::ffff:127.0.0.1                           IPv4-mapped
    ::ffff:169.254.169.254                     IPv4-mapped
    ::ffff:8.8.8.8                             IPv4-mapped
    ::ffff:0:127.0.0.1                         IPv4-translated
    ::ffff:0:8.8.8.8                           IPv4-translated
    64:ff9b::127.0.0.1                         NAT64 loopback
    64:ff9b::10.0.0.1                          NAT64 private
    64:ff9b::169.254.169.254                   NAT64 link-local
    64:ff9b::100.64.0.1                        NAT64 carrier-grade NAT
    64:ff9b::9.255.255.255                     public
    64:ff9b::8.8.8.8                           public
    64:ff9b::11.0.0.0                          public
    64:ff9b:1::127.0.0.1                       local NAT64
    64:ff9b:1::8.8.8.8                         local NAT64
    2002:7f00:1::                              6to4
    2002:808:808::1                            6to4
    2001:0:4136:e378:8000:63bf:3fff:fdd2       Teredo
    2001:0:808:808::80ff:fffe                  Teredo
    2a00:1450::5efe:127.0.0.1                  ISATAP loopback
    2a00:1450::200:5efe:127.0.0.1              ISATAP loopback
    2a00:1450::200:5efe:10.0.0.1               ISATAP private
    2a00:1450::5efe:9.255.255.255              public
    2a00:1450::5efe:8.8.8.8                    public
    2a00:1450::200:5efe:8.8.8.8                public
    2a00:1450::5eff:127.0.0.1                  public
    2a00:1450::5efd:127.0.0.1                  public
    2a00:1450::100:5efe:127.0.0.1              public
    fe80::5efe:8.8.8.8                         link-local
    fe80::1%eth0                               link-local
    fe80::a9fe:a9fe                            link-local
    fd00:ec2::254                              unique local
    fd20:ce::254                               unique local
    fd12:3456:789a:1::1                        unique local
    ff02::1                                    multicast
    ff0e::1                                    multicast
    2001:5::1                                  protocol assignment
    2001:10::1                                 protocol assignment
    2001:20::1                                 protocol assignment
    2001:db8::1                                documentation
    3fff:1::1                                  documentation
    8000::1                                    not global unicast
    c000::1                                    not global unicast
    e000::1                                    not global unicast
    f800::1                                    not global unicast
"""
ROWS = [tuple(line.split(maxsplit=1)) for line in KINDS.strip().splitlines()]


def test_the_table_is_long_enough_and_names_each_address_once() -> None:
    assert len({address for address, _ in ROWS}) == len(ROWS) >= 150


@pytest.mark.parametrize(("address", "kind"), ROWS)
def test_an_address_is_public_or_of_a_named_kind(address: str, kind: str) -> None:
    assert (kind_of(ip_address(address)) or "public") == kind


def test_a_refusal_names_the_kind_and_keeps_the_address_to_itself() -> None:
    with pytest.raises(
        RefusedAddress, match=r"^refused: link-local address; DOWNLOADER_ALLOW_NETWORKS can "
    ):
        judge(ip_address("169.254.169.254"))


ALLOWED = [
    ("10.0.0.0/8", "10.0.0.0", True),
    ("10.0.0.0/8", "10.255.255.255", True),
    ("10.0.0.0/8", "11.0.0.0", True),  # public anyway
    ("10.1.0.0/16", "10.0.255.255", False),
    ("10.1.0.0/16", "10.1.0.0", True),
    ("10.1.0.0/16", "10.1.255.255", True),
    ("10.1.0.0/16", "10.2.0.0", False),
    ("127.0.0.1/32", "127.0.0.1", True),
    ("127.0.0.1/32", "127.0.0.2", False),
    ("127.0.0.1/32", "::1", False),
    ("127.0.0.0/8", "::ffff:127.0.0.1", False),
    ("10.0.0.0/8", "64:ff9b::10.0.0.1", False),
    ("10.0.0.0/8", "2a00:1450::5efe:10.0.0.1", False),
    ("::1/128", "::1", True),
    ("::1/128", "::2", False),
    ("fd00:1::/32", "fd00:1::1", True),
    ("fd00:1::/32", "fd00:2::1", False),
    ("::ffff:0:0/96", "::ffff:10.0.0.1", True),
    ("0.0.0.0/0", "169.254.169.254", True),
    ("0.0.0.0/0", "::1", False),
]


@pytest.mark.parametrize(("network", "address", "passes"), ALLOWED)
def test_the_deployer_opens_exactly_the_networks_named(
    network: str, address: str, passes: bool
) -> None:
    allow = (ip_network(network),)
    if passes:
        judge(ip_address(address), allow)
    else:
        with pytest.raises(RefusedAddress):
            judge(ip_address(address), allow)


@pytest.mark.parametrize("host", ["localhost", "localhost.", "a.localhost", "127.0.0.1", "::1"])
def test_a_host_that_is_this_machine_is_refused_without_a_lookup(host: str) -> None:
    with pytest.raises(RefusedAddress, match="loopback"):
        judge_host(host)


@pytest.mark.parametrize(
    "host", ["example.com", "localhost.example.com", "notlocalhost", "8.8.8.8"]
)
def test_any_other_name_waits_for_its_lookup(host: str) -> None:
    judge_host(host)


def test_localhost_is_allowed_with_its_network() -> None:
    judge_host("localhost", (ip_network("127.0.0.0/8"),))
