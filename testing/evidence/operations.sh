#!/usr/bin/env bash
# testing/evidence/operations.sh: every operation of every protocol is compared with itself without reuse, or a row says why not.
#   operations.sh LIST FILE...    of the files, those that end in _ops.def are the protocols' operations, those that end in .paths what is compared
# A row of LIST is `PROTOCOL OPERATION FIGURE`, and FIGURE is the first word of a row of a .paths file; or `PROTOCOL OPERATION - REASON`, of four
# words at least, or `as OTHER`, another operation of that protocol, and what there is to say more.
set -euo pipefail
list=$1
shift
bad=0
declare -A figures=() operations=() rows=()

complain() {
    echo "operations: $1"
    bad=1
}

read_operations() { # read_operations FILE
    local protocol line before=${#operations[@]}
    protocol=$(basename "$1" _ops.def)
    while IFS= read -r line; do
        if [[ $line =~ ^WIRE_OP\(([A-Z0-9_]+), ]]; then operations["$protocol ${BASH_REMATCH[1]}"]=1; fi
    done <"$1"
    [ ${#operations[@]} -gt "$before" ] || complain "$1 names no operation"
}

read_paths() { # read_paths FILE
    local figure rest
    while read -r figure rest || [ -n "$figure" ]; do
        case $figure in ''|'#'*) continue ;; esac
        figures[$figure]=1
    done <"$1"
}

for file in "$@"; do
    case $file in
        *_ops.def) read_operations "$file" ;;
        *.paths) read_paths "$file" ;;
    esac
done

compared=0
while read -r protocol operation figure reason || [ -n "$protocol" ]; do
    case $protocol in ''|'#'*) continue ;; esac
    row="$protocol $operation"
    [ -n "${operations[$row]-}" ] || complain "$row: no protocol has such an operation"
    [ -z "${rows[$row]-}" ] || complain "$row: has two rows"
    rows[$row]=1
    read -ra words <<<"$reason"
    if [ "$figure" = - ]; then
        other=${words[1]-}
        if [[ $reason == "as "[A-Z]* ]]; then
            [ -n "${operations[$protocol ${other%%[,;:]}]-}" ] || complain "$row: as ${other%%[,;:]}, which is no operation of its protocol"
        elif [ ${#words[@]} -lt 4 ]; then
            complain "$row: neither a figure nor a reason"
        fi
    elif [ -z "$figure" ] || [ -z "${figures[$figure]-}" ]; then
        complain "$row: no .paths file compares ${figure:-anything}"
    elif [ ${#words[@]} -ne 0 ]; then
        complain "$row: words behind its figure: $reason"
    else
        compared=$((compared + 1))
    fi
done <"$list"

for row in "${!operations[@]}"; do
    [ -n "${rows[$row]-}" ] || complain "$row: is not compared, and no row of $list says why"
done
[ ${#operations[@]} -gt 0 ] || complain "no operations are given"
echo "operations: $compared of ${#operations[@]} are compared with themselves without reuse"
exit $bad
