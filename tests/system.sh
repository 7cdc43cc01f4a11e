# Sourced first by the system tests: a network and a mount namespace of the test's own, a working folder, checks that are
# printed line by line, and a small site with invented fingers and people. Needs root.
((EUID == 0)) || { echo "FAIL needs root, for a network of its own"; exit 1; }
[[ -n ${LANDFALL_ALONE:-} ]] || LANDFALL_ALONE=1 exec unshare --net --mount "$0" "$@"
set -uo pipefail
ip link set lo up
S=${LANDFALL_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
B=${LANDFALL_BUILD:-$S/build}
W=$(mktemp -d /tmp/landfall-system.XXXXXX)
failures=0 checks=0
. "$S/tests/harness.sh"

leave() {
        local code=$?
        ((failures == 0)) || { for log in "$W"/*.log; do echo "--- ${log##*/}"; tail -n 15 "$log"; done; }
        harness_stop
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
        harness_site && system_feeds "$@" && harness_config && harness_start || give_up "the appliance did not start"
}

# ---- asking and looking --------------------------------------------------------------------------------------------
status() { $IN "$B/landfall" status --run-dir "$RUN" "$@"; }
# number NAME: the first number of that name in `landfall status --json`
number() { status --json | sed -nE "s/^ *\"$1\": ([0-9]+),?\$/\1/p" | head -1; }
scans() { "$B/landfall" top --once --json --run-dir "$RUN" | sed -nE 's/.*"scan_blocks": ([0-9]+).*/\1/p' | paste -sd+ | bc; }
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
