#!/usr/bin/env bash
# A real HTTP cache on the loopback: one checkout builds and tests and fills it, a second one in another folder does the same from it.
# No compile, link or test may run in the second. What missed is named, with the inputs that differ.
# Then the second one cleans and does it again, as a pipeline does that has its tools already: how long that takes is told.
#   e2e.sh NGINX REPORT TARGET..
. "$(dirname "$(readlink -f "$0")")/../nested/nested.sh"

nginx=$(readlink -f "$1")
report=$(readlink -f "$2")
shift 2

# The real file lies beside .real/ in the package tree; the wrapper finds its loader from there.
start_server() { # sets $port and $stop_server
    local server=$work/server try user=
    mkdir -p "$server"/{cache,temp}
    if [ "$(id -u)" = 0 ]; then user='user root;'; fi
    for try in 1 2 3 4 5 6 7 8; do
        port=$((20000 + RANDOM % 10000))
        cat >"$server/nginx.conf" <<CONF
daemon off; master_process on; worker_processes 1; error_log $server/error.log; pid $server/pid; $user
events { worker_connections 256; }
http {
    access_log $server/access.log; client_max_body_size 0; sendfile on;
    client_body_temp_path $server/temp; proxy_temp_path $server/temp; fastcgi_temp_path $server/temp;
    uwsgi_temp_path $server/temp; scgi_temp_path $server/temp;
    server { listen 127.0.0.1:$port; root $server/cache; location / { dav_methods PUT; create_full_put_path on; } }
}
CONF
        "$nginx" -p "$server" -e "$server/error.log" -c "$server/nginx.conf" &
        stop_server=$!
        sleep 1
        if kill -0 "$stop_server" 2>/dev/null; then return; fi
    done
    cat "$server/error.log"
    fail "nginx does not start"
}

processes() { # processes LOG: the last line in which Bazel counts what ran, and where
    local line found=
    while IFS= read -r line; do
        case $line in 'INFO: '[0-9]*' process'*) found=$line ;; esac
    done <"$1"
    echo "$found"
}

nothing_ran() { # nothing_ran LOG: all that Bazel counts there came from the cache
    local line kind kinds
    line=$(processes "$1")
    IFS=, read -ra kinds <<<"${line#*: *: }"
    for kind in "${kinds[@]}"; do
        read -r _ kind <<<"${kind%.}"
        case $kind in internal | 'remote cache hit') ;; *) fail "in the second checkout actions ran: $line" ;; esac
    done
    case $line in *'remote cache hit'*) ;; *) fail "the second checkout took nothing from the cache: $line" ;; esac
}

free_mb() { df -m --output=avail "$work" | { read -r _; read -r free; echo "$free"; }; }

explain() { # explain LOG: the first errors, which the end of a long log no longer shows
    local line shown=0
    while IFS= read -r line && [ $shown -lt 40 ]; do
        case $line in ERROR* | *WARNING*emote* | *'o space left'*) echo "${line:0:400}"; shown=$((shown + 1)) ;; esac
    done <"$1"
    tail -n 60 "$1"
    say "free space now: $(free_mb) MB"
}

run() { # run FOLDER [CONFIG]: builds and tests with the cache
    local started=$SECONDS
    bazel_in "$1" test --config="${2:-remote-cache}" --noremote_local_fallback --keep_going --profile="$1.profile.json" \
        --experimental_profile_include_target_label --record_full_profiler_data -- "${targets[@]}" >"$1.log" 2>&1 || { explain "$1.log"; fail "the tests fail in $1"; }
    say "$1: $((SECONDS - started)) s; $(processes "$1.log"); free space: $(free_mb) MB"
}

targets=("$@")
start_server
export TESSERA_REMOTE_CACHE=http://127.0.0.1:$port
first=$work/first
second=$work/elsewhere/second
copy_checkout "$first"
run "$first"
bazel_in "$first" shutdown
# Only its profile is needed from here on; an output root takes gigabytes.
chmod -R u+w "$first.out"
rm -rf "$first.out"
checkouts=()
copy_checkout "$second"
run "$second"
shopt -s globstar
results=0
for file in "$work"/server/cache/ac/**; do
    if [ -f "$file" ]; then results=$((results + 1)); fi
done
say "stored: $results results, $(du -sm "$work/server/cache" | cut -f1) MB"

# Bazel's own count is exact; the profile, which may lack the shortest actions, says which and why.
status=0
"$report" "$first.profile.json" "$second.profile.json" || status=$?
nothing_ran "$second.log"
[ $status = 0 ] || fail "the second checkout did not take everything from the cache"

bazel_in "$second" clean >"$second.log" 2>&1 || fail "clean fails: $(tail -n 3 "$second.log")"
say "cleaned; the same without bringing the results here:"
run "$second" remote-minimal
nothing_ran "$second.log"
