//! Differential operators: functions in, derivatives out. They record the function once and interpret its nodes.

use std::collections::BTreeMap;

use crate::algebra::Any;
use crate::error::Error;
use crate::float::Float;
use crate::point::{Output, Point, Recorder, Sweep};
use crate::readers::Dual;
use crate::shape::Shape;
use crate::sweep;
use crate::tape::{Tape, Var, value_of};
use crate::tensor::Tensor;

type Value<P> = <<P as Point>::Sweep as Sweep<<P as Point>::F>>::Value;

/// The value of a function and its gradient: one forward pass, one backward pass.
///
/// A point is a number, a tensor, a recorded tensor, or a tuple, array or slice of them; the gradient has its form.
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

/// A function of one tensor, recorded.
struct Trace<F: Float> {
    tape: Tape<F>,
    x: Var<F>,
    y: Var<F>,
}

impl<F: Float> Trace<F> {
    #[track_caller]
    fn new<Y: Output<F>>(f: impl FnOnce(Var<F>) -> Y, x: &Tensor<F>) -> Result<Self, Error> {
        let tape = Tape::of::<F>();
        let x = tape.var(x.clone());
        let y = f(x).output()?;
        if y.key != tape.key() {
            return Err(Error::ForeignTape);
        }
        Ok(Trace { tape, x, y })
    }

    /// The tangent of every node that a direction of the argument reaches.
    fn tangents(&self, direction: &Tensor<F>) -> Result<BTreeMap<u32, Tensor<F>>, Error> {
        let directions = BTreeMap::from([(self.x.id, direction.clone())]);
        // The argument may itself be the output.
        sweep::tangents(self.tape.key(), self.y.id.min(self.tape.len() as u32), directions)
    }

    /// The derivative of the output in a direction; zero where it does not depend on the argument.
    fn push_forward(&self, direction: &Tensor<F>) -> Result<Tensor<F>, Error> {
        match self.tangents(direction)?.remove(&self.y.id) {
            Some(d) => Ok(d),
            None => Ok(Tensor::zeros(self.y.try_value()?.shape())),
        }
    }

    /// The product of a cotangent of the output with the derivative; zero where the output does not depend on it.
    fn pull_back(&self, cotangent: Tensor<F>) -> Result<Tensor<F>, Error> {
        let gradients = self.y.backward_from(cotangent).and_then(|g| g.get(self.x).cloned());
        match gradients {
            Err(Error::NotConnected { .. }) => Ok(Tensor::zeros(self.x.try_value()?.shape())),
            other => other,
        }
    }

    /// The product of the Hessian with a direction: forward over reverse.
    fn hvp(&self, direction: &Tensor<F>) -> Result<Tensor<F>, Error> {
        let value = self.y.try_value()?;
        if value.len() != 1 {
            return Err(Error::NotScalar { shape: value.shape().clone(), at: std::panic::Location::caller() });
        }
        let zeros = || Ok(Tensor::zeros(direction.shape()));
        if !crate::tape::is_active::<F>(self.y.key, self.y.id) {
            return zeros();
        }
        let tangents = self.tangents(direction)?;
        let key = self.tape.key();
        let seed = Dual::still(Tensor::full(value.shape(), F::one()));
        let mut cotangents = sweep::sweep::<F, _>(key, self.y.id, seed, &with_tangents(key, &tangents))?;
        match cotangents.remove(&self.x.id).and_then(|g| g.tangent) {
            Some(product) => Ok(product),
            None => zeros(),
        }
    }
}

