#!/usr/bin/env bash
# landfall manifest check and bench edifact: what is right is read, what is not is refused with its place; an endless
# segment is refused at its limit, in a process of fixed size.
set -euo pipefail
B=${LANDFALL_BUILD:?}
W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
fail() { echo "FAIL $*"; exit 1; }
check() { "$B/landfall" manifest check "$@"; }

head="UNB+UNOA:4+A+B+240310:0815+C'UNH+1+PAXLST:D:12B:UN:IATA'BGM+745'TDT+20+QX1+++QX'LOC+125+AAA'LOC+87+BBB'"
right="${head}NAD+FL+++DOE:JANE'ATT+2++F'DTM+329:800229'CNT+42:1'UNT+10+1'UNZ+1+C'"
mkdir "$W/all"
echo "$right" >"$W/all/right.edi"
echo "${right/UNT+10/UNT+11}" >"$W/all/wrong_count.edi"
echo "${right%UNZ*}" >"$W/all/cut.edi"
printf '%s\n' 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<' 'L898902C36UTO7408122F1204159ZE184226B<<<<<10' >"$W/all/mrz.txt"
printf 'FFM/8\n1/QX1\n' >"$W/all/ffm.txt"

out=$(check "$W/all/right.edi" "$W/all/mrz.txt") || fail "what is right: $out"
grep -qE 'right.edi +PAXLST +D:12B +1  read' <<<"$out" || fail "no line of the message: $out"
grep -qE 'mrz.txt +MRZ TD3 +- +1  valid' <<<"$out" || fail "no line of the zone: $out"
out=$(check "$W/all") && fail "a folder with wrong ones must not pass"
grep -qE "wrong_count.edi .*refused: segment 11 UNT, element 1, component 1, line 1, byte [0-9]+: .*11 said, 10 counted" <<<"$out" ||
        fail "wrong count: $out"
grep -qE "cut.edi .*refused: segment 12, .*ends before the trailers" <<<"$out" || fail "cut off: $out"
grep -qE "ffm.txt +Cargo-IMP .*refused" <<<"$out" || fail "Cargo-IMP: $out"
out=$(check --json "$W/all" || true)
python3 - "$out" <<'PY' || fail "JSON"
import json, sys
rows = {r["file"].rsplit("/", 1)[1]: r for r in json.loads(sys.argv[1])}
assert len(rows) == 5 and rows["right.edi"]["read"] and rows["right.edi"]["parties"] == 1
assert rows["wrong_count.edi"]["where"]["tag"] == "UNT" and rows["wrong_count.edi"]["where"]["segment"] == 11
assert rows["mrz.txt"]["mrz"]["format"] == "TD3" and rows["mrz.txt"]["mrz"]["faults"] == []
PY
out=$(check --travellers "$W/all/right.edi" "$W/all/mrz.txt") || fail "what was read: $out"
python3 - "$out" <<'PY' || fail "what was read"
import json, sys
message, zone = json.loads(sys.argv[1])
(who,) = message["travellers"][0]
assert who["names"] == [{"full": "JANE DOE", "family": "DOE", "given": "JANE"}] and who["births"] == ["1980-02-29"]
assert who["sex"] == "F" and message["legs"][0][0]["from"] == "AAA"
read = zone["fields"]
assert (read["family"], read["given"], read["number"]) == ("ERIKSSON", "ANNA MARIA", "L898902C3")
assert (read["birth"], read["expiry"], read["nationality"]) == ("740812", "120415", "UTO")
PY
# A row of a table that is not a zone of the format that it names is refused, not passed over.
printf 'TD3\tinvalid\tP<UTOERIKSSON|L898902C36\nTD2\tvalid\t%s|%s\n' 'I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<' \
        'D231458907UTO7408122F1204159<<<<<<<6' >"$W/zones.tsv"
out=$(check "$W/zones.tsv" || true)
grep -qE "zones.tsv:1 +MRZ TD3 .*refused: line 1: not as many lines" <<<"$out" || fail "a row without a zone: $out"
grep -q "with a label: 2, judged as it says: 2" <<<"$out" || fail "labels: $out"
check "$W/none.edi" >/dev/null && fail "a file that is not there"
check >/dev/null 2>&1 && fail "no file at all"

# 1 GB in one segment, from a pipe, in 64 MB of address space. (tr is cut off when the reader stops.)
out=$( (ulimit -v 65536; { printf '%s' "${head}FTX+"; head -c 1G /dev/zero | tr '\0' A; } 2>/dev/null | check /dev/stdin) || true)
grep -q "refused: segment 7 FTX, .*LF_MANIFEST_SEGMENT_MAX" <<<"$out" || fail "an endless segment: $out"

for isa in scalar avx2 ""; do
        [[ $isa != avx2 ]] || grep -qw avx2 /proc/cpuinfo || continue
        out=$(LANDFALL_ISA=$isa "$B/landfall" bench edifact "$W/all/right.edi" "$W/all/wrong_count.edi" --mib 2 --json 2>/dev/null) ||
                fail "bench edifact with isa '$isa'"
        for name in tokenise_mb_s typed_mb_s memory_scan_mb_s isa; do
                grep -q "\"$name\"" <<<"$out" || fail "bench edifact: no $name"
        done
done
"$B/landfall" bench edifact "$W/all/ffm.txt" >/dev/null 2>&1 && fail "nothing to measure with"
echo ok
