#!/usr/bin/env bash
# testing/budgets/figures.sh: the figures that documents quote are those that the budgets hold.
#   figures.sh DOCUMENT.. -- BUDGET..
# In a table whose last column is headed `row`, the last cell names rows of budgets in backticks; each of their ceilings begins a cell of that line. A name that several
# budgets have (kept and not) stands with each of its ceilings. A promise (`<ceiling`) is no figure: its name must be known, no more is asked. A document without any figure fails.
set -euo pipefail

declare -A ceilings=() known=()
documents=() budgets=() after=
for file in "$@"; do
    if [ "$file" = -- ]; then after=1; elif [ -n "$after" ]; then budgets+=("$file"); else documents+=("$file"); fi
done
for budget in "${budgets[@]}"; do
    while read -r name limit _; do
        case $name in ''|'#'*) continue ;; esac
        known[$name]=1
        [ "${limit:0:1}" = '<' ] || ceilings[$name]+=" $limit"
    done <"$budget"
done

wrong=0
# complain PLACE TEXT
complain() {
    echo "$1: $2"
    wrong=1
}

# begins LINE NUMBER: whether a cell of a table's line begins with the number, thousands set off by commas or not
begins() {
    local plain=${1//,/}
    [[ $plain =~ \|\ *$2([^0-9.]|$) ]]
}

# row PLACE LINE LAST: each figure named in the last cell stands in the line
row() {
    local place=$1 line=$2 rest=$3 name value
    while [[ $rest =~ \`([a-z0-9_A-Z]+)\`(.*) ]]; do
        name=${BASH_REMATCH[1]} rest=${BASH_REMATCH[2]}
        if [ -z "${known[$name]-}" ]; then
            complain "$place" "no budget has a row $name"
            continue
        fi
        for value in ${ceilings[$name]-}; do
            quoted=$((quoted + 1))
            begins "$line" "$value" || complain "$place" "$name is $value in testing/budgets, and no cell of the line begins with it"
        done
    done
}

for document in "${documents[@]}"; do
    number=0 inside= quoted=0
    while IFS= read -r line; do
        number=$((number + 1))
        if [[ $line != '|'* ]]; then
            inside=
            continue
        fi
        last=${line%|*}
        last=${last##*|}
        if [ "${last// /}" = row ]; then
            inside=1
        elif [ -n "$inside" ]; then
            row "$document:$number" "$line" "$last"
        fi
    done <"$document"
    [ "$quoted" -gt 0 ] || complain "$document" "no figure of a budget is quoted here"
done
exit "$wrong"
