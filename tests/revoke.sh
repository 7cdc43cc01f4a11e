#!/usr/bin/env bash
# Who gets no answer: a revoked lane, a lane of another site, and a session of another appliance.
. "$(dirname "$0")/system.sh"
LANES="gate-1 desk-1 desk-2"
system_start
first_run=$RUN first_w=$W first_port=$UDP_PORT

trial desk-2 --revoke "$B/landfall lane revoke desk-2 --site $W/site >/dev/null" revoked
check "it gets no new session either" grep -q 'the lane is revoked' <("$B/landfall" lane query --lane "$W/desk-2" --agreement 2 \
        --purpose sanctions --name "$(person 1)" 2>&1)
check "the others are answered" ask_is CANDIDATE desk-1 "$(person 1)"
drop() { status --json | sed -nE "s/^ *\"$1\": ([0-9]+),?\$/\1/p" | head -1; }
check "what it sent is counted as revoked" test "$(drop revoked)" -gt 0

# ---- a second site, whose lane comes to the first -----------------------------------------------------------------------
W=$first_w/second RUN=$first_w/second/run UDP_PORT=4772 KE_PORT=4771 METRICS_PORT=9474 LANES=gate-1
mkdir "$W"
PORT="  kind: udp
  address: $CONTROL
  udp_port: $UDP_PORT"
harness_site && system_feeds 20 && harness_config && harness_start || give_up "the second appliance did not start"
check "the second site's lane is answered at home" ask_is CANDIDATE gate-1 "$(person 1)"
cp -r "$W/gate-1" "$W/abroad"
sed -i 's/^port = .*/port = 4761/' "$W/abroad/lane.conf"
check "abroad it gets no session" grep -q "does not take this lane" <("$B/landfall" lane query --lane "$W/abroad" --agreement 2 \
        --purpose sanctions --name "$(person 1)" 2>&1)
# Nor does it when it trusts whoever answers.
cp "$first_w/gate-1/ca.pem" "$W/abroad/ca.pem"
sed -i "s/^appliance = .*/$(grep '^appliance = ' "$first_w/gate-1/lane.conf")/" "$W/abroad/lane.conf"
check "nor when it takes that site's authority for its own" grep -q "does not take this lane" <("$B/landfall" lane query \
        --lane "$W/abroad" --agreement 2 --purpose sanctions --name "$(person 1)" 2>&1)

# ---- a session of the second appliance, shown to the first ------------------------------------------------------------
"$B/landfall-wire" record "$W/recorded" >"$first_w/wire.log" & wire=$!
until_true 5 grep -q recording "$first_w/wire.log"
ask gate-1 "$(person 1)" >/dev/null
kill "$wire"; wait "$wire"
RUN=$first_run W=$first_w
settle
before=$(entries) forged=$(drop cookie_forged) unknown=$(drop cookie_key)
"$B/landfall-wire" resend "$W/second/recorded" "$CONTROL" "$first_port" >"$W/resent"
check "a session of another appliance: silence" grep -q ' 0 REBOOT notices, 0 other replies' "$W/resent"
check "counted as what it is" test $(($(drop cookie_forged) + $(drop cookie_key))) -gt $((forged + unknown))
settle
check "and no entry" test "$before" = "$(entries)"
check "the counters add up" balanced
finish
