# Sourced first by the system tests: a network and a mount namespace of the test's own, a working folder, checks that are
# printed line by line, and a small site with invented fingers and people. Needs root.
((EUID == 0)) || { echo "FAIL needs root, for a network of its own"; exit 1; }
[[ -n ${LANDFALL_ALONE:-} ]] || LANDFALL_ALONE=1 exec unshare --net --mount "$0" "$@"
set -uo pipefail
ip link set lo up
S=${LANDFALL_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
B=${LANDFALL_BUILD:-$S/build}
W=$(mktemp -d /tmp/landfall-system.XXXXXX)
failures=0 checks=0
. "$S/tests/harness.sh"

leave() {
        local code=$?
        ((failures == 0)) || { for log in "$W"/*.log; do echo "--- ${log##*/}"; tail -n 15 "$log"; done; }
        harness_stop
        jobs -p | xargs -r kill -KILL 2>/dev/null
        wait 2>/dev/null
        [[ -z $(type -t clean_up) ]] || clean_up
        rm -rf "$W"
        exit "$code"
}
trap leave EXIT
trap 'exit 130' INT TERM

# check TEXT COMMAND...: a line that says ok or FAIL
check() {
        local text=$1; shift
        checks=$((checks + 1))
        if "$@"; then echo "ok   $text"; else echo "FAIL $text"; failures=$((failures + 1)); fi
}
check_eventually() { local text=$1 seconds=$2; shift 2; check "$text" until_true "$seconds" "$@"; }
give_up() { echo "FAIL $*"; failures=$((failures + 1)); exit 1; }
finish() { echo "$checks checks, $failures failed"; exit $((failures > 0)); }
not() { ! "$@"; }

# ---- a small site ------------------------------------------------------------------------------------------------
tab=$'\t'
id_of() { sed -n "s/^\([0-9a-f]*\)$tab$2\$/\1/p" "$1"; } # IDS-FILE NAME
# person N: the Nth invented person who is listed; stranger N: one who is not
person() { sed -nE "$1s/^[0-9]+,\"([^\",]+), ([^\"]+)\".*/\2 \1/p" "$W/list.csv"; }
stranger() { sed -nE "$1s/^[0-9]+,\"([^\",]+), ([^\"]+)\".*/\2 \1/p" "$W/others.csv"; }

system_feeds() { # [PEOPLE]: fingers 101 to 108, and PEOPLE (200) listed people
        mkdir -p "$W/fingers"
        "$B/landfall" generate fingers "$W/fingers" --seed 1
        "$B/landfall" generate people "$W/list.csv" --seed 3 --count "${1:-200}"
        "$B/landfall" generate people "$W/others.csv" --seed 4 --count 200
        harness_feed prints
        "$B/landfall" feed add "$W/feed-prints" --modality fingerprint --category 0 --ids "$W/prints.ids" \
                "$W"/fingers/10[1-8]_1.iso >/dev/null || return
        harness_publish prints
        harness_feed persons
        "$B/landfall" feed import-sdn "$W/feed-persons" --list "$W/list.csv" --category 2 --ids "$W/persons.ids" >/dev/null || return
        harness_publish persons
}

# The whole of it, up to an appliance that answers.
system_start() {
        harness_site && system_feeds "$@" && { [[ -z $TRAVELLERS ]] || harness_travellers; } && harness_config && harness_start || give_up "the appliance did not start"
}

# ---- asking and looking --------------------------------------------------------------------------------------------
status() { $IN "$B/landfall" status --run-dir "$RUN" "$@"; }
# number NAME: the first number of that name in `landfall status --json`
number() { status --json | sed -nE "s/^ *\"$1\": ([0-9]+),?\$/\1/p" | head -1; }
scans() { "$B/landfall" top --once --json --run-dir "$RUN" | sed -nE 's/.*"scan_blocks": ([0-9]+).*/\1/p' | awk '{ n += $1 } END { print n + 0 }'; }
# quiet: nothing in flight, and every entry in tiles
settled() {
        local s; s=$(status --json)
        [[ $s == *'"in_flight": 0,'* ]] &&
                [[ $(sed -nE 's/^ *"(entries|durable|consumed)": ([0-9]+),?$/\2/p' <<<"$s" | sort -u | wc -l) == 1 ]] &&
                [[ $(sed -n 2p "$W/audit/log/checkpoint") == "$(sed -nE 's/^ *"entries": ([0-9]+),?$/\1/p' <<<"$s" | head -1)" ]]
}
settle() { until_true 15 settled; }
entries() { sed -n 2p "$W/audit/log/checkpoint"; }
balanced() { grep -q '"balanced": true' <<<"$(status --json)"; }
audit_verifies() { "$B/landfall" audit verify "$W/audit" >>"$W/verify.log" 2>&1; }

# ask LANE NAME [OPTIONS]: about a person, one line of JSON
ask() { local lane=$1 name=$2; shift 2; $IN "$B/landfall" lane query --lane "$W/$lane" --agreement 2 --purpose sanctions --name "$name" --json "$@"; }
# ask_finger LANE FILE [OPTIONS]
ask_finger() { local lane=$1 file=$2; shift 2; $IN "$B/landfall" lane query --lane "$W/$lane" --agreement 1 --purpose border-check --fingerprint "$file" --json "$@"; }
is() { grep -q "\"verdict\": *\"$1\"" <<<"$(cat)"; } # VERDICT, of the answer on stdin
ask_is() { local verdict=$1; shift; ask "$@" 2>/dev/null | is "$verdict"; }
finger_is() { local verdict=$1; shift; ask_finger "$@" 2>/dev/null | is "$verdict"; }
trial() { # LANE ARGUMENTS...: each trial's own line counts as a check
        local lane=$1; shift
        $IN "$B/landfall-trial" --lane "$W/$lane" --fingerprint "$W/fingers/101_2.iso" --other "$W/fingers/102_2.iso" \
                --address "$CONTROL" --port "$UDP_PORT" "$@"
        local code=$?
        checks=$((checks + 1))
        ((code == 0)) || failures=$((failures + 1))
        return $code
}

# views OUT FILE...: the records of one finger as views of one record
views() {
        local out=$1 first=$2 size=24 f; shift
        for f in "$@"; do size=$((size + $(stat -c %s "$f") - 24)); done
        {
                head -c 8 "$first"
                printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((size >> 24)) $((size >> 16 & 255)) $((size >> 8 & 255)) $((size & 255)))"
                tail -c +13 "$first" | head -c 10
                printf "$(printf '\\x%02x' $#)"
                tail -c +24 "$first" | head -c 1
                for f in "$@"; do tail -c +25 "$f"; done
        } >"$out"
}

