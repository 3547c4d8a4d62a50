//! Activation functions as layers.

use std::fmt;
use std::str::FromStr;

use wengert_tape::prelude::*;

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::initialiser::Initialiser;
use crate::module::{Module, Reader};
use crate::parameters;
use crate::saved::Weights;

/// A function that a layer applies to each of its sums, or for softmax to each row of them.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::from([-2.0, 3.0]);
/// assert_eq!(Activation::Relu.of(&x).data(), [0.0, 3.0]);
/// let leaky: Activation = "leaky_relu(0.1)".parse()?;
/// assert_eq!(leaky.of(&x).data(), [-0.2, 3.0]);
/// assert_eq!(leaky.to_string(), "leaky_relu(0.1)");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `x`
    Identity,
    /// `1 / (1 + exp(−x))`
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `max(x, 0)`
    Relu,
    /// `x` where it is positive, else `slope · x`.
    LeakyRelu {
        /// The slope for negative numbers.
        slope: f64,
    },
    /// `ln(1 + exp(x))`
    Softplus,
    /// `x Φ(x)`, with Φ the normal distribution function.
    Gelu,
    /// The sine (Sitzmann et al. 2020).
    Sin,
    /// `exp(x) / Σ exp(x)` along the last axis.
    Softmax,
    /// The logarithm of the softmax along the last axis.
    LogSoftmax,
}

use Activation::*;

/// The slope of [`LeakyRelu`] where none is given, PyTorch's.
const SLOPE: f64 = 0.01;

impl Activation {
    /// Every activation, those with an option at its default.
    pub const ALL: [Activation; 10] =
        [Identity, Sigmoid, Tanh, Relu, LeakyRelu { slope: SLOPE }, Softplus, Gelu, Sin, Softmax, LogSoftmax];

    /// The function's value, under any reader.
    #[track_caller]
    pub fn of<A: Algebra>(self, x: &A) -> A {
        match self {
            Identity => x.clone(),
            Sigmoid => x.sigmoid(),
            Tanh => x.tanh(),
            Relu => x.relu(),
            LeakyRelu { slope } => x.leaky_relu(slope),
            Softplus => x.softplus(),
            Gelu => x.gelu(),
            Sin => x.sin(),
            Softmax => x.softmax(-1),
            LogSoftmax => x.log_softmax(-1),
        }
    }

    /// What the weights of a layer before this activation best begin with: Kaiming's for rectifiers, which pass half of
    /// what they get, and Xavier's for the others.
    pub fn initialiser(self) -> Initialiser {
        match self {
            Relu | LeakyRelu { .. } | Softplus | Gelu => Initialiser::KaimingNormal,
            _ => Initialiser::XavierUniform,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Identity => "identity",
            Sigmoid => "sigmoid",
            Tanh => "tanh",
            Relu => "relu",
            LeakyRelu { .. } => "leaky_relu",
            Softplus => "softplus",
            Gelu => "gelu",
            Sin => "sin",
            Softmax => "softmax",
            LogSoftmax => "log_softmax",
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeakyRelu { slope } if *slope != SLOPE => write!(f, "leaky_relu({slope})"),
            other => f.pad(other.name()),
        }
    }
}

impl FromStr for Activation {
    type Err = Error;

    /// Reads what `Display` writes: the names in lower case, and `leaky_relu(0.1)`.
    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(slope) = text.strip_prefix("leaky_relu(").and_then(|t| t.strip_suffix(')')) {
            let slope = slope.trim().parse().ok().filter(|s: &f64| s.is_finite());
            return slope.map(|slope| LeakyRelu { slope }).ok_or_else(|| Error::parse(text, "leaky_relu(SLOPE)"));
        }
        Activation::ALL.into_iter().find(|a| a.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Activation::ALL.iter().map(|a| a.name()).collect();
            Error::parse(text, format!("an activation; there are {}", names.join(", ")))
        })
    }
}

impl<F: Float> crate::Parameters<F> for Activation {
    parameters! { F: }
}

impl<F: Float> Module<F> for Activation {
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        self.of(x)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        match self {
            Softmax | LogSoftmax if x.rank() == 0 => Err(Error::shape(self.name(), format!("no axis in {x}"))),
            _ => Ok(x.clone()),
        }
    }

    fn description(&self) -> Option<Description> {
        let description = Description::new(self.name());
        Some(match self {
            LeakyRelu { slope } => description.number("slope", *slope),
            _ => description,
        })
    }
}

impl<F: Float> Described<F> for Activation {
    fn build(description: &Description, _weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        Ok(match description.layer().parse()? {
            LeakyRelu { .. } => LeakyRelu { slope: description.get_number("slope")? },
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_activation_is_read_back() {
        for activation in Activation::ALL.into_iter().chain([LeakyRelu { slope: -0.25 }]) {
            assert_eq!(activation.to_string().parse::<Activation>().unwrap(), activation);
        }
    }

    #[test]
    fn what_is_no_activation_is_named() {
        for (text, expected) in [
            ("relu6", "`relu6` is not an activation; there are identity, sigmoid, tanh, relu, leaky_relu, softplus, "),
            ("leaky_relu(x)", "`leaky_relu(x)` is not leaky_relu(SLOPE)"),
        ] {
            let message = text.parse::<Activation>().unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
