#!/usr/bin/env bash
# What a manifest costs, and what it costs the lanes: a site of its own on this machine's loopback (needs root).
#   - a PAXLST of 260 travellers: read, screened against a list, CUSRES written
#   - the p99 of a live lane without and with a manifest of 70,000 parties under way, in turns
# With ../shared/data (or LANDFALL_DATA) the list is OFAC's SDN list; without, it is invented, and it says so.
# Lanes are answered at once, as on a trusted link, where any delay shows; QUANTUM="5 ms" is what is configured otherwise.
#   tools/report/manifest.sh [PARTIES [QUERIES]]       (70000, and 1000 in a turn)
quantum=${QUANTUM:-0}
GATEWAY_KEYS=${GATEWAY_KEYS:-}
PARTIES=${1:-70000} QUERIES=${2:-1000}
. "$(dirname "$0")/../../tests/system.sh"
LANES="gate-1 desk-1 gateway-1" QUANTUM=$quantum D=$W/gateway
DATA=${LANDFALL_DATA:-$S/../shared/data}
mkdir -p "$W/fingers"
"$B/landfall" generate fingers "$W/fingers" --seed 1 --count 8 --impressions 1
"$B/landfall" generate people "$W/strangers.csv" --seed 9 --count 4000
"$B/landfall" generate people "$W/list.csv" --seed 8 --count 15000
list=(--list "$W/list.csv") what="15,000 invented people"
names=$(sed -nE 's/^[0-9]+,"([^"]+)".*/\1/p' "$W/strangers.csv")
if [[ -f $DATA/lists/sdn.csv ]]; then
        list=(--list "$DATA/lists/sdn.csv" --aliases "$DATA/lists/alt.csv") what="OFAC's SDN list"
        names=$(tail -n +2 "$DATA/names/not_listed_us.csv" | cut -d, -f1 | LC_ALL=C grep -E '^[A-Za-z ]+$' | awk 'NF > 1 { print $NF ", " $1 }')
fi
harness_site && harness_feed prints && harness_feed persons || give_up "no site"
"$B/landfall" feed add "$W/feed-prints" --modality fingerprint --category 0 "$W"/fingers/* >/dev/null
"$B/landfall" feed import-sdn "$W/feed-persons" "${list[@]}" --category 2 >/dev/null
harness_publish prints; harness_publish persons
harness_config && harness_start && harness_start_gateway || give_up "the appliance did not start"
until_true 10 grep -q "has a session" "$W/gateway.log"
quantiles() { sort -n | awk '{ v[NR] = $1 } END { printf "p50 %d us, p99 %d us, %d answers", v[int(NR * 0.5) + 1], v[int(NR * 0.99) + 1], NR }'; }
p99() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int(NR * 0.99) + 1] }'; }
live() { "$B/landfall" lane query --lane "$W/gate-1" --agreement 2 --purpose border-check --name "$(head -1 <<<"$names")" --repeat "$1" --json |
        sed -nE 's/.*"microseconds": ([0-9]+).*/\1/p'; }
echo "against $what, answer_quantum $QUANTUM, load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) CPUs"

head -260 <<<"$names" | harness_paxlst M260 >"$W/m260"
for i in {1..11}; do
        "$B/landfall" manifest screen "$W/m260" --gateway "$D" --json |
                sed -nE 's/.*"(read|screen|cusres|round_trip)": ([0-9]+).*/\2/p' | paste -sd' ' | awk '{ print $1 + $2 + $3, $1, $2, $3, $4 }'
done | sort -n | sed -n 6p | awk '{ printf "260 travellers: %d us (read %d, screened %d, CUSRES %d), median of 11; for who asked, until the report came: %d us\n", $1, $2, $3, $4, $5 }'

# Turns of live queries while the gateway is stopped and while it works on the manifest: what the machine does otherwise is
# the same for both.
while cat <<<"$names"; do :; done 2>/dev/null | head -n "$PARTIES" | harness_paxlst M70000 >"$W/big"
cp "$W/big" "$D/in/.big"; mv "$D/in/.big" "$D/in/big"
began=$(date +%s%N) stopped=0 turns=0
finished() { grep -q "^landfall-gateway: big: .* clear" "$W/gateway.log"; }
alone() {
        local from=$(date +%s%N)
        kill -STOP "$pid_gateway"; live "$QUERIES" >"$W/turn.alone"; kill -CONT "$pid_gateway"
        stopped=$((stopped + $(date +%s%N) - from))
}
beside() { live "$QUERIES" >"$W/turn.beside"; }
while ! finished && (($(date +%s%N) - began < 400000000000)); do
        if ((turns++ % 2)); then alone; beside; else beside; alone; fi
        for i in alone beside; do cat "$W/turn.$i" >>"$W/$i"; done
        echo "$(p99 "$W/turn.alone") $(p99 "$W/turn.beside")" >>"$W/turns"
done
took=$((($(date +%s%N) - began - stopped) / 1000000))
grep "^landfall-gateway: big: .* clear" "$W/gateway.log"
echo "a manifest of $PARTIES parties took $took ms beside a live lane that asks without a pause"
echo "a live lane without it: $(quantiles <"$W/alone")"
echo "a live lane beside it:  $(quantiles <"$W/beside")"
awk '{ print $2 / $1 }' "$W/turns" | sort -n | awk '{ v[NR] = $1 } END {
        printf "p99 beside it, turn by turn: %+.0f%% (median of %d turns; quartiles %+.0f%% and %+.0f%%); at most +20%%\n",
                100 * v[int((NR + 1) / 2)] - 100, NR, 100 * v[int((NR + 3) / 4)] - 100, 100 * v[int((3 * NR + 1) / 4)] - 100 }'
