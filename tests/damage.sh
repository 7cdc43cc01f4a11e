#!/usr/bin/env bash
# One byte changed on disk: the verifier names the entry, and landfalld does not extend a damaged log.
. "$(dirname "$0")/system.sh"
system_start
plan 400 >"$W/plan"
check "400 queries are answered" "$B/landfall" check --lane "$W/gate-1" --quiet --in-flight 4 "$W/plan"
settle
harness_stop
check "the log verifies" audit_verifies

# flip FILE OFFSET: one bit of that byte
flip() {
        local byte; byte=$(od -An -tu1 -j"$2" -N1 "$1")
        printf "$(printf '\\x%02x' $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
named() { # TEXT...: the verifier finds damage, and says all of that
        local text; "$B/landfall" audit verify "$W/audit" >"$W/verified" 2>&1 && return 1
        for text in "$@"; do grep -q -- "$text" "$W/verified" || { cat "$W/verified"; return 1; }; done
}

# ---- tiles and bundles ------------------------------------------------------------------------------------------------
log=$W/audit/log/tile
flip "$log/entries/000" $((200 * 258 + 100))
check "a byte of entry 200 in its bundle: named" named 'entry 200' entries/000
flip "$log/entries/000" $((200 * 258 + 100))
flip "$log/0/000" $((123 * 32 + 5))
check "a byte of leaf hash 123 in its tile: named" named 'entry 123' 0/000
flip "$log/0/000" $((123 * 32 + 5))
check "mended: the log verifies" audit_verifies

# ---- the write-ahead log ------------------------------------------------------------------------------------------------
# Where entry 150 lies in segment 0: where its query id is, which stands in the bundle, too.
bytes=$(tail -c +$((150 * 258 + 2 + 16 + 1)) "$log/entries/000" | head -c 16 | od -An -v -tx1 | tr -d ' \n')
offset=$(LC_ALL=C grep -obUaP "$(sed 's/../\\x&/g' <<<"$bytes")" "$W/audit/wal/0000.seg" | head -1 | cut -d: -f1)
flip "$W/audit/wal/0000.seg" "$offset"
check "a byte of entry 150 in the write-ahead log: named" named 'entry 150' 0000.seg
# landfalld asks control for its options before it opens the log: it ends when it has seen the damage.
harness_start_dataplane
until_true 10 test -S "$RUN/dataplane.sock"
harness_start_control
ended() { ! kill -0 "$pid_landfalld" 2>/dev/null; }
check_eventually "landfalld refuses to start" 20 ended
check "not as if all were well" not wait "$pid_landfalld"
tail -n 3 "$W/landfalld.log"
check "and names entry, segment and offset" grep -qE 'entry 150 is damaged \(segment 0, offset [0-9]+' "$W/landfalld.log"
check "no lane is answered" not ask_is CANDIDATE desk-1 "$(person 1)"
check "nothing was written to the log" named 'entry 150' 0000.seg
harness_stop
flip "$W/audit/wal/0000.seg" "$offset"
check "mended: the log verifies" audit_verifies
check "landfalld starts" harness_start
check_eventually "lanes are answered" 5 ask_is CANDIDATE desk-1 "$(person 1)"
settle
check "the log goes on and verifies" audit_verifies
finish
