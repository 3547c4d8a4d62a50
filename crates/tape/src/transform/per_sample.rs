//! Gradients of one function by many samples, each on its own.

use crate::error::Error;
use crate::sweep::gradients::Gradients;
use crate::tape::Tape;
use crate::tensor::float::Float;
use crate::transform::point::{Numbers, Output, Point, Recorder};

/// The gradient of a function of a point and a sample, for each of some samples: one pass forward and one backward each,
/// on a tape that is used again.
///
/// # Errors
/// As [`value_and_grad`](crate::value_and_grad), of the first sample that has one.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let loss = |w: Var, (x, y): (f64, f64)| ((w * x).sum() - y).powi(2);
/// let g = per_sample_gradients(loss, &Tensor::from([2.0]), [(1.0, 0.0), (3.0, 5.0)])?;
/// assert_eq!((g[0].item(), g[1].item()), (4.0, 6.0));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn per_sample_gradients<P: Point<Sweep = Numbers>, S, Y: Output<P::F>>(
    f: impl FnMut(P::Recorded, S) -> Y,
    at: P,
    samples: impl IntoIterator<Item = S>,
) -> Result<Vec<P::Gradient>, Error> {
    let mut all = Vec::new();
    for_each_sample(f, &at, samples, |recorded, gradients| {
        all.push(P::collect(recorded, &gradients)?);
        Ok(())
    })?;
    Ok(all)
}

/// The length of the gradient for each of some samples, over all numbers of the point and all parameters that the function
/// lifts as one vector, without holding more than one gradient: what clipping by sample and choosing hard samples need.
///
/// # Errors
/// As [`value_and_grad`](crate::value_and_grad), of the first sample that has one.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let rows = Tensor::from([[3.0, 4.0], [0.0, 2.0]]);
/// let norms = per_sample_norms(|w: Var, row| (w * rows.rows([row])).sum(), &Tensor::from([1.0, 1.0]), 0..2)?;
/// assert_eq!(norms, [5.0, 2.0]);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn per_sample_norms<P: Point<Sweep = Numbers>, S, Y: Output<P::F>>(
    f: impl FnMut(P::Recorded, S) -> Y,
    at: P,
    samples: impl IntoIterator<Item = S>,
) -> Result<Vec<P::F>, Error> {
    let mut norms = Vec::new();
    for_each_sample(f, &at, samples, |_, gradients| {
        norms.push(gradients.norm());
        Ok(())
    })?;
    Ok(norms)
}

#[track_caller]
fn for_each_sample<F: Float, P: Point<F = F, Sweep = Numbers>, S, Y: Output<F>>(
    mut f: impl FnMut(P::Recorded, S) -> Y,
    at: &P,
    samples: impl IntoIterator<Item = S>,
    mut visit: impl FnMut(&P::Recorded, Gradients<F>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut tape = Tape::of::<F>();
    for sample in samples {
        let recorded = at.record(&mut Recorder::new(&tape));
        let y = f(recorded.clone(), sample).output()?;
        visit(&recorded, y.try_backward()?)?;
        tape.clear();
    }
    Ok(())
}
