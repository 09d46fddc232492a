#!/bin/sh
# tools/symbolize/fake_addr2line.sh: answers in the form of `addr2line -a -f -i -p`, with its own arguments as names.
set -eu
[ "$1" = -e ] || exit 3
elf=$2
[ "$elf" != missing.elf ] || {
    echo "addr2line: 'missing.elf': No such file" >&2
    exit 1
}
for argument; do
    case $argument in
    0x*)
        echo "$argument: at_$argument at $elf:1"
        echo " (inlined by) caller at $elf:2"
        ;;
    esac
done
