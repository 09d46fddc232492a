#!/usr/bin/env bash
# Unpacks fetched packages into the current folder, for packages.bzl. Which ones and what to keep comes by environment, one item a line:
#   ARCHIVES  folder of *.deb files and of folders that hold an unpacked source archive
#   EXCLUDE   patterns not to unpack at all
#   STRIP     folder of the unpacked tree that becomes the current one
#   KEEP      files, folders and patterns to keep, below STRIP
#   PROGRAMS  PATH or PATH=ORIGINAL: programs that start through a wrapper, with the loader and the libraries of their own packages
#   LIBRARIES further library folders of the unpacked tree
#   MODULE_MAP folders of headers that any code may include: listed in module.modulemap
# Everything a program links to is copied to rt/; a library that is only found on the machine is an error.
set -euo pipefail
export LC_ALL=C
umask 022
unset LD_LIBRARY_PATH

die() { echo "unpack: $*" >&2; exit 1; }
read_lines() { # read_lines VARIABLE TEXT
    local -n lines=$1
    lines=()
    if [ -n "$2" ]; then mapfile -t lines <<<"$2"; fi
}

read_lines exclude "${EXCLUDE-}"
read_lines keep "${KEEP-}"
read_lines programs "${PROGRAMS-}"
read_lines libraries "${LIBRARIES-}"
read_lines module_map "${MODULE_MAP-}"
arch=x86_64-linux-gnu
root=$PWD/.root

unpack_all() {
    local options=(--exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale --exclude=./usr/share/info) item
    for item in ${exclude[@]+"${exclude[@]}"}; do options+=("--exclude=$item"); done
    mkdir "$root"
    for item in "$ARCHIVES"/*; do
        case $item in
            *.deb) dpkg-deb --fsys-tarfile "$item" | tar -x -C "$root" --no-same-owner --no-same-permissions "${options[@]}" -f - ;;
            *) cp -a "$item"/*/. "$root" ;;
        esac
    done
}

# Debian 12 packages have lib/, Debian 13's usr/lib/: one tree serves both kinds.
join_usr() {
    local part
    for part in bin sbin lib lib64; do
        if [ -d "$root/$part" ] && [ ! -L "$root/$part" ]; then
            mkdir -p "$root/usr/$part"
            cp -a --link --no-clobber "$root/$part/." "$root/usr/$part/"
            rm -rf "${root:?}/$part"
            ln -s "usr/$part" "$root/$part"
        fi
    done
}

keep_some() {
    local item file target
    for item in ${keep[@]+"${keep[@]}"}; do
        # shellcheck disable=SC2086 # a pattern
        for file in "$root/${STRIP:-.}"/$item; do
            if [ ! -e "$file" ] && [ ! -L "$file" ]; then die "nothing matches $item"; fi
            target=${file#"$root/${STRIP:-.}/"}
            if [ "$target" = . ]; then cp -a --link "$file/." .; continue; fi
            mkdir -p "$(dirname "$target")"
            if [ -d "$file" ] && [ ! -L "$file" ]; then mkdir -p "$target"; cp -a --link "$file/." "$target/"; else cp -a --link "$file" "$target"; fi
        done
    done
}

wrap() { # wrap PATH=ORIGINAL or PATH
    local original=$root/${1#*=} path=${1%%=*} folder name up library arrow file rest
    original=$(readlink -f "$original") || die "no program ${1#*=}"
    folder=$(dirname "$path") name=$(basename "$path")
    up=$(realpath -m --relative-to="/x/$folder" /x)
    while read -r library arrow file rest; do
        case $library in */ld-linux-x86-64.so.2|ld-linux-x86-64.so.2|linux-vdso.so.1) continue ;; esac
        [ "$arrow" = '=>' ] || die "$path: $library $arrow $file $rest"
        case $file in
            "$root"/*) if [ ! -e "rt/$library" ]; then cp -L "$file" "rt/$library"; fi ;;
            *) die "$path needs $library, which no locked package holds (found: $file)" ;;
        esac
    done < <("$loader" --inhibit-cache --library-path "$library_path" --list "$original" | grep -v 'linux-vdso' || true)
    mkdir -p "$folder/.real"
    rm -f "$folder/$name"
    cp -L "$original" "$folder/.real/$name"
    cat >"$folder/$name" <<WRAPPER
#!/bin/sh
case "\$0" in */*) d=\${0%/*} ;; *) d=. ;; esac
exec "\$d/$up/rt/ld-linux-x86-64.so.2" --inhibit-cache --library-path "\$d/$up/rt" --argv0 "\$0" "\$d/.real/$name" "\$@"
WRAPPER
    chmod 755 "$folder/$name"
}

wrap_all() {
    local item
    [ ${#programs[@]} -gt 0 ] || return 0
    loader=$root/usr/lib/$arch/ld-linux-x86-64.so.2
    [ -e "$loader" ] || die "the packages hold no loader (libc6)"
    library_path=$root/usr/lib/$arch
    for item in ${libraries[@]+"${libraries[@]}"}; do library_path+=:$root/$item; done
    mkdir -p rt
    cp -L "$loader" rt/ld-linux-x86-64.so.2
    for item in "${programs[@]}"; do wrap "$item"; done
}

# Links must end inside the tree; linker scripts must not name the machine's folders.
mend() {
    local link target file
    find . -path ./.root -prune -o -type l -print | while read -r link; do
        target=$(readlink "$link")
        case $target in
            /*) if [ -e ".$target" ]; then ln -sfn "$(realpath --relative-to="$(dirname "$link")" ".$target")" "$link"; else rm "$link"; fi ;;
            *) [ -e "$link" ] || rm "$link" ;;
        esac
    done
    for file in usr/lib/$arch/libc.so usr/lib/$arch/libm.so usr/lib/$arch/libm.a; do
        if [ -f $file ] && head -c 60 $file | grep -q 'GNU ld script'; then
            sed -E -i "s#/(usr/)?lib(64)?/($arch/)?##g" $file
        fi
    done
}

write_module_map() {
    [ ${#module_map[@]} -gt 0 ] || return 0
    {
        echo 'module "crosstool" [system] {'
        find -L "${module_map[@]}" -type f | sort | while read -r header; do printf '  textual header "%s"\n' "$header"; done
        echo '}'
    } >module.modulemap
}

unpack_all
join_usr
keep_some
wrap_all
mend
write_module_map
rm -rf "$root"
