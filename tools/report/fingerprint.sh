#!/usr/bin/env bash
# The fingerprint report: accuracy, error curves and speed, for each extractor of a data folder; two minutes each.
#   tools/report/fingerprint.sh LANDFALL DATA      writes tools/report/fingerprint.txt and fingerprint-NAME.svg
# tools/report/fingerprint-tuning.txt, which it quotes, is written by tools/report/fingerprint_tuning.sh.
set -euo pipefail
landfall=$1 data=$2 here=$(cd "$(dirname "$0")" && pwd)
load() { cut -d' ' -f1 /proc/loadavg; }
{
        echo "Fingerprint engine: accuracy and speed"
        echo
        echo "Made $(date -u '+%F %H:%M UTC') at commit $(git -C "$here" rev-parse --short HEAD) on$(
                grep -m1 'model name' /proc/cpuinfo | cut -d: -f2), $(nproc) processors, shared with others: load $(load)"
        echo "at the start, and beside each measurement of speed; speed is in processor time of one thread."
        echo
        echo "Data: public FVC 2002 DB1_B, DB3_B and FVC 2004 DB2_B, DB4_B; minutiae by three extractors. Each database:"
        echo "280 genuine and 2,880 impostor pairs."
        echo
        echo "What the tables of each extractor show are figures of all four databases, with parameters and a calibration"
        echo "that saw these four. What unseen databases may expect is in the next section: there each database is measured"
        echo "with parameters that were chosen on two others, and claims are checked on databases that the calibration did"
        echo "not see. Not tuned that way, but chosen on all four databases: how cylinders are coded, and the first stage with"
        echo "how much of a block it keeps. What it loses is no held-out figure."
        echo
        echo "== held out"
        echo
        cat "$here/fingerprint-tuning.txt"
        for dir in "$data"/fingerprint/*/; do
                name=$(basename "$dir")
                echo; echo "== $name"; echo
                (cd "$dir" && "$landfall" eval fingerprint */* --det "$here/fingerprint-$name.svg")
                echo
                echo "load $(load)"
                (cd "$dir" && "$landfall" bench fingerprint */* --gallery 1000000)
        done
} >"$here/fingerprint.txt"
