//! A recorded graph on complex numbers.

use crate::error::Error;
use crate::ops::AnyOp;
use crate::reader::evaluate;
use crate::rule::algebra::{Any, Arg, Args};
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Value};
use crate::tape::{Tape, Var};
use crate::tensor::Tensor;
use crate::tensor::short_list::ShortList;
use crate::transform::replay::Replay;

impl Replay<f64> {
    /// The output where some leaves have an imaginary part: real and imaginary part of the value. `leaves` are positions
    /// with both parts; other leaves and constants are real.
    ///
    /// Each operation is continued as its file declares ([`Op::analytic`]), to the whole plane and on the principal branch;
    /// `cbrt` is that of the real function on each half plane, and what is chosen by a comparison (the two formulas of
    /// `softplus`, say) is chosen by the real parts.
    ///
    /// # Errors
    /// [`Error::NoRule`] with the first operation that is no analytic function, or has no value at these numbers; what a shape
    /// rule rejects.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::{Replay, prelude::*};
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([1.0, 2.0]));
    /// let replay = Replay::of((x * x).exp())?;
    ///
    /// // Along an imaginary step of h the imaginary part is h times the derivative, 2x exp(x²).
    /// let (re, h) = (Tensor::from([1.0, 2.0]), Tensor::from([1e-20, 1e-20]));
    /// let at = replay.position(x).expect("the output depends on x");
    /// let [_, im] = replay.on_complex(&[(at, [re, h])])?;
    /// assert!((im.data()[0] / 1e-20 - 2.0 * 1.0_f64.exp()).abs() < 1e-14);
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn on_complex(&self, leaves: &[(usize, [Tensor<f64>; 2])]) -> Result<[Tensor<f64>; 2], Error> {
        let mut re: Vec<Value<f64>> = Vec::with_capacity(self.len());
        let mut im: Vec<Option<Tensor<f64>>> = Vec::with_capacity(self.len());
        for (node, value) in self.values().iter().enumerate() {
            let given = leaves.iter().find(|(leaf, _)| *leaf == node);
            let (value, part) = match (self.operation(node), given) {
                (None, Some((_, [x, y]))) => {
                    let expected = value.as_arg().shape();
                    if let Some(odd) = [x, y].into_iter().find(|t| *Tensor::shape(t) != expected) {
                        let message = format!("leaf {node} has shape {expected}, given {}", odd.shape());
                        return Err(Error::shape("on_complex", message));
                    }
                    (x.clone().into(), Some(y.clone()))
                }
                (Some((op, parents)), _) => {
                    let imaginary = |p: &usize| im[*p].is_some();
                    let own = ShortList::from_fn(parents.len(), |k| re[parents[k]].as_arg());
                    if parents.iter().any(imaginary) && op.output() == Kind::Real {
                        let parts: Vec<Value<f64>> = parents
                            .iter()
                            .map(|p| match (&re[*p], &im[*p]) {
                                (Any::Real(_), Some(part)) => part.clone().into(),
                                (Any::Real(x), None) => Tensor::<f64>::zeros(Tensor::shape(x)).into(),
                                (other, _) => other.clone(),
                            })
                            .collect();
                        let parts = ShortList::from_fn(parts.len(), |k| parts[k].as_arg());
                        let [x, y] = continued(op, &own, &parts)?;
                        (x.into(), Some(y))
                    } else {
                        (evaluate(op, Args(&own))?, None)
                    }
                }
                (None, None) => (value.clone(), None),
            };
            re.push(value);
            im.push(part);
        }
        match (re.pop(), im.pop()) {
            (Some(Any::Real(x)), Some(y)) => {
                let y = y.unwrap_or_else(|| Tensor::zeros(Tensor::shape(&x)));
                Ok([x, y])
            }
            _ => Err(Error::Argument("on_complex: the output is not numbers".into())),
        }
    }
}

fn has_nan(x: &Tensor<f64>) -> bool {
    x.data().iter().any(|x| x.is_nan())
}

