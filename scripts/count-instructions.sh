#!/usr/bin/env bash
# Counts the instructions of a gradient, for each elementary operation, on both kinds of tape (callgrind, generic CPU).
# They do not depend on what else the machine does, and hardly on which machine it is.
#
#   scripts/count-instructions.sh            compares with benches/instructions.txt
#   scripts/count-instructions.sh --bless    writes it
#
# Under the compiler that the file names, 2 % more than the file says fails. Another compiler's counts are only printed.
set -euo pipefail
cd "$(dirname "$0")/.."
baseline=benches/instructions.txt

if ! command -v valgrind >/dev/null; then
    as_root=()
    if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
    { "${as_root[@]}" apt-get update && "${as_root[@]}" apt-get install -y valgrind; } >/dev/null 2>&1 || true
fi
if ! command -v valgrind >/dev/null; then
    echo "NOT COUNTED: the instructions of scalar gradients (valgrind is missing and could not be installed)"
    exit 0
fi

compiler=$(rustc --version)
# No flags from outside: the code is for any CPU of the architecture. The profile compiles each crate in one piece, so that
# counts do not depend on how the compiler cuts it into several.
RUSTFLAGS='' cargo build --quiet --profile count --bench count
program=$(RUSTFLAGS='' cargo build --profile count --bench count --message-format=json 2>/dev/null |
    sed -nE 's/.*"name":"count".*"executable":"([^"]+)".*/\1/p' | tail -1)
counts=$(mktemp)
trap 'rm -f "$counts" "$counts.log"' EXIT
echo "# $compiler" >"$counts"
for workload in S1 S2 S2-large S3-product S3-lse S4 S5 S6a S6b; do
    for tape in gradient-only full; do
        operations=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
            --toggle-collect='*counted_gradient*' "$program" "$workload" "$tape" 2>"$counts.log")
        instructions=$(sed -nE 's/.*Collected *: *([0-9]+).*/\1/p' "$counts.log")
        awk -v w="$workload" -v t="$tape" -v i="$instructions" -v n="$operations" \
            'BEGIN { printf "%s %s %.1f\n", w, t, i / n }' >>"$counts"
    done
done

if [ "${1-}" = --bless ]; then
    cp "$counts" "$baseline"
    cat "$baseline"
    exit 0
fi
if [ ! -f "$baseline" ]; then
    cat "$counts"
    echo "no $baseline to compare with: --bless writes it"
    exit 0
fi
known=$(head -1 "$baseline")
awk -v judge="$([ "$known" = "# $compiler" ] && echo 1 || echo 0)" -v known="$known" '
    FNR == 1 { next }
    NR == FNR { before[$1 " " $2] = $3; next }
    {
        key = $1 " " $2
        change = before[key] > 0 ? 100 * ($3 / before[key] - 1) : 0
        printf "%-11s %-14s %7.1f instructions/operation  %+5.1f %%\n", $1, $2, $3, change
        if (!(key in before) || change > 2) worse = worse "\n  " key
    }
    END {
        if (!judge) print "compared with " known ": printed, not judged"
        else if (worse != "") { print "more than 2 % above " FILENAME_OF ":" worse; exit 1 }
    }' FILENAME_OF="$baseline" "$baseline" "$counts"
