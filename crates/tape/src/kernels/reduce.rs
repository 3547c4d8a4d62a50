//! Sums over broadcast axes, and their inverse.

use smallvec::SmallVec;

use crate::kernels::elementwise::for_each_row;
use crate::kernels::running::{RunningSums, sum};
use crate::kernels::threads;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::{Element, Float};

/// The sum of `x` over the axes along which a tensor of shape `to` would repeat.
pub(crate) fn sum_to<F: Float>(x: &Tensor<F>, to: &Shape) -> Tensor<F> {
    if to.len_elements() == 1 {
        return Tensor::from_parts(to.clone(), vec![sum_of_all(x.data())]);
    }
    Tensor::from_parts(to.clone(), sums_to(x, to).values())
}

/// [`sum_to`], written to a slice.
pub(crate) fn sum_into<F: Float>(x: &Tensor<F>, to: &Shape, out: &mut [F]) {
    match out {
        [out] => *out = sum_of_all(x.data()),
        out => sums_to(x, to).write(out),
    }
}

fn sums_to<F: Float>(x: &Tensor<F>, to: &Shape) -> RunningSums<F> {
    let data = x.data();
    let mut sums = RunningSums::new(to.len_elements());
    for_each_block(x.shape(), to, |block| match block {
        Block::Row { first, width, at } => sums.add(at, sum(&data[first..first + width])),
        Block::Rows { first, width, rows, at } => sums.add_rows(at, width, &data[first..first + rows * width]),
    });
    sums
}

/// The numbers of a part of a sum, whatever the number of threads: the sum depends on it.
const PART: usize = 1 << 16;

/// The sum of many numbers: that of the sums of parts, which threads may take.
fn sum_of_all<F: Float>(data: &[F]) -> F {
    if data.len() <= PART {
        return sum(data);
    }
    let mut sums = vec![F::zero(); data.len().div_ceil(PART)];
    threads::each(sums.iter_mut().zip(data.chunks(PART)), threads::work_of(data.len(), 1), |(total, part)| {
        *total = sum(part)
    });
    sum(&sums)
}

/// Neighbouring elements of a tensor, and where the smaller tensor that it is summed to has their sums.
pub(crate) enum Block {
    /// Elements with one sum, at `at`.
    Row {
        /// The first element.
        first: usize,
        /// How many there are.
        width: usize,
        /// Their sum.
        at: usize,
    },
    /// A few rows, one after the other, of elements with a sum each, from `at` on.
    Rows {
        /// The first element.
        first: usize,
        /// The elements of a row.
        width: usize,
        /// How many rows there are.
        rows: usize,
        /// The first sum.
        at: usize,
    },
}

/// Rows that are added to each other before they are added to what there is.
const ROWS: usize = 8;

/// Calls `f` for the elements of a tensor of shape `shape`, in their order, by the places that they have in a tensor of shape
/// `to`, which broadcasts to it.
#[inline(always)]
pub(crate) fn for_each_block(shape: &Shape, to: &Shape, mut f: impl FnMut(Block)) {
    if shape.contains(&0) {
        return;
    }
    let (lengths, steps) = merged(shape, to);
    let (width, step) = (lengths.last().copied().unwrap_or(1), steps.last().copied().unwrap_or(0));
    let mut first = 0;
    if step == 0 {
        return for_each_row(&lengths, [&steps[..]], |[at]| {
            f(Block::Row { first, width, at });
            first += width;
        });
    }
    // The axis before the last is one that is summed over, since neighbours differ: along it rows meet the same sums.
    let outer = lengths.len() - 1;
    let count = if outer > 0 { lengths[outer - 1] } else { 1 };
    for_each_row(&lengths[..outer], [&steps[..outer]], |[at]| {
        let mut left = count;
        while left > 0 {
            let rows = left.min(ROWS);
            f(Block::Rows { first, width, rows, at });
            first += rows * width;
            left -= rows;
        }
    });
}

/// The lengths of `shape` and the steps of `to` along them, with neighbours as one axis that are both summed over, or both not.
fn merged(shape: &Shape, to: &Shape) -> (SmallVec<[usize; 4]>, SmallVec<[usize; 4]>) {
    let (mut lengths, mut merged) = (SmallVec::<[usize; 4]>::new(), SmallVec::<[usize; 4]>::new());
    for (length, step) in shape.iter().zip(to.steps_in(shape)).filter(|(length, _)| **length != 1) {
        match (lengths.last_mut(), merged.last_mut()) {
            (Some(last), Some(last_step)) if (*last_step == 0) == (step == 0) => {
                *last *= *length;
                *last_step = step;
            }
            _ => {
                lengths.push(*length);
                merged.push(step);
            }
        }
    }
    (lengths, merged)
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
