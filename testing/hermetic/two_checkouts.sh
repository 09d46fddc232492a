#!/usr/bin/env bash
# Two checkouts in folders of different names and depths must build the same bytes: every file of every output folder is compared.
#   two_checkouts.sh TARGET..
. "$(dirname "$(readlink -f "$0")")/../nested/nested.sh"

hashes() { # hashes FOLDER: one line an output file; what only serves running in place names its own folder and is left out
    (
        cd "$1/bazel-out" && shopt -s globstar dotglob
        for file in */bin/**; do
            case $file in *.runfiles/* | *.runfiles_manifest) continue ;; esac
            if [ -f "$file" ]; then sha256sum "$file"; fi
        done
    )
}

differences() { # differences FILE FILE: lines of one and not of the other; fails if there are any
    local -A seen=()
    local line different=0
    while IFS= read -r line; do seen[$line]=1; done <"$1"
    while IFS= read -r line; do
        if [ -n "${seen[$line]-}" ]; then unset "seen[$line]"; else echo "> $line"; different=1; fi
    done <"$2"
    for line in "${!seen[@]}"; do echo "< $line"; different=1; done
    return $different
}

here=$work/a
there=$work/another/checkout/with/a/longer/path
for folder in "$here" "$there"; do
    copy_checkout "$folder"
    say "building in $folder"
    bazel_in "$folder" build "$@" || fail "$* does not build"
    hashes "$folder" >"$folder.hashes"
done
count=$(wc -l <"$here.hashes")
[ "$count" -ge 20 ] || fail "only $count files were built: nothing to compare"
differences "$here.hashes" "$there.hashes" || fail "the files above differ between the two checkouts"
say "$count files, byte for byte the same in both checkouts"
