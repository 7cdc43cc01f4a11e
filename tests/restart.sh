#!/usr/bin/env bash
# kill -9 of landfalld and what comes after: everything recorded before brings nothing, an honest lane goes on, what was
# answered is in the log, nothing is there twice.
. "$(dirname "$0")/system.sh"
system_start
views "$W/views.iso" "$W"/fingers/101_[2-8].iso
plan 120 >"$W/plan"

restart() { # kills landfalld as the kernel would, starts it again, waits for control to have come back
        kill -KILL "$pid_landfalld"; wait "$pid_landfalld" 2>/dev/null
        harness_start_dataplane
        until_true 20 harness_ready
}

# ---- everything that was recorded, sent again ----------------------------------------------------------------------
"$B/landfall-wire" record "$W/recorded" >"$W/wire.log" & wire=$!
until_true 5 grep -q recording "$W/wire.log"
check "queries of every kind are answered" "$B/landfall" check --lane "$W/gate-1" --quiet "$W/plan"
check "a query in parts is answered" finger_is CANDIDATE desk-1 "$W/views.iso"
trial gate-1 replay retransmit reuse clock
kill "$wire"; wait "$wire" 2>/dev/null
cat "$W/wire.log"
settle
check "landfalld is killed and starts again" restart
check_eventually "it answers again" 10 ask_is CANDIDATE desk-1 "$(person 3)"
settle
before=$(entries) scans=$(scans)
check "what was recorded brings nothing but REBOOT" "$B/landfall-wire" resend "$W/recorded" "$CONTROL" "$UDP_PORT"
settle
check "no new audit entry: $before before, $(entries) after" test "$before" = "$(entries)"
check "no gallery was touched: $scans blocks scanned before, $(scans) after" test "$scans" = "$(scans)"
check "the counters add up" balanced

# ---- lanes that ask while landfalld dies, again and again ------------------------------------------------------------
lanes=()
for i in 1 2 3 4; do
        "$B/landfall" lane query --lane "$W/desk-1" --agreement 2 --purpose sanctions --name "$(person "$i")" --repeat 1500 \
                >"$W/asking-$i" 2>&1 & lanes+=($!)
done
for i in 1 2 3 4 5; do
        sleep 1.5
        check "kill $i: landfalld starts again" restart
done
for lane in "${lanes[@]}"; do wait "$lane"; done
grep -ohE 'receipt [0-9a-f]{64}' "$W"/asking-* | cut -d' ' -f2 | sort >"$W/receipts"
answered=$(wc -l <"$W/receipts")
unavailable=$(grep -c UNAVAILABLE "$W"/asking-* | cut -d: -f2 | awk '{ n += $1 } END { print n + 0 }')
echo "     $answered answers, $unavailable times none"
check "the lanes went on by themselves" test "$answered" -gt 5900
check "each ended with an answer" test "$(tail -qn1 "$W"/asking-* | grep -c receipt)" = 4
check "the log is settled" settle
check "the log verifies" audit_verifies
log_leaves | sort >"$W/leaves"
check "the log holds as many leaves as its checkpoint says" test "$(wc -l <"$W/leaves")" = "$(entries)"
check "no leaf is in it twice" test -z "$(uniq -d "$W/leaves")"
check "every answer's receipt is a leaf of the log, once" test "$(comm -12 "$W/receipts" "$W/leaves" | wc -l)" = "$answered"
for receipt in $(shuf -n 3 "$W/receipts"); do
        check "landfall audit receipt ${receipt:0:16}… is in the signed log" \
                grep -q 'included in the signed checkpoint' <("$B/landfall" audit receipt "$W/audit" "$receipt")
done
finish
