#!/usr/bin/env bash
# Neither size nor time tells a hit from a miss: an eavesdropper on the wire, and 100,000 answers.
. "$(dirname "$0")/system.sh"
# A tap on loopback would see several answers as the one message that the kernel cuts up for a wire.
ethtool -K lo tx-udp-segmentation off
system_start 20

check "landfall-evenness finds nothing in 100,000 answers" \
        "$B/landfall-evenness" --lane "$W/desk-1" --clear "$(stranger 1)" --candidate "$(person 7)" --count "${EVENNESS_COUNT:-100000}"
settle
check "the counters add up" balanced
"$B/landfall" top --once --run-dir "$RUN"
finish
