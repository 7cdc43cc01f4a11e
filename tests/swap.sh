#!/usr/bin/env bash
# Records come and go while lanes ask without a pause: not one query is unavailable or wrong, what came is found, what went
# is not, and no generation is kept longer than a query needs it.
LANES="gate-1 desk-1 desk-2" # a lane of its own for single questions: a lane holds few sessions at a time
. "$(dirname "$0")/system.sh"
system_start
ROUNDS=16
"$B/landfall" generate people "$W/more.csv" --seed 5 --count "$ROUNDS"
newcomer() { sed -nE "$1s/^[0-9]+,\"([^\",]+), ([^\"]+)\".*/\2 \1/p" "$W/more.csv"; }
test_held() { [[ $(number generations_held) == 1 ]]; }
first=$(number generation)

# Two lanes ask, one plan after the other, until told to stop.
plan 1200 >"$W/plan"
keep_asking() { while [[ ! -f $W/stop ]]; do "$B/landfall" check --lane "$W/$1" --in-flight 8 "$W/plan" || return; done; }
keep_asking gate-1 >"$W/gate.checks" 2>&1 & gate=$!
keep_asking desk-1 >"$W/desk.checks" 2>&1 & desk=$!

for ((i = 1; i <= ROUNDS; i++)); do
        sed -n "${i}p" "$W/more.csv" >"$W/one.csv"
        "$B/landfall" feed import-sdn "$W/feed-persons" --list "$W/one.csv" --category 2 --ids "$W/more.ids" >/dev/null || give_up "feed import-sdn"
        harness_publish persons
        check_eventually "round $i: who was added is found" 10 ask_is CANDIDATE desk-2 "$(newcomer "$i")"
        if ((i % 2 == 0)); then
                "$B/landfall" feed remove "$W/feed-persons" "$(sed -n "${i}s/$tab.*//p" "$W/more.ids")" >/dev/null || give_up "feed remove"
                harness_publish persons
                check_eventually "round $i: who was removed is not" 10 ask_is CLEAR desk-2 "$(newcomer "$i")"
        fi
done
touch "$W/stop"
wait "$gate"; check "gate-1: not one query unavailable or wrong" test $? = 0
wait "$desk"; check "desk-1: not one query unavailable or wrong" test $? = 0
grep -h -A3 "^!" "$W"/*.checks | head -20
"$B/landfall" status --run-dir "$RUN" --drops | grep -E "^(audit|dropped +[1-9])"
echo "     $(cat "$W"/*.checks | sed -nE 's/^([0-9]+) queries, .*/\1/p' | awk '{ n += $1 } END { print n + 0 }') queries under load, generations $first to $(number generation)"
# A finger, too.
"$B/landfall" feed add "$W/feed-prints" --modality fingerprint --category 0 --ids "$W/prints.ids" "$W/fingers/109_1.iso" >/dev/null
harness_publish prints
check_eventually "a finger that was added is found" 10 finger_is CANDIDATE gate-1 "$W/fingers/109_2.iso"
check "two dozen generations" test $(($(number generation) - first)) -ge $((ROUNDS + ROUNDS / 2))
check_eventually "the old generations are let go" 5 test_held
check "the counters add up" balanced
check "the log is settled" settle
check "and verifies" audit_verifies
finish
