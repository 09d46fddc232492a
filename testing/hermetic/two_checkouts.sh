#!/usr/bin/env bash
# Two checkouts in folders of different names and depths must build the same bytes: every file of every output folder is compared.
#   two_checkouts.sh TARGET..
. "$(dirname "$(readlink -f "$0")")/../nested/nested.sh"

hashes() { # hashes FOLDER: one line an output file; what only serves running in place names its own folder and is left out
    (cd "$1/bazel-out" && find -L . -type f -path './*/bin/*' ! -path '*.runfiles/*' ! -name '*.runfiles_manifest' -print0 |
        sort -z | xargs -0 sha256sum)
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
diff "$here.hashes" "$there.hashes" || fail "the files above differ between the two checkouts"
say "$count files, byte for byte the same in both checkouts"
