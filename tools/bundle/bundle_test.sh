#!/usr/bin/env bash
# tools/bundle/bundle_test.sh: what the program says and leaves when it is called wrong.
#   bundle_test.sh BUNDLE
set -euo pipefail
. tools/text/refused.sh

printf '%064d\n' 7 >seed
printf 'not a key' >wrong
printf 'no bundle' >programs
"$tool" key --seed seed --public open --secret secret
[ "$(stat -c %a secret)" = 600 ] || { echo "others may read the secret key" >&2; exit 1; }
[ "$(<secret)" = "$(<seed)" ] || { echo "the secret key is not the seed" >&2; exit 1; }
"$tool" key --public random --secret random_secret
[ "$(<random_secret)" != "$(<seed)" ] || { echo "a random key is the seed" >&2; exit 1; }

refused "A subcommand is required"
refused "--public is required" key
refused "secret: is there already, or can't be written" key --public made --secret secret
[ "$(<secret)" = "$(<seed)" ] || { echo "the secret key was written over" >&2; exit 1; }
refused "nowhere/open: can't be written" key --seed seed --public nowhere/open --secret made
refused "missing: can't be read" verify missing --key open
refused "wrong: a key is 64 hexadecimal digits" key --seed wrong --public made
refused "programs: execd would refuse the programs" build --programs programs --version 1 --health app --key secret --out made
refused "programs: versions begin with 1" build --programs programs --version 0 --health app --out made
refused "wrong: a key is 64 hexadecimal digits" build --programs programs --version 1 --health app --key wrong --out made
refused "programs: shorter than a header's page" verify programs --key open
refused "programs: a public key is a file of 32 bytes" verify programs --key wrong
refused "programs: shorter than a header's page" list programs
