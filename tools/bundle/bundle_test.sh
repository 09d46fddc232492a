#!/usr/bin/env bash
# tools/bundle/bundle_test.sh: what the program says and leaves when it is called wrong.
#   bundle_test.sh BUNDLE
set -euo pipefail
tool=$PWD/$1
cd "$TEST_TMPDIR"

# expect TEXT ARGUMENTS..: it fails, says that, and writes nothing.
expect() {
    local text=$1
    shift
    if "$tool" "$@" >out.txt 2>&1; then
        echo "bundle $*: it did not fail" >&2
        exit 1
    fi
    local said
    said=$(<out.txt)
    case $said in *"$text"*) ;; *) echo "bundle $*: it said: $said" >&2; exit 1 ;; esac
    [ ! -e made ] || { echo "bundle $*: it wrote a file" >&2; exit 1; }
}

printf '%064d\n' 7 >seed
printf 'not a key' >wrong
printf 'no bundle' >programs
"$tool" key --seed seed --public open --secret secret
[ "$(stat -c %a secret)" = 600 ] || { echo "others may read the secret key" >&2; exit 1; }
[ "$(<secret)" = "$(<seed)" ] || { echo "the secret key is not the seed" >&2; exit 1; }
"$tool" key --public random --secret random_secret
[ "$(<random_secret)" != "$(<seed)" ] || { echo "a random key is the seed" >&2; exit 1; }

expect "A subcommand is required"
expect "--public is required" key
expect "secret: is there already, or can't be written" key --public made --secret secret
[ "$(<secret)" = "$(<seed)" ] || { echo "the secret key was written over" >&2; exit 1; }
expect "nowhere/open: can't be written" key --seed seed --public nowhere/open --secret made
expect "missing: can't be read" verify missing --key open
expect "wrong: a key is 64 hexadecimal digits" key --seed wrong --public made
expect "programs: execd would refuse the programs" build --programs programs --version 1 --health app --key secret --out made
expect "programs: versions begin with 1" build --programs programs --version 0 --health app --out made
expect "wrong: a key is 64 hexadecimal digits" build --programs programs --version 1 --health app --key wrong --out made
expect "programs: shorter than a header's page" verify programs --key open
expect "programs: a public key is a file of 32 bytes" verify programs --key wrong
expect "programs: shorter than a header's page" list programs
