#!/usr/bin/env bash
# Without control, lanes that have a session are answered, flagged; when it is back everything goes on where it was. A
# broken configuration changes nothing, a valid one takes effect.
. "$(dirname "$0")/system.sh"
system_start
generation=$(number generation) ruleset=$(number ruleset)
status_is() { status >/dev/null; [[ $? == "$1" ]]; }

# ---- control is killed under a lane that asks --------------------------------------------------------------------
"$B/landfall" lane query --lane "$W/desk-1" --agreement 2 --purpose sanctions --name "$(person 1)" --repeat 1000 >"$W/asking" 2>&1 &
lane=$!
sleep 1
kill -KILL "$pid_control"; wait "$pid_control" 2>/dev/null
check_eventually "status says that control is gone, and exits 3" 10 status_is 3
status >"$W/said"
check "status names the cure" grep -q 'start landfall-control' "$W/said"
check "a lane without a session gets none" not ask_is CANDIDATE gate-1 "$(person 1)"
sleep 1.5
harness_start_control
check_eventually "control is back: status exits 0" 15 status_is 0
wait "$lane"
check "all 1000 queries were answered" test "$(grep -c receipt "$W/asking")" = 1000
degraded=$(grep -c degraded "$W/asking")
echo "     $degraded of 1000 answers flagged degraded"
check "answers without control carry the flag" test "$degraded" -gt 50
check "answers with it do not" test "$(head -3 "$W/asking" | grep -c degraded)$(tail -3 "$W/asking" | grep -c degraded)" = 00
check "the ruleset is the same" test "$(number ruleset)" = "$ruleset"
check "the generation has not gone back" test "$(number generation)" -ge "$generation"
check_eventually "a new session is given" 5 ask_is CANDIDATE gate-1 "$(person 1)"
check "the log went on" settle
check "and verifies" audit_verifies

# ---- configurations -------------------------------------------------------------------------------------------------
config_error() { grep -q '"config_error": "[^"]' <<<"$(status --json)"; }
before="$(number ruleset) $(number generation)"
line=$(grep -n 'threshold: "-6.7"' "$W/landfall.yaml" | cut -d: -f1)
cp "$W/landfall.yaml" "$W/good.yaml"
sed 's/threshold: "-6.7"/threshold: low/' "$W/good.yaml" >"$W/landfall.yaml"
"$B/landfall" verify "$W/landfall.yaml" >"$W/verified" 2>&1
check "landfall verify says file, line and column" grep -qE "landfall.yaml:$line:[0-9]+: " "$W/verified"
check_eventually "the running appliance says so too" 10 config_error
check "with line and column" grep -qE "landfall.yaml:$line:[0-9]+: " <(status)
check "its log has it" grep -qE "landfall.yaml:$line:[0-9]+: " "$W/control.log"
check "status exits 3" status_is 3
check "nothing has changed" test "$before" = "$(number ruleset) $(number generation)"
check "and queries are answered as before" ask_is CANDIDATE gate-1 "$(person 1)"
cp "$W/good.yaml" "$W/landfall.yaml"
check_eventually "mended: no error any more" 10 not config_error
check "the same ruleset as before" test "$before" = "$(number ruleset) $(number generation)"

# Agreement 2 loses a purpose; SIGHUP says so at once.
refused() { grep -q 'does not permit this purpose' <<<"$(ask gate-1 "$(person 1)" 2>/dev/null)"; }
awk '/^ *sanctions:$/ && !at { at = match($0, /[^ ]/); next }
     at > 0 && match($0, /[^ ]/) > at { next }
     { at = at ? -1 : 0; print }' "$W/good.yaml" >"$W/landfall.yaml"
check "the changed configuration is valid" "$B/landfall" verify "$W/landfall.yaml"
kill -HUP "$pid_control"
check_eventually "the purpose that it no longer permits is refused" 2 refused
check "the ruleset has a new number" test "$(number ruleset)" -gt "$ruleset"
check "status exits 0" status_is 0
check_eventually "the counters add up" 3 balanced
finish
