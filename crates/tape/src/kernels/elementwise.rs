//! Pointwise formulas over whole tensors, in one pass, with broadcasting.

use smallvec::SmallVec;

use crate::rule::number::Num;
use crate::rule::pointwise::{Arity, Of, Pointwise, Two};
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
        let n = shape.len_elements();
        let mut runs = Runs { width: n, inner: [0; 3], at: [0; 3], outer: SmallVec::new(), left: usize::from(n > 0) };
        // Operands of the result's shape, and single numbers: one run.
        if operands.iter().all(|o| *o == shape || o.len_elements() == 1) {
            for (inner, operand) in runs.inner.iter_mut().zip(operands) {
                *inner = usize::from(*operand == shape && n > 1);
            }
            return runs;
        }
        let steps: SmallVec<[SmallVec<[usize; 4]>; 3]> = operands.iter().map(|o| o.steps_in(shape)).collect();
        let along = |axis: usize| {
            let mut all = [0; 3];
            all.iter_mut().zip(&steps).for_each(|(all, steps)| *all = steps[axis]);
            all
        };
        let Some(last) = shape.rank().checked_sub(1) else { return runs };
        runs.width = shape[last];
        runs.inner = along(last);
        runs.outer = (0..last).rev().map(|axis| (shape[axis], 0, along(axis))).collect();
        runs.left = n.checked_div(runs.width).unwrap_or(0);
        runs
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

/// The shapes and elements of up to three operands; what is missing stands for the first.
struct Operands<'a, E> {
    shapes: [&'a Shape; 3],
    data: [&'a [E]; 3],
}

impl<'a, E: Element> Operands<'a, E> {
    fn of(x: &[&'a Tensor<E>]) -> Self {
        let at = |k: usize| x[if k < x.len() { k } else { 0 }];
        Operands {
            shapes: [at(0).shape(), at(1).shape(), at(2).shape()],
            data: [at(0).data(), at(1).data(), at(2).data()],
        }
    }
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

/// Computes a result of the common shape of `x`, run by run: `run` gets the elements of the result, the operands from where
/// the run begins, and their steps. Compiled once for each element type, and not for each operation.
fn by_runs<E: Element, T: Element>(
    x: &[&Tensor<E>],
    run: &mut dyn FnMut(&mut [T], [&[E]; 3], [usize; 3]),
) -> Tensor<T> {
    let Operands { shapes, data: [a, b, c] } = Operands::of(x);
    let shape = common(&shapes[..x.len()]);
    let mut out = Buffer::<T>::any(shape.len_elements());
    for_each_run(&shape, &shapes[..x.len()], &mut |range, at, inner| {
        let start = |k: usize| if k < x.len() { at[k] } else { 0 };
        run(&mut out[range], [&a[start(0)..], &b[start(1)..], &c[start(2)..]], inner);
    });
    Tensor::from_parts(shape, out)
}

/// Applies `f` to the elements of `x`, broadcast against each other, in plain loops, which the compiler vectorises.
#[inline(always)]
fn broadcast<A: Arity, E: Element, T: Element>(x: A::Of<&Tensor<E>>, f: impl Fn(A::Of<E>) -> T) -> Tensor<T> {
    by_runs(x.as_ref(), &mut |y, [a, b, c], inner| {
        let n = y.len();
        if A::N == 1 {
            let a = &a[..n];
            for i in 0..n {
                y[i] = f(A::from_fn(|_| a[i]));
            }
        } else if A::N == 2 && inner[0] == 1 && inner[1] == 1 {
            let (a, b) = (&a[..n], &b[..n]);
            for i in 0..n {
                y[i] = f(A::from_fn(|k| if k == 0 { a[i] } else { b[i] }));
            }
        } else if A::N == 2 && inner[0] == 1 {
            let (a, b) = (&a[..n], b[0]);
            for i in 0..n {
                y[i] = f(A::from_fn(|k| if k == 0 { a[i] } else { b }));
            }
        } else if A::N == 2 && inner[1] == 1 {
            let (a, b) = (a[0], &b[..n]);
            for i in 0..n {
                y[i] = f(A::from_fn(|k| if k == 0 { a } else { b[i] }));
            }
        } else {
            for (i, y) in y.iter_mut().enumerate() {
                *y = f(A::from_fn(|k| [a, b, c][k][i * inner[k]]));
            }
        }
    })
}

/// The value of a pointwise operation.
pub(crate) fn eval<F: Float, P: Pointwise>(op: &P, x: Of<P, &Tensor<F>>) -> Tensor<F> {
    broadcast::<P::Arity, F, F>(x, |x| op.eval(P::Arity::from_fn(|k| Num(x.as_ref()[k]))).0)
}

/// A function of two tensors, element by element.
pub(crate) fn zip<E: Element, T: Element>(a: &Tensor<E>, b: &Tensor<E>, f: impl Fn(&E, &E) -> T) -> Tensor<T> {
    broadcast::<Two, E, T>([a, b], |[a, b]| f(&a, &b))
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
    if let Some(c) = op.slope(arg) {
        let by = F::from_f64(c);
        if c == 0.0 {
            g.data_mut().iter_mut().for_each(|g| *g = Num(*g).chain(Num(by)).0);
        } else if c != 1.0 {
            g.data_mut().iter_mut().for_each(|g| *g *= by);
        }
        return g;
    }
    in_place(&mut g, y, x.as_ref(), &mut |g, y, [a, b, c], inner| {
        let n = g.len().min(y.len());
        if n == 1 || inner[..P::Arity::N].iter().all(|step| *step == 1) {
            let x = [&a[..n], &b[..n], &c[..n]];
            for i in 0..n {
                g[i] = Num(g[i]).chain(op.partial(arg, P::Arity::from_fn(|k| Num(x[k][i])), Num(y[i]))).0;
            }
        } else {
            for i in 0..n {
                let x = P::Arity::from_fn(|k| Num([a, b, c][k][i * inner[k]]));
                g[i] = Num(g[i]).chain(op.partial(arg, x, Num(y[i]))).0;
            }
        }
    });
    g
}

/// Changes `g`, which has the shape of `y`, run by run: `run` gets its elements and those of `y`, and the operands of `y`
/// as [`by_runs`] gives them.
fn in_place<F: Float>(
    g: &mut Tensor<F>,
    y: &Tensor<F>,
    x: &[&Tensor<F>],
    run: &mut dyn FnMut(&mut [F], &[F], [&[F]; 3], [usize; 3]),
) {
    let Operands { shapes, data: [a, b, c] } = Operands::of(x);
    let all = g.data_mut();
    for_each_run(y.shape(), &shapes[..x.len()], &mut |range, at, inner| {
        let start = |k: usize| if k < x.len() { at[k] } else { 0 };
        let operands = [&a[start(0)..], &b[start(1)..], &c[start(2)..]];
        run(&mut all[range.clone()], &y.data()[range], operands, inner);
    });
}

/// `a ← a + b` for equal shapes.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub(crate) fn add_to<F: Float>(a: &mut Tensor<F>, b: &Tensor<F>) {
    assert_eq!(a.shape(), b.shape(), "add_assign: shapes differ");
    let add = |a: &mut [F], b: &[F]| a.iter_mut().zip(b).for_each(|(a, b)| *a += *b);
    match a.alike_mut(b) {
        Some((a, b)) => add(a, b),
        None => add(a.data_mut(), b.data()),
    }
}
