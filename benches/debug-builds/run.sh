#!/usr/bin/env bash
# Prints how many times as long three small trainings take in a debug build as in release: processor time, the least of some runs.
#
#   benches/debug-builds/run.sh [RUNS]
set -euo pipefail
cd "$(dirname "$0")"
runs=${1:-9}
cargo build --quiet
cargo build --quiet --release

# The least user time of a program, in seconds.
least() {
    for _ in $(seq "$runs"); do
        { TIMEFORMAT=%U; time "$1" >/dev/null; } 2>&1
    done | sort -n | head -1
}

export WENGERT_THREADS=1
for program in loop_of_own trainer moons; do
    debug=$(least "target/debug/$program")
    release=$(least "target/release/$program")
    awk -v p="$program" -v d="$debug" -v r="$release" 'BEGIN { printf "%-12s release %.3f s, debug %.3f s: %.1f times\n", p, r, d, d / r }'
done
