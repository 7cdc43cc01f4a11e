#!/usr/bin/env bash
# landfall-control against the real landfalld and a real lane: changes while running, and the loss of either side.
set -u
B=$LANDFALL_BUILD W=$(mktemp -d /tmp/landfall-control.XXXXXX)
UDP_PORT=14862 KE_PORT=14861 METRICS_PORT=19564 SEGMENT_SIZE="1 MiB"
CORES="  - { cpu: 0, roles: [io, match] }"
. "$LANDFALL_SOURCE/tests/harness.sh"
bad=0
trap 'harness_stop; ((bad)) || rm -rf "$W"' EXIT
expect() { # TEXT COMMAND...
        local text=$1; shift
        if "$@"; then echo "ok: $text"; else echo "FAILED: $text"; bad=1; fi
}

status() { "$B/landfall" status --run-dir "$RUN" "$@"; }
metric() { "$B/landfall" status --run-dir "$RUN" --json | sed -nE "s/^  \"$1\": ([0-9]+).*/\1/p"; }
ask() { "$B/landfall" lane query --lane "$W/$1" --agreement 2 --purpose sanctions --name "$2" 2>&1; }
not_for() { # UID FILE...: none can be read by that user
        local uid=$1 f; shift
        for f in "$@"; do [[ -e $f ]] && ! setpriv --reuid "$uid" --clear-groups --regid "$uid" cat "$f" >/dev/null 2>&1 || return 1; done
}
verdict() { ask "$1" "$2" | grep -q "^$3"; }
says() { status | grep -q -- "$1"; }
page() { exec 3<>"/dev/tcp/127.0.0.1/$METRICS_PORT" && printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3 && cat <&3; exec 3>&-; }

