//! Differential operators: functions in, derivatives out. They record the function once and interpret its nodes.

use crate::error::Error;
use crate::reader::Dual;
use crate::rule::algebra::Any;
use crate::shape::Shape;
use crate::sweep;
use crate::tape::node_map::NodeMap;
use crate::tape::{Tape, Var, value_of};
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::transform::point::{Numbers, Output, Point, Recorder, Sweep};

type Value<P> = <<P as Point>::Sweep as Sweep<<P as Point>::F>>::Value;

/// The value of a function and its gradient: one forward pass, one backward pass.
///
/// A point is a number, a tensor, or a tuple, array or slice of them; the gradient has its form. (Of a slice the function gets a
/// `Vec`: a function `f` of a slice is given as `|q: Vec<Scalar>| f(&q)`.) At a recorded number or tensor
/// the gradient is recorded on the same tape: a function may be differentiated inside another, whose values it may use.
///
/// # Errors
/// [`Error::NotScalar`] if the function returns more than one number, [`Error::NotConnected`] if it does not depend on
/// a part of the point.
///
/// # Panics
/// If an operation inside the function rejects its arguments.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let (value, gradient) = value_and_grad(|x| (x * x).sum(), &Tensor::from([3.0, 4.0]))?;
/// assert_eq!((value, gradient.data()), (25.0, &[6.0, 8.0][..]));
///
/// let (value, (da, db)) = value_and_grad(|(a, b)| a * b.sin(), &(2.0_f64, 0.0_f64))?;
/// assert_eq!((value, da, db), (0.0, 0.0, 2.0));
///
/// // x · ∂(x·y)/∂y at y = x, which is x²
/// let (value, slope) = value_and_grad(|x: Scalar| x * grad(|y: Scalar| x * y, x).unwrap(), 4.0_f64)?;
/// assert_eq!((value, slope), (16.0, 8.0));
/// # Ok::<(), Error>(())
/// ```
///
/// What is called with recorded numbers gets them as the point has them: of a slice or vector of numbers a `Vec<Scalar>`. A
/// function of a slice is called inside a closure, which is also what the compiler's message says about the function itself
/// (`expected function signature fn(Vec<Scalar>)`; a parameter cannot be a function of either):
///
/// ```
/// use wengert_tape::prelude::*;
/// fn energy(q: &[Scalar]) -> Scalar {
///     q.iter().map(|x| x.powi(2)).sum::<Scalar>() * 0.5
/// }
/// let at = [1.0, 2.0, 3.0];
/// let (value, gradient) = value_and_grad(|q: Vec<Scalar>| energy(&q), &at[..])?;
/// assert_eq!((value, gradient), (7.0, vec![1.0, 2.0, 3.0]));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn value_and_grad<P: Point, Y: Output<P::F>>(
    f: impl FnOnce(P::Recorded) -> Y,
    at: P,
) -> Result<(Value<P>, P::Gradient), Error> {
    let tape = Tape::of::<P::F>();
    let recorded = at.record(&mut Recorder::new(&tape));
    let y = f(recorded.clone()).output()?;
    let gradients = P::Sweep::gradients(y)?;
    Ok((P::Sweep::value(y)?, P::collect(&recorded, &gradients)?))
}

/// The gradient of a function.
///
/// # Errors
/// As [`value_and_grad`].
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let slope = grad(|x| x.powi(3), 2.0_f64)?;
/// assert_eq!(slope, 12.0);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn grad<P: Point, Y: Output<P::F>>(f: impl FnOnce(P::Recorded) -> Y, at: P) -> Result<P::Gradient, Error> {
    value_and_grad(f, at).map(|(_, g)| g)
}

