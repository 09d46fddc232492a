#!/usr/bin/env bash
# Starts the locked gdb where the person is: ./bazelw run //toolchains/gdb -- ARGUMENTS
set -euo pipefail
gdb=${RUNFILES_DIR:-$0.runfiles}/gdb
gdb=$(cd "$gdb" && pwd)
cd "${BUILD_WORKING_DIRECTORY:-.}"
PYTHONHOME=$gdb/usr PYTHONDONTWRITEBYTECODE=1 exec "$gdb/usr/bin/gdb-multiarch" --data-directory="$gdb/usr/share/gdb" "$@"
