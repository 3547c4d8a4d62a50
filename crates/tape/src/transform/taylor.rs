//! Taylor series of functions of one number: every recorded operation is applied to whole series.

use crate::error::Error;
use crate::rule::algebra::Any;
use crate::rule::op::Op;
use crate::rule::series::{MOST, Series};
use crate::sweep::arguments;
use crate::tape::{Parent, Scalar, Step, Tape, step, value_of};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The Taylor series of a function at a number, up to `tⁿ`: coefficient `k` is its `k`-th derivative divided by `k!`.
///
/// The function is recorded once, and each recorded operation applied to series: the work grows with the cube of the order
/// and not, as for gradients of gradients, as a power with it. Branches are those taken at the number.
///
/// # Errors
/// [`Error::NoRule`] for an operation that does not act number by number, and for an order above 32;
/// [`Error::NotConnected`] if the function does not depend on its argument.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let c = taylor(|x| (x * 2.0).exp(), 0.0, 4)?;
/// assert_eq!(c, [1.0, 2.0, 2.0, 8.0 / 6.0, 16.0 / 24.0]); // 2ᵏ / k!
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn taylor<F: Float>(f: impl FnOnce(Scalar<F>) -> Scalar<F>, at: F, order: usize) -> Result<Vec<F>, Error> {
    if order > MOST {
        return Err(Error::NoRule { op: "taylor".into(), message: format!("order {order}, of at most {MOST}") });
    }
    let tape = Tape::of::<F>();
    let x = tape.scalar(at);
    let y = f(x);
    if y.key() == 0 {
        return Err(Error::NotConnected { reason: "the output is a constant and depends on no leaf".into() });
    }
    if y.key() != tape.key() {
        return Err(Error::ForeignTape);
    }
    let key = tape.key();
    let mut all: Vec<Option<Series>> = vec![None; y.id().max(x.id()) as usize + 1];
    all[x.id() as usize] = Some(Series::variable(at.to_f64(), order));
    let values = |id: u32| value_of::<F>(key, id);
    for id in x.id() + 1..=y.id() {
        let Some(Step { op, parents, .. }) = step::<F>(key, id)? else {
            continue;
        };
        let reached = |k: usize| match parents[k] {
            Parent::Node { id, .. } if op.active(k) => all[id as usize],
            _ => None,
        };
        if (0..parents.len()).all(|k| reached(k).is_none()) {
            continue;
        }
        let still = arguments::<F, Tensor<F>>(&parents, &Tensor::from(at), &values)?;
        let series: Vec<Series> = (0..parents.len())
            .map(|k| match (reached(k), &still[k]) {
                (Some(series), _) => Ok(series),
                (None, Any::Real(t)) if t.len() == 1 => Ok(Series::constant(t.item().to_f64(), order)),
                _ => Err(no_series(&op)),
            })
            .collect::<Result<_, _>>()?;
        all[id as usize] = Some(op.series(&series).ok_or_else(|| no_series(&op))?);
    }
    let y = all[y.id() as usize].unwrap_or_else(|| Series::constant(y.value().to_f64(), order));
    Ok(y.coefficients().iter().map(|c| F::from_f64(*c)).collect())
}

fn no_series<O: Op>(op: &O) -> Error {
    let message = "it does not act number by number, and has no Taylor series; take gradients of gradients";
    Error::NoRule { op: op.name(), message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    fn close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() <= 1e-13 * e.abs().max(1.0), "{found:?} {expected:?}");
        }
    }

    #[test]
    fn known_series() {
        // 1 / (1 − x) at 0
        close(&taylor(|x| 1.0 / (1.0 - x), 0.0, 8).unwrap(), &[1.0; 9]);
        // ln(1 + x) at 0
        close(&taylor(|x| (x + 1.0).ln(), 0.0, 4).unwrap(), &[0.0, 1.0, -0.5, 1.0 / 3.0, -0.25]);
        // sin at 0
        close(&taylor(|x| x.sin(), 0.0, 5).unwrap(), &[0.0, 1.0, 0.0, -1.0 / 6.0, 0.0, 1.0 / 120.0]);
        // tan at 0
        close(&taylor(|x| x.tan(), 0.0, 5).unwrap(), &[0.0, 1.0, 0.0, 1.0 / 3.0, 0.0, 2.0 / 15.0]);
        // a polynomial ends
        close(&taylor(|x| (x - 1.0).powi(3), 2.0, 5).unwrap(), &[1.0, 3.0, 3.0, 1.0, 0.0, 0.0]);
        // √(1 + x): binomial coefficients
        close(&taylor(|x| (x + 1.0).sqrt(), 0.0, 3).unwrap(), &[1.0, 0.5, -0.125, 0.0625]);
        // |x| left of its kink
        close(&taylor(|x| x.abs() * x, -1.0, 3).unwrap(), &[-1.0, 2.0, -1.0, 0.0]);
    }

    #[test]
    fn series_are_gradients_of_gradients() {
        let f = |x: Scalar| ((x * 1.5).tanh() + x.exp().sin() * x.powf(2.5)).sigmoid().erf();
        let found = taylor(f, 0.7, 4).unwrap();
        let tape = Tape::new();
        let x = tape.scalar(0.7);
        let (mut y, mut factorial) = (f(x), 1.0);
        for (k, c) in found.iter().enumerate() {
            factorial *= (k as f64).max(1.0);
            let expected = y.value() / factorial;
            assert!((c - expected).abs() < 1e-11 * expected.abs().max(1.0), "{k}: {c} {expected}");
            y = y.backward_recorded()[x];
        }
    }

    #[test]
    fn what_has_no_series_is_named() {
        let f = |x: Scalar| Var::from(x).reshape([1]).log_sum_exp(0).scalar();
        let message = taylor(f, 1.0, 3).unwrap_err().to_string();
        assert!(message.starts_with("reshape: it does not act number by number"), "{message}");
        assert!(taylor(|x| x, 1.0, 33).is_err());
        assert_eq!(taylor(|x| x, 1.0, 2).unwrap(), [1.0, 1.0, 0.0]);
    }
}
