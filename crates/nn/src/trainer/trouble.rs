//! What went wrong in a training that did not learn, as its losses tell.

use std::fmt;

use super::history::{Epoch, History};

/// A loss that is so many times the first has exploded.
const EXPLODED: f64 = 10.0;
/// Fewer epochs than this say nothing.
const FEW: usize = 4;
/// Fewer than this do not say that a loss does not fall.
const FEW_TO_FALL: usize = 10;
/// A rise by this share of the loss is one.
const RISE: f64 = 0.1;
/// So many of the later epochs must rise for a loss that jumps.
const RISING: f64 = 0.25;
/// A loss that is still above this share of the first has not been learned away.
const LEARNED: f64 = 0.5;
/// A loss that has not fallen by this share has not fallen.
const FALLEN: f64 = 0.02;
/// A loss that stands still differs by less than this share.
const STILL: f64 = 1e-6;

/// What went wrong in a training that did not learn: [`History::trouble`].
///
/// As text it says what was seen and what may help.
///
/// # Examples
/// ```
/// use wengert_nn::Trouble;
/// let trouble = Trouble::Exploded { first: 0.5, last: 8e3 };
/// assert!(trouble.broke() && trouble.to_string().contains("from 0.5000 to 8000.0000; give a smaller rate"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Trouble {
    /// The loss grew beyond ten times the first: the rate is too large.
    Exploded {
        /// The loss of the first epoch.
        first: f64,
        /// The loss of the last epoch.
        last: f64,
    },
    /// The loss is not below the first and does not change any more: no gradient passes, as through dead or saturated units.
    Frozen {
        /// The epoch from which on it does not change.
        since: usize,
        /// The loss.
        loss: f64,
    },
    /// The loss goes up and down and stays high: steps go too far.
    Jumping {
        /// The number of epochs, of the later half, in which it rose.
        rises: usize,
        /// The number of epochs in that half.
        of: usize,
    },
    /// The loss did not fall: the rate is too small, or there is nothing to be learned like this.
    NotFallen {
        /// The loss of the first epoch.
        first: f64,
        /// The loss of the last epoch.
        last: f64,
    },
}

impl Trouble {
    /// Whether the training broke: all but [`NotFallen`](Self::NotFallen), which may just be short, or hard.
    pub fn broke(&self) -> bool {
        !matches!(self, Trouble::NotFallen { .. })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Exploded { first, last } => {
                write!(f, "the loss exploded, from {first:.4} to {last:.4}; give a smaller rate")
            }
            Trouble::Frozen { since, loss } => write!(
                f,
                "the loss is {loss:.4} since epoch {since} and does not change, so that no gradient passes: units are dead or \
                 saturated, mostly since the rate is too large; give a smaller rate"
            ),
            Trouble::Jumping { rises, of } => write!(
                f,
                "the loss rose in {rises} of the last {of} epochs and stays high: the rate is too large; give a smaller one"
            ),
            Trouble::NotFallen { first, last } => write!(
                f,
                "the loss did not fall, from {first:.4} to {last:.4}: the rate is too small, or the network cannot tell; give a \
                 larger rate, more epochs or more units"
            ),
        }
    }
}

impl History {
    /// What went wrong, as the losses of the epochs tell; `None` if the loss fell, or there are too few epochs to say.
    ///
    /// Why no gradient passes is seen in the graph of a batch: `lint` of the crate `wengert-view`.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// use wengert_nn::Trouble;
    /// let train = |rate: f64| {
    ///     let mut model = Mlp::<f64>::new(&[2, 8, 1], Activation::Sigmoid, &mut generator(1));
    ///     Trainer::new(mse).epochs(200).batch(4).train(&mut model, &mut Adam::new(rate), &xor())
    /// };
    /// assert_eq!(train(0.05)?.trouble(), None);
    /// assert!(matches!(train(500.0)?.trouble(), Some(Trouble::Frozen { .. })));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn trouble(&self) -> Option<Trouble> {
        let losses: Vec<f64> = self.epochs.iter().map(|epoch: &Epoch| epoch.loss).collect();
        trouble(&losses)
    }
}

fn trouble(losses: &[f64]) -> Option<Trouble> {
    let (first, last) = (*losses.first()?, *losses.last()?);
    if losses.len() < FEW || !first.is_finite() {
        return None;
    }
    let size = first.abs();
    if last > first + (EXPLODED - 1.0) * size && last.is_finite() {
        return Some(Trouble::Exploded { first, last });
    }
    let still = losses.iter().rev().take_while(|loss| (**loss - last).abs() <= STILL * last.abs()).count();
    if 2 * still >= losses.len() && still >= FEW / 2 && last >= first - STILL * size && last != 0.0 {
        return Some(Trouble::Frozen { since: losses.len() - still + 1, loss: last });
    }
    if last <= first - LEARNED * size {
        return None;
    }
    let late = &losses[losses.len() / 2 - 1..];
    let rises = late.windows(2).filter(|pair| pair[1] > pair[0] + RISE * pair[0].abs()).count();
    let of = late.len() - 1;
    if rises >= 2 && rises as f64 >= RISING * of as f64 {
        return Some(Trouble::Jumping { rises, of });
    }
    let fallen = last <= first - FALLEN * size;
    (!fallen && losses.len() >= FEW_TO_FALL && last != 0.0).then_some(Trouble::NotFallen { first, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_tell_what_went_wrong() {
        let curve = |f: &dyn Fn(f64) -> f64| (0..20).map(|k| f(f64::from(k))).collect::<Vec<_>>();
        let word = |losses: &[f64]| match trouble(losses) {
            None => "",
            Some(Trouble::Exploded { .. }) => "exploded",
            Some(Trouble::Frozen { .. }) => "frozen",
            Some(Trouble::Jumping { .. }) => "jumping",
            Some(Trouble::NotFallen { .. }) => "not fallen",
        };
        let table = [
            (curve(&|k| 0.9_f64.powf(k)), ""),
            // noisy, and learning
            (curve(&|k| 0.9_f64.powf(k) * (1.0 + 0.2 * (3.0 * k).sin())), ""),
            // below zero, as a likelihood of densities
            (curve(&|k| -1.0 - k), ""),
            (curve(&|k| 2.0_f64.powf(k)), "exploded"),
            (curve(&|k| if k < 2.0 { 0.27 } else { 0.5 }), "frozen"),
            (curve(&|_| 0.5), "frozen"),
            // at a minimum that is not nothing
            (curve(&|k| if k < 2.0 { 0.27 } else { 0.25 }), ""),
            (curve(&|k| 1.0 + 0.5 * (k % 2.0)), "jumping"),
            (curve(&|k| 1.0 - 1e-4 * k), "not fallen"),
            (curve(&|_| 0.0), ""),
            (vec![0.5; 3], ""),
            (vec![], ""),
        ];
        let wrong: Vec<String> = table
            .iter()
            .filter(|(losses, expected)| word(losses) != *expected)
            .map(|(losses, expected)| format!("{losses:?}: {} in place of {expected}", word(losses)))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
