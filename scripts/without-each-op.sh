#!/usr/bin/env bash
# Shows that no second file of the library knows an operation: it compiles without the files of the operations that no other file
# composes and without their two lines in the `mod.rs` of their family. (Tests and examples are users, and call what they like.)
#
#   scripts/without-each-op.sh            all of them at once: none names another, so each can go alone
#   scripts/without-each-op.sh tan gelu   those, one after the other
#
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$copy"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/without-each-op}
ops=crates/tape/src/ops
# The sources of the library without comments and tests.
code=$copy/code
for file in $(git ls-files 'crates/*/src/*.rs' 'src/*.rs'); do
    mkdir -p "$code/$(dirname "$file")"
    sed '/^#\[cfg(test)\]/,$d; /^ *\/\//d' "$file" >"$code/$file"
done

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
    pattern=$( (declared "$file" | sed 's/.*/\\b&\\b/'; methods "$file" | sed 's/.*/(\\.|::)&\\b/'; echo "ops::$op::") | paste -sd'|')
    local others
    others=$(cd "$code" && grep -rlE "$pattern" . | sed 's/^..//' |
        grep -vxF "$file" | grep -vxF "$(dirname "$file")/mod.rs" || true)
    [ -n "$others" ]
}

# Takes the operation of a file out of the copy: the file, and its two lines in the list of its family.
without() {
    local family=$copy/$(dirname "$1")/mod.rs op
    op=$(basename "$1" .rs)
    rm "$copy/$1"
    sed -i -E "/^(pub(\(super\))? )?mod $op;$/d; /^    $op: /d" "$family"
}

try() {
    (cd "$copy" && cargo check --quiet --workspace --all-features)
}

alone=()
composed=()
for file in "$ops"/*/*.rs; do
    grep -q "fn forward\|impl Pointwise for\|impl Function for" "$file" && [ "$(basename "$file")" != mod.rs ] || continue
    if composed_elsewhere "$file"; then composed+=("$file"); else alone+=("$file"); fi
done
names() { for file in "$@"; do basename "$file" .rs; done | paste -sd' '; }
if [ $# -gt 0 ]; then
    for op in "$@"; do
        file=$(printf '%s\n' "${alone[@]}" | grep "/$op\.rs$") || { echo "$op is composed by another file" >&2; exit 1; }
        without "$file"
        echo "without $op"
        try
        cp "$file" "$copy/$file"
        cp "$(dirname "$file")/mod.rs" "$copy/$(dirname "$file")/mod.rs"
    done
else
    for file in "${alone[@]}"; do without "$file"; done
    echo "without $(names "${alone[@]}")"
    try
fi
echo "${#alone[@]} operations are known to their file and the list of its family alone"
echo "composed by other files, and left in place: $(names "${composed[@]-none}")"
