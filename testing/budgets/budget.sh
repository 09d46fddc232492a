#!/usr/bin/env bash
# testing/budgets/budget.sh: boots a benchmark and compares each of its figures with the tree's ceiling.
#   budget.sh RUNNER BUDGET ACCEPT DRIFT            fails and says which figure, old, new, and the command ACCEPT that takes the new ones
#   budget.sh RUNNER BUDGET ACCEPT DRIFT --accept   writes the new ceilings into BUDGET of the checkout; a figure without a row gets one
# A row is `name ceiling reason`. The least and the mean of a figure must not exceed it. One that is more than 2 % below it fails as well: what was gained is written down.
# `<ceiling` is a promise, not a measured figure: it may be far above, and --accept leaves it.
# DRIFT is a file that names tools of another version than the lock's. While it names any, a figure may be 2 % over its ceiling and none is accepted.
set -euo pipefail
runner=$1 budget=$2 accept=$3 drift=$4 mode=${5-}
work=${TEST_TMPDIR:-$(mktemp -d)}
[ -n "${TEST_SRCDIR-}" ] || export RUNFILES_DIR=${RUNFILES_DIR:-$(dirname "$PWD")} # `bazel run` starts a program in its own runfiles.
log=${TEST_UNDECLARED_OUTPUTS_DIR:-$work}/bench.log

if ! "$runner" --log "$log" >"$work/run.txt" 2>&1; then
    cat "$work/run.txt"
    echo "budget: the benchmark itself failed" >&2
    exit 1
fi

declare -A least=() mean=() ceiling=() reason=() promised=()
names=()
while read -r area name low word1 middle word2 _; do
    [ "$area $word1 $word2" = "bench: mean first" ] || continue
    least[$name]=$low mean[$name]=$middle
    names+=("$name")
done < <(tr -d '\r' <"$log")
[ ${#names[@]} -gt 0 ] || { echo "budget: the log has no figures" >&2; exit 1; }

while read -r name limit why; do
    case $name in ''|'#'*) continue ;; esac
    if [ "${limit:0:1}" = '<' ]; then
        limit=${limit:1} promised[$name]=1
    fi
    [[ $limit =~ ^[0-9]+$ && -n $why && -z ${ceiling[$name]-} ]] || { echo "budget: bad row: $name $limit $why" >&2; exit 1; }
    ceiling[$name]=$limit reason[$name]=$why
done <"$budget"

percent=100
if [ -s "$drift" ]; then
    percent=102
    cat "$drift"
    if [ "$mode" = --accept ]; then
        echo "budget: no figure is accepted from tools of another version than the lock's" >&2
        exit 1
    fi
fi

if [ "$mode" = --accept ]; then
    target=${BUILD_WORKSPACE_DIRECTORY:?run it by bazel run}/$budget
    {
        while IFS= read -r line; do
            case $line in '#'*) echo "$line" ;; esac
        done <"$budget"
        for name in "${names[@]}"; do
            if [ -n "${promised[$name]-}" ]; then
                echo "$name <${ceiling[$name]} ${reason[$name]}"
                continue
            fi
            new=${mean[$name]}
            [ "$new" -ge "${least[$name]}" ] || new=${least[$name]}
            echo "$name $new ${reason[$name]-say here why}"
            [ "$new" = "${ceiling[$name]-}" ] || echo "$name: ${ceiling[$name]-none} -> $new" >&2
        done
    } >"$work/new"
    cp "$work/new" "$target"
    exit 0
fi

bad=0
complain() {
    echo "budget: $1"
    bad=1
}
printf '%-24s %8s %8s %8s\n' figure ceiling least mean
for name in "${names[@]}"; do
    old=${ceiling[$name]-}
    printf '%-24s %8s %8s %8s\n' "$name" "${old:--}" "${least[$name]}" "${mean[$name]}"
    if [ -z "$old" ]; then
        complain "$name has no ceiling; it takes ${least[$name]}"
    elif [ $((${least[$name]} * 100)) -gt $((old * percent)) ] || [ $((${mean[$name]} * 100)) -gt $((old * percent)) ]; then
        complain "$name: was $old, is ${least[$name]} (mean ${mean[$name]}): $((${mean[$name]} - old)) instructions too many"
    elif [ -z "${promised[$name]-}" ] && [ $percent = 100 ] && [ $((${mean[$name]} * 100)) -lt $((old * 98)) ]; then
        complain "$name: was $old, is ${least[$name]} (mean ${mean[$name]}): lower its ceiling"
    fi
done
for name in "${!ceiling[@]}"; do
    [ -n "${least[$name]-}" ] || complain "$name has a ceiling of ${ceiling[$name]} and is not measured"
done
if [ $bad != 0 ]; then
    echo "budget: to take the new figures: $accept"
    echo "budget: then say in $budget and in the commit why they moved"
fi
exit $bad
