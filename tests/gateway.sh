#!/usr/bin/env bash
# landfall-gateway against a real appliance: one message at the socket, the drop directory with its reports, who is
# answered, kill -9 in a loop, screening again after a change of the list, the end of the window, cargo.
. "$(dirname "$0")/system.sh"
LANES="gate-1 desk-1 gateway-1" OFFICERS="meier:officer clerk:cargo"
QUANTUM="0"
D=$W/gateway
listed() { sed -nE "$1s/^[0-9]+,\"([^\"]+)\".*/\1/p" "$W/list.csv"; }
unlisted() { sed -nE "$1s/^[0-9]+,\"([^\"]+)\".*/\1/p" "$W/others.csv"; }
screen() { "$B/landfall" manifest screen --gateway "$D" "$@"; }
count() { sed -nE "s/.*\"$2\": ?([0-9]+).*/\1/p" <<<"$1" | head -1; } # JSON NAME: the first of that name
drop() { cp "$1" "$D/in/.$2"; mv "$D/in/.$2" "$D/in/$2"; }
report() { cat "$D/$1/$2".*.json 2>/dev/null; } # FOLDER NAME
set_aside() { grep -q "drop the file itself" <(report failed "$1"); }
reported() { compgen -G "$D/$1/$2.*.json" >/dev/null; }

system_start
harness_start_gateway || give_up "the gateway did not start"
check_eventually "and has a session" 10 grep -q "has a session" "$W/gateway.log"
status_of() { sed -nE "s/^$1:[[:space:]]*//p" "/proc/$pid_gateway/status"; }
check "it is not root, has no capability and a filter of system calls" \
        test "$(status_of Uid | cut -f1) $(status_of CapEff) $(status_of Seccomp)" = "65534 0000000000000000 2"

# ---- one message at the socket ---------------------------------------------------------------------------------------
{ listed 1; unlisted 1; listed 2; unlisted 2; } | harness_paxlst CALL1 >"$W/call"
json=$(screen "$W/call" --json --cusres "$W/call.cusres")
code=$?
check "every traveller is screened" test $code = 0
((code == 0)) || give_up "screening does not work"
check "two are referred, two clear" test "$(count "$json" refer) $(count "$json" clear)" = "2 2"
check "with reasons and how often such a match is false" grep -q '"false_match": "rarer than' <<<"$json"
check "the CUSRES refers two and lets two board" test "$(grep -o 'ERC+2Z' "$W/call.cusres" | wc -l) $(grep -o 'ERC+0Z' "$W/call.cusres" | wc -l)" = "2 2"
check "and says of nobody that they may not" not grep -q 'ERC+1Z' "$W/call.cusres"
check "in words, too" grep -q "1  refer " <(screen "$W/call")
check "a bar on a terminal ends with all of them" grep -q "#] 4 of 4" \
        <(script -qc "$B/landfall manifest screen --gateway $D $W/call" /dev/null)
check "by name" grep -q 'recipient "EXAMPLE-AIR" is not permitted to have an answer for the purpose customs' <(screen "$W/call" --purpose customs)
unlisted 3 | harness_paxlst CALL2 NOBODY-AIR >"$W/stranger"
check "another sender gets no answer" grep -q 'refused: recipient "NOBODY-AIR" is not permitted' <(screen "$W/stranger")
cat "$W/call" "$W/stranger" >"$W/two"
check "nor does anyone in whose file it stands, too" grep -q 'refused: recipient "NOBODY-AIR" is not permitted' <(screen "$W/two")
check "and the log says so" grep -q 'refused: recipient "NOBODY-AIR"' "$W/gateway.log"
check "nor does another user of the machine" grep -q "this user is not permitted" \
        <(setpriv --reuid 1 --clear-groups "$B/landfall" manifest screen --gateway "$D" - 2>&1 <"$W/call")
before=$(entries)

{ listed 1; echo ", "; unlisted 1; } | harness_paxlst CALL3 >"$W/nameless"
json=$(screen "$W/nameless" --json --cusres "$W/nameless.cusres")
check "a traveller without a name or document does not keep the others from being screened" \
        test "$? $(count "$json" clear) $(count "$json" refer) $(count "$json" retry)" = "3 1 1 1"
