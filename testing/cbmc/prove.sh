#!/usr/bin/env bash
# prove.sh CBMC MEMORY_MIB --program - UNIT.. [--program MISTAKE UNIT..].. -- FLAG..
# The first program must be proved; each further one, with a mistake in it, must be refuted by a property that is no loop bound: by an assertion
# alone, which takes a third of the time where pointers abound, or else with all checks.
set -euo pipefail
cbmc=$1 memory_mib=$2
shift 2
ulimit -v $((memory_mib * 1024))
TIMEFORMAT='%U s'

programs=()
units=()
while [ "$1" != -- ]; do
    if [ "$1" = --program ]; then
        programs+=("$2")
        units+=("")
        shift 2
    else
        units[-1]+=" $1"
        shift
    fi
done
shift
[ "${programs[0]-}" = - ] || { echo "prove.sh: no program" >&2; exit 2; }

# Runs CBMC; its words in $said, its end in $status, its processor time in $spent.
check() { # UNITS FLAG..
    local units=$1
    shift
    status=0
    # shellcheck disable=SC2086 # Paths without spaces.
    spent=$({ time "$cbmc" $units "$@" >"$log" 2>&1 || echo $? >"$log.status"; } 2>&1)
    if [ -e "$log.status" ]; then status=$(<"$log.status"); rm "$log.status"; fi
    said=$(<"$log")
    if [[ $said == *"preprocessing failed"* ]]; then
        echo "$said"
        echo "NOT PROVED: CBMC could not read its models of library functions"
        exit 1
    fi
}

refute() { # UNITS FLAG..; the first property that fails in $found.
    check "$@"
    found=
    while IFS= read -r line; do
        if [[ $line == *": FAILURE" && $line != *"unwinding assertion"* ]]; then found=${found:-$line}; fi
    done <<<"$said"
}

log=${TEST_TMPDIR:-/tmp}/cbmc.log
for i in "${!programs[@]}"; do
    name=${programs[i]}
    if [ "$name" = - ]; then
        check "${units[i]}" "$@" --trace
        if [ $status != 0 ] || [[ $said != *"VERIFICATION SUCCESSFUL"* ]]; then
            echo "$said"
            echo "NOT PROVED (status $status, $spent)"
            exit 1
        fi
        properties=${said##*'** 0 of '}
        echo "proved ${properties%% *} properties in $spent"
        continue
    fi
    refute "${units[i]}" "$@" --no-standard-checks --slice-formula
    if [ -z "$found" ]; then refute "${units[i]}" "$@"; fi
    if [ $status != 10 ] || [ -z "$found" ]; then
        echo "$said"
        echo "NOT FOUND: $name (status $status, $spent)"
        exit 1
    fi
    echo "found $name in $spent: $found"
done
times >"$log"
{ read -r _ && read -r spent; } <"$log"
echo "processor time in all (user, system): $spent"
