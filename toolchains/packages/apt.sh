#!/usr/bin/env bash
# Packages from the machine's own apt sources, for either Debian release, without root and without touching the system.
#   apt.sh init DIR SUITE          private apt state in DIR, listing SUITE (the machine's sources with the suite's name put in)
#   apt.sh get DIR OUT LABEL ROW.. fetch packages to OUT/<name>.deb (or OUT/<file> for a source archive)
#   apt.sh list DIR NAME..         rows of the newest versions of binary packages
#   apt.sh closure DIR NAME..      rows of NAME.. and all that they depend on
#   apt.sh sources DIR NAME..      rows of upstream source archives
# A ROW is one line of a lock file: `deb SUITE NAME VERSION ARCH SHA256 BYTES` or `src SUITE NAME VERSION FILE SHA256 BYTES`.
# get: a superseded version is an error with TESSERA_STRICT_PACKAGES=1; otherwise the version that apt's signatures vouch for
# is taken, and OUT/DRIFT gets the line `NAME LOCKED GOT FILE`. Hashes are the caller's to check.
set -euo pipefail
export LC_ALL=C
umask 022
unset LD_LIBRARY_PATH  # bazelw sets it for Bazel
etc=${TESSERA_TEST_ETC:-/etc}  # apt_test.sh gives a folder of its own

die() { echo "packages: $*" >&2; exit 1; }
say() { echo "packages: $*" >&2; }

# The machine's Debian sources, one stanza or line each, with suite names of any release replaced by $1's.
suite_names() { # suite_names WANTED WORD...: prints the words that belong to this machine's release, renamed
    local wanted=$1 word out=() ; shift
    for word in "$@"; do
        case $word in
            "$codename"|stable|oldstable) out+=("$wanted") ;;
            "$codename-updates"|"$codename-security") out+=("$wanted-${word##*-}") ;;
            stable-updates|stable-security|oldstable-updates|oldstable-security) out+=("$wanted-${word##*-}") ;;
        esac
    done
    echo "${out[*]-}"
}

copy_deb822() { # copy_deb822 WANTED < x.sources
    local wanted=$1 line key suites='' body='' main='' off=''
    flush() {
        if [ -n "$suites" ] && [ -n "$main" ] && [ -z "$off" ]; then
            printf 'Types: deb deb-src\nSuites: %s\nComponents: main\n%s\n' "$suites" "$body"
        fi
        suites='' body='' main='' off=''
    }
    while IFS= read -r line || [ -n "$line" ]; do
        key=${line%%:*}
        case $line in
            '') flush ;;
            '#'*) ;;
            *) case ${key,,} in
                types) ;;
                suites) suites=$(suite_names "$wanted" ${line#*:}) ;;
                components) case " ${line#*:} " in *' main '*) main=1 ;; esac ;;
                enabled) case ${line#*:} in *no*) off=1 ;; esac ;;
                *) body+=$line$'\n' ;;
            esac ;;
        esac
    done
    flush
}

copy_lines() { # copy_lines WANTED < sources.list
    local wanted=$1 kind rest options uri suite components
    while read -r kind rest; do
        [ "$kind" = deb ] || continue
        options=''
        case $rest in '['*) options=${rest%%]*}'] '; rest=${rest#*]} ;; esac
        read -r uri suite components <<<"$rest"
        suite=$(suite_names "$wanted" "$suite")
        case " $components " in *' main '*) ;; *) continue ;; esac
        [ -n "$suite" ] || continue
        printf 'deb %s%s %s main\ndeb-src %s%s %s main\n' "$options" "$uri" "$suite" "$options" "$uri" "$suite"
    done
}

update() { apt-get -qq -o APT::Update::Error-Mode=any update >&2; }

