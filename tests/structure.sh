#!/usr/bin/env bash
# The house keeps its shape: the top level is fixed, includes point one way, nothing is left behind.
#   tools -> control -> dataplane -> matcher -> base;  ebpf/abi.h may be read by all
set -u
cd "${LANDFALL_SOURCE:-$(dirname "$0")/..}" || exit 1
bad=0
complain() { echo "structure: $*"; bad=1; }

files() { git ls-files "$@" 2>/dev/null || find "$@" -type f; }

# 1. The top level.
for entry in $(git ls-tree --name-only HEAD); do
        case $entry in
        dataplane | matcher | control | ebpf | config | tests | tools | meson.build | meson_options.txt | README.md | LICENSE | .*) ;;
        *) complain "$entry does not belong on the top level" ;;
        esac
done

# 2. The direction of includes. rank FILE: how high its layer is.
rank() {
        case $1 in
        base/* | dataplane/base/*) echo 0 ;;
        matcher/*) echo 1 ;;
        dataplane/*) echo 2 ;;
        control/*) echo 3 ;;
        tools/*) echo 4 ;;
        tests/*) echo 9 ;;
        *) echo -1 ;;
        esac
}
while IFS=: read -r file line text; do
        target=$(sed -nE 's/^ *# *include *"([^"]+)".*/\1/p' <<<"$text")
        [[ -n $target ]] || continue
        case $target in ebpf/abi.h) continue ;; esac
        # The gateway is a client as any lane: it may use what every lane may, the client library's public header.
        [[ $file == control/gateway/* && $target == tools/lane/landfall_lane.h ]] && continue
        [[ $file == ebpf/* ]] && { case $target in *.skel.h | ebpf/* | base/* | dataplane/* | vmlinux.h) continue ;; esac; }
        [[ $file == tests/* ]] && { case $target in ebpf/*.h) continue ;; esac; }
        from=$(rank "$file") to=$(rank "$target")
        ((to < 0)) && { # spelled without its folder: only from the same folder or a generated header
                [[ $target == *.skel.h || -f $(dirname "$file")/$target ]] || complain "$file:$line: $target is not spelled from the root"
                continue
        }
        ((to <= from)) || complain "$file:$line: includes $target, which is above it"
done < <(files '*.c' '*.h' | xargs grep -nE '^ *# *include *"' /dev/null)

# 3. What a layer may not use.
while read -r hit; do complain "matcher uses what it must not: $hit"; done < <(
        files matcher dataplane/base | grep -E '\.[ch]$' | xargs grep -nE '# *include *<(rte_|openssl/|liburing|sys/socket)' /dev/null)
while read -r hit; do complain "only control reads configuration: $hit"; done < <(
        files dataplane matcher ebpf | grep -E '\.[ch]$' | xargs grep -nE '# *include *<(yaml|jansson|sqlite3)' /dev/null)

# 4. No dead files: every C file is in some meson.build.
for f in $(files '*.c'); do
        case $f in
        tests/test_*.c | tests/fuzz_*.c)
                n=$(basename "$f" .c); grep -qE "'(${n#test_}|${n#fuzz_})'" tests/meson.build || complain "$f is not built" ;;
        *)
                grep -qF "$(basename "$f")" $(files '*meson.build') || complain "$f is not built" ;;
        esac
done

# 5. Long files want splitting.
for f in $(files '*.c' '*.h'); do
        n=$(wc -l <"$f")
        ((n <= 700)) || complain "$f has $n lines: more than one idea"
done
exit $bad
