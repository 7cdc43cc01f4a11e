#!/usr/bin/env bash
# A busy task planted on the CPU of a Landfall core is named, and makes status exit 3. Without landfall-observe that is
# said, and nothing else changes.
. "$(dirname "$0")/system.sh"
system_start
status_says() { grep -q -- "$1" <<<"$(status)"; }

check "without landfall-observe, status says that disturbance is not known" status_says 'landfall-observe does not run'
status >/dev/null; code=$?
check "and exits 0 all the same" test $code = 0
"$B/landfall" disturb --run-dir "$RUN" >"$W/said" 2>&1
check "landfall disturb says so, too" grep -q 'landfall-observe does not run' "$W/said"
check "lanes are answered" ask_is CANDIDATE desk-1 "$(person 1)"

start observe "$B/landfall-observe" --run-dir "$RUN"
check_eventually "landfall-observe watches" 15 not status_says 'is not known'
check "as no root, without a capability, with a filter" bare observe 2

# Two lanes keep the cores at work; the planted task wants one of their CPUs for itself.
plan 200 >"$W/plan"
keep_asking() { while [[ ! -f $W/stop ]]; do "$B/landfall" check --lane "$W/$1" --quiet --in-flight 8 "$W/plan" >/dev/null; done; }
keep_asking gate-1 & gate=$!
keep_asking desk-1 & desk=$!
cp "$(readlink -f /bin/sh)" "$W/planted"
cpu=$(status --json | sed -nE 's/^ *"cpu": ([0-9]+),?$/\1/p' | tail -1)
taskset -c "$cpu" "$W/planted" -c 'while :; do :; done' & planted=$!
check_eventually "status exits 3 when CPU $cpu has a planted task, and says why" 30 status_says '- disturbed: .*planted'
status >"$W/said"; code=$?
check "status exits 3" test $code = 3
grep disturb "$W/said"
"$B/landfall" disturb --seconds 2 --run-dir "$RUN" >"$W/said" 2>&1
check "landfall disturb names it" grep -q planted "$W/said"
cat "$W/said"
"$B/landfall" disturb --seconds 1 --run-dir "$RUN" --json >"$W/said" 2>&1
check "in JSON, too" grep -q '"planted"' "$W/said"
kill "$planted"; wait "$planted" 2>/dev/null
check_eventually "when it is gone, status no longer names it" 30 not status_says '- disturbed: .*planted'
touch "$W/stop"; wait "$gate" "$desk"

# landfall-observe ends: said, not fatal.
kill -KILL "$pid_observe"; wait "$pid_observe" 2>/dev/null
check_eventually "landfall-observe killed: said" 15 status_says 'disturbance is not known'
check "lanes are answered as before" ask_is CANDIDATE desk-1 "$(person 1)"
finish
