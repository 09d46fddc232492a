# Sourced by manual tests that run Bazel inside a test: copies of this workspace in other folders, each with its own output root.
# Fetched packages are shared (the repository cache of .bazelrc); nothing else is. Sets $workspace and $work.
set -euo pipefail
export HOME=${HOME:-$(unset HOME; echo ~)}
workspace=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
work=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/nested.XXXXXX")
checkouts=()

say() { echo "$(basename "$0"): $*"; }
fail() { say "FAILED: $*"; exit 1; }

copy_checkout() { # copy_checkout FOLDER: the sources, without links that Bazel made and without history
    local entry
    mkdir -p "$1"
    for entry in "$workspace"/* "$workspace"/.[!.]*; do
        case ${entry##*/} in bazel-* | .git | user.bazelrc) ;; *) cp -R "$entry" "$1/" ;; esac
    done
    checkouts+=("$1")
}

bazel_in() { # bazel_in FOLDER ARGUMENT..: Bazel in that copy; the outer test's environment would change what it does
    local folder=$1 name pass=()
    shift
    for name in TESSERA_BAZEL TESSERA_REMOTE_CACHE TESSERA_PACKAGE_MIRROR; do
        if [ -n "${!name-}" ]; then pass+=("$name=${!name}"); fi
    done
    (cd "$folder" && env -i HOME="$HOME" PATH="$PATH" "${pass[@]}" ./bazelw --output_user_root="$folder.out" "$@")
}

clean_up() {
    local folder
    for folder in ${checkouts[@]+"${checkouts[@]}"}; do bazel_in "$folder" shutdown >/dev/null 2>&1 || true; done
    [ -z "${stop_server-}" ] || kill "$stop_server" 2>/dev/null || true
    chmod -R u+w "$work" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