check "the report says why" grep -q "neither a name nor a document to search with" <<<"$json"
check "and so does the CUSRES" grep -q "ERC+4Z'FTX+AAP+++NOT CHECKED" "$W/nameless.cusres"
awk '/^RFF.AVF:L00001/ { print; print "DOC+P+X1234567\047"; next } /^UNT/ { split($0, u, "+"); $0 = u[1] "+" u[2] + 1 "+" u[3] } 1' \
        < <(echo ", " | harness_paxlst CALL4) >"$W/document"
check "one with a document and no name is not let board either" \
        grep -q "1  retry .*no name: only documents were compared" <(screen "$W/document")

# ---- the drop directory ----------------------------------------------------------------------------------------------
{ head -c 300 "$W/call"; sleep 3.5; tail -c +301 "$W/call"; } >"$D/in/slow.edi" &
cp "$W/call" "$D/in/.twice"; ln "$D/in/.twice" "$D/in/twice.edi"; ln -s /etc/passwd "$D/in/link.edi"; mkfifo "$D/in/pipe.edi"; mknod "$D/in/device.edi" c 1 3
drop "$W/call" flight.edi
check_eventually "a dropped message ends in a report" 10 reported done flight.edi
check "with the same decisions" test "$(count "$(report done flight.edi)" refer) $(count "$(report done flight.edi)" clear)" = "2 2"
check "and a CUSRES" grep -q 'ERC+2Z' "$D"/done/flight.edi.*.cusres
check "that names only those who are referred" not grep -q "$(unlisted 1 | cut -d, -f1 | tr a-z A-Z)" "$D"/done/flight.edi.*.json
printf 'UNB+UNOA:4+A+B+261122:0600+1\x27UNH+1+PAXLST:D:05B:UN\x27UNT+9+1\x27UNZ+1+1\x27' >"$W/bad"
for i in {1..12}; do cp "$W/call" "$D/in/burst.$i"; done
cp "$W/bad" "$D/in/bad.edi"
check_eventually "a malformed one ends under failed, though many came before it" 10 reported failed bad.edi
check "with segment, position and rule" grep -q '"fault":{"segment":[0-9]*,"line":1,"offset":[0-9]*,"tag":"[A-Z]*","rule":"' <(report failed bad.edi)
drop "$W/stranger" stranger.edi
check_eventually "one of a sender who is not permitted, too" 10 reported failed stranger.edi
check_eventually "one whose writer pauses is taken when it is whole" 10 reported done slow.edi
check "and with everybody in it" test "$(count "$(report done slow.edi)" refer) $(count "$(report done slow.edi)" clear)" = "2 2"
check "once" not reported failed slow.edi
check_eventually "one that has another name, too, is read" 10 reported done twice.edi
check "and keeps its bytes under that" cmp -s "$W/call" "$D/in/.twice"
check_eventually "a link is not followed, and a report says so" 10 set_aside link.edi
check_eventually "nor does a pipe keep anyone waiting" 10 set_aside pipe.edi
check_eventually "nor a device" 10 set_aside device.edi
rm -f "$D/in/.twice"
check "no plaintext is left but what is to be read" test -z "$(find "$D/in" "$D/work" -type f)"
check "nor any name in the vault" not grep -rqa "$(listed 1 | cut -d, -f1 | tr a-z A-Z)" "$D/vault"

# One whose writer neither goes on nor closes it: a minute later, at the end of this, it is in failed/.
exec {half}>"$D/in/half.edi"; head -c 300 "$W/call" >&$half

