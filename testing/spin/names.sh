#!/usr/bin/env bash
# names.sh OUT MODEL [FILE FUNCTION]..
# Writes OUT if MODEL names each FUNCTION in its opening comment, and FILE defines it.
set -euo pipefail
out=$1 model=$2
shift 2
text=$(<"$model")
opening=${text%%'*/'*}

defines() { # FILE FUNCTION
    local line pattern="^[A-Za-z][^;=]*[ *]$2\("
    while IFS= read -r line; do
        if [[ $line =~ $pattern ]]; then return 0; fi
    done <"$1"
    return 1
}

while [ $# -gt 0 ]; do
    [[ $opening =~ (^|[^a-z_])"$2"([^a-z_]|$) ]] || { echo "$model: its opening comment does not name $2" >&2; exit 1; }
    defines "$1" "$2" || { echo "$model stands for $2 of $1, which is not defined there" >&2; exit 1; }
    shift 2
done
echo "named" >"$out"
