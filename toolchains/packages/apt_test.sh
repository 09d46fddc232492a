#!/usr/bin/env bash
# apt.sh against an apt that answers from files: drift, strictness, sources of either release. No network, no real apt.
#   apt_test.sh APT_SH
set -euo pipefail
apt_sh=$1
work=${TEST_TMPDIR:-$(mktemp -d)}
failures=0

ok() { echo "ok   $1"; }
bad() { echo "FAIL $1"; failures=$((failures + 1)); }
expect() { # expect NAME TEXT FILE: FILE holds TEXT
    if [[ $(<"$3") == *"$2"* ]]; then ok "$1"; else bad "$1: no '$2' in:"; cat "$3"; fi
}

# An archive with one version of one package; `apt-get download` writes what is asked for.
mkdir -p "$work/bin"
cat >"$work/bin/apt-cache" <<'APT'
#!/bin/sh
printf 'Package: tool\nVersion: 2.0-1\nArchitecture: amd64\nSHA256: %064d\nSize: 7\n\n' 2
APT
cat >"$work/bin/apt-get" <<'APT'
#!/bin/sh
for word in "$@"; do case $word in tool=*) echo "${word#*=}" >"tool_${word#*=}_amd64.deb" ;; esac; done
APT
cat >"$work/bin/apt-config" <<'APT'
#!/bin/sh
echo 'Acquire::http::Proxy "http://proxy.invalid:3128";'
APT
chmod 755 "$work"/bin/*
export PATH=$work/bin:$PATH

# A Debian 12 machine with Debian's sources in both notations, and strangers that must not get into a build.
export TESSERA_TEST_ETC=$work/etc
mkdir -p "$work/etc/apt/sources.list.d"
echo 'VERSION_CODENAME=bookworm' >"$work/etc/os-release"
cat >"$work/etc/apt/sources.list" <<'LIST'
# deb http://commented.invalid/debian bookworm main
deb [signed-by=/keys/one.gpg] http://lines.invalid/debian bookworm main contrib
deb http://lines.invalid/security bookworm-security main
deb http://stranger.invalid/debian bookworm stable
deb http://stranger.invalid/other bookworm-other main
LIST
cat >"$work/etc/apt/sources.list.d/debian.sources" <<'LIST'
Types: deb
URIs: http://stanzas.invalid/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main non-free
Signed-By: /keys/two.gpg

Types: deb
URIs: http://stranger.invalid/debian
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: http://disabled.invalid/debian
Suites: bookworm
Components: main
LIST

run() { # run NAME STRICT VERSION: fetches tool=VERSION into $work/NAME; status in $status, text in $work/NAME.log
    status=0
    mkdir -p "$work/state"
    TESSERA_STRICT_PACKAGES=$2 bash "$apt_sh" get "$work/state" "$work/$1" "$1" \
        "deb trixie tool $3 amd64 0 7" >"$work/$1.log" 2>&1 || status=$?
}

run locked 0 2.0-1
if [ $status = 0 ] && [ ! -e "$work/locked/DRIFT" ]; then ok "the locked version is taken"; else bad "locked: $status"; fi
expect "the package lies under its name" 2.0-1 "$work/locked/tool.deb"

run drifted 0 1.0-1
if [ $status = 0 ]; then ok "a superseded version is replaced"; else bad "drifted: $status"; cat "$work/drifted.log"; fi
expect "drift is recorded" "tool 1.0-1 2.0-1" "$work/drifted/DRIFT"
expect "drift is said aloud" "WARNING: DRIFT: tool 1.0-1 2.0-1" "$work/drifted.log"
expect "the newer version lies there" 2.0-1 "$work/drifted/tool.deb"

run test_reject_drift_when_strict 1 1.0-1
if [ $status != 0 ]; then ok "strict refuses"; else bad "strict accepted a superseded version"; fi
for word in tool 1.0-1 2.0-1 'tools/lock update'; do
    expect "strict names $word" "$word" "$work/test_reject_drift_when_strict.log"
done

mkdir -p "$work/state2"
status=0
bash "$apt_sh" get "$work/state2" "$work/gone" gone "deb trixie absent 1.0-1 amd64 0 7" >"$work/gone.log" 2>&1 || status=$?
if [ $status != 0 ]; then ok "test_reject_package_that_vanished"; else bad "a vanished package was accepted"; fi
expect "the vanished package is named" "absent" "$work/gone.log"

bash "$apt_sh" init "$work/trixie" trixie 2>"$work/init.log" || bad "init"
cat "$work"/trixie/sources/* >"$work/sources"
expect "a line is renamed, its key kept" "deb [signed-by=/keys/one.gpg] http://lines.invalid/debian trixie main" "$work/sources"
expect "security updates are renamed" "deb http://lines.invalid/security trixie-security main" "$work/sources"
expect "source packages are listed" "deb-src http://lines.invalid/security trixie-security main" "$work/sources"
expect "a stanza is renamed" "Suites: trixie trixie-updates" "$work/sources"
expect "a stanza's key is kept" "Signed-By: /keys/two.gpg" "$work/sources"
for word in bookworm stranger commented disabled backports contrib non-free; do
    if [[ $(<"$work/sources") == *"$word"* ]]; then bad "test_reject_source: $word is in the sources"; else ok "test_reject_source_$word"; fi
done
expect "the machine's proxy is kept" proxy.invalid "$work/trixie/conf/00machine"

[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