# ---- an officer decides ------------------------------------------------------------------------------------------------
officer() { "$B/landfall" officer "$@" --config "$W/landfall.yaml"; }
decide() { officer decide - "${@:2}" 2>&1 <<<"$1"; } # TOKEN MESSAGE TRAVELLER DECISION --reason TEXT
id=$(sed -nE 's/.*"id":"([0-9a-f]{32})".*/\1/p' <<<"$(report done flight.edi)")
token=$(officer token meier) clerk=$(officer token clerk) few=${id:0:8}
settle; before=$(entries)
check "a token that is forged decides nothing" grep -q "officer's token is not valid here" <(decide "${token::-2}00" "$few" 1 do-not-board --reason "x")
check "nor does who has not that role" grep -q "neither lane nor officer has the role" <(decide "$clerk" "$few" 1 do-not-board --reason "x")
check "nor does an officer on who was not referred" grep -q "was not referred: there is nothing to decide on" <(decide "$token" "$few" 2 do-not-board --reason "x")
check "on a traveller who is not there" grep -q "there is no traveller 9: the message has 4" <(decide "$token" "$few" 9 do-not-board --reason "x")
check "on a message that is not there" grep -q "no message \"00000000\" within the window: give the id of its report" <(decide "$token" 00000000 1 do-not-board --reason "x")
check "without a reason" grep -q "a reason is needed" <(decide "$token" "$few" 1 do-not-board --reason " ")
check "no file says yet that anyone may not board" not grep -rq 'ERC+1Z\|do not board' "$D/done"
said=$(decide "$token" "$few" 1 do-not-board --reason "passport and face compared: it is she")
code=$?
check "an officer decides that a traveller may not board" test $code = 0
check "by name and with the audit entry" grep -q "decided by meier (officer 1)" <<<"$said"
leaf=$(sed -nE 's/^audit entry ([0-9a-f]{64})$/\1/p' <<<"$said")
check "which the log holds" until_true 5 eval 'log_leaves | grep -qx "$leaf"'
check "report and CUSRES are written anew" test "$(ls "$D"/done/flight.edi.*.decision-3.{json,cusres} | wc -l)" = 2
check "the CUSRES says so of that traveller, and refers to the entry" grep -q "ERC+1Z'FTX+AAP+++DO NOT BOARD:DECISION ${leaf:0:16}" <(cat "$D"/done/flight.edi.*.decision-3.cusres)
check "of nobody else" test "$(grep -o 'ERC+[0-9]Z' "$D"/done/flight.edi.*.decision-3.cusres | sort | uniq -c | tr -s ' \n' ' ')" = " 2 ERC+0Z 1 ERC+1Z 1 ERC+2Z "
check "the report names officer, reason and receipt" grep -q "\"officer_decision\":{\"decision\":\"do not board\",\"officer\":\"meier\",\"number\":1,\"reason\":\"passport and face compared: it is she\",.*$leaf" <(cat "$D"/done/flight.edi.*.decision-3.json)
check "the same said again is the same decision" test "$(decide "$token" "$few" 1 do-not-board --reason "passport and face compared: it is she")" = "$said"
check "another may board" grep -q "^traveller 3, .*: board" <(decide "$token" "$few" 3 board --reason "another birth date")
settle
check "two were refused by the appliance and two recorded, each once" test $(($(entries) - before)) = 4
(decide "$token" "$few" 1 board --reason "the passport was another's" >/dev/null) & said=$!
kill -STOP "$pid_landfalld"; sleep 0.3
kill -KILL "$pid_gateway"; wait "$pid_gateway" $said 2>/dev/null
kill -CONT "$pid_landfalld"
harness_start_gateway
ruled() { compgen -G "$D/done/flight.edi.*.decision-5.cusres"; }
check_eventually "a decision that was under way when the gateway was killed comes to its report" 15 ruled
check "the officer has changed their mind, and the traveller may board" not grep -q 'ERC+1Z' "$D"/done/flight.edi.*.decision-5.cusres

# ---- cargo -------------------------------------------------------------------------------------------------------------
firm=$(listed 3 | sed 's/, / /')
cat >"$W/cargo" <<EOF
UNB+UNOA:4+EXAMPLE-AIR+CUSTOMS+261122:0600+77'UNH+77+CUSCAR:D:99B:UN'BGM+785+M1+9'TDT+20+V1+1++CAR:172:20+++LR1:103::EXAMPLE SHIP'
CNI+1+BL1'NAD+CN+++$(tr a-z A-Z <<<"$firm")'NAD+CZ+++$(unlisted 4 | sed 's/, / /' | tr a-z A-Z)'UNT+7+77'UNZ+1+77'
EOF
json=$(screen "$W/cargo" --json)
check "the parties of a CUSCAR are screened" test "$(count "$json" refer) $(count "$json" clear)" = "1 1"

