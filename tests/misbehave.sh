#!/usr/bin/env bash
# Lanes that misbehave, and malformed input: silence for what is not authenticated, a sealed word and an audit entry for what
# is.
. "$(dirname "$0")/system.sh"
system_start
views "$W/views.iso" "$W"/fingers/101_[1-8].iso "$W"/fingers/101_[1-8].iso
settle
before=$(entries)
trial gate-1 stranger
settle
check "strangers make no entry" test "$(entries)" = "$before"
trial gate-1 forged sizes replay retransmit
settle
check "four queries made four entries; forged, cut, replayed and retransmitted ones none" test "$(entries)" = $((before + 4))
trial gate-1 reuse clock
trial gate-1 --views "$W/views.iso" parts
settle
check "the counters add up" balanced

# ---- authenticated nonsense: a sealed answer and an entry -----------------------------------------------------------------
logged() { # VERDICT ANSWER: the answer's receipt is an entry of that verdict
        local leaf; leaf=$(sed -nE 's/.*"receipt": "([0-9a-f]{64})".*/\1/p' <<<"$2")
        grep -q "\"verdict\": *\"$1\"" <<<"$2" && "$B/landfall" audit receipt "$W/audit" "$leaf" >"$W/entry" && grep -q "$1" "$W/entry"
}
head -c 100 "$W/fingers/101_2.iso" >"$W/cut.iso"
answer=$(ask_finger gate-1 "$W/cut.iso")
settle
check "a template cut short: RETRY, with an entry" logged RETRY "$answer"
check "and what is wrong, where" grep -q '"offset": [0-9]' <<<"$answer"
scans=$(scans)
answer=$($IN "$B/landfall" lane query --lane "$W/gate-1" --agreement 1 --purpose asylum --fingerprint "$W/fingers/101_2.iso" --json)
settle
check "a purpose that the agreement forbids: REFUSED, with an entry" logged REFUSED "$answer"
answer=$($IN "$B/landfall" lane query --lane "$W/gate-1" --agreement 9 --purpose border-check --fingerprint "$W/fingers/101_2.iso" --json)
settle
check "an agreement that does not exist: REFUSED, with an entry" logged REFUSED "$answer"
check "no gallery was touched for them: $scans blocks before, $(scans) after" test "$scans" = "$(scans)"
check "the log verifies" audit_verifies
names() { # whether a listed name or a template's first bytes are anywhere in log or write-ahead log
        LC_ALL=C grep -rqaiF "$(person 1 | cut -d' ' -f1)" "$W/audit" || LC_ALL=C grep -rqaP 'FMR\x00' "$W/audit"
}
ask desk-1 "$(person 1)" >/dev/null; settle
check "the log holds no name and no template" not names
finish
