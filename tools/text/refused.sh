#!/usr/bin/env bash
# tools/text/refused.sh: for tests of what a command line tool says and leaves when it is called wrong; they source it, with the tool as their first argument, and go on in their scratch folder.
tool=$PWD/$1
cd "$TEST_TMPDIR"

# refused TEXT ARGUMENTS..: the tool fails, says that, and writes no file `made`.
refused() {
    local text=$1 said
    shift
    if said=$("$tool" "$@" 2>&1); then
        echo "${tool##*/} $*: it did not fail" >&2
        exit 1
    fi
    case $said in *"$text"*) ;; *) echo "${tool##*/} $*: it said: $said" >&2; exit 1 ;; esac
    [ ! -e made ] || { echo "${tool##*/} $*: it wrote a file" >&2; exit 1; }
}