harness_site && harness_feed prints && harness_feed persons || exit 1
mkdir "$W/fingers"
"$B/landfall" generate fingers "$W/fingers" --seed 5 --count 2 --impressions 1
"$B/landfall" feed add "$W/feed-prints" --modality fingerprint --category 0 --ids "$W/prints.ids" "$W"/fingers/* >/dev/null
"$B/landfall" generate people "$W/list.csv" --seed 6 --count 200
"$B/landfall" generate people "$W/more.csv" --seed 7 --count 20
"$B/landfall" feed import-sdn "$W/feed-persons" --list "$W/list.csv" --category 2 --ids "$W/persons.ids" >/dev/null
harness_publish prints; harness_publish persons
harness_config || exit 1
cat >>"$W/landfall.yaml" <<-END
	officers:
	  - { number: 1, name: officer-1, roles: [officer], agreements: [watchlist, sanctions] }
	  - { number: 2, name: officer-2, roles: [officer], agreements: [watchlist] }
END
listed=$(sed -n 3p "$W/list.csv" | cut -d'"' -f2) later=$(sed -n 3p "$W/more.csv" | cut -d'"' -f2)

# Control alone first: it waits, and says so.
harness_start_control
until_true 10 test -s "$RUN/control.json"
status >"$W/alone.txt"
expect "without landfalld: unreachable" test $? = 4
expect "and says what is missing" grep -q "no landfalld behind" "$W/alone.txt"
harness_start_dataplane
expect "landfalld comes later and is supplied" until_true 30 harness_ready
expect "a listed name" until_true 5 verdict gate-1 "$listed" CANDIDATE
expect "a name that is not listed yet" verdict gate-1 "$later" CLEAR
expect "status is ok" until_true 5 status
if ((EUID == 0)); then
        expect "landfalld is no root, has no capability, no core dumps, a filter" bare landfalld 2
        expect "landfall-control is no root, has no capability, no core dumps" bare control
        expect "each has a user of its own" test "$(uid_of landfalld)" != "$(uid_of control)"
        expect "keys of control's are locked" grep -qE 'VmLck:\s+[1-9]' "/proc/$pid_control/status"
        expect "landfalld's user cannot read the site's keys" not_for "$(uid_of landfalld)" "$W/site/wal.key" "$W/site/state/control"
fi

# A configuration that is not valid changes nothing.
ruleset=$(metric ruleset)
cp "$W/landfall.yaml" "$W/good.yaml"
sed -i 's/candidates: 3/candidates: 33/' "$W/landfall.yaml"
expect "a wrong configuration is named by line and column" until_true 5 grep -qE 'landfall.yaml:[0-9]+:[0-9]+: candidates "33"' "$W/control.log"
expect "and shown as a reason to be degraded" until_true 5 says "the configuration is not valid"
expect "the law is as before" test "$(metric ruleset)" = "$ruleset"
expect "and answers go on" verdict gate-1 "$listed" CANDIDATE
sed 's/categories: \[sanctioned\]/categories: [wanted]/' "$W/good.yaml" >"$W/landfall.yaml"
expect "a changed law is taken over" until_true 5 grep -q "ruleset $((ruleset + 1))" "$W/control.log"
expect "and applied" until_true 5 verdict gate-1 "$listed" "REFUSED\|CLEAR"
cp "$W/good.yaml" "$W/landfall.yaml"
kill -HUP "$pid_control"
expect "and back" until_true 5 verdict gate-1 "$listed" CANDIDATE

# News of a feed.
generation=$(metric generation)
"$B/landfall" feed import-sdn "$W/feed-persons" --list "$W/more.csv" --category 2 --ids "$W/persons.ids" >/dev/null
harness_publish persons
expect "a new record is found" until_true 15 verdict gate-1 "$later" CANDIDATE
expect "in a later generation" test "$(metric generation)" -gt "$generation"

# A lane is revoked.
"$B/landfall" lane revoke gate-1 --site "$W/site" >/dev/null
sleep 1
expect "a revoked lane gets nothing after a second" bash -c "! '$B/landfall' lane query --lane '$W/gate-1' --agreement 2 --purpose sanctions --name x >/dev/null 2>&1"
expect "the other lane goes on" verdict desk-1 "$listed" CANDIDATE

# landfalld dies; control supplies the next one.
kill -9 "$pid_landfalld"; wait "$pid_landfalld" 2>/dev/null
expect "its end is seen" until_true 5 bash -c "'$B/landfall' status --run-dir '$RUN' >/dev/null; test \$? = 4"
harness_start_dataplane
expect "the next one is supplied" until_true 15 harness_ready
expect "and answers" until_true 5 verdict desk-1 "$later" CANDIDATE

# Control dies; the next one goes on with higher numbers.
generation=$(metric generation) ruleset=$(metric ruleset)
kill -9 "$pid_control"; wait "$pid_control" 2>/dev/null
expect "its loss is shown" until_true 10 says "does not run any more"
expect "and is no loss to landfalld" test "$(metric generation)" = "$generation"
harness_start_control
higher() { (($(metric generation) > generation)); }
expect "the next one builds a later generation" until_true 15 higher
expect "under the same law" test "$(metric ruleset)" = "$ruleset"
expect "and lanes are answered" until_true 5 verdict desk-1 "$listed" CANDIDATE
sleep 2
expect "built once" test "$(metric generation)" = $((generation + 1))

# A warrant for two uses has two, whatever starts again in between: landfalld, control, or (the run directory is empty) the
# machine.
sed -i 's/^      sanctions:$/      law-enforcement:\n        categories: [sanctioned]\n        needs: [warrant]\n      missing-person:\n        categories: [sanctioned]\n        needs: [officer]\n&/' "$W/landfall.yaml"
cat >>"$W/landfall.yaml" <<-END
	warrants:
	  - { reference: 8f14e45fceea167a5a36dedd4bea2543, not_after: 2034-01-01, uses: 2, agreements: [sanctions], purposes: [law-enforcement] }
END
kill -HUP "$pid_control"
warranted() { # VERDICT
        "$B/landfall" lane query --lane "$W/desk-1" --agreement 2 --purpose law-enforcement --name "$listed" \
                --warrant 8f14e45fceea167a5a36dedd4bea2543 2>&1 | grep -q "^$1"
}
expect "under a warrant: answered" until_true 5 warranted CANDIDATE
kill -9 "$pid_landfalld"; wait "$pid_landfalld" 2>/dev/null
harness_start_dataplane
expect "landfalld starts again" until_true 20 harness_ready
expect "a second time: answered" until_true 5 warranted CANDIDATE
expect "not a third time" warranted REFUSED
until_true 5 test "$W/site/state/limits" -nt "$W/site/state/control"; sleep 1.5
kill -9 "$pid_landfalld" "$pid_control"; wait "$pid_landfalld" "$pid_control" 2>/dev/null
rm -rf "$RUN"
harness_start_dataplane
until_true 10 test -S "$RUN/dataplane.sock"
harness_start_control
expect "all start again, with an empty run directory" until_true 20 harness_ready
expect "nor after that" until_true 5 warranted REFUSED
expect "other questions are answered" until_true 5 verdict desk-1 "$listed" CANDIDATE

# The clock is set two hours forward: what is kept of it says that it was two hours less. Both start again.
kill -9 "$pid_control" "$pid_landfalld"; wait "$pid_control" "$pid_landfalld" 2>/dev/null
rm -f "$RUN/counters" # the page of the last one knows better
awk '/^(clock_began|legal_time) / { $2 -= 7200 } { print }' "$W/site/state/control" >"$W/state" && cat "$W/state" >"$W/site/state/control"
harness_start_dataplane; harness_start_control
expect "they start" until_true 20 harness_ready
behind() { status | grep -qE 'legal time does not follow and is 7[01][0-9]{2} s behind'; }
expect "legal time follows for a minute and not for two hours" until_true 5 behind
expect "lanes are answered" until_true 5 verdict desk-1 "$listed" CANDIDATE
officer() { "$B/landfall" officer "$@" --config "$W/landfall.yaml"; }
officer token officer-1 >"$W/first" && officer token officer-2 >"$W/second"
by_officer() { "$B/landfall" lane query --lane "$W/desk-1" --agreement 2 --purpose missing-person --name "$listed" "$@" 2>&1; }
expect "what needs an officer is refused without" grep -q '^REFUSED' <(by_officer)
expect "and answered with the officer's token" grep -q '^CANDIDATE' <(by_officer --officer-token "$W/first")
expect "but not with that of one who has no part in the agreement" grep -q '^REFUSED' <(by_officer --officer-token - <"$W/second")
expect "one officer is not enough" grep -q 'second officer' <(officer clock "$W/first")
expect "nor is one who says it twice" grep -q 'second officer' <(officer clock "$W/first")
forged=$(<"$W/second"); forged=${forged::-2}00
expect "nor a token that is forged" grep -q 'not a token that is valid' <(officer clock - <<<"$forged" 2>&1)
expect "nor what is no token" grep -q 'holds no token; name a file' <(officer clock "$W/landfall.yaml" 2>&1)
expect "legal time stays" behind
expect "two officers are" grep -q 'has gone 7[01][0-9][0-9] s forward' <(officer clock - <"$W/second")
expect "legal time follows" until_true 5 bash -c "! '$B/landfall' status --run-dir '$RUN' | grep -q 'legal time'"
expect "control says by whose word" grep -q 'officers 1 and 2: legal time goes' "$W/control.log"
clock_entry() { # among the last ten
        local n i; n=$(sed -n 2p "$W/audit/log/checkpoint")
        for ((i = n - 1; i >= 0 && i > n - 10; i--)); do
                grep -q '"kind": *"clock"' <("$B/landfall" audit show "$W/audit" "$i" --json) && return
        done
        return 1
}
expect "and so does the audit log" until_true 5 clock_entry
kill -9 "$pid_control" "$pid_landfalld"; wait "$pid_control" "$pid_landfalld" 2>/dev/null
harness_start_dataplane; harness_start_control
expect "both start again" until_true 20 harness_ready
expect "and legal time is the clock's" until_true 5 bash -c "! '$B/landfall' status --run-dir '$RUN' | grep -q 'legal time'"

expect "metrics" grep -q '^landfall_up 1' <(page /metrics)
healthy() { grep -q '^ok' <(page /healthz); }
expect "health" until_true 5 healthy
expect "nothing else" grep -q '404' <(page /etc/passwd)

kill -TERM "$pid_control"; wait "$pid_control"
expect "a clean end" test $? = 0
expect "leaves no socket" test ! -e "$RUN/control.sock"
((bad)) && tail -n 30 "$W"/*.log
exit $bad
