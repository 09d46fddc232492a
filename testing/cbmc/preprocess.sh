#!/usr/bin/env bash
# preprocess.sh OUT SOURCE [--place FILE AS | --bound FILE NAME VALUE | --edit FILE OLD NEW]... -- COMPILER FLAG...
# Preprocesses SOURCE of the tree to OUT. A copy of each FILE that is placed or changed stands before the tree on the include path:
#   --place  the file as another one of that name, as the build chooses a port's
#   --bound  the enumerator or macro NAME of the file is VALUE
#   --edit   OLD, which stands in the file once, is NEW there
set -euo pipefail
out=$1 source=$2
shift 2
copies=$out.copies
rm -rf "$copies"

fail() {
    echo "preprocess.sh: $*" >&2
    exit 1
}

copy_of() {
    if [ ! -e "$copies/$1" ]; then
        mkdir -p "$copies/${1%/*}"
        cp "${2-$1}" "$copies/$1"
        chmod +w "$copies/$1"
    fi
}

change() { # FILE OLD NEW
    local text rest count
    copy_of "$1"
    text=$(<"$copies/$1")
    rest=${text//"$2"/}
    count=$(((${#text} - ${#rest}) / ${#2}))
    [ "$count" = 1 ] || fail "$1: '$2' stands there $count times, not once"
    printf '%s\n' "${text/"$2"/"$3"}" >"$copies/$1"
}

bound() { # FILE NAME VALUE
    local line found='' enumerator="^( +|enum [{] )$2 = [^,]+(,.*| [}];.*)$" macro="^#define $2 [^ ].*$"
    copy_of "$1"
    while IFS= read -r line; do
        if [[ $line =~ $enumerator ]]; then
            line="${BASH_REMATCH[1]}$2 = $3${BASH_REMATCH[2]}"
            found=$found.
        elif [[ $line =~ $macro ]]; then
            line="#define $2 $3"
            found=$found.
        fi
        printf '%s\n' "$line"
    done <"$copies/$1" >"$copies/$1.new"
    [ "$found" = . ] || fail "$1: no single line gives $2 its value"
    mv "$copies/$1.new" "$copies/$1"
}

while [ "$1" != -- ]; do
    case $1 in
        --place) copy_of "$3" "$2"; shift 3 ;;
        --bound) bound "$2" "$3" "$4"; shift 4 ;;
        --edit) change "$2" "$3" "$4"; shift 4 ;;
        *) fail "unknown: $1" ;;
    esac
done
compiler=$2
shift 2
if [ -e "$copies/$source" ]; then source=$copies/$source; fi
"$compiler" -iquote "$copies" "$@" -E -w "$source" -o "$out"
rm -rf "$copies"