printf 'ISA*00*          *00*          *ZZ*EXAMPLE-AIR    *ZZ*CUSTOMS        *261122*0600*U*00401*000000009*0*T*>~
GS*SO*EXAMPLE*CUSTOMS*20261122*0600*9*X*004010~
ST*309*0009~
M10*XXXX*O*SG*9283186*EXAMPLE SHIP*320N*9009*1*Y~
P4*1803*261120**1*M029~
LX*1~
M11*BL9*35177*390*PKG*14404*K*46*X*00*SANTOS**XXXX~
N1*SH*%s~
N1*CN*%s~
SE*8*0009~
GE*1*9~
IEA*1*000000009~
' "$(unlisted 5 | sed 's/, / /' | tr a-z A-Z)" "$(tr a-z A-Z <<<"$firm")" >"$W/cargo.x12"
json=$(screen "$W/cargo.x12" --json)
check "those of an X12 309, too" test "$(count "$json" refer) $(count "$json" clear)" = "1 1"
check "as what they are" grep -q '"role": "consignee"' <<<"$json"
check "a cargo message has no CUSRES" test ! -s <(screen "$W/cargo.x12" --cusres -)

# ---- a long manifest and live lanes ------------------------------------------------------------------------------------
for k in {1..7}; do sed -nE '1,190s/^[0-9]+,"([^"]+)".*/\1/p' "$W/others.csv"; done | head -1200 | harness_paxlst LONG >"$W/long"
drop "$W/long" long.edi
asked=0 answered=0
while ! reported done long.edi && ((asked < 400)); do
        asked=$((asked + 1)) said=$(ask gate-1 "$(person 3)" 2>&1)
        if is CANDIDATE <<<"$said"; then answered=$((answered + 1)); else echo "$asked: $said" >>"$W/unanswered.log"; fi
done
check "live lanes are answered beside a manifest of 1,200: $answered of $asked" test "$asked" -gt 0 -a "$asked" = "$answered"
check_eventually "and it comes to its end" 30 reported done long.edi
check "with everyone in it" test "$(count "$(report done long.edi)" clear)" = 1200
check "no query came too late or found no room" test "$(number deadline) $(number busy)" = "0 0"

# ---- kill -9, again and again ------------------------------------------------------------------------------------------
for i in {1..6}; do
        for k in {1..40}; do unlisted $(((i * 17 + k) % 190 + 1)); done | { listed $((i + 3)); cat; } | harness_paxlst "LOOP$i" >"$W/loop.$i"
        cp "$W/loop.$i" "$D/in/.loop.$i"
done
settle; before=$(entries)
for i in {1..6}; do
        mv "$D/in/.loop.$i" "$D/in/loop.$i"
        [[ $i != 3 ]] || kill -STOP "$pid_landfalld"
        sleep 0.0$((i * 3 % 7))
        kill -KILL "$pid_gateway"; wait "$pid_gateway" 2>/dev/null
        [[ $i != 3 ]] || kill -CONT "$pid_landfalld"
        harness_start_gateway
done
all_there() { local i; for i in {1..6}; do reported done "loop.$i" || return 1; done; }
check_eventually "every message ends in a report" 20 all_there
check "each in one" test "$(ls "$D"/done/loop.*.json | wc -l)" = 6
check "in which everyone was screened once" test "$(for i in {1..6}; do count "$(report done "loop.$i")" clear; count "$(report done "loop.$i")" refer; done | awk '{ n += $1 } END { print n }')" = 246
chmod 500 "$D/done"
drop "$W/call" readonly.edi
check_eventually "a report that has no place waits" 10 grep -q "readonly.edi: its report cannot be written" "$W/gateway.log"
kill -KILL "$pid_gateway"; wait "$pid_gateway" 2>/dev/null
harness_start_gateway
sleep 0.5
chmod 700 "$D/done"
check_eventually "and gets there, even if the gateway was killed meanwhile" 10 reported done readonly.edi
check "nothing else waits" test -z "$(find "$D/in" "$D/work" -type f ! -name half.edi)"
settle
after=$(entries)
check "the audit log grew by little more than the travellers: 250 asked, $((after - before)) entries" test $((after - before)) -ge 250 -a $((after - before)) -lt 700
check "and verifies" audit_verifies

