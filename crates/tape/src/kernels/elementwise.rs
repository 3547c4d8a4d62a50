//! Pointwise formulas over whole tensors, in one pass, with broadcasting.

use smallvec::SmallVec;

use crate::kernels::threads;
use crate::rule::pointwise::{Arity, Of, Pointwise};
use crate::rule::real::Real;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::{Element, Float};

/// Calls `row` for each run along the last axis of `shape`, with the offset at which the run begins in each operand.
/// The runs are in row-major order; `steps[k]` are operand `k`'s steps along the axes.
pub(crate) fn for_each_row<const N: usize>(shape: &[usize], steps: [&[usize]; N], mut row: impl FnMut([usize; N])) {
    let outer = &shape[..shape.len().saturating_sub(1)];
    if shape.contains(&0) {
        return;
    }
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, outer.len());
    let mut at = [0; N];
    loop {
        row(at);
        let mut axis = outer.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            for k in 0..N {
                at[k] += steps[k][axis];
            }
            if index[axis] < outer[axis] {
                break;
            }
            for k in 0..N {
                at[k] -= steps[k][axis] * outer[axis];
            }
            index[axis] = 0;
        }
    }
}

/// The axes of a result, outer first, as few as the operands allow: the length of each, and the steps of the operands along it.
pub(crate) type Axes = SmallVec<[(usize, [usize; 3]); 4]>;

/// The axes along which up to three operands lie under a result: those along which they go on from the end of one to the next are
/// one.
pub(crate) fn axes(shape: &Shape, operands: &[&Shape]) -> Axes {
    let along: SmallVec<[SmallVec<[usize; 4]>; 3]> = operands.iter().map(|o| o.steps_in(shape)).collect();
    let mut axes = Axes::new();
    for (axis, length) in shape.iter().copied().enumerate().filter(|(_, length)| *length != 1) {
        let mut steps = [0; 3];
        steps.iter_mut().zip(&along).for_each(|(step, along)| *step = along[axis]);
        match axes.last_mut() {
            Some((outer, outer_steps)) if (0..3).all(|k| outer_steps[k] == steps[k] * length) => {
                *outer *= length;
                *outer_steps = steps;
            }
            _ => axes.push((length, steps)),
        }
    }
    axes
}

/// How up to three operands lie under the elements of a result: runs along which each goes on or stands still.
///
/// One type for every operation, so that the walk is compiled once.
struct Runs {
    /// Elements in a run.
    width: usize,
    /// The step of each operand from one element of a run to the next.
    inner: [usize; 3],
    /// Where the next run begins in each operand.
    at: [usize; 3],
    /// The axes outside of a run, last first: length, position, and the step of each operand.
    outer: SmallVec<[(usize, usize, [usize; 3]); 4]>,
    /// Runs that are left.
    left: usize,
}

impl Runs {
    fn new(shape: &Shape, operands: &[&Shape]) -> Self {
        let mut axes = axes(shape, operands);
        let (width, inner) = axes.pop().unwrap_or((1, [0; 3]));
        let outer = axes.into_iter().rev().map(|(length, steps)| (length, 0, steps)).collect();
        Runs { width, inner, at: [0; 3], outer, left: shape.len_elements().checked_div(width).unwrap_or(0) }
    }
}

impl Iterator for Runs {
    type Item = [usize; 3];

    fn next(&mut self) -> Option<[usize; 3]> {
        self.left = self.left.checked_sub(1)?;
        let begin = self.at;
        for (len, position, steps) in &mut self.outer {
            *position += 1;
            for (at, step) in self.at.iter_mut().zip(&*steps) {
                *at += step;
            }
            if position < len {
                break;
            }
            for (at, step) in self.at.iter_mut().zip(&*steps) {
                *at -= step * *len;
            }
            *position = 0;
        }
        Some(begin)
    }
}

/// The common shape of operands that were checked to have one.
fn common(shapes: &[&Shape]) -> Shape {
    let mut all = shapes[0].clone();
    for s in &shapes[1..] {
        if **s != all {
            all = all.broadcast(s).unwrap_or(all);
        }
    }
    all
}

/// Calls `each` for the runs of a result: the elements of the result, where the operands begin, and their steps from one
/// element to the next.
pub(crate) fn for_each_run(
    shape: &Shape,
    operands: &[&Shape],
    each: &mut dyn FnMut(std::ops::Range<usize>, [usize; 3], [usize; 3]),
) {
    let runs = Runs::new(shape, operands);
    let (width, inner) = (runs.width, runs.inner);
    for (k, at) in runs.enumerate() {
        each(k * width..(k + 1) * width, at, inner);
    }
}

