//! A number, or a row of numbers, from the entries of two tensors along an axis.

use crate::shape::product;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// Calls `f(position beside the axis, entries of x, entries of t, entries of the result)` for every position, and returns
/// the results.
fn walk<F: Float>(
    x: &Tensor<F>,
    t: &Tensor<F>,
    axis: usize,
    results: bool,
    mut f: impl FnMut(usize, &[F], &[F], &mut [F]),
) -> Vec<F> {
    let shape = x.shape();
    let n = shape[axis];
    let width = product(&shape[axis + 1..]);
    let mut out = if results { Buffer::filled(x.len(), F::zero()) } else { Vec::new() };
    let (x, t) = (x.data(), t.data());
    if width == 1 {
        for row in 0..product(&shape[..axis]) {
            let range = row * n..(row + 1) * n;
            let result = if results { &mut out[range.clone()] } else { &mut [][..] };
            f(row, &x[range.clone()], &t[range], result);
        }
        return out;
    }
    let mut rows = [(); 3].map(|()| vec![F::zero(); n]);
    for block in 0..product(&shape[..axis]) {
        for j in 0..width {
            let at = |i: usize| (block * n + i) * width + j;
            let [row, target, result] = &mut rows;
            (0..n).for_each(|i| (row[i], target[i]) = (x[at(i)], t[at(i)]));
            f(block * width + j, row, target, if results { result } else { &mut [][..] });
            if results {
                (0..n).for_each(|i| out[at(i)] = result[i]);
            }
        }
    }
    out
}

/// `f` of the entries of `x` and `t` along `axis`, for every position beside it.
pub(crate) fn fold<F: Float>(x: &Tensor<F>, t: &Tensor<F>, axis: usize, f: impl Fn(&[F], &[F]) -> F) -> Tensor<F> {
    let shape = x.shape().without(axis);
    let mut out = Buffer::room(shape.len_elements());
    walk(x, t, axis, false, |_, x, t, _| out.push(f(x, t)));
    Tensor::from_parts(shape, out)
}

/// What `f(position, entries of x, entries of t, result)` writes for every position beside `axis`; zeros at first.
pub(crate) fn map<F: Float>(
    x: &Tensor<F>,
    t: &Tensor<F>,
    axis: usize,
    mut f: impl FnMut(usize, &[F], &[F], &mut [F]),
) -> Tensor<F> {
    let mut zeroed = |at: usize, x: &[F], t: &[F], out: &mut [F]| {
        out.fill(F::zero());
        f(at, x, t, out);
    };
    Tensor::from_parts(x.shape().clone(), walk(x, t, axis, true, &mut zeroed))
}
