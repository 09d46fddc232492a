#!/usr/bin/env bash
# testing/evidence/improvement.sh: what is kept must pay: boots an image and its twin with reuse off, compares each one's figures with the tree's ceilings, and then each hot path with the same one of the twin.
#   improvement.sh PATHS BUDGET_SH DRIFT KEPT_RUNNER KEPT_BUDGET KEPT_ACCEPT ANEW_RUNNER ANEW_BUDGET ANEW_ACCEPT
# A row of PATHS is `kept anew times`: the mean of figure `kept` must be less than that of the twin's figure `anew`, and that at least so many times.
set -euo pipefail
paths=$1 budget=$2 drift=$3
out=${TEST_UNDECLARED_OUTPUTS_DIR:-${TEST_TMPDIR:-$(mktemp -d)}}
bad=0

boot() { # boot NAME RUNNER BUDGET ACCEPT
    mkdir -p "$out/$1"
    echo "== $1"
    TEST_UNDECLARED_OUTPUTS_DIR=$out/$1 "$budget" "$2" "$3" "$4" "$drift" || bad=1
}

mean_of() { # mean_of NAME FIGURE
    tr -d '\r' <"$out/$1/bench.log" 2>/dev/null | while read -r area name _ word mean _; do
        if [ "$area $name $word" = "bench: $2 mean" ]; then echo "$mean"; fi
    done
}

boot kept "$4" "$5" "$6"
boot anew "$7" "$8" "$9"

printf '== %-20s %10s %10s %8s %8s\n' 'hot path' kept anew times promised
rows=0
while read -r kept anew times rest; do
    case $kept in ''|'#'*) continue ;; esac
    [[ $times =~ ^[1-9][0-9]*$ && -z $rest ]] || { echo "improvement: bad row: $kept $anew $times $rest" >&2; exit 1; }
    rows=$((rows + 1))
    with=$(mean_of kept "$kept") without=$(mean_of anew "$anew")
    if [[ ! $with =~ ^[1-9][0-9]*$ || ! $without =~ ^[1-9][0-9]*$ ]]; then
        echo "improvement: no figure to compare: $kept '$with', $anew '$without'"
        bad=1
        continue
    fi
    printf '   %-20s %10s %10s %6s.%s %8s\n' "$kept" "$with" "$without" $((without / with)) $((without * 10 / with % 10)) "$times"
    if [ "$with" -ge "$without" ] || [ $((with * times)) -gt "$without" ]; then
        echo "improvement: $kept takes $with instructions with reuse and $without without ($anew): not $times times cheaper"
        bad=1
    fi
done <"$paths"
[ $rows -gt 0 ] || { echo "improvement: no hot path is named"; bad=1; }
exit $bad
