#!/usr/bin/env bash
# Travellers with several modalities, from feeds to answers: each alone and all together, strangers, a borrowed finger, probes
# that cannot be compared, and galleries that memory cannot hold.
PEOPLE=40 STRANGERS=12
TRAVELLERS="$PEOPLE $STRANGERS"
. "$(dirname "$0")/system.sh"
system_start
T=$W/travellers

reference() { awk -F"$tab" "\$1 == $1 { print \$3 }" "$T/travellers.tsv"; }
name() { awk -F"$tab" "\$1 == $1 { print \$4 }" "$T/travellers.tsv"; }
probes() { local n=$1 s; shift; for s in "$@"; do printf '%s,' "$T/probes/${n}_1.$s"; done | sed 's/,$//'; }
query() { printf '%s\t3\tborder-check\t%s\t%s\t-\t%s\t%s\n' "$@"; } # GROUP PROBES NAME EXPECTED RECORD
ask_files() { local lane=$1; shift; "$B/landfall" lane query --lane "$W/$lane" --agreement 3 --purpose border-check --json "$@"; }

for ((i = 1; i <= PEOPLE; i++)); do
        query all "$(probes $i iso iris face)" "$(name $i)" CANDIDATE "$(reference $i)"
        query finger-and-face "$(probes $i iso face)" - CANDIDATE "$(reference $i)"
        query iris "$(probes $i iris)" - "?" "$(reference $i)"
        query face "$(probes $i face)" - "?" "$(reference $i)"
done >"$W/mates.plan"
printf 'share\tiris\tRECORD\t0.9\t1\nshare\tface\tRECORD\t0.85\t1\n' >>"$W/mates.plan"
check "travellers are found: all modalities in one query, two, and each alone" \
        "$B/landfall" check --lane "$W/gate-1" --quiet "$W/mates.plan"
for ((i = PEOPLE + 1; i <= PEOPLE + STRANGERS; i++)); do
        query strangers "$(probes $i iso iris face)" "$(name $i)" "?" -
done >"$W/strangers.plan"
printf 'share\tstrangers\tCLEAR\t0.9\t1\n' >>"$W/strangers.plan"
check "strangers are not" "$B/landfall" check --lane "$W/gate-1" --quiet "$W/strangers.plan"

answer=$(ask_files gate-1 --fingerprint "$T/probes/1_1.iso" --iris "$T/probes/1_1.iris" --face "$T/probes/1_1.face" --name "$(name 1)")
for m in fingerprint iris face person; do
        check "the answer names what $m adds" grep -qE "\"$m\": [0-9]" <<<"$answer"
done
check "nothing contradicts" not grep -q contradiction <<<"$answer"
answer=$(ask_files gate-1 --iris "$T/probes/2_1.iris")
check "one modality alone has no shares" grep -q '"shares": {}' <<<"$answer"
# The finger of one, the face of another: the finger's record is not among the best faces, and is looked up.
answer=$(ask_files gate-1 --fingerprint "$T/probes/3_1.iso" --face "$T/probes/4_1.face")
check "a borrowed finger is a candidate" grep -q "$(reference 3)" <<<"$answer"
check "and the face speaks against it" grep -qE '"face": -[0-9]' <<<"$answer"
check "which the answer says" grep -q '"contradiction"' <<<"$answer"

# What cannot be compared.
retry() { # TEXT WHY FILE OPTION
        check "$1: RETRY, $2" grep -q "\"RETRY\".*$2\|$2.*\"RETRY\"" <<<"$(ask_files gate-1 "$4" "$3" | tr -d '\n')"
}
patch() { printf "$4" | dd of="$2" bs=1 seek="$3" conv=notrunc status=none; } # FILE COPY AT BYTES
for bad in model nan infinite zero cut; do cp "$T/probes/1_1.face" "$W/$bad.face"; done
patch "" "$W/model.face" 0 '\x02'
patch "" "$W/nan.face" 8 '\x00\x00\xc0\x7f'
patch "" "$W/infinite.face" 100 '\x00\x00\x80\x7f'
dd if=/dev/zero of="$W/zero.face" bs=1 seek=8 count=2048 conv=notrunc status=none
truncate -s 2000 "$W/cut.face"
retry "a face of another model" "made by a model that this gallery does not hold" "$W/model.face" --face
retry "a face that is not a number" "not finite" "$W/nan.face" --face
retry "an infinite face" "not finite" "$W/infinite.face" --face
retry "a face of zeroes" "not finite or out of range" "$W/zero.face" --face
retry "a cut face" "length" "$W/cut.face" --face
cp "$T/probes/1_1.iris" "$W/masked.iris"
for at in 264 780; do dd if=/dev/zero of="$W/masked.iris" bs=1 seek=$at count=256 conv=notrunc status=none; done
head -c 1000 "$T/probes/1_1.iris" >"$W/cut.iris"
retry "irises under closed lids" "too few valid bits" "$W/masked.iris" --iris
retry "a cut iris" "length" "$W/cut.iris" --iris
check "a feed takes none of them" not "$B/landfall" feed add "$W/feed-travellers-iris" --modality iris --category 0 "$W/masked.iris" "$W/cut.iris"

# Galleries that memory cannot hold are refused before they are loaded; those in force stay.
before=$(number generation)
sed -i '1i gallery_memory: 64 KiB' "$W/landfall.yaml"
"$B/landfall" feed heartbeat "$W/feed-travellers-iris"
"$B/landfall" generate irises "$W/more.records" --seed 77 --count 200
"$B/landfall" feed add "$W/feed-travellers-iris" --modality iris --category 0 --records "$W/more.records" >/dev/null
harness_publish travellers-iris
refused() { grep -q "the galleries need .* and have 64.0 KiB, as gallery_memory says" "$W/control.log"; }
check_eventually "too large a gallery is refused, with need and have" 15 refused
grep -o "cannot build generation.*" "$W/control.log" | tail -1
check "the status says so" grep -q "galleries need" <<<"$(status)"
check "verify --galleries says so beforehand" not "$B/landfall" verify --galleries "$W/landfall.yaml"
check "the generation in force stays, and answers" test "$(number generation)" = "$before"
check "it said so once, not with every try" test "$(grep -c 'the galleries need' "$W/control.log")" = 1
sed -i '1s/.*/gallery_memory: 1 GiB/' "$W/landfall.yaml"
newer() { [[ $(number generation) -gt $before ]]; }
check_eventually "with more memory it is loaded" 15 newer
check "verify --galleries finds room" "$B/landfall" verify --galleries "$W/landfall.yaml"
check "the counters add up" balanced
check "the log is settled" settle
check "and verifies" audit_verifies
finish
