#!/usr/bin/env bash
# search.sh MEMORY_MIB NAMES - PROGRAM [MISTAKE PROGRAM]..
# The first program must search its whole model and find nothing; each further one, with a mistake in it, must find an assertion
# that fails. NAMES was checked when it was made (names.sh).
set -euo pipefail
ulimit -v $(($1 * 1024))
shift 2
[ "${1-}" = - ] && [ $# -ge 2 ] || { echo "search.sh: no program" >&2; exit 2; }
TIMEFORMAT='%U s'
root=$PWD
folder=${TEST_TMPDIR:-/tmp}

fail() { # TEXT
    echo "$said"
    echo "$1"
    exit 1
}

while [ $# -gt 0 ]; do
    name=$1 program=$root/$2
    shift 2
    # End states are judged by the model's own last assertions: a hart that sleeps for ever may be right.
    spent=$({ time (cd "$folder" && "$program" -E -m200000 -w20 >said 2>&1) || true; } 2>&1)
    said=$(<"$folder/said")
    case $said in
        *'max search depth too small'* | *'out of memory'* | *'Search not completed'*)
            if [ "$name" = - ]; then fail "NOT COMPLETE ($spent)"; fi ;;
    esac
    states=${said%%' states, stored'*}
    states=${states##* }
    if [ "$name" = - ]; then
        case $said in
            *'errors: 0'*) echo "nothing found in $states states, $spent" ;;
            *) (cd "$folder" && "$program" -r) || true; fail "FOUND ($spent)" ;;
        esac
    else
        case $said in
            *'assertion violated'*) said=${said#*pan:1: } && echo "found $name after $states states: ${said%%$'\n'*}" ;;
            *) fail "NOT FOUND: $name ($spent)" ;;
        esac
    fi
done
