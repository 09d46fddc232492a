#!/usr/bin/env bash
# tools/bep_summary/ci_test.sh: .ci/run with a Bazel that plays what it is told: its last line and its exit status are the truth.
#   ci_test.sh RUN SUMMARY
set -euo pipefail
work=${TEST_TMPDIR:?}/tree
mkdir -p "$work/.ci" "$work/testing" "$work/bin/tools/bep_summary" "$work/bin/toolchains"
: >"$work/bin/toolchains/drift.txt"
cp "$1" "$work/.ci/run"
cp "$2" "$work/bin/tools/bep_summary/bep_summary"
chmod 755 "$work/.ci/run"
cd "$work"
export TMPDIR=$work TEST_WORK=$work
unset TESSERA_REMOTE_CACHE TESSERA_CI_MINUTES TESSERA_CI_KEEP
export TESSERA_CI_REMOTE_CACHE=1

cat >bazelw <<'BAZEL'
#!/usr/bin/env bash
events= command=$2
for word in "$@"; do case $word in --build_event_json_file=*) events=${word#*=} ;; esac; done
echo "$*" >>"$TEST_WORK/commands"
case $command in
    info) echo "$TEST_WORK/bin" ;;
    build) [ ! -e "$TEST_WORK/build_fails" ] ;;
    test)
        if [ -z "$events" ]; then exec "$TEST_WORK/remote_cache"; fi
        [ ! -e "$TEST_WORK/events" ] || cp "$TEST_WORK/events" "$events"
        exit "$(<"$TEST_WORK/status")"
        ;;
esac
BAZEL
chmod 755 bazelw

fail() {
    echo "FAIL: $1"
    cat out
    exit 1
}

# play NAME:STATUS..: what the tests come to; the exit status of Bazel follows.
play() {
    local code=0 name=SUCCESS word
    : >events
    for word in "$@"; do
        printf '{"id":{"targetConfigured":{"label":"//%s"}},"configured":{"testSize":"SMALL"}}\n' "${word%:*}" >>events
        printf '{"id":{"testSummary":{"label":"//%s"}},"testSummary":{"overallStatus":"%s","totalRunDurationMillis":"7"}}\n' "${word%:*}" "${word##*:}" >>events
        case $word in *:PASSED | *:FLAKY) ;; *) code=3 name=TESTS_FAILED ;; esac
    done
    printf '{"id":{"buildFinished":{}},"finished":{"exitCode":{"name":"%s","code":%d}}}\n' $name $code >>events
    echo $code >status
    printf '#!/bin/sh\nexit 0\n' >remote_cache
    chmod 755 remote_cache
    rm -f build_fails
    echo 2 >testing/minimum_count
}

# expect STATUS LAST_LINE [TEXT]
expect() {
    local status=0 last
    .ci/run >out 2>&1 || status=$?
    last=$(tail -n 1 out)
    [ "$status" = "$1" ] || fail "ended with $status, not $1"
    [ "$last" = "$2" ] || fail "the last line is '$last', not '$2'"
    [[ $(<out) == *"${3-}"* ]] || fail "does not say: $3"
}

play a:a:PASSED b:b:PASSED
expect 0 "2 passed, 0 failed"
[[ $(<commands) == *"//testing/remote_cache:e2e"* ]] || fail "the remote-cache test did not run"
play a:a:PASSED b:b:FLAKY
expect 0 "2 passed, 0 failed" "flaky:  //b:b"
play a:a:PASSED b:b:FAILED
expect 1 "1 passed, 1 failed" "failed: //b:b: FAILED"
play a:a:PASSED b:b:TIMEOUT
expect 1 "1 passed, 1 failed" "failed: //b:b: TIMEOUT"
play a:a:PASSED
expect 1 "1 passed, 1 failed"
play a:a:PASSED b:b:PASSED
printf '#!/bin/sh\nexit 3\n' >remote_cache
expect 1 "2 passed, 1 failed" "//testing/remote_cache:e2e"
play a:a:PASSED b:b:PASSED
touch build_fails
rm events
expect 1 "0 passed, 1 failed" "the build broke off"
play a:a:PASSED b:b:PASSED
echo '{"id":{"targetConf' >events
expect 1 "0 passed, 1 failed"
play a:a:PASSED b:b:PASSED
: >commands
TESSERA_REMOTE_CACHE=http://127.0.0.1:9 TESSERA_CI_REMOTE_CACHE=0 expect 0 "2 passed, 0 failed" "results are shared"
[[ $(<commands) == *"build --symlink_prefix=/ --config=remote-cache "* ]] || fail "the tool that counts is not brought here"
[[ $(<commands) == *"test --symlink_prefix=/ --config=remote-minimal //..."* ]] || fail "the shared cache is not used"
: >commands
unset TESSERA_CI_REMOTE_CACHE
expect 0 "2 passed, 0 failed" "left out"
[[ $(<commands) != *--config=remote-* ]] || fail "a shared cache was used, and none is named"
[[ $(<commands) != *"//testing/remote_cache:e2e"* ]] || fail "the remote-cache test ran all the same"
echo PASS
