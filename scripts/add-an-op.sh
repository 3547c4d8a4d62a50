#!/usr/bin/env bash
# Adds an operation to a copy of the library by the words of docs/add-an-op.md: the page's own example as a file of a family, and
# two lines in the `mod.rs` there. Shows that nothing else had to change, and that the registry's tests try it.
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$copy"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/add-an-op}
cd "$copy"
git init -q . && git add -A && git -c user.name=x -c user.email=x@x commit -qm copy

family=crates/tape/src/ops/arrange
{
    cat <<'HEAD'
//! A number for each row.

use crate::error::Error;
use crate::ops::{ReshapeExt, SumExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

HEAD
    # The example of "Any other operation", from its comment to its function, with what "Into the library" asks for.
    sed -n '/^## Any other operation/,/^## Is it right/p' docs/add-an-op.md |
        sed -n '/^\/\/\/ `y\[i, j\]/,/^let (s, x)/p' | sed '$d' |
        sed -E 's/^    fn (name|takes|shape|cases)\(/    #[inline]\n&/' |
        sed -E 's/^#\[derive\(Clone, Debug, PartialEq\)\]$/&\n#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]/'
} >$family/scale_rows.rs
sed -i -E '0,/^mod /s//mod scale_rows;\nmod /; 0,/^family! \{/s//&\n    scale_rows: [ScaleRows] [] [scale_rows]/' $family/mod.rs
WENGERT_BLESS=1 cargo test --quiet -p wengert-tape --test operations --test architecture --test files
changed=$(git status --short | sed 's/^...//' | sort | paste -sd' ')
expected="$family/mod.rs $family/scale_rows.rs docs/ops.md"
[ "$changed" = "$expected" ] || { echo "changed: $changed" >&2; exit 1; }
git diff --stat -- $family/mod.rs | tail -1
echo "an operation is its file and two lines; its row in docs/ops.md is written by the registry"
