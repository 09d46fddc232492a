#!/usr/bin/env bash
# tools/statefs/statefs_test.sh: what the program says and leaves when it is called wrong.
#   statefs_test.sh STATEFS
set -euo pipefail
tool=$PWD/$1
cd "$TEST_TMPDIR"

# expect TEXT ARGUMENTS..: it fails, says that, and writes no file `made`.
expect() {
    local text=$1
    shift
    if "$tool" "$@" >out.txt 2>&1; then
        echo "statefs $*: it did not fail" >&2
        exit 1
    fi
    local said
    said=$(<out.txt)
    case $said in *"$text"*) ;; *) echo "statefs $*: it said: $said" >&2; exit 1 ;; esac
    [ ! -e made ] || { echo "statefs $*: it wrote a file" >&2; exit 1; }
}

printf '%064d\n' 7 >key
printf '%064d' 8 >other
printf 'not a key' >wrong
: >empty
"$tool" make image --key key >/dev/null
"$tool" check image --key key >checked.txt
case $(<checked.txt) in *encrypted*) ;; *) echo "it is not encrypted" >&2; exit 1 ;; esac

expect "A subcommand is required"
expect "missing: can't be read" make made --key missing
expect "empty: empty, and no key" make made --key empty
expect "a key is 64 hexadecimal digits" make made --key wrong
expect "image: wrong key, or none where one is needed" check image
expect "image: wrong key, or none where one is needed" dump image --key other
expect "image: is there; --force writes over it" make image --key key
