#!/bin/sh
# testing/markers/check_test.sh: the program's exit statuses and where it writes.
set -eu
check=testing/markers/check
dir=${TEST_TMPDIR:?}

fail() {
    echo "FAIL: $1"
    cat "$dir/out" "$dir/err"
    exit 1
}

# expect STATUS FILE TEXT COMMAND...: the command ends with STATUS, and FILE (out or err) holds TEXT.
expect() {
    wanted=$1 file=$2 text=$3
    shift 3
    status=0
    "$@" >"$dir/out" 2>"$dir/err" || status=$?
    [ "$status" = "$wanted" ] || fail "$* ended with $status, not $wanted"
    case $(cat "$dir/$file") in
    *"$text"*) ;;
    *) fail "$* did not print: $text" ;;
    esac
}

printf 'kernel: boot\nselftest: end\n' >"$dir/good.golden"
printf 'firmware\nkernel: boot\nselftest: end\nkernel: power off\n' >"$dir/good.log"
printf 'kernel: boot\nkernel: power off\n' >"$dir/bad.log"

expect 0 out '' "$check" --golden "$dir/good.golden" --stamp "$dir/stamp"
[ -s "$dir/stamp" ] || fail "no stamp for a good golden file"
expect 0 out '2 of 2 rules' "$check" --golden "$dir/good.golden" --log "$dir/good.log"
expect 1 out 'before the last rule was met' "$check" --golden "$dir/good.golden" --log "$dir/bad.log" --stamp "$dir/stamp_bad"
[ ! -e "$dir/stamp_bad" ] || fail "a stamp for a bad log"
expect 2 err 'wrong/text_unknown.golden:3:1: no row of images/markers.def allows `t: z`' \
    "$check" --golden testing/markers/wrong/text_unknown.golden --stamp "$dir/stamp_wrong"
[ ! -e "$dir/stamp_wrong" ] || fail "a stamp for a wrong golden file"
expect 2 err "can't be read" "$check" --golden "$dir/none.golden"
expect 2 err '--golden is required' "$check"
echo PASS