init() { # init DIR SUITE
    local dir=$1 suite=$2 file tag=0 codename
    type -P apt-get >/dev/null || die "no apt-get here: give --repo_env=TESSERA_PACKAGE_MIRROR=<folder or URL that holds the packages>"
    codename=$(. "$etc/os-release"; echo "${VERSION_CODENAME-}")
    [ -n "$codename" ] || die "$etc/os-release does not name this machine's Debian release"
    mkdir -p "$dir"/{state/lists/partial,cache/archives/partial,log,sources,conf}
    chmod 700 "$dir"
    : >"$dir/state/status"
    for file in "$etc"/apt/sources.list "$etc"/apt/sources.list.d/*; do
        [ -s "$file" ] || continue
        tag=$((tag + 1))
        case $file in
            *.sources) copy_deb822 "$suite" <"$file" >"$dir/sources/$tag.sources" ;;
            *.list) copy_lines "$suite" <"$file" >"$dir/sources/$tag.list" ;;
        esac
    done
    find "$dir/sources" -size 0 -delete
    [ -n "$(ls "$dir/sources")" ] || die "no Debian '$codename' entry in this machine's apt sources"
    # Proxies and the like are the machine's; everything else is ours, so that no local habit changes the outcome.
    apt-config dump | grep '^Acquire::' >"$dir/conf/00machine" || true
    cat >"$dir/conf/99tessera" <<CONF
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::GzipIndexes "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Debug::NoLocking "true";
CONF
    cat >"$dir/apt.conf" <<CONF
Dir::State "$dir/state";
Dir::State::status "$dir/state/status";
Dir::Cache "$dir/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log "$dir/log";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$dir/conf";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$dir/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
CONF
    say "reading the package lists of Debian '$suite'"
    APT_CONFIG=$dir/apt.conf update || die "apt could not read the lists of Debian '$suite' (see above); is the machine online?"
}

known_versions() { # known_versions deb|src NAME...: `NAME=VERSION` a line, apt's candidate first
    local kind=$1 field value name='' ; shift
    if [ "$kind" = deb ]; then apt-cache show --all-versions "$@" 2>/dev/null
    else apt-cache showsrc "$@" 2>/dev/null; fi | grep -E '^(Package|Version): ' | while read -r field value; do
        if [ "$field" = Package: ]; then name=$value; else echo "$name=$value"; fi
    done || true
}

# Sets want[] (name=version, all present) and appends to OUT/DRIFT; returns 1 when a name has no version at all.
choose() { # choose deb|src ROW...
    local kind=$1 row k suite name version rest got names=() known ; shift
    want=()
    for row in "$@"; do read -r k suite name rest <<<"$row"; names+=("$name"); done
    known=$(known_versions "$kind" "${names[@]}")
    for row in "$@"; do
        read -r k suite name version rest <<<"$row"
        if grep -qxF -- "$name=$version" <<<"$known"; then want+=("$name=$version"); continue; fi
        got=$(grep -F -- "$name=" <<<"$known" | grep "^${name//+/\\+}=" | head -n 1) || true
        got=${got#*=}
        drift+=("$name $version ${got:-nothing} $suite")
        if [ -n "$got" ]; then want+=("$name=$got"); fi
    done
}

progress() { # progress LABEL TOTAL_BYTES DIR PID: one line every few seconds while PID lives
    local label=$1 total=$2 dir=$3 pid=$4 have tick=0
    while kill -0 "$pid" 2>/dev/null; do
        sleep 0.5
        tick=$((tick + 1))
        [ $((tick % 10)) = 0 ] || continue
        have=$(du -sb "$dir" 2>/dev/null | cut -f1) || have=0
        say "$label: $((have / 1000000)) of $((total / 1000000)) MB"
    done
}

fetch_debs() { # fetch_debs LABEL BYTES TMP
    (cd "$3" && exec apt-get -qq download "${want[@]}" >&2) &
    local pid=$!
    progress "$1" "$2" "$3" "$pid"
    wait "$pid"
}

fetch_sources() { # fetch_sources TMP ROW...: only the upstream archive of each
    local tmp=$1 row k suite name version file rest pair uri target size hash ; shift
    for pair in "${want[@]}"; do
        name=${pair%%=*}
        for row in "$@"; do read -r k suite n version file rest <<<"$row"; if [ "$n" = "$name" ]; then break; fi; done
        while read -r uri target size hash; do
            case $target in *.orig.tar.*.asc) ;; *.orig.tar.*)
                uri=${uri#\'} uri=${uri%\'}
                (cd "$tmp" && apt-helper_download "$uri" "$target" "$hash") ;;
            esac
        done < <(apt-get source --print-uris -qq "$pair")
    done
}
apt-helper_download() { /usr/lib/apt/apt-helper -qq download-file "$1" "$2" "$3" >&2; }

# fetch KIND LABEL BYTES DIR TMP ROW...: choose versions and fetch; once more with new lists if that fails
fetch() {
    local kind=$1 label=$2 bytes=$3 dir=$4 tmp=$5 line suite try ; shift 5
    for try in 1 2; do
        drift=()
        choose "$kind" "$@"
        if [ ${#drift[@]} = 0 ] || [ $try = 2 ]; then
            for line in ${drift[@]+"${drift[@]}"}; do report_drift $line; done
            if [ "$kind" = deb ]; then fetch_debs "$label" "$bytes" "$tmp" && return; else fetch_sources "$tmp" "$@" && return; fi
            [ $try = 1 ] || die "$label: apt could not fetch all packages (see above)"
        fi
        # A state of its own: the shared one may be in use by another repository.
        read -r _ suite _ <<<"$1"
        rm -rf "$tmp.state"
        init "$tmp.state" "$suite"
        export APT_CONFIG=$tmp.state/apt.conf
    done
}

report_drift() { # report_drift NAME LOCKED GOT SUITE
    if [ "$3" = nothing ]; then die "$1: version $2 is locked, but Debian '$4' has no version of it any more. Run: tools/lock update"; fi
    if [ "${TESSERA_STRICT_PACKAGES:-0}" = 1 ]; then
        die "$1: version $2 is locked, but Debian '$4' now has $3 (strict). Run: tools/lock update"
    fi
    say "WARNING: DRIFT: $1 $2 $3: the locked version $2 is gone; taking $3, which apt's signatures vouch for. To pin it: tools/lock update"
    echo "$1 $2 $3" >>"$out/DRIFT"
}

get() { # get DIR OUT LABEL ROW...
    local dir=$1 label=$3 row size file debs=() sources=() bytes=0 want drift
    out=$2
    shift 3
    mkdir -p "$out"
    out=$(cd "$out" && pwd)
    tmp=$(mktemp -d "$out/.part.XXXXXX")
    trap 'rm -rf "$tmp" "$tmp.state"' EXIT
    export APT_CONFIG=$dir/apt.conf
    for row in "$@"; do
        size=${row##* }
        case $row in
            deb\ *) debs+=("$row"); bytes=$((bytes + size)) ;;
            src\ *) sources+=("$row") ;;
        esac
    done
    if [ ${#debs[@]} -gt 0 ]; then
        say "$label: fetching ${#debs[@]} packages ($((bytes / 1000000)) MB) with apt"
        fetch deb "$label" "$bytes" "$dir" "$tmp" "${debs[@]}"
        for file in "$tmp"/*.deb; do
            row=${file##*/}
            mv "$file" "$out/${row%%_*}.deb"
        done
    fi
    if [ ${#sources[@]} -gt 0 ]; then
        say "$label: fetching ${#sources[@]} source archive(s) with apt"
        fetch src "$label" 0 "$dir" "$tmp" "${sources[@]}"
        for file in "$tmp"/*.tar.*; do
            row=${file##*/}
            mv "$file" "$out/${row%%_*}.${row##*.orig.}"
        done
    fi
}