/// [`value_and_grad`] of a function that returns something beside its value: `((value, beside), gradient)`.
///
/// The rest is returned as it is; the tape is gone when this function returns, so of recorded values take the numbers out
/// with `.value()`. The other operators take what a closure writes to a variable outside.
///
/// # Errors
/// As [`value_and_grad`].
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let ((loss, prediction), gradient) = value_and_grad_aux(
///     |x| {
///         let prediction = x * 2.0;
///         ((prediction - 1.0).powi(2).sum(), prediction.value())
///     },
///     &Tensor::from([1.0, 3.0]),
/// )?;
/// assert_eq!((loss, prediction.data(), gradient.data()), (26.0, &[2.0, 6.0][..], &[4.0, 20.0][..]));
///
/// // an operator without such a form
/// let mut middle = None;
/// let j = jacobian(
///     |x| {
///         let y = x.exp();
///         middle = Some(y.value());
///         y * 3.0
///     },
///     &Tensor::from([0.0]),
/// )?;
/// assert_eq!((j.item(), middle.unwrap().item()), (3.0, 1.0));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn value_and_grad_aux<P: Point, Y: Output<P::F>, T>(
    f: impl FnOnce(P::Recorded) -> (Y, T),
    at: P,
) -> Result<((Value<P>, T), P::Gradient), Error> {
    let mut beside = None;
    let only = |x| {
        let (y, rest) = f(x);
        beside = Some(rest);
        y
    };
    let (value, gradient) = value_and_grad(only, at)?;
    match beside {
        Some(rest) => Ok(((value, rest), gradient)),
        None => unreachable!("the function was called"),
    }
}

/// A function at a point, recorded.
struct Trace<P: Point> {
    tape: Tape<P::F>,
    recorded: P::Recorded,
    leaves: Vec<Var<P::F>>,
    y: Var<P::F>,
}

impl<F: Float, P: Point<F = F, Sweep = Numbers>> Trace<P> {
    #[track_caller]
    fn new<Y: Output<F>>(f: impl FnOnce(P::Recorded) -> Y, at: &P) -> Result<Self, Error> {
        let tape = Tape::of::<F>();
        let mut recorder = Recorder::new(&tape);
        let recorded = at.record(&mut recorder);
        let leaves = recorder.into_leaves();
        let y = f(recorded.clone()).output()?;
        if y.key != tape.key() {
            return Err(Error::ForeignTape);
        }
        Ok(Trace { tape, recorded, leaves, y })
    }

    /// The shapes of the leaves.
    fn shapes(&self) -> Result<Vec<Shape>, Error> {
        self.leaves.iter().map(|x| Ok(x.try_value()?.shape().clone())).collect()
    }

    /// The leaves of another point, which must have the shapes of this one's.
    #[track_caller]
    fn directions(&self, op: &str, what: &str, other: &P) -> Result<Vec<Tensor<F>>, Error> {
        let tape = Tape::of::<F>();
        let mut recorder = Recorder::new(&tape);
        other.record(&mut recorder);
        let leaves = recorder.into_leaves();
        let shapes = self.shapes()?;
        if leaves.len() != shapes.len() {
            return Err(Error::shape(op, format!("the {what} has {} parts, the point {}", leaves.len(), shapes.len())));
        }
        let directions = leaves.iter().map(Var::try_value).collect::<Result<Vec<_>, _>>()?;
        directions.iter().zip(&shapes).try_for_each(|(d, x)| expect_shape(op, what, d, x))?;
        Ok(directions)
    }

    /// The tangent of every node that some directions of the leaves reach.
    fn tangents(&self, directions: impl IntoIterator<Item = (usize, Tensor<F>)>) -> Result<Tangents<F>, Error> {
        let directions = directions.into_iter().map(|(k, d)| (self.leaves[k].id, d)).collect();
        // A leaf may itself be the output.
        sweep::tangents(self.tape.key(), self.y.id.min(self.tape.len() as u32), directions)
    }

    /// The derivative of the output in some directions; zero where it does not depend on the point.
    fn push_forward(&self, directions: impl IntoIterator<Item = (usize, Tensor<F>)>) -> Result<Tensor<F>, Error> {
        match self.tangents(directions)?.take(self.y.id) {
            Some(d) => Ok(d),
            None => Ok(Tensor::zeros(self.y.try_value()?.shape())),
        }
    }

