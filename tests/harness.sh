# Sourced by tools/demo and by the system tests: makes a whole site in a folder and runs the appliance on it.
#
# The caller sets:  B  the build folder    W  an empty working folder
# and may set:      CONTROL  where lanes reach control and the dataplane (127.0.0.1)
#                   IN       a command that runs its arguments where the appliance lives ("ip netns exec x")
#                   PORT     the port's lines of the configuration (udp on CONTROL)
#                   QUANTUM  answer_quantum (5 ms)
#                   LANES    lanes to enrol ("gate-1 desk-1")
#                   TRAVELLERS  "ENROLLED STRANGERS": agreement 3, whose four datasets are of whole travellers
#                   RESCREENING  of agreement 2 (same)
#                   OFFICERS  "NAME:ROLE ...", numbered from 1
#                   GATEWAY_WINDOW, GATEWAY_RECIPIENT, GATEWAY_KEYS  of landfall-gateway, if gateway-1 is one of LANES
#                   THRESHOLD_FINGERPRINT, THRESHOLD_PERSON  (-4.0, -6.7)
# Everything it starts, harness_stop stops.

: "${CONTROL:=127.0.0.1}" "${IN:=}" "${QUANTUM:=5 ms}" "${LANES:=gate-1 desk-1}"
: "${TRAVELLERS:=}" "${THRESHOLD_FINGERPRINT:=-4.0}" "${THRESHOLD_PERSON:=-6.7}" "${UDP_PORT:=4762}" "${KE_PORT:=4761}" "${METRICS_PORT:=9464}"
: "${OFFICERS:=}" "${RESCREENING:=same}" "${GATEWAY_WINDOW:=72 h}" "${GATEWAY_RECIPIENT:=EXAMPLE-AIR}" "${GATEWAY_KEYS:=}"
: "${SEGMENT_SIZE:=16 MiB}" "${SEGMENTS:=4}" "${QUERIES_PER_SECOND:=100000}"
# not as defaults in braces: a } in one would end it
[[ -n ${PORT:-} ]] || PORT="  kind: udp
  address: $CONTROL
  udp_port: $UDP_PORT"
[[ -n ${CORES:-} ]] || CORES="  - { cpu: 0, roles: [io, match] }
  - { cpu: 1, roles: [match] }"
RUN=$W/run
pids=()

say() { printf '%s\n' "$*" >&2; }

# until SECONDS COMMAND...: waits for it to succeed
until_true() {
        local end=$((SECONDS + $1)); shift
        while ! "$@" >/dev/null 2>&1; do ((SECONDS < end)) || return 1; sleep 0.05; done
}

# harness_feed NAME: an originator with its signed feed; fill it with `landfall feed add`, then harness_publish
harness_feed() { "$B/landfall" feed init "$W/feed-$1" --name "$1.example/feed"; }
# An originator's folder is its own; what it publishes is for control to read.
harness_publish() { chmod 711 "$W/feed-$1"; "$B/landfall" feed keyring "$W/feed-$1" --appliance "$("$B/landfall" feed appliance-key "$W/site/root.key")" >/dev/null; }

# harness_travellers: invents them in W/travellers, and feeds of the four modalities
harness_travellers() {
        local modality
        "$B/landfall" generate travellers "$W/travellers" --seed 11 --count "${TRAVELLERS% *}" --strangers "${TRAVELLERS#* }" || return
        for modality in fingerprint iris face person; do
                harness_feed "travellers-$modality"
                "$B/landfall" feed add "$W/feed-travellers-$modality" --modality $modality --category 0 \
                        --records "$W/travellers/gallery/$modality.records" >/dev/null || return
                harness_publish "travellers-$modality"
        done
}

harness_site() {
        "$B/landfall" site init "$W/site" --name test-site --address "$CONTROL" >/dev/null || return
        local lane
        for lane in $LANES; do
                "$B/landfall" lane enrol "$lane" --site "$W/site" --out "$W/$lane" --address "$CONTROL" --port "$KE_PORT" >/dev/null || return
        done
        mkdir -p "$RUN" "$W/audit"
        # Neither landfalld nor control stays root.
        if ((EUID == 0)); then chmod 711 "$W"; fi
}

