#!/usr/bin/env bash
# testing/evidence/full_ladder.sh: boots images one after the other; each must pass, and all together take no longer than the gate.
#   full_ladder.sh SECONDS RUNNER..
# What counts is what each runner's verdict says: power-on to the end, without waiting for another QEMU of the machine.
set -euo pipefail
gate=$1
shift
[[ $gate =~ ^[1-9][0-9]*$ && $# -gt 0 ]] || { echo "full_ladder: a gate in seconds and the images, not '$gate' and $#" >&2; exit 2; }
out=${TEST_UNDECLARED_OUTPUTS_DIR:-${TEST_TMPDIR:-$(mktemp -d)}}/full_ladder

sum=0 # Hundredths of a second.
count=0
for runner in "$@"; do
    name=${runner##*/}
    mkdir -p "$out/$name"
    if ! TEST_UNDECLARED_OUTPUTS_DIR=$out/$name "$runner" >"$out/$name/run.txt" 2>&1; then
        cat "$out/$name/run.txt"
        echo "full_ladder: $name failed" >&2
        exit 1
    fi
    used=
    while IFS= read -r line; do
        if [[ $line =~ ^PASS\ .*\ in\ ([0-9]+)\.([0-9][0-9])\ s, ]]; then
            used=$((BASH_REMATCH[1] * 100 + 10#${BASH_REMATCH[2]}))
            echo "$line"
        fi
    done <"$out/$name/run.txt"
    [ -n "$used" ] || { echo "full_ladder: $name does not say how long it took" >&2; exit 1; }
    sum=$((sum + used)) count=$((count + 1))
done

took=$(printf '%d boots in %d.%02d s, %d.%d %% of the %d s gate' $count $((sum / 100)) $((sum % 100)) $((sum / gate)) $((sum * 10 / gate % 10)) "$gate")
if [ $sum -gt $((gate * 100)) ]; then
    echo "full_ladder: too long: $took" >&2
    exit 1
fi
echo "PASS full ladder: $took"
