#!/usr/bin/env bash
# The whole appliance on an af_xdp port: what is not Landfall's reaches the kernel, and kill -9 leaves nothing in the way of
# the next start.
. "$(dirname "$0")/system.sh"
# The lane stands outside, in this script's namespace; the appliance in one that ends with its last process.
unshare --net sleep 1000 & holder=$!
disown
clean_up() { kill -KILL "$holder"; }
IN="nsenter --target $holder --net"
until_true 5 test "$(readlink /proc/self/ns/net)" != "$(readlink /proc/$holder/ns/net)"
CONTROL=192.0.2.1
ip link add eth0 type veth peer name eth0 netns "$holder" && ip addr add 192.0.2.2/24 dev eth0 && ip link set eth0 up &&
        $IN ip addr add $CONTROL/24 dev eth0 && $IN ip link set eth0 up && $IN ip link set lo up || give_up "no network"
PORT="  kind: af_xdp
  interface: eth0
  udp_port: $UDP_PORT"
system_start
lane() { "$B/landfall" lane query --lane "$W/desk-1" --agreement 2 --purpose sanctions --name "$(person 1)" --json 2>/dev/null; }
lane_is() { is "$1" <<<"$(lane)"; }

check_eventually "a lane on the other end of the wire is answered" 10 lane_is CANDIDATE
check "status names the port" grep -q 'af_xdp' <(status)
# The kernel answers a datagram to a port where nobody listens by ICMP.
closed() {
        timeout 5 python3 -c "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.connect(('$CONTROL', $1)); s.send(b'hello')
try: s.recv(100)
except ConnectionRefusedError: sys.exit(0)
except OSError: pass
sys.exit(1)"
}
check "UDP to a closed port: the kernel says so" closed 5353
check "UDP to Landfall's port does not reach it" not closed "$UDP_PORT"
echo_once() { # UDP-PORT: something sent there from outside comes back from an ordinary socket
        rm -f "$W/echo"
        $IN timeout 5 python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('$CONTROL', $1))
print('bound', flush=True)
d, a = s.recvfrom(100); s.sendto(d, a)" >"$W/echo" & local server=$!
        until_true 5 grep -qs bound "$W/echo"
        timeout 5 python3 -c "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2)
s.sendto(b'hello', ('$CONTROL', $1)); sys.exit(s.recv(100) != b'hello')"
        local code=$?
        kill "$server" 2>/dev/null; wait "$server" 2>/dev/null
        return $code
}
check "UDP to another port reaches the kernel" echo_once 5353
check "TCP to the interface reaches the kernel: lanes exchange keys there" lane_is CANDIDATE

for i in 1 2 3; do
        kill -KILL "$pid_landfalld"; wait "$pid_landfalld" 2>/dev/null
        check_eventually "kill $i: no XDP program stays on the interface" 5 not grep -q xdp <($IN ip link show dev eth0)
        check "UDP to Landfall's port reaches the kernel then" echo_once "$UDP_PORT"
        harness_start_dataplane
        check_eventually "landfalld starts again and answers" 20 lane_is CANDIDATE
done
settle
check "the log verifies" audit_verifies
check "the counters add up" balanced
finish
