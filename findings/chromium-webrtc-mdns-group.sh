#!/usr/bin/env bash
# Chromium 156 joins the multicast group of mDNS although WebRTC may use no UDP of its own.
#
# --force-webrtc-ip-handling-policy=disable_non_proxied_udp keeps WebRTC from sending UDP past the
# proxy, and none is seen. But a page that only makes an offer still has the browser listen at
# 224.0.0.251:5353, for the names that hide local addresses. To join that group, the kernel sends an
# IGMP report on the interface: who counts packets sees one, with a proxy and without.
#
# Seen with chromium-headless-shell 156.0.8078.114-1~deb12u1 (amd64), in a network of its own:
#   page without WebRTC  joins nothing
#   without flags        joins 224.0.0.251
#   by proxy alone       joins 224.0.0.251
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q chromium-headless-shell chromium-common >download 2>&1 ||
    { cat download; exit 2; }
for package in *.deb; do dpkg-deb -x "$package" root; done

echo '<!doctype html><title>nothing</title>' >plain.html
cat >offer.html <<'HTML'
<!doctype html><script>
const connection = new RTCPeerConnection();
connection.createDataChannel('x');
connection.createOffer().then((offer) => connection.setLocalDescription(offer));
</script>
HTML
cat >visit <<'SH'
ip link set dev lo up
ip link add name here type veth peer name there
ip link set dev here up
ip link set dev there up
ip addr add 192.0.2.1/24 dev here
ip route add default via 192.0.2.2
page=$1
shift
root/usr/lib/chromium/chromium-headless-shell --no-sandbox "--user-data-dir=$PWD/profile" \
    --remote-debugging-port=0 "$@" "file://$PWD/$page" >log 2>&1 &  # the page is our own
for ((turn = 0; turn < 50; turn++)); do
    if grep -q FB0000E0 /proc/net/igmp; then break; fi
    sleep 0.1
done
if ((turn < 50)); then echo "joins 224.0.0.251"; else echo "joins nothing"; fi
kill $!
wait || true
SH
user=()
if ((EUID)); then user=(--user --map-root-user); fi
visit() { unshare "${user[@]}" --net bash visit "$@"; }
{
    echo "page without WebRTC  $(visit plain.html)"
    echo "without flags        $(visit offer.html)"
    echo "by proxy alone       $(visit offer.html --proxy-server=http://127.0.0.1:3128 \
        '--proxy-bypass-list=<-loopback>' \
        --force-webrtc-ip-handling-policy=disable_non_proxied_udp)"
} >seen
cat seen
diff seen - <<'SEEN' && echo "as described"
page without WebRTC  joins nothing
without flags        joins 224.0.0.251
by proxy alone       joins 224.0.0.251
SEEN