    /// The product of a cotangent of the output with the derivative by each leaf; zero where the output does not depend
    /// on it.
    fn pull_back(&self, cotangent: Tensor<F>) -> Result<Vec<Tensor<F>>, Error> {
        let gradients = match self.y.backward_from(cotangent) {
            Ok(gradients) => Some(gradients),
            Err(Error::NotConnected { .. }) => None,
            Err(other) => return Err(other),
        };
        let of = |x: &Var<F>| gradients.as_ref().and_then(|g| g.of_node(x.key, x.id));
        self.leaves.iter().map(|x| of(x).map_or_else(|| Ok(Tensor::zeros(x.try_value()?.shape())), Ok)).collect()
    }

    /// The products of the Hessian with some directions of the leaves, by each leaf: forward over reverse.
    fn hvp(&self, directions: impl IntoIterator<Item = (usize, Tensor<F>)>) -> Result<Vec<Tensor<F>>, Error> {
        let value = self.y.try_value()?;
        if value.len() != 1 {
            return Err(Error::NotScalar { shape: value.shape().clone(), at: std::panic::Location::caller() });
        }
        let mut cotangents = NodeMap::default();
        if crate::tape::is_active::<F>(self.y.key, self.y.id) {
            let tangents = self.tangents(directions)?;
            let key = self.tape.key();
            let seed = Dual::still(Tensor::full(value.shape(), F::one()));
            cotangents = sweep::sweep::<F, _>(key, self.y.id, seed, &with_tangents(key, &tangents))?;
        }
        let mut product = |x: &Var<F>| match cotangents.take(x.id).and_then(|g| g.tangent) {
            Some(product) => Ok(product),
            None => Ok(Tensor::zeros(x.try_value()?.shape())),
        };
        self.leaves.iter().map(&mut product).collect()
    }

    /// A gradient in the form of the point.
    fn gradient(&self, parts: Vec<Tensor<F>>) -> P::Gradient {
        let mut parts = parts.into_iter();
        P::assemble(&self.recorded, &mut || in_order(parts.next()))
    }

    /// The form of the point with these parts.
    fn form<T>(&self, parts: Vec<T>) -> P::Form<T> {
        let mut parts = parts.into_iter();
        P::fill(&self.recorded, &mut || in_order(parts.next()))
    }
}

/// The part for the next leaf.
fn in_order<T>(part: Option<T>) -> T {
    match part {
        Some(part) => part,
        None => unreachable!("one part for each leaf"),
    }
}

type Tangents<F> = NodeMap<Tensor<F>>;

/// The values of a tape's nodes and constants beside their tangents.
pub(crate) fn with_tangents<F: Float>(
    key: u32,
    tangents: &NodeMap<Tensor<F>>,
) -> impl Fn(u32) -> Result<Any<Dual<Tensor<F>>>, Error> {
    move |id| {
        Ok(match value_of::<F>(key, id)? {
            Any::Real(value) => Any::Real(Dual { value, tangent: tangents.get(id).cloned() }),
            Any::Index(i) => Any::Index(crate::reader::DualIndex(i)),
            Any::Mask(m) => Any::Mask(crate::reader::DualMask(m)),
        })
    }
}

#[track_caller]
fn expect_shape<F: Float>(op: &str, what: &str, given: &Tensor<F>, expected: &Shape) -> Result<(), Error> {
    if given.shape() == expected {
        return Ok(());
    }
    Err(Error::shape(op, format!("the {what} has shape {}, not {expected}", given.shape())))
}

