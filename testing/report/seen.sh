#!/usr/bin/env bash
# testing/report/seen.sh: every operation of every protocol has a row in what tools/trace tells of a boot, or one in a list that says why not.
#   seen.sh LIST TABLE FILE...    TABLE: what tools/trace printed; of the files, those that end in _ops.def are the protocols' operations
set -euo pipefail
list=$1 table=$2
shift 2
bad=0 rows=0
declare -A operations=() seen=() unseen=()

complain() {
    echo "seen: $1"
    bad=1
}

for file in "$@"; do
    [[ $file == *_ops.def ]] || continue
    protocol=${file##*/}
    while IFS= read -r line || [ -n "$line" ]; do
        if [[ $line =~ ^WIRE_OP\(([A-Z0-9_]+), ]]; then operations["${protocol%_ops.def} ${BASH_REMATCH[1]}"]=1; fi
    done <"$file"
done
[ ${#operations[@]} -gt 0 ] || complain "no operations are given"

# A row: SERVER PROTOCOL OPERATION NUMBER..
while read -r _ protocol operation _ || [ -n "${protocol-}" ]; do
    if [ -n "${operations["$protocol $operation"]-}" ]; then seen["$protocol $operation"]=1; fi
done <"$table"

while read -r protocol operation reason || [ -n "$protocol" ]; do
    case $protocol in ''|'#'*) continue ;; esac
    row="$protocol $operation"
    [ -n "${operations[$row]-}" ] || complain "$row: no protocol has such an operation"
    [ -z "${unseen[$row]-}" ] || complain "$row: has two rows"
    [ -n "$reason" ] || complain "$row: has no reason"
    [ -z "${seen[$row]-}" ] || complain "$row: was asked for, though $list says not"
    unseen[$row]=1
done <"$list"

for row in "${!operations[@]}"; do
    if [ -n "${seen[$row]-}" ]; then
        rows=$((rows + 1))
    elif [ -z "${unseen[$row]-}" ]; then
        complain "$row: nobody asked for it, and no row of $list says why"
    fi
done
echo "seen: $rows of ${#operations[@]} operations"
exit $bad
