#!/usr/bin/env bash
# A changed hash in the lock must run every compile again. One package of each compiler is replaced by another file with the same
# content: its archive gets one more member, which dpkg ignores.
#   lock_change.sh AR TARGET..
. "$(dirname "$(readlink -f "$0")")/../nested/nested.sh"

ar=$(readlink -f "$1")
shift
store=$HOME/.cache/tessera/repositories/content_addressable/sha256
checkout=$work/checkout
copy_checkout "$checkout"

replace_package() { # replace_package LOCK NAME
    local lock=$checkout/toolchains/packages/$1.lock kind suite name version arch hash bytes file at
    local -a lines
    mapfile -t lines <"$lock"
    for at in "${!lines[@]}"; do
        read -r kind suite name version arch hash bytes <<<"${lines[at]}"
        if [ "$kind $name" = "deb $2" ]; then break; fi
    done
    [ "$name" = "$2" ] || fail "$2 is not in $lock"
    file=$work/mirror/${name}_${version//:/_}_$arch.deb
    mkdir -p "$work/mirror"
    cp "$store/$hash/file" "$file"
    chmod u+w "$file"
    echo "changed on purpose" >"$work/_note"
    "$ar" q "$file" "$work/_note"
    read -r hash _ < <(sha256sum "$file")
    lines[at]="deb $suite $name $version $arch $hash $(stat -c %s "$file")"
    printf "%s\n" "${lines[@]}" >"$lock"
}

build() { # build LOG: prints how many compiles and links ran (--subcommands names each)
    bazel_in "$checkout" build --subcommands "${targets[@]}" >"$1" 2>&1 || { cat "$1"; fail "${targets[*]} does not build"; }
    local line count=0
    while IFS= read -r line; do
        case $line in "SUBCOMMAND: "*"action 'Compiling"* | "SUBCOMMAND: "*"action 'Linking"*) count=$((count + 1)) ;; esac
    done <"$1"
    echo "$count"
}

targets=("$@")
first=$(build "$work/first.log")
idle=$(build "$work/idle.log")
[ "$idle" = 0 ] || fail "$idle compiles and links ran though nothing had changed"
replace_package riscv_gcc zlib1g
replace_package host_gcc zlib1g
TESSERA_PACKAGE_MIRROR=$work/mirror
export TESSERA_PACKAGE_MIRROR
again=$(build "$work/again.log")
say "compiles and links: $first at first, $idle without a change, $again with changed hashes in the lock"
[ "$first" -gt 0 ] && [ "$again" = "$first" ] || fail "not every one ran again"
