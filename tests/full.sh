#!/usr/bin/env bash
# The log cannot be written: answers stop, status says why and what cures it, and nothing that was answered is missing. A
# full disk is cured without a restart; a disk that fails stays failed until then.
. "$(dirname "$0")/system.sh"
clean_up() {
        umount -l "$W/audit/wal" "$W/audit/log" "$W/disk" 2>/dev/null
}
SEGMENT_SIZE="1 MiB" SEGMENTS=2 QUANTUM="1 ms" # 4,096 entries
harness_site
mkdir -p "$W/audit/log"
mount -t tmpfs -o size=256k tmpfs "$W/audit/log"
system_feeds 20 && harness_config && harness_start || give_up "the appliance did not start"
status_is() { status >/dev/null; [[ $? == "$1" ]]; }
# Four lanes ask, one query after the other; the receipts are kept. ask_until COMMAND...: until it is true.
start_asking() { # N: queries of each
        local i; asking=()
        for i in 1 2 3 4; do
                stdbuf -oL "$B/landfall" lane query --lane "$W/desk-1" --agreement 2 --purpose sanctions --name "$(person "$i")" \
                        --repeat "$1" >"$W/asked-$i" 2>&1 & asking+=($!)
        done
}
stop_asking() { # what was asked is in asked
        wait "${asking[@]}" 2>/dev/null
        cat "$W"/asked-* >"$W/asked"
        grep -oE 'receipt [0-9a-f]{64}' "$W/asked" | cut -d' ' -f2 >>"$W/receipts"
}
ask_until() {
        start_asking 1000000
        until_true 40 "$@"; local code=$?
        sleep 1 # some more, of which none may be answered
        kill "${asking[@]}"; stop_asking
        return $code
}
audit_is() { grep -q "\"state\": \"$1\"" <<<"$(status --json | sed -n '/"audit": {/,/}/p')"; }
in_the_log() { # every receipt is a leaf of the log
        log_leaves | sort >"$W/leaves"
        sort "$W/receipts" -o "$W/receipts"
        [[ $(comm -12 "$W/receipts" "$W/leaves" | wc -l) == $(wc -l <"$W/receipts") ]]
}

# ---- no room for tiles -----------------------------------------------------------------------------------------------
check "with room: answered" ask_is CANDIDATE desk-1 "$(person 1)"
# With so small a log it is full for moments already before that.
no_room() { audit_is full && grep -q 'No space left' <<<"$(status)"; }
check "answers stop when there is no room for tiles" ask_until no_room
answered=$(wc -l <"$W/receipts")
status >"$W/said"; code=$?
check "after $answered answers status exits 3" test $code = 3
check "says audit_full" grep -q audit_full "$W/said"
check "says what keeps the log from being written" grep -q 'No space left' "$W/said"
check "with the cure" grep -q 'make room' "$W/said"
check "asked again: no answer" not ask_is CANDIDATE gate-1 "$(person 2)"
check "counted as audit_full" test "$(number audit_full)" -gt 0
mount -o remount,size=64m "$W/audit/log"
check_eventually "with room again, status exits 0 without a restart" 20 status_is 0
check_eventually "and lanes are answered" 5 ask_is CANDIDATE gate-1 "$(person 2)"
start_asking 500; stop_asking
check "as often as they ask" test "$(grep -c receipt "$W/asked")" = 2000
check "the log is settled" settle
check "the log verifies" audit_verifies
check "every answer that was given is in it" in_the_log
check "the counters add up" balanced
harness_stop

# ---- the disk of the write-ahead log fails -----------------------------------------------------------------------------
# A disk in a file on a file system that has no room for it any more: every write fails.
cp -a "$W/audit/wal" "$W/wal" && mkdir "$W/disk" && mount -t tmpfs -o size=24m tmpfs "$W/disk" &&
        truncate -s 20M "$W/disk/image" && mkfs.ext4 -q -O ^has_journal "$W/disk/image" &&
        mount -o loop "$W/disk/image" "$W/audit/wal" && cp -a "$W"/wal/* "$W/audit/wal/" && chown nobody "$W/audit/wal" && sync ||
        give_up "no disk to fail"
harness_start || give_up "the appliance did not start again"
check_eventually "on the other disk: answered" 5 ask_is CANDIDATE desk-1 "$(person 1)"
settle
fail_disk() { fallocate -p -o 1M -l 19M "$W/disk/image"; dd if=/dev/zero of="$W/disk/filler" bs=64k 2>/dev/null; true; }
check "the disk fails" fail_disk
check "answers stop" ask_until audit_is failed
check "not one was given" not grep -q receipt "$W/asked"
status >"$W/said"; code=$?
check "status exits 3" test $code = 3
check "says audit_failed, why, and the cure" grep -A1 'audit_failed: .*No space left' "$W/said"
rm "$W/disk/filler"
check "a disk that works again is not trusted" not ask_is CANDIDATE gate-1 "$(person 2)"
check "counted as audit_failed" test "$(number audit_failed)" -gt 0
check "every answer that was given is in the log" in_the_log
finish
