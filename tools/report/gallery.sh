#!/usr/bin/env bash
# What a large gallery costs to load, the way that a site does it: invented records are streamed into a feed, control builds the
# gallery from it, landfalld searches it. A site of its own on this machine's loopback (needs root, and room under /tmp: about
# 800 bytes a face, 900 an iris).
#   - seconds and peak memory of each process; of control also beyond the gallery itself, which must not be held twice
#   - one traveller is asked for among all of them
#   tools/report/gallery.sh faces|irises [COUNT [MOST [OPTIONS...]]]      (1000000; OPTIONS of `landfall generate`)
# MOST: it fails where control takes more than this many MiB beside the gallery and 200 bytes for each record.
KIND=${1:-faces} COUNT=${2:-1000000} MOST=${3:-}
more=("${@:4}")
TRAVELLERS="3 1" PEOPLE=3 QUANTUM=0
. "$(dirname "$0")/../../tests/system.sh"
case $KIND in
faces) modality=face options=(--int8) ;;
irises) modality=iris options=(--eyes 1) ;;
*) give_up "faces or irises, not $KIND" ;;
esac
origin=$W/feed-travellers-$modality
now() { local t; read -r t _ </proc/uptime; echo "${t/./}"; } # hundredths of a second
since() { echo "$(($(now) - $1))" | awk '{ printf "%.1f s", $1 / 100 }'; }
kib() { awk -v what="$2:" '$1 == what { print $2 }' "/proc/$1/status"; } # PID FIELD
mib() { awk -v kib="$1" 'BEGIN { printf "%.0f MiB", kib / 1024 }'; }
# watch PID: prints the greatest VmHWM until it ends
watch() { local peak=0 v; while v=$(kib "$1" VmHWM 2>/dev/null) && [[ -n $v ]]; do peak=$v; sleep 0.2; done; echo "$peak"; }

echo "$COUNT $KIND, load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) CPUs, $(awk '/^MemAvailable/ { printf "%.1f GiB available", $2 / 1048576 }' /proc/meminfo)"
harness_site && system_feeds 20 && harness_travellers || give_up "no site"
began=$(now)
mkfifo "$W/stream"
"$B/landfall" generate "$KIND" "$W/stream" --seed 5 --count "$COUNT" "${options[@]}" "${more[@]}" & generate=$!
"$B/landfall" feed add "$origin" --modality "$modality" --category 0 --records "$W/stream" >"$W/added" & feed=$!
watch $generate >"$W/generate.peak" &
watch $feed >"$W/feed.peak"
wait $generate && wait $feed || give_up "the records were not taken"
wait
cat "$W/added"
echo "generated and added in $(since "$began"): generate took $(mib "$(cat "$W/generate.peak")") at most, feed add $(mib "$(cat "$W/feed.peak")"); the feed is $(du -sh "$origin" | cut -f1)"
rm "$W/stream"
harness_publish "travellers-$modality"
harness_config || give_up "no configuration"

began=$(now)
harness_start_dataplane
until_true 10 test -S "$RUN/dataplane.sock" || give_up "no dataplane"
harness_start_control
until_true 3600 harness_ready || give_up "no gallery: $(tail -3 "$W/control.log")"
echo "loaded in $(since "$began")"
# The images of all shards: files in memory that control has mapped.
gallery=$(awk '/^[0-9a-f]+-[0-9a-f]+ / { mine = /landfall-shard/ } mine && $1 == "Size:" { n += $2 } END { print n + 0 }' "/proc/$pid_control/smaps")
peak=$(kib "$pid_control" VmHWM) beyond=$(($(kib "$pid_control" VmHWM) - gallery))
echo "galleries: $(mib "$gallery"); control took $(mib "$peak") at most, with the galleries ($(awk "BEGIN { printf \"%.2f\", $peak / $gallery }") times as much): $(mib $beyond) beyond them; landfalld $(mib "$(kib "$pid_landfalld" VmHWM)"), with the same"

# Irises in two stages: both eyes exactly, at 31 rotations among ten million, take longer than a lane waits (3 s) on two cores.
[[ $modality != iris ]] || printf '\1' | dd of="$W/travellers/probes/1_1.iris" bs=1 seek=3 conv=notrunc status=none
answer=$("$B/landfall" lane query --lane "$W/gate-1" --agreement 3 --purpose border-check --deadline 10000 --json \
        "--$modality" "$W/travellers/probes/1_1.$modality")
check "a traveller among them is found" grep -q "$(awk -F"$tab" '$1 == 1 { print $3 }' "$W/travellers/travellers.tsv")" <<<"$answer"
grep -o '"microseconds": *[0-9]*' <<<"$answer"
"$B/landfall" status --run-dir "$RUN" | grep -i "travellers-$modality"
[[ -z $MOST ]] || check "control holds the gallery once: no more than $MOST MiB and 200 bytes a record beyond it" \
        test $beyond -le $((MOST * 1024 + COUNT * 200 / 1024))
finish