/// The value of an operation on complex arguments.
#[inline]
fn continued(op: &AnyOp, re: &[Arg<'_, Tensor<f64>>], im: &[Arg<'_, Tensor<f64>>]) -> Result<[Tensor<f64>; 2], Error> {
    let none = || Error::NoRule {
        op: op.name(),
        message: "it is no analytic function that could be continued to complex numbers; replay on dual numbers".into(),
    };
    match op.analytic() {
        Analytic::No => Err(none()),
        Analytic::Formula => {
            evaluate(op, Args(re))?;
            let value = op.on_complex(Args(re), Args(im)).ok_or_else(none)?;
            let finite =
                |args: &[Arg<'_, Tensor<f64>>]| args.iter().all(|arg| matches!(arg, Arg::Real(x) if !has_nan(x)));
            match value.iter().any(has_nan) && finite(re) && finite(im) {
                true => {
                    let message = "it has no value at these complex numbers, or none that is known".into();
                    Err(Error::NoRule { op: op.name(), message })
                }
                false => Ok(value),
            }
        }
        Analytic::Linear => Ok([evaluate(op, Args(re))?.real(), evaluate(op, Args(im))?.real()]),
        Analytic::Bilinear => {
            let first = re.iter().position(|arg| matches!(arg, Arg::Real(_))).ok_or_else(none)?;
            let product = |a: &[Arg<'_, Tensor<f64>>], b: &[Arg<'_, Tensor<f64>>]| {
                let args = ShortList::from_fn(re.len(), |k| if k == first { a[k] } else { b[k] });
                evaluate(op, Args(&args)).map(Any::real)
            };
            // (a + ia′)(b + ib′)
            Ok([product(re, re)? - product(im, im)?, product(re, im)? + product(im, re)?])
        }
        Analytic::Composed => {
            let (replay, places) = composition(op, re).ok_or_else(none)?;
            let mut leaves = Vec::new();
            for (k, at) in places.into_iter().enumerate() {
                if let (Some(at), Arg::Real(x), Arg::Real(y)) = (at, re[k], im[k]) {
                    leaves.push((at, [x.clone(), y.clone()]));
                }
            }
            replay.on_complex(&leaves)
        }
    }
}

/// The composition that an operation declares, recorded at some arguments, and where each argument of numbers stands in it.
#[inline]
pub(crate) fn composition(op: &AnyOp, args: &[Arg<'_, Tensor<f64>>]) -> Option<(Replay<f64>, Vec<Option<usize>>)> {
    let tape = Tape::new();
    let recorded: Vec<Any<Var>> = args
        .iter()
        .map(|arg| match arg {
            Arg::Real(x) => Any::Real(tape.var((*x).clone())),
            Arg::Index(i) => Any::Index(tape.input((*i).clone())),
            Arg::Mask(m) => Any::Mask(tape.input((*m).clone())),
        })
        .collect();
    let args = ShortList::from_fn(recorded.len(), |k| recorded[k].as_arg());
    let replay = Replay::of(op.composed(Args(&args))?).ok()?;
    let place = |var: &Any<Var>| match var {
        Any::Real(var) => replay.position(*var),
        _ => None,
    };
    let places = recorded.iter().map(place).collect();
    Some((replay, places))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// The output of `f` at `x + iy`.
    fn at(f: impl Fn(Var) -> Var, x: Tensor, y: Tensor) -> Result<[Tensor; 2], Error> {
        let tape = Tape::new();
        let leaf = tape.var(x.clone());
        let replay = Replay::of(f(leaf))?;
        replay.on_complex(&[(replay.position(leaf).unwrap(), [x, y])])
    }

    fn close(found: &Tensor, expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.data().iter().zip(expected) {
            assert!((a - b).abs() <= 1e-14 * (1.0 + b.abs()), "{found} {expected:?}");
        }
    }

    #[test]
    fn eulers_formula() {
        let [re, im] = at(|x| x.exp(), Tensor::from([0.0, 0.5]), Tensor::from([1.0, -2.0])).unwrap();
        let half = 0.5_f64.exp();
        close(&re, &[1.0_f64.cos(), half * 2.0_f64.cos()]);
        close(&im, &[1.0_f64.sin(), -half * 2.0_f64.sin()]);
    }

    #[test]
    fn products_and_sums_of_complex_matrices() {
        // (1 + 2i)(1 + 2i) + (3 + 4i)(3 + 4i) = (−3 + 4i) + (−7 + 24i)
        let square = |x: Var| x.reshape([1, 2]).matmul(x.reshape([2, 1])).sum();
        let [re, im] = at(square, Tensor::from([1.0, 3.0]), Tensor::from([2.0, 4.0])).unwrap();
        close(&re, &[-10.0]);
        close(&im, &[28.0]);
    }

    #[test]
    fn what_is_composed_of_analytic_operations_is_continued_by_its_composition() {
        // Softmax of (iπ, 0): exp(iπ) = −1, so that the sum is 0 but for the shift; at (iπ/2, 0) it is i/(1 + i) = (1 + i)/2.
        let [re, im] =
            at(|x| x.softmax(0), Tensor::from([0.0, 0.0]), Tensor::from([std::f64::consts::FRAC_PI_2, 0.0])).unwrap();
        close(&re, &[0.5, 0.5]);
        close(&im, &[0.5, -0.5]);
    }

    #[test]
    fn what_is_not_analytic_is_named() {
        let error = at(|x| x.abs(), Tensor::from([1.0]), Tensor::from([1.0])).unwrap_err();
        assert!(error.to_string().starts_with("abs: it is no analytic function"), "{error}");
        let error = at(|x| x.exp(), Tensor::from([1.0]), Tensor::from([1.0, 2.0])).unwrap_err();
        assert!(error.to_string().contains("shape [1], given [2]"), "{error}");
    }
}
