#!/usr/bin/env bash
# tools/statefs/statefs_test.sh: what the program says and leaves when it is called wrong.
#   statefs_test.sh STATEFS
set -euo pipefail
. tools/text/refused.sh

printf '%064d\n' 7 >key
printf '%064d' 8 >other
printf 'not a key' >wrong
: >empty
"$tool" make image --key key >/dev/null
"$tool" check image --key key >checked.txt
case $(<checked.txt) in *encrypted*) ;; *) echo "it is not encrypted" >&2; exit 1 ;; esac

refused "A subcommand is required"
refused "missing: can't be read" make made --key missing
refused "empty: empty, and no key" make made --key empty
refused "a key is 64 hexadecimal digits" make made --key wrong
refused "image: wrong key, or none where one is needed" check image
refused "image: wrong key, or none where one is needed" dump image --key other
refused "image: is there; --force writes over it" make image --key key

printf '%01024d' 0 >log
refused "missing: can't be read" cut missing made
refused "log: no log of a disk" cut log made --seed 3
refused "log: no log of a disk" points log
refused "image: is there; --force writes over it" cut log image
refused "a size is 1 to 1024 MiB" cut log made --mib 0
refused "image is required" cut log
refused "--seed" cut log made --seed -1