# Rows of binary packages, newest version first in apt's opinion, sorted by name.
list() { # list DIR NAME...
    local suite=${1##*/} field value name='' version='' arch='' hash='' size=''
    export APT_CONFIG=$1/apt.conf
    shift
    { apt-cache show --no-all-versions "$@"; echo; } | grep -E '^((Package|Version|Architecture|SHA256|Size): |$)' |
        while read -r field value; do
            case $field in
                Package:) name=$value ;;
                Version:) version=$value ;;
                Architecture:) arch=$value ;;
                SHA256:) hash=$value ;;
                Size:) size=$value ;;
                '') if [ -n "$name" ]; then echo "deb $suite $name $version $arch $hash $size"; fi; name='' ;;
            esac
        done | sort -u
}

closure() { # closure DIR NAME...
    local dir=$1 uri target rest names=() ; shift
    export APT_CONFIG=$dir/apt.conf
    while read -r uri target rest; do names+=("${target%%_*}"); done < <(apt-get install --print-uris -qq "$@")
    [ ${#names[@]} -gt 0 ] || die "apt finds no closure of: $*"
    list "$dir" "${names[@]}"
}

sources() { # sources DIR NAME...
    local dir=$1 suite=${1##*/} name version hash size file ; shift
    export APT_CONFIG=$dir/apt.conf
    for name in "$@"; do
        version=$(known_versions src "$name" | grep "^$name=" | cut -d= -f2 | sort -V | tail -n 1)
        [ -n "$version" ] || die "no source package $name in Debian '$suite'"
        apt-cache showsrc --only-source "$name" | grep -E '^(Version: | [0-9a-f]{64} )' | while read -r hash size file; do
            case $hash in
                Version:) current=$size ;;
                *) case $file in *.orig.tar.*.asc) ;; *.orig.tar.*)
                    if [ "$current" = "$version" ]; then echo "src $suite $name $version $file $hash $size"; fi ;;
                esac ;;
            esac
        done | sort -u
    done
}

command=$1
shift
case $command in
    init|get|list|closure|sources) "$command" "$@" ;;
    *) die "unknown command $command" ;;
esac
