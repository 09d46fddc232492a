#!/usr/bin/env bash
# testing/update/reboots.sh: the machine of an image that reboots, which QEMU lets start anew: the kernel boots again, in the same machine, and the second boot finds what the first one left on the disk. A machine that powers off boots once.
#   reboots.sh RUNNER
set -euo pipefail
runner=$1
outputs=${TEST_UNDECLARED_OUTPUTS_DIR:-$TEST_TMPDIR}
log=$outputs/uart.log
disk=$outputs/disk.img
seconds=120
mib=4

printed=$("$runner" --print)
eval "words=($printed)"
command=()
for word in "${words[@]}"; do
    [ "$word" = -no-reboot ] || command+=("${word/file=DISK/file=$disk}")
done
[ ${#command[@]} -eq $((${#words[@]} - 1)) ] || { echo "reboots: no -no-reboot to leave out of: $printed" >&2; exit 1; }
truncate -s ${mib}M "$disk"
: >"$log"

# One QEMU at a time on a machine (testing/qemu/machine_lock.h).
exec 9>>/tmp/tessera-qemu.lock || exec 9</tmp/tessera-qemu.lock
flock 9
"${command[@]}" </dev/null >"$log" 2>&1 9>&- &
qemu=$!
trap 'kill "$qemu" 2>/dev/null || true' EXIT
count_of() { # count_of LINE: how often it was printed
    local line count=0
    while IFS= read -r line; do
        [ "${line%$'\r'}" != "$1" ] || count=$((count + 1))
    done <"$log"
    echo "$count"
}
for ((i = 0; i < seconds * 10; i++)); do
    if [ "$(count_of 'updated: tries slot 0 version 1')" -ge 1 ]; then break; fi
    kill -0 "$qemu" 2>/dev/null || break
    sleep 0.1
done
boots=$(count_of 'kernel: boot')
said=$(count_of 'kernel: reboot')
# What is tried goes on, and may have asked for the next reboot by now.
if [ "$boots" -lt 2 ] || [ "$said" -lt 1 ] || [ "$(count_of 'updated: tries slot 0 version 1')" -ne 1 ]; then
    echo "reboots: $boots boots, and $said times a reboot was asked for" >&2
    tail -n 20 "$log" >&2
    exit 1
fi
echo "reboots: $boots boots of one machine"
