#!/usr/bin/env bash
# landfall bench packet, shortly: it measures, leaves nothing behind, and the figures hang together. No time is judged.
set -u
B=${LANDFALL_BUILD:?}
W=$(mktemp -d /tmp/landfall-test-bench-XXXXXX)
chmod 755 "$W" # as another user, too
trap 'rm -rf "$W"' EXIT
bad=0
complain() { echo "bench_packet: $*"; bad=1; }

for probe in document name; do
        TMPDIR=$W "$B/landfall" bench packet --json --seconds 0.1 --probe $probe --audit-dir "$W" >"$W/$probe.json" ||
                complain "--probe $probe: exit status $?"
        python3 - "$W/$probe.json" <<'END' || complain "--probe $probe: figures"
import json, sys
b = json.load(open(sys.argv[1]))
stages = "rx open purpose steer scan merge decide explain audit seal tx loop".split()
for load in (b, b["without_audit"]):
    assert load["queries_per_second"] > 0 and len(load["repeats"]) == 3 and load["spread"] >= 0
    assert load["answered"] > 0 and load["opened"] > 0 and load["wrong"] == 0, load
    assert load["sent"] <= load["answered"] + load["other"] + load["lost"], load
    assert 0 < load["core_busy"] <= 1 and 0 < load["of_limit"]
    assert list(load["cycles_per_query"]) == stages
    assert load["cycles_per_query"]["open"] > 0 and load["cycles_per_query"]["scan"] == 0
for name in "echo_per_second echo_limit_per_second open_seal_per_second limit_per_second".split():
    assert b[name] > 0, name
assert abs(1 / b["limit_per_second"] - 1 / b["echo_limit_per_second"] - 1 / b["open_seal_per_second"]) < 1e-9
assert abs(b["of_limit"] - b["queries_per_second"] / b["limit_per_second"]) < 1e-3
assert b["audit"]["commits_per_second"] > 0 and b["audit"]["entries_per_commit"] >= 1
assert b["sizes"]["query_datagram"] == 512 and b["sizes"]["burst"] > 0
assert b["cpu"] and b["isa"] and b["date"] and b["notes"] and b["probe"]
END
done
for arguments in "packet --seconds 0" "packet --probe finger" "packet more" "nothing" ""; do
        "$B/landfall" bench $arguments >/dev/null 2>&1
        [[ $? == 2 ]] || complain "bench $arguments: not exit status 2"
done
"$B/landfall" bench packet --help | grep -q -- --audit-dir || complain "--help"
"$B/landfall" bench packet --seconds 0.1 --audit-dir /nonexistent >/dev/null 2>&1
[[ $? == 1 ]] || complain "a directory that is not there: not exit status 1"
TMPDIR=$W "$B/landfall" bench packet --seconds 30 --audit-dir "$W" >/dev/null 2>&1 &
bench=$!
sleep 3 # somewhere in its middle
kill "$bench"
wait "$bench"
[[ $? == 1 ]] || complain "interrupted: not exit status 1"
left=$(find "$W" -mindepth 1 ! -name '*.json')
[[ -z $left ]] || complain "left behind: $left"
exit $bad
