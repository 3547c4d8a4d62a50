#!/usr/bin/env bash
# Shows that no second file knows an operation: for every operation that no other file composes, the workspace compiles
# and its engine's tests pass without the operation's file and its lines in the registry.
#
#   scripts/without-each-op.sh            every such operation (some minutes each the first time, then less)
#   scripts/without-each-op.sh tan gelu   those
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$copy"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/without-each-op}

# The public names that the file of an operation declares: types, methods' traits, functions.
declared() { sed -nE 's/^pub (struct|enum|trait|fn) ([A-Za-z_]+).*/\2/p' "$1"; }
# The methods that it gives to values.
methods() { sed -nE 's/^    fn ([a-z_0-9]+)(<[^>]*>)?\(&self.*/\1/p' "$1" | grep -vxE 'name|text|shape|check|output|forward|active|vjp|jvp|composed|at_kinks|flops|eval|partial|slope|attribute' || true; }

composed_elsewhere() {
    local file=$1 pattern name
    pattern=$( (declared "$file" | sed 's/.*/\\b&\\b/'; methods "$file" | sed 's/.*/\\.&\\(/') | paste -sd'|')
    grep -rlE "$pattern" crates/*/src src examples benches --include='*.rs' 2>/dev/null |
        grep -vxF "$file" | grep -vxF crates/tape/src/ops/mod.rs | grep -q .
}

checked=0
composed=()
for file in crates/tape/src/ops/*.rs; do
    op=$(basename "$file" .rs)
    case $op in mod | axes) continue ;; esac
    if [ $# -gt 0 ]; then [[ " $* " == *" $op "* ]] || continue; fi
    if composed_elsewhere "$file"; then
        composed+=("$op")
        continue
    fi
    cp crates/tape/src/ops/mod.rs "$copy/crates/tape/src/ops/mod.rs"
    rm "$copy/$file"
    registry=$copy/crates/tape/src/ops/mod.rs
    sed -i -E "/^mod $op;$/d; /^pub use $op::\*;$/d" "$registry"
    for name in $(declared "$file"); do
        sed -i -E "/^    $name$/d; /^    pub use super::$name;$/d" "$registry"
    done
    echo "without $op"
    (cd "$copy" && cargo check --quiet --workspace --all-targets --all-features &&
        WENGERT_BLESS=1 cargo test --quiet -p wengert-tape --tests >/dev/null)
    cp "$file" "$copy/$file"
    checked=$((checked + 1))
done
echo "$checked operations are known to their file and the registry alone"
echo "composed by other files, and left in place: ${composed[*]-none}"