/// Jacobian–vector product: the value of a function and its derivative in a direction, in one pass forward.
///
/// Point and direction are a number, a tensor, or a tuple, array or slice of them.
///
/// # Errors
/// If the direction has another shape than the point.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 0.0]));
/// let (y, dy) = jvp(|x| x * x, &x, &v)?;
/// assert_eq!((y.data(), dy.data()), (&[1.0, 4.0][..], &[2.0, 0.0][..]));
///
/// let (y, dy) = jvp(|(a, b)| a * b, (&x, 3.0), (&v, 1.0))?;
/// assert_eq!((y.data(), dy.data()), (&[3.0, 6.0][..], &[4.0, 2.0][..]));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn jvp<F: Float, P: Point<F = F, Sweep = Numbers>, Y: Output<F>>(
    f: impl FnOnce(P::Recorded) -> Y,
    at: P,
    direction: P,
) -> Result<(Tensor<F>, Tensor<F>), Error> {
    let trace = Trace::new(f, &at)?;
    let directions = trace.directions("jvp", "direction", &direction)?;
    Ok((trace.y.try_value()?, trace.push_forward(directions.into_iter().enumerate())?))
}

/// Vector–Jacobian product: the value of a function, and the product of a cotangent of it with its derivative, in the form
/// of the point.
///
/// # Errors
/// If the cotangent has another shape than the value.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let (x, c) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 10.0]));
/// let (y, g) = vjp(|x| x * x, &x, &c)?;
/// assert_eq!((y.data(), g.data()), (&[1.0, 4.0][..], &[2.0, 40.0][..]));
///
/// let (_, (ga, gb)) = vjp(|(a, b)| a * b, (&x, 3.0), &c)?;
/// assert_eq!((ga.data(), gb), (&[3.0, 30.0][..], 21.0));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn vjp<F: Float, P: Point<F = F, Sweep = Numbers>, Y: Output<F>>(
    f: impl FnOnce(P::Recorded) -> Y,
    at: P,
    cotangent: &Tensor<F>,
) -> Result<(Tensor<F>, P::Gradient), Error> {
    let trace = Trace::new(f, &at)?;
    let y = trace.y.try_value()?;
    expect_shape("vjp", "cotangent", cotangent, y.shape())?;
    let g = trace.pull_back(cotangent.clone())?;
    Ok((y, trace.gradient(g)))
}

/// All derivatives of a function, of shape `y.shape ++ x.shape`: for a tuple, array or slice of tensors, one for each in
/// its form. They are found column by column in forward mode where the point has fewer elements than the value, else row
/// by row in reverse.
///
/// # Errors
/// If the function returns something of another tape.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
/// let x = Tensor::from([1.0, 1.0]);
/// let j = jacobian(|x| x.lift(&Param::new(a.clone())).matmul(x), &x)?;
/// assert_eq!(j, a);
///
/// let (by_a, by_x) = jacobian(|(a, x)| a.matmul(x), (&a, &x))?;
/// assert_eq!((by_a.shape(), by_x), (&Shape::from([3, 3, 2]), a));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn jacobian<F: Float, P: Point<F = F, Sweep = Numbers>, Y: Output<F>>(
    f: impl FnOnce(P::Recorded) -> Y,
    at: P,
) -> Result<P::Form<Tensor<F>>, Error> {
    let trace = Trace::new(f, &at)?;
    let y = trace.y.try_value()?;
    let (shapes, m) = (trace.shapes()?, y.len());
    let sizes: Vec<usize> = shapes.iter().map(Shape::len_elements).collect();
    let mut blocks: Vec<Vec<F>> = sizes.iter().map(|n| vec![F::zero(); n * m]).collect();
    if sizes.iter().sum::<usize>() < m {
        for (k, (shape, n)) in shapes.iter().zip(&sizes).enumerate() {
            for j in 0..*n {
                let column = trace.push_forward([(k, unit(shape, j))])?;
                column.data().iter().enumerate().for_each(|(i, d)| blocks[k][i * n + j] = *d);
            }
        }
    } else {
        for i in 0..m {
            for ((row, block), n) in trace.pull_back(unit(y.shape(), i))?.iter().zip(&mut blocks).zip(&sizes) {
                block[i * n..(i + 1) * n].copy_from_slice(row.data());
            }
        }
    }
    let parts = blocks.into_iter().zip(&shapes).map(|(block, x)| Tensor::try_new(beside(y.shape(), x), block));
    Ok(trace.form(parts.collect::<Result<_, _>>()?))
}