# plan N: N queries in turn about mates, strangers and names, each with what it must bring
plan() {
        local i f
        for ((i = 0; i < $1; i++)); do
                f=$((101 + i % 8))
                case $((i % 4)) in
                0) printf 'mate\t1\tborder-check\t%s\t-\t-\tCANDIDATE\t%s\n' "$W/fingers/${f}_2.iso" "$(id_of "$W/prints.ids" "${f}_1.iso")" ;;
                1) printf 'no-mate\t1\tborder-check\t%s\t-\t-\tCLEAR\t-\n' "$W/fingers/$((109 + i / 4 % 2))_2.iso" ;;
                2) printf 'listed\t2\tborder-check\t-\t%s\t-\tCANDIDATE\t-\n' "$(person $((1 + i % 5)))" ;;
                3) printf 'unlisted\t2\tborder-check\t-\t%s\t-\tCLEAR\t-\n' "$(stranger $((1 + i % 5)))" ;;
                esac
        done
}

# log_leaves: the leaf hashes of the log, one a line, in order. Only after settle.
log_leaves() {
        local f t=$W/audit/log/tile/0
        find "$t" -type f -not -path '*.p/*' | sort | xargs -r cat | od -An -v -tx1 -w32 | tr -d ' '
        f=$(find "$t" -type f -path '*.p/*' -printf '%h\n' | sort -u | tail -1)
        [[ -z $f || -f ${f%.p} ]] || od -An -v -tx1 -w32 "$f/$(ls "$f" | sort -n | tail -1)" | tr -d ' '
}
