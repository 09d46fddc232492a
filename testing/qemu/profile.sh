#!/usr/bin/env bash
# testing/qemu/profile.sh: boots an image with --profile; the boot must pass as it does without, and every instruction must be of a known function.
#   profile.sh RUNNER PROGRAM..: programs that must have run
set -euo pipefail
runner=$1
shift
folded=$TEST_TMPDIR/run.folded

fail() {
    echo "profile: $1" >&2
    exit 1
}

"$runner" --profile "$folded" || fail "the boot failed"
declare -A count=()
sections=
while IFS= read -r line; do
    IFS=';' read -r section program _ <<<"$line"
    case $section in 'bench: '*) sections=yes ;; esac
    count[$program]=$((${count[$program]-0} + ${line##* }))
    count[all]=$((${count[all]-0} + ${line##* }))
done <"$folded"
[ -n "$sections" ] || fail "lines of the UART end no sections"
for program in kernel "$@"; do
    [ "${count[$program]-0}" -gt 1000 ] || fail "$program: ${count[$program]-0} instructions"
done
[ $((${count["?"]-0} * 1000)) -lt "${count[all]}" ] || fail "${count["?"]} of ${count[all]} instructions are of nobody"
echo "profile: ${count[all]} instructions, ${count["?"]-0} of nobody known"