# ---- the list changes ----------------------------------------------------------------------------------------------------
listed_now() { # NUMBER NAME
        printf '%s,"%s","individual","EXAMPLE" ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n' "$1" "$2" >"$W/more.csv"
        "$B/landfall" feed import-sdn "$W/feed-persons" --list "$W/more.csv" --category 2 --ids "$W/persons.ids" >/dev/null
        harness_publish persons
}
listed_now 99001 "$(unlisted 1)"
again() { compgen -G "$D/done/flight.edi.*.rescreen-*.json" >/dev/null; }
check_eventually "a traveller who is on the list since is reported" 60 again
hit=$(cat "$D"/done/flight.edi.*.rescreen-*.json)
check "alone" test "$(count "$hit" new_hits)" = 1
check "as new" grep -q '"new":true' <<<"$hit"
check "and logged" grep -q "flight.edi: 1 new hits after a change of the datasets" "$W/gateway.log"
sleep 2
check "once" test "$(ls "$D"/done/flight.edi.*.rescreen-*.json | wc -l)" = 1

# Where the agreement does not permit it, or for a purpose of its own.
reported_again() { ls "$D"/done/flight.edi.*.rescreen-*.json | wc -l; }
rescreening() { # no, same or a purpose
        kill -TERM "$pid_gateway"; wait "$pid_gateway" 2>/dev/null
        sed -i "s/rescreening: .*/rescreening: $1/" "$W/landfall.yaml"
        harness_start_gateway
}
rescreening no
generation=$(number generation)
listed_now 99002 "$(unlisted 2)"
newer() { [[ $(number generation) -gt $generation ]]; }
check_eventually "the list changes again" 15 newer
sleep 2.5
check "and nobody is screened again where the agreement says no" test "$(reported_again)" = 1
rescreening border-check
listed_now 99003 "$(unlisted 50)"
again() { [[ $(reported_again) == 2 ]]; }
check_eventually "with another purpose in the agreement they are" 60 again
hit=$(ls -t "$D"/done/flight.edi.*.rescreen-*.json | head -1 | xargs cat)
check "for that purpose" grep -q '"purpose":"border-check"' <<<"$hit"
check "and what was reported before is not new" test "$(count "$hit" new_hits)" = 1

# ---- a writer that stopped for more than half a minute -----------------------------------------------------------------
check_eventually "a file that stays cut goes to failed/" 35 reported failed half.edi
check "and the report says why" grep -q '"reason":"it ends within a message, and its writer neither closed it' <(report failed half.edi)
tail -c +301 "$W/call" >&$half; exec {half}>&-
check "what its writer adds is not lost" until_true 2 cmp -s "$W/call" "$(ls "$D"/failed/half.edi.* | grep -v json)"
check "nor screened behind anyone's back" not reported done half.edi
drop "$W/call" half.edi
check_eventually "dropped again it is screened" 10 reported done half.edi

# ---- the window ends -----------------------------------------------------------------------------------------------------
kill -TERM "$pid_gateway"; wait "$pid_gateway"
check "a clean end" test $? = 0
rm -rf "$D"
sed -i 's/window: 72 h/window: 4 s/' "$W/landfall.yaml"
harness_start_gateway
short() { screen "$W/call" --json >"$W/short.json"; }
check_eventually "with a short window" 10 short
few=$(sed -nE 's/.*"id": ?"([0-9a-f]{8})[0-9a-f]{24}".*/\1/p' "$W/short.json")
sealed() { compgen -G "$D/vault/*.log"; }
check_eventually "a message is sealed" 3 sealed
cp -a "$D/vault" "$W/copy"
gone() { ! compgen -G "$D/vault/*.msg" && ! compgen -G "$D/vault/key-*"; }
check_eventually "after it message and key are destroyed" 12 gone
check "and logged" grep -q "past their window: destroyed" "$W/gateway.log"
check "and an officer cannot decide on it any more" grep -q "no message \"$few\" within the window" <(decide "$token" "$few" 1 board --reason "x")
kill -TERM "$pid_gateway"; wait "$pid_gateway"
cp -a "$W"/copy/*.msg "$W"/copy/*.log "$D/vault"
harness_start_gateway
check_eventually "a copy that was kept of it cannot be read" 5 grep -q "cannot be gone on with: Required key not available" "$W/gateway.log"
check "the counters add up" balanced
finish
