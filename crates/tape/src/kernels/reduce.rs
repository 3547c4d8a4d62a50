//! Sums over broadcast axes, and their inverse.

use crate::buffer::Buffer;
use crate::float::{Element, Float};
use crate::kernels::elementwise::for_each_row;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The sum of `x` over the axes along which a tensor of shape `to` would repeat.
pub(crate) fn sum_to<F: Float>(x: &Tensor<F>, to: &Shape) -> Tensor<F> {
    let data = x.data();
    if to.len_elements() == 1 {
        return Tensor::from_parts(to.clone(), vec![sum(data)]);
    }
    let steps = to.steps_in(x.shape());
    let width = x.shape().last().copied().unwrap_or(1);
    let mut out = Buffer::filled(to.len_elements(), F::zero());
    let mut flat = 0;
    let inner = steps.last().copied().unwrap_or(0);
    for_each_row(x.shape(), [&steps[..]], |[at]| {
        let row = &data[flat..flat + width];
        flat += width;
        match inner {
            0 => out[at] += sum(row),
            _ => out[at..at + width].iter_mut().zip(row).for_each(|(o, x)| *o += *x),
        }
    });
    Tensor::from_parts(to.clone(), out)
}

/// The sum of a slice, in eight running sums that are added as a tree: faster than one, and closer to the exact sum.
pub(crate) fn sum<F: Float>(x: &[F]) -> F {
    let (chunks, rest) = x.as_chunks::<8>();
    let mut sums = [F::zero(); 8];
    for chunk in chunks {
        for (s, x) in sums.iter_mut().zip(chunk) {
            *s += *x;
        }
    }
    let tail: F = rest.iter().copied().sum();
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7])) + tail
}

/// Whether `x` takes the place of the largest element so far: it is larger, or the first NaN.
pub(crate) fn exceeds<F: Float>(x: F, largest: F) -> bool {
    let nan = num_traits::Float::is_nan;
    x > largest || nan(x) && !nan(largest)
}

/// `x` repeated to the shape `to`.
pub(crate) fn broadcast_to<E: Element>(x: &Tensor<E>, to: &Shape) -> Tensor<E> {
    if x.len() == 1 {
        return Tensor::full(to.clone(), x.data()[0]);
    }
    let data = x.data();
    let steps = x.shape().steps_in(to);
    let width = to.last().copied().unwrap_or(1);
    let mut out = Buffer::room(to.len_elements());
    let inner = steps.last().copied().unwrap_or(0);
    for_each_row(to, [&steps[..]], |[at]| match inner {
        0 => out.extend(std::iter::repeat_n(data[at], width)),
        _ => out.extend_from_slice(&data[at..at + width]),
    });
    Tensor::from_parts(to.clone(), out)
}
