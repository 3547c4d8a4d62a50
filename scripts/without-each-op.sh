#!/usr/bin/env bash
# Shows that no second file knows an operation: the workspace compiles, and the engine's tests pass, without the files of
# the operations that no other file composes and without their lines in the registry.
#
#   scripts/without-each-op.sh            all of them at once: none names another, so each can go alone
#   scripts/without-each-op.sh tan gelu   those, one after the other
#
# The table of reference cases names every operation, which is its purpose; it is left out of the copy that is tried.
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$copy"
rm -rf "$copy"/crates/tape/tests/reference "$copy"/crates/tape/tests/reference.rs
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/without-each-op}
registry=crates/tape/src/ops/mod.rs

# The public names that the file of an operation declares: types, methods' traits, functions.
declared() { sed -nE 's/^pub(\(crate\))? (struct|enum|trait|fn) ([A-Za-z_0-9]+).*/\3/p' "$1"; }
# The methods that it gives to values.
methods() {
    sed -nE 's/^    (pub(\(crate\))? )?fn ([a-z_0-9]+)(<[^>]*>)?\(&?self.*/\3/p' "$1" |
        grep -vxE 'name|text|shape|check|output|forward|active|vjp|vjps|jvp|composed|at_kinks|flops|eval|partial|slope|attribute|call' || true
}

composed_elsewhere() {
    local file=$1 pattern op
    op=$(basename "$file" .rs)
    pattern=$( (declared "$file" | sed 's/.*/\\b&\\b/'; methods "$file" | sed 's/.*/(\\.|::)&\\b/'; echo "ops::$op\\b") | paste -sd'|')
    local others
    others=$(grep -rlE "$pattern" crates/*/src crates/*/tests src tests examples benches --include='*.rs' 2>/dev/null |
        grep -vE '^crates/tape/tests/reference|^benches/peers/' | grep -vxF "$file" | grep -vxF $registry || true)
    [ -n "$others" ]
}

# Takes an operation out of the copy.
without() {
    local op=$1 file=crates/tape/src/ops/$1.rs name
    rm "$copy/$file"
    sed -i -E "/^(pub )?mod $op;$/d; /^pub use $op::.*;$/d" "$copy/$registry"
    for name in $(declared "$file"); do
        sed -i -E "/^    $name$/d; /^    pub use super::$name;$/d" "$copy/$registry"
    done
}

try() {
    (cd "$copy" && cargo check --quiet --workspace --all-targets --all-features &&
        WENGERT_BLESS=1 cargo test --quiet -p wengert-tape --tests)
}

alone=()
composed=()
for file in crates/tape/src/ops/*.rs; do
    op=$(basename "$file" .rs)
    grep -q "fn forward\|impl Pointwise for\|impl Function for" "$file" && [ "$op" != mod ] || continue
    if composed_elsewhere "$file"; then composed+=("$op"); else alone+=("$op"); fi
done
if [ $# -gt 0 ]; then
    for op in "$@"; do
        [[ " ${alone[*]} " == *" $op "* ]] || { echo "$op is composed by another file" >&2; exit 1; }
        cp $registry "$copy/$registry"
        without "$op"
        echo "without $op"
        try
        cp "crates/tape/src/ops/$op.rs" "$copy/crates/tape/src/ops/$op.rs"
    done
else
    for op in "${alone[@]}"; do without "$op"; done
    echo "without ${alone[*]}"
    try
fi
echo "${#alone[@]} operations are known to their file and the registry alone"
echo "composed by other files, and left in place: ${composed[*]-none}"
