//! A function of all entries along an axis.

use crate::shape::product;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Element;

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