/// The values of a tape's nodes and constants beside their tangents.
pub(crate) fn with_tangents<F: Float>(
    key: u32,
    tangents: &BTreeMap<u32, Tensor<F>>,
) -> impl Fn(u32) -> Result<Any<Dual<Tensor<F>>>, Error> {
    move |id| {
        Ok(match value_of::<F>(key, id)? {
            Any::Real(value) => Any::Real(Dual { value, tangent: tangents.get(&id).cloned() }),
            Any::Index(i) => Any::Index(crate::readers::DualIndex(i)),
            Any::Mask(m) => Any::Mask(crate::readers::DualMask(m)),
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
/// # Errors
/// If the direction has another shape than the point.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 0.0]));
/// let (y, dy) = jvp(|x| x * x, &x, &v)?;
/// assert_eq!((y.data(), dy.data()), (&[1.0, 4.0][..], &[2.0, 0.0][..]));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn jvp<F: Float, Y: Output<F>>(
    f: impl FnOnce(Var<F>) -> Y,
    x: &Tensor<F>,
    direction: &Tensor<F>,
) -> Result<(Tensor<F>, Tensor<F>), Error> {
    expect_shape("jvp", "direction", direction, x.shape())?;
    let trace = Trace::new(f, x)?;
    Ok((trace.y.try_value()?, trace.push_forward(direction)?))
}

/// Vector–Jacobian product: the value of a function, and the product of a cotangent of it with its derivative.
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
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn vjp<F: Float, Y: Output<F>>(
    f: impl FnOnce(Var<F>) -> Y,
    x: &Tensor<F>,
    cotangent: &Tensor<F>,
) -> Result<(Tensor<F>, Tensor<F>), Error> {
    let trace = Trace::new(f, x)?;
    let y = trace.y.try_value()?;
    expect_shape("vjp", "cotangent", cotangent, y.shape())?;
    let g = trace.pull_back(cotangent.clone())?;
    Ok((y, g))
}

/// The matrix of all derivatives, of shape `y.shape ++ x.shape`. It is found column by column in forward mode where the
/// argument has fewer elements than the value, else row by row in reverse.
///
/// # Errors
/// If the function returns something of another tape.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
/// let j = jacobian(|x| x.lift(&Param::new(a.clone())).matmul(x), &Tensor::from([1.0, 1.0]))?;
/// assert_eq!(j, a);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn jacobian<F: Float, Y: Output<F>>(f: impl FnOnce(Var<F>) -> Y, x: &Tensor<F>) -> Result<Tensor<F>, Error> {
    let trace = Trace::new(f, x)?;
    let y = trace.y.try_value()?;
    let (n, m) = (x.len(), y.len());
    let mut data = vec![F::zero(); n * m];
    if n < m {
        for j in 0..n {
            let column = trace.push_forward(&unit(x.shape(), j))?;
            column.data().iter().enumerate().for_each(|(i, d)| data[i * n + j] = *d);
        }
    } else {
        for (i, row) in data.chunks_exact_mut(n.max(1)).enumerate() {
            row.copy_from_slice(trace.pull_back(unit(y.shape(), i))?.data());
        }
    }
    Tensor::try_new(y.shape().iter().chain(x.shape().iter()).copied().collect::<Shape>(), data)
}

/// The product of the Hessian of a function with a vector, without the Hessian: one pass forward over one backward.
///
/// # Errors
/// [`Error::NotScalar`] if the function returns more than one number; if `v` has another shape than `x`.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([0.0, 1.0]));
/// let hv = hvp(|x| x.powi(3).sum(), &x, &v)?;
/// assert_eq!(hv.data(), [0.0, 12.0]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn hvp<F: Float, Y: Output<F>>(
    f: impl FnOnce(Var<F>) -> Y,
    x: &Tensor<F>,
    v: &Tensor<F>,
) -> Result<Tensor<F>, Error> {
    expect_shape("hvp", "vector", v, x.shape())?;
    Trace::new(f, x)?.hvp(v)
}

/// The matrix of second derivatives, of shape `x.shape ++ x.shape`: one [`hvp`] for each element.
///
/// # Errors
/// [`Error::NotScalar`] if the function returns more than one number.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let h = hessian(|x| x.powi(2).sum() * x.sum(), &Tensor::from([1.0, 2.0]))?;
/// assert_eq!(h, Tensor::from([[10.0, 6.0], [6.0, 14.0]]));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn hessian<F: Float, Y: Output<F>>(f: impl FnOnce(Var<F>) -> Y, x: &Tensor<F>) -> Result<Tensor<F>, Error> {
    let trace = Trace::new(f, x)?;
    let mut data = Vec::with_capacity(x.len() * x.len());
    for i in 0..x.len() {
        data.extend_from_slice(trace.hvp(&unit(x.shape(), i))?.data());
    }
    Tensor::try_new(x.shape().iter().chain(x.shape().iter()).copied().collect::<Shape>(), data)
}

/// The tensor with a 1 at one place.
fn unit<F: Float>(shape: &Shape, at: usize) -> Tensor<F> {
    let mut t = Tensor::zeros(shape);
    t.data_mut()[at] = F::one();
    t
}