harness_lane() { # NAME ROLE
        printf '  - name: %s\n    roles: [%s]\n    agreements: [watchlist, sanctions%s]\n    priorities: [live, desk, manifest, batch]\n    queries_per_second: %s\n    query_burst: %s\n' \
                "$1" "$2" "${TRAVELLERS:+, travellers}" "$QUERIES_PER_SECOND" "$QUERIES_PER_SECOND"
}

harness_traveller_datasets() {
        local modality number=3
        for modality in fingerprint iris face person; do
                cat <<-EOF
		  - number: $number
		    name: travellers-$modality
		    agreement: travellers
		    modality: $modality
		    categories: [wanted]
		    threshold: "-4.0"
		    candidates: 3
		    freshness: 24 h
		    feed:
		      directory: $W/feed-travellers-$modality/feed
		      key: $W/feed-travellers-$modality/key
		      keyring: $(echo "$W"/feed-travellers-$modality/feed/keyring/*)
		EOF
                number=$((number + 1))
        done
}

harness_gateway() {
        cat <<-EOF
	gateway:
	  lane: gateway-1
	  bundle: $W/gateway-1
	  directory: $W/gateway
	  agreements: [sanctions]
	  window: $GATEWAY_WINDOW
	  recipients:
	    - name: $GATEWAY_RECIPIENT
	      purposes: [sanctions]
	EOF
        printf '%s' "$GATEWAY_KEYS"
}

harness_config() {
        local lane
        {
                cat <<-EOF
		site: $W/site
		run: $RUN
		port:
		$PORT
		cores:
		$CORES
		answer_quantum: $QUANTUM
		audit:
		  directory: $W/audit
		  segment_size: $SEGMENT_SIZE
		  segments: $SEGMENTS
		key_exchange: $CONTROL:$KE_PORT
		metrics: 127.0.0.1:$METRICS_PORT
		categories:
		  wanted: 0
		  sanctioned: 2
		agreements:
		  - number: 1
		    name: watchlist
		    originator: Ministry of the Interior
		    not_before: 2020-01-01
		    not_after: 2040-01-01
		    purposes:
		      border-check:
		        categories: [wanted]
		        roles: [egate, desk]
		  - number: 2
		    name: sanctions
		    originator: Ministry of Finance
		    rescreening: $RESCREENING
		    not_before: 2020-01-01
		    not_after: 2040-01-01
		    purposes:
		      border-check:
		        categories: [sanctioned]
		        encounters: [primary, advance]
		      sanctions:
		        categories: [sanctioned]
		        subjects: [traveller, crew, consignment]
		        encounters: [primary, advance]
		EOF
                [[ -z $TRAVELLERS ]] || cat <<-EOF
		  - number: 3
		    name: travellers
		    originator: Border Agency
		    not_before: 2020-01-01
		    not_after: 2040-01-01
		    purposes:
		      border-check:
		        categories: [wanted]
		EOF
                cat <<-EOF
		datasets:
		  - number: 1
		    name: prints
		    agreement: watchlist
		    modality: fingerprint
		    categories: [wanted]
		    threshold: "$THRESHOLD_FINGERPRINT"
		    candidates: 3
		    freshness: 24 h
		    feed:
		      directory: $W/feed-prints/feed
		      key: $W/feed-prints/key
		      keyring: $(echo "$W"/feed-prints/feed/keyring/*)
		  - number: 2
		    name: persons
		    agreement: sanctions
		    modality: person
		    categories: [sanctioned]
		    threshold: "$THRESHOLD_PERSON"
		    candidates: 3
		    freshness: 24 h
		    feed:
		      directory: $W/feed-persons/feed
		      key: $W/feed-persons/key
		      keyring: $(echo "$W"/feed-persons/feed/keyring/*)
		EOF
                [[ -z $TRAVELLERS ]] || harness_traveller_datasets
                echo "lanes:"
                for lane in $LANES; do
                        case $lane in gate-*) harness_lane "$lane" egate ;; gateway-*) harness_lane "$lane" gateway ;; *) harness_lane "$lane" desk ;; esac
                done
                [[ -z $OFFICERS ]] || printf 'officers:\n'
                local number=0 officer
                for officer in $OFFICERS; do # NAME:ROLE
                        number=$((number + 1))
                        printf '  - { number: %s, name: %s, roles: [%s], agreements: [watchlist, sanctions] }\n' $number "${officer%:*}" "${officer#*:}"
                done
                [[ " $LANES " != *" gateway-1 "* ]] || harness_gateway
        } | sed 's/\t//g' >"$W/landfall.yaml"
        "$B/landfall" verify "$W/landfall.yaml" >/dev/null
}

# start NAME COMMAND...: in the background, its output in W/NAME.log
start() {
        local name=$1; shift
        $IN "$@" >>"$W/$name.log" 2>&1 &
        pids+=($!)
        eval "pid_${name//-/_}=$!"
}

harness_start_dataplane() { start landfalld "$B/landfalld" --run-dir "$RUN"; }
harness_start_control() { start control "$B/landfall-control" --config "$W/landfall.yaml"; }

harness_start_gateway() {
        ((EUID != 0)) || chown -R nobody "$W/gateway-1"
        rm -f "$W/gateway/gateway.sock"
        start gateway "$B/landfall-gateway" --config "$W/landfall.yaml"
        until_true 10 test -S "$W/gateway/gateway.sock"
}

# harness_paxlst REFERENCE [SENDER]: a PAXLST of the passengers "FAMILY, GIVEN" on stdin, one a line
harness_paxlst() {
        awk -v ref="$1" -v sender="${2:-$GATEWAY_RECIPIENT}" -F ', *' '
                function segment(s) { printf "%s\047\n", s; n++ }
                BEGIN {
                        printf "UNA:+.? \047\nUNB+UNOA:4+%s+BORDER+261122:0600+%s++APIS\047\n", sender, ref
                        segment("UNH+" ref "+PAXLST:D:05B:UN:IATA"); segment("BGM+745"); segment("NAD+MS+++DESK OFFICER")
                        segment("COM+5550100:TE"); segment("TDT+20+EX123+++EX"); segment("LOC+125+FRA")
                        segment("DTM+189:2611221000:201"); segment("LOC+87+IAD"); segment("DTM+232:2611221900:201")
                }
                NF {
                        segment("NAD+FL+++" toupper($1) ":" toupper($2)); segment("ATT+2++" (NR % 2 ? "M" : "F"))
                        segment("LOC+178+FRA"); segment("LOC+179+IAD"); segment(sprintf("RFF+AVF:L%05d", NR)); people++
                }
                END {
                        segment("CNT+42:" people); printf "UNT+%d+%s\047\nUNZ+1+%s\047\n", n + 1, ref, ref
                }'
}

harness_ready() { grep -q '"generation": *[1-9]' <<<"$($IN "$B/landfall" status --run-dir "$RUN" --json)"; }

harness_start() {
        harness_start_dataplane
        until_true 10 test -S "$RUN/dataplane.sock" || { tail -n 5 -v "$W"/*.log >&2; return 1; }
        harness_start_control
        until_true 60 harness_ready || { say "the appliance did not become ready:"; tail -n 20 -v "$W"/*.log >&2; return 1; }
}

# bare NAME [SECCOMP]: that process is no root, has no capability, can get none, and is filtered (2) or not (0)
bare() {
        local pid=pid_$1; pid=${!pid}
        awk -v seccomp="${2:-0}" '/^(Uid|Gid):/ { for (i = 2; i <= 5; i++) if ($i == 0) bad = 1 } /^Cap(Eff|Prm|Inh|Amb):/ && $2 !~ /^0+$/ { bad = 1 }
                /^NoNewPrivs:/ && $2 != 1 { bad = 1 } /^Seccomp:/ && $2 < seccomp { bad = 1 } END { exit bad || !NR }' "/proc/$pid/status" &&
                grep -q 'Max core file size *0 *0 ' "/proc/$pid/limits"
}
uid_of() { local pid=pid_$1; awk '/^Uid:/ { print $2 }' "/proc/${!pid}/status"; }

harness_stop() {
        local p
        for p in "${pids[@]}"; do kill -TERM "$p" 2>/dev/null; done
        for p in "${pids[@]}"; do
                for _ in {1..60}; do kill -0 "$p" 2>/dev/null || break; sleep 0.05; done
                kill -KILL "$p" 2>/dev/null
                wait "$p" 2>/dev/null
        done
        pids=()
}
