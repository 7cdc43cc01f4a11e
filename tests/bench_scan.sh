#!/usr/bin/env bash
# landfall bench iris, face and fingerprint: run on small galleries, name their rows, and refuse what does not fit in memory.
set -euo pipefail
B=${LANDFALL_BUILD:?}
fail() { echo "FAIL $*"; exit 1; }
for isa in scalar avx2 ""; do
        [[ $isa != avx2 ]] || grep -qw avx2 /proc/cpuinfo || continue
        out=$(LANDFALL_ISA=$isa "$B/landfall" bench face --mib 4 --json) || fail "bench face with isa '$isa'"
        for name in read_bandwidth_gb_s of_limit isa probes_1 probes_64 probes_256 two_cores probes_64_two_cores against_one_core; do
                grep -q "\"$name\"" <<<"$out" || fail "bench face: no $name"
        done
done
out=$("$B/landfall" bench iris --mib 4 --json) || fail "bench iris"
for name in read_bandwidth_gb_s of_limit isa rotation_1 rotations_31_one_probe rotations_31_batch_8 rotations_31_two_stages mates_lost share_lost_at_most; do
        grep -q "\"$name\"" <<<"$out" || fail "bench iris: no $name"
done
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
"$B/landfall" generate fingers "$dir" --count 5 --impressions 3
out=$("$B/landfall" bench fingerprint "$dir" --gallery 300 --json) || fail "bench fingerprint"
for name in templates pairs_per_second first_stage_pairs_per_second second_stage_pairs_per_second bytes_per_template \
        enrol_per_second isa gallery search_seconds mates_lost; do
        grep -q "\"$name\"" <<<"$out" || fail "bench fingerprint: no $name"
done
grep -q '"templates": 15' <<<"$out" || fail "bench fingerprint: $out"
said=$(LANDFALL_ISA=none "$B/landfall" bench face --mib 4 2>&1) && fail "an instruction set that there is not"
grep -q "none of scalar" <<<"$said" || fail "an instruction set that there is not: $said"
said=$("$B/landfall" bench iris --mib 4 --numkong x 2>&1) && fail "bench iris takes --numkong"
! said=$("$B/landfall" bench face --mib 100000000 2>&1) || fail "a gallery larger than memory"
grep -q "does not fit" <<<"$said" || fail "need and have: $said"
echo ok
