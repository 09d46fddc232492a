#!/bin/sh
# Chromium's shell without a window, with its own loader, libraries, data and fonts; below a runfiles root. It starts
# its other processes by this script too.
root=${0%/*}/../../..
export FONTCONFIG_FILE="${0%/*}/fonts.conf" XDG_DATA_HOME="$root/chromium/usr/share"
exec "$root/chromium/app/loader" --inhibit-cache --library-path "$root/chromium/rt" --argv0 "$0" \
    "$root/chromium/usr/lib/chromium/.real/chromium-headless-shell" --browser-subprocess-path="$0" "$@"