/// The value of a pointwise operation.
pub(crate) fn eval<F: Float, P: Pointwise>(op: &P, x: Of<P, &Tensor<F>>) -> Tensor<F> {
    let x = x.as_ref();
    let shapes = P::Arity::from_fn(|k| x[k].shape());
    F::formula_value(x, common(shapes.as_ref()), P::FLOPS, &|x| op.eval(P::Arity::from_fn(|k| x[k])))
}

/// A function of two tensors, element by element.
pub(crate) fn zip<E: Element, T: Element>(a: &Tensor<E>, b: &Tensor<E>, f: impl Fn(&E, &E) -> T) -> Tensor<T> {
    let shapes = [a.shape(), b.shape()];
    let shape = common(&shapes);
    let (a, b) = (a.data(), b.data());
    let mut out = Buffer::<T>::any(shape.len_elements());
    for_each_run(&shape, &shapes, &mut |range, at, inner| {
        let y = &mut out[range];
        let (a, b, n) = (&a[at[0]..], &b[at[1]..], y.len());
        if inner[0] == 1 && inner[1] == 1 {
            y.iter_mut().zip(&a[..n]).zip(&b[..n]).for_each(|((y, a), b)| *y = f(a, b));
        } else if inner[0] == 1 && inner[1] == 0 {
            y.iter_mut().zip(&a[..n]).for_each(|(y, a)| *y = f(a, &b[0]));
        } else {
            y.iter_mut().enumerate().for_each(|(i, y)| *y = f(&a[i * inner[0]], &b[i * inner[1]]));
        }
    });
    Tensor::from_parts(shape, out)
}

/// `a` where the mask holds, else `b`.
pub(crate) fn choose<F: Float>(mask: &Tensor<bool>, a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    let shape = common(&[a.shape(), b.shape()]);
    let shape = shape.broadcast(mask.shape()).unwrap_or(shape);
    let steps = [mask.shape().steps_in(&shape), a.shape().steps_in(&shape), b.shape().steps_in(&shape)];
    let inner: [usize; 3] = std::array::from_fn(|k| steps[k].last().copied().unwrap_or(0));
    let width = shape.last().copied().unwrap_or(1);
    let (mask, a, b) = (mask.data(), a.data(), b.data());
    let mut out = Buffer::room(shape.len_elements());
    for_each_row(&shape, [&steps[0], &steps[1], &steps[2]], |at| {
        let at = |k: usize, j: usize| at[k] + j * inner[k];
        out.extend((0..width).map(|j| if mask[at(0, j)] { a[at(1, j)] } else { b[at(2, j)] }));
    });
    Tensor::from_parts(shape, out)
}

/// `g` times the derivative of `op` by argument `arg`, in the shape of `y`, which `g` has too. The buffer of `g` is used
/// if nothing else does.
pub(crate) fn times_partial<F: Float, P: Pointwise>(
    op: &P,
    arg: usize,
    mut g: Tensor<F>,
    x: Of<P, &Tensor<F>>,
    y: &Tensor<F>,
) -> Tensor<F> {
    match op.slope(arg) {
        Some(1.0) => {}
        Some(0.0) => F::change_by_formula(&mut g, y, x.as_ref(), 1, &|g, _, _| g.chain(g.number(0.0))),
        Some(c) => F::change_by_formula(&mut g, y, x.as_ref(), 1, &|g, _, _| g * c),
        None => F::change_by_formula(&mut g, y, x.as_ref(), P::FLOPS, &|g, y, x| {
            g.chain(op.partial(arg, P::Arity::from_fn(|k| x[k]), y))
        }),
    }
    g
}

/// `a ← a + b` for equal shapes.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub(crate) fn add_to<F: Float>(a: &mut Tensor<F>, b: &Tensor<F>) {
    assert_eq!(a.shape(), b.shape(), "add_assign: shapes differ");
    let add = |a: &mut [F], b: &[F]| {
        let (part, work) = (threads::part(), threads::work_of(a.len(), 1));
        threads::each(a.chunks_mut(part).zip(b.chunks(part)), work, |(a, b)| F::add_to(a, b));
    };
    match a.alike_mut(b) {
        Some((a, b)) => add(a, b),
        None => add(a.data_mut(), b.data()),
    }
}
