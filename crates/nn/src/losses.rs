//! Losses: how far an output is from what was wanted, as one number. Each is a mean over samples.
//!
//! Squared error comes in the three scalings of the textbooks, by name. For outputs `a` and targets `y` of shape
//! `[batch, outputs]`:
//!
//! | name | formula | where |
//! | --- | --- | --- |
//! | [`mse`] | mean of (a − y)² over all elements | PyTorch, statistics |
//! | [`sum_squared_error`] | Σ (a − y)² for each sample, mean over the batch | 3Blue1Brown |
//! | [`half_squared_error`] | half of that | Nielsen, whose derivative is then a − y |

use wengert_tape::prelude::*;
use wengert_tape::{IndexOperand, Operand};

use crate::error::Error;

/// The mean of (a − y)² over all elements.
///
/// # Panics
/// If the shapes differ: nothing is broadcast here.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let (a, y) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([[1.0, 0.0], [0.0, 4.0]]));
/// assert_eq!(mse(a.clone(), &y).item(), (0.0 + 4.0 + 9.0 + 0.0) / 4.0);
/// assert_eq!(sum_squared_error(a.clone(), &y).item(), (4.0 + 9.0) / 2.0);
/// assert_eq!(half_squared_error(a, &y).item(), (4.0 + 9.0) / 4.0);
/// ```
#[track_caller]
pub fn mse<A: Algebra>(a: A, y: impl Operand<A>) -> A {
    error("mse", a, y, Reduction::Mean)
}

/// Σ (a − y)² for each sample, and the mean of that over the batch, which is the first axis.
///
/// # Panics
/// If the shapes differ: nothing is broadcast here.
#[track_caller]
pub fn sum_squared_error<A: Algebra>(a: A, y: impl Operand<A>) -> A {
    let samples = samples(&a.shape());
    error("sum_squared_error", a, y, Reduction::Sum) / samples
}

/// ½ Σ (a − y)² for each sample, and the mean of that over the batch, which is the first axis.
///
/// # Panics
/// If the shapes differ: nothing is broadcast here.
#[track_caller]
pub fn half_squared_error<A: Algebra>(a: A, y: impl Operand<A>) -> A {
    let samples = samples(&a.shape());
    error("half_squared_error", a, y, Reduction::Sum) / (2.0 * samples)
}

#[track_caller]
fn error<A: Algebra>(loss: &str, a: A, y: impl Operand<A>, reduction: Reduction) -> A {
    let y = y.beside(&a);
    let (outputs, targets) = (a.shape(), y.shape());
    if outputs != targets {
        Error::shape(loss, format!("outputs {outputs} and targets {targets} differ in shape")).raise()
    }
    a.mse_loss(&*y, reduction)
}

fn samples(shape: &Shape) -> f64 {
    shape.first().copied().unwrap_or(1) as f64
}

/// Cross-entropy of class indices: −ln of the softmax of the outputs at the right class, mean over the batch.
///
/// | argument | shape |
/// | --- | --- |
/// | `outputs` | `[batch, classes]`: sums, not probabilities; the softmax is taken here, safely |
/// | `classes` | `[batch]`, positions below the number of classes |
/// | result | `[]` |
///
/// # Panics
/// If the shapes do not fit, or a class is out of range.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let outputs = Tensor::from([[0.0, 3.0_f64.ln()], [1000.0, 0.0]]);
/// // −ln(1/4) for the first sample, and 0 for the second, of which the outputs are sure.
/// let loss = cross_entropy(outputs, Tensor::from([0, 0]));
/// assert!((loss.item() - 4.0_f64.ln() / 2.0).abs() < 1e-15);
/// ```
#[track_caller]
pub fn cross_entropy<A: Algebra>(outputs: A, classes: impl IndexOperand<A>) -> A {
    outputs.cross_entropy(classes, &CrossEntropy::default())
}
