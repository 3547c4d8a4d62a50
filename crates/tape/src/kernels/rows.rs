//! A function of all entries along an axis.

use crate::kernels::running::sum_of;
use crate::shape::product;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::{Element, Float};

/// Replaces the entries along `axis` by what `f` makes of them, for every position beside it.
pub(crate) fn map_rows<E: Element>(x: &Tensor<E>, axis: usize, mut f: impl FnMut(&mut [E])) -> Tensor<E> {
    let shape = x.shape();
    let n = shape[axis];
    let width = product(&shape[axis + 1..]);
    let mut out = Buffer::room(x.len());
    out.extend_from_slice(x.data());
    if n * width > 0 {
        let mut row = Vec::with_capacity(n);
        for block in out.chunks_exact_mut(n * width) {
            if width == 1 {
                f(block);
                continue;
            }
            for j in 0..width {
                row.clear();
                row.extend(block[j..].iter().step_by(width).copied());
                f(&mut row);
                block[j..].iter_mut().step_by(width).zip(&row).for_each(|(o, r)| *o = *r);
            }
        }
    }
    Tensor::from_parts(shape.clone(), out)
}

/// Where the largest entry of a row is, and the sum of `exp(x − largest)` over the others: with the 1 of the largest, their digits
/// would be lost.
pub(crate) fn beside_largest<F: Float>(x: &[F]) -> (usize, F) {
    let is_larger = |a: F, b: F| a > b || num_traits::Float::is_nan(b);
    let at = (1..x.len()).fold(0, |at, i| if is_larger(x[i], x[at]) { i } else { at });
    let other = |i: usize| if i == at { F::zero() } else { num_traits::Float::exp(x[i] - x[at]) };
    (at, sum_of(x.len(), other))
}
