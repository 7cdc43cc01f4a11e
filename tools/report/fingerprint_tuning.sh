#!/usr/bin/env bash
# Tunes the fingerprint engine's second stage with databases held out, and fits its calibration; some five minutes.
#   tools/report/fingerprint_tuning.sh BUILD DATA      writes tools/report/fingerprint-tuning.txt
# What comes out is frozen by hand: the middle of the choices in matcher/fingerprint_score.c, the calibration in
# matcher/fingerprint_calibration.c. Run again, it says whether that was done.
set -euo pipefail
build=$1 data=$2 here=$(cd "$(dirname "$0")" && pwd)
{
        echo "Tuned $(date -u '+%F %H:%M UTC') at commit $(git -C "$here" rev-parse --short HEAD)."
        "$build/tools/landfall-tune" "$data/fingerprint"
} >"$here/fingerprint-tuning.txt"
