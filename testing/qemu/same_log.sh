#!/usr/bin/env bash
# testing/qemu/same_log.sh: boots an image several times; each boot must pass, and all logs must be the same to the byte.
#   same_log.sh RUNNER COUNT
set -euo pipefail
runner=$1
count=$2
outputs=${TEST_UNDECLARED_OUTPUTS_DIR:-$TEST_TMPDIR}
unset TEST_UNDECLARED_OUTPUTS_DIR # Each boot would overwrite what the last one left.
[ "$count" -ge 2 ] || { echo "same_log: $count boots show nothing" >&2; exit 2; }

first_difference() { # first_difference FILE FILE: the first line that differs, of both
    local -a one two
    local i
    mapfile -t one <"$1"
    mapfile -t two <"$2"
    for ((i = 0; i < ${#one[@]} || i < ${#two[@]}; i++)); do
        if [ "${one[i]-}" != "${two[i]-}" ]; then
            printf 'line %d\n< %s\n> %s\n' $((i + 1)) "${one[i]-}" "${two[i]-}"
            return
        fi
    done
}

for ((i = 1; i <= count; i++)); do
    if ! "$runner" --log "$outputs/uart$i.log" >"$outputs/run$i.txt" 2>&1; then
        cat "$outputs/run$i.txt"
        exit 1
    fi
    while IFS= read -r line; do
        case $line in PASS*) echo "$line" ;; esac
    done <"$outputs/run$i.txt"
    read -r sum _ < <(sha256sum "$outputs/uart$i.log")
    if [ "$sum" != "${first_sum:=$sum}" ]; then
        first_difference "$outputs/uart1.log" "$outputs/uart$i.log"
        echo "same_log: boot $i is not boot 1" >&2
        exit 1
    fi
done
[ -s "$outputs/uart1.log" ] || { echo "same_log: the log is empty" >&2; exit 1; }
echo "same_log: $count boots, $(wc -c <"$outputs/uart1.log") bytes each, all the same"