/// The axes of one shape before those of another.
fn beside(outer: &Shape, inner: &Shape) -> Shape {
    outer.iter().chain(inner.iter()).copied().collect()
}

/// The product of the Hessian of a function with a vector, without the Hessian: one pass forward over one backward. Point,
/// vector and product have one form.
///
/// # Errors
/// [`Error::NotScalar`] if the function returns more than one number; if `v` has another shape than the point.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([0.0, 1.0]));
/// let hv = hvp(|x| x.powi(3).sum(), &x, &v)?;
/// assert_eq!(hv.data(), [0.0, 12.0]);
///
/// let (by_x, by_b) = hvp(|(x, b): (Var, Scalar)| (x * x * b).sum(), (&x, 5.0), (&v, 0.0))?;
/// assert_eq!((by_x.data(), by_b), (&[0.0, 10.0][..], 4.0));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn hvp<F: Float, P: Point<F = F, Sweep = Numbers>, Y: Output<F>>(
    f: impl FnOnce(P::Recorded) -> Y,
    at: P,
    v: P,
) -> Result<P::Gradient, Error> {
    let trace = Trace::new(f, &at)?;
    let directions = trace.directions("hvp", "vector", &v)?;
    let product = trace.hvp(directions.into_iter().enumerate())?;
    Ok(trace.gradient(product))
}

/// All second derivatives of a function, of shape `x.shape ++ x.shape`: one [`hvp`] for each element. For a tuple, array or
/// slice of tensors, the derivatives by each pair of them: `((h_aa, h_ab), (h_ba, h_bb))`.
///
/// # Errors
/// [`Error::NotScalar`] if the function returns more than one number.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let h = hessian(|x| x.powi(2).sum() * x.sum(), &Tensor::from([1.0, 2.0]))?;
/// assert_eq!(h, Tensor::from([[10.0, 6.0], [6.0, 14.0]]));
///
/// let ((_, ab), (ba, bb)) = hessian(|(a, b): (Var, Scalar)| (a * b).sum(), (&Tensor::from([1.0, 2.0]), 3.0_f64))?;
/// assert_eq!((ab.data(), ba.data(), bb.item()), (&[1.0, 1.0][..], &[1.0, 1.0][..], 0.0));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn hessian<F: Float, P: Point<F = F, Sweep = Numbers>, Y: Output<F>>(
    f: impl FnOnce(P::Recorded) -> Y,
    at: P,
) -> Result<P::Form<P::Form<Tensor<F>>>, Error> {
    let trace = Trace::new(f, &at)?;
    let shapes = trace.shapes()?;
    let mut rows = Vec::new();
    for (k, shape) in shapes.iter().enumerate() {
        let n = shape.len_elements();
        let mut blocks: Vec<Vec<F>> = shapes.iter().map(|x| Vec::with_capacity(n * x.len_elements())).collect();
        for i in 0..n {
            for (block, product) in blocks.iter_mut().zip(trace.hvp([(k, unit(shape, i))])?) {
                block.extend_from_slice(product.data());
            }
        }
        let parts = blocks.into_iter().zip(&shapes).map(|(block, x)| Tensor::try_new(beside(shape, x), block));
        rows.push(trace.form(parts.collect::<Result<_, _>>()?));
    }
    Ok(trace.form(rows))
}

/// The tensor with a 1 at one place.
fn unit<F: Float>(shape: &Shape, at: usize) -> Tensor<F> {
    let mut t = Tensor::zeros(shape);
    t.data_mut()[at] = F::one();
    t
}
