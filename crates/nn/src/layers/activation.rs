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
use crate::saved::weights::Weights;

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
    /// `max(x, 0)`, at most 6 (Howard et al. 2017).
    Relu6,
    /// `x` where it is positive, else `alpha · (exp(x) − 1)` (Clevert, Unterthiner and Hochreiter 2015).
    Elu {
        /// What `−y` tends to far left.
        alpha: f64,
    },
    /// `x` where it is positive, else `alpha · (exp(x/alpha) − 1)` (Barron 2017).
    Celu {
        /// What `−y` tends to far left.
        alpha: f64,
    },
    /// [`Elu`] with the two constants that keep mean 0 and variance 1 (Klambauer et al. 2017).
    Selu,
    /// `ln(1 + exp(x))`
    Softplus,
    /// `x Φ(x)`, with Φ the normal distribution function (Hendrycks and Gimpel 2016).
    Gelu,
    /// [`Gelu`] by the hyperbolic tangent, which comes within 0.001 of it.
    GeluTanh,
    /// `x σ(x)` (Elfwing, Uchibe and Doya 2017), also called swish.
    Silu,
    /// `x tanh(ln(1 + exp(x)))` (Misra 2019).
    Mish,
    /// `x / (1 + |x|)`
    Softsign,
    /// The nearest number to `x` between `min` and `max`.
    HardTanh {
        /// The least result.
        min: f64,
        /// The greatest result.
        max: f64,
    },
    /// The nearest number to `x/6 + 1/2` between 0 and 1.
    HardSigmoid,
    /// `x` times its [`HardSigmoid`] (Howard et al. 2019).
    HardSwish,
    /// `ln σ(x)`
    LogSigmoid,
    /// The sine (Sitzmann et al. 2020).
    Sin,
    /// `exp(x) / Σ exp(x)` along the last axis.
    Softmax,
    /// The logarithm of the softmax along the last axis.
    LogSoftmax,
}

use Activation::*;

impl Activation {
    /// Every activation, those with options at PyTorch's defaults.
    pub const ALL: [Activation; 22] = [
        Identity,
        Sigmoid,
        Tanh,
        Relu,
        LeakyRelu { slope: 0.01 },
        Relu6,
        Elu { alpha: 1.0 },
        Celu { alpha: 1.0 },
        Selu,
        Softplus,
        Gelu,
        GeluTanh,
        Silu,
        Mish,
        Softsign,
        HardTanh { min: -1.0, max: 1.0 },
        HardSigmoid,
        HardSwish,
        LogSigmoid,
        Sin,
        Softmax,
        LogSoftmax,
    ];

    /// The function's value, under any reader.
    #[track_caller]
    pub fn of<A: Algebra>(self, x: &A) -> A {
        match self {
            Identity => x.clone(),
            Sigmoid => x.sigmoid(),
            Tanh => x.tanh(),
            Relu => x.relu(),
            LeakyRelu { slope } => x.leaky_relu(slope),
            Relu6 => x.hardtanh(0.0, 6.0),
            Elu { alpha } => x.elu(alpha),
            Celu { alpha } => x.celu(alpha),
            Selu => x.selu(),
            Softplus => x.softplus(),
            Gelu => x.gelu(),
            GeluTanh => x.gelu_tanh(),
            Silu => x.silu(),
            Mish => x.mish(),
            Softsign => x.softsign(),
            HardTanh { min, max } => x.hardtanh(min, max),
            HardSigmoid => x.hardsigmoid(),
            HardSwish => x.hardsigmoid() * x,
            LogSigmoid => x.log_sigmoid(),
            Sin => x.sin(),
            Softmax => x.softmax(-1),
            LogSoftmax => x.log_softmax(-1),
        }
    }

    /// What the weights of a layer before this activation best begin with: Kaiming's for rectifiers, which pass half of
    /// what they get, variance 1/n for [`Selu`], whose constants assume it, and Xavier's for the others.
    pub fn initialiser(self) -> Initialiser {
        match self {
            Relu
            | LeakyRelu { .. }
            | Relu6
            | Elu { .. }
            | Celu { .. }
            | Softplus
            | Gelu
            | GeluTanh
            | Silu
            | Mish
            | HardSwish => Initialiser::KaimingNormal,
            Selu => Initialiser::NormalOverRoot,
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
            Relu6 => "relu6",
            Elu { .. } => "elu",
            Celu { .. } => "celu",
            Selu => "selu",
            Softplus => "softplus",
            Gelu => "gelu",
            GeluTanh => "gelu_tanh",
            Silu => "silu",
            Mish => "mish",
            Softsign => "softsign",
            HardTanh { .. } => "hardtanh",
            HardSigmoid => "hardsigmoid",
            HardSwish => "hardswish",
            LogSigmoid => "log_sigmoid",
            Sin => "sin",
            Softmax => "softmax",
            LogSoftmax => "log_softmax",
        }
    }

    /// The options, by name.
    fn options(self) -> Vec<(&'static str, f64)> {
        match self {
            LeakyRelu { slope } => vec![("slope", slope)],
            Elu { alpha } | Celu { alpha } => vec![("alpha", alpha)],
            HardTanh { min, max } => vec![("min", min), ("max", max)],
            _ => Vec::new(),
        }
    }

    /// The same activation with options by name.
    fn with_options<E>(self, option: impl Fn(&str) -> Result<f64, E>) -> Result<Self, E> {
        Ok(match self {
            LeakyRelu { .. } => LeakyRelu { slope: option("slope")? },
            Elu { .. } => Elu { alpha: option("alpha")? },
            Celu { .. } => Celu { alpha: option("alpha")? },
            HardTanh { .. } => HardTanh { min: option("min")?, max: option("max")? },
            other => other,
        })
    }

    /// Whether the options are such that the activation has a value everywhere.
    fn is_possible(self) -> bool {
        match self {
            Celu { alpha } => alpha != 0.0,
            HardTanh { min, max } => min <= max,
            _ => true,
        }
    }

    /// The activation of this name, with options at their defaults.
    fn named(name: &str) -> Option<Self> {
        Activation::ALL.into_iter().find(|a| a.name() == name)
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options: Vec<String> = self.options().iter().map(|(_, value)| value.to_string()).collect();
        match Activation::ALL.contains(self) {
            true => f.pad(self.name()),
            false => f.pad(&format!("{}({})", self.name(), options.join(", "))),
        }
    }
}

impl FromStr for Activation {
    type Err = Error;

    /// Reads what `Display` writes: the names in lower case, and those with options as `leaky_relu(0.1)`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, given) = text.strip_suffix(')').and_then(|t| t.split_once('(')).unwrap_or((text, ""));
        let Some(default) = Activation::named(name) else {
            let names: Vec<&str> = Activation::ALL.iter().map(|a| a.name()).collect();
            return Err(Error::parse(text, format!("an activation; there are {}", names.join(", "))));
        };
        let names: Vec<&str> = default.options().into_iter().map(|(name, _)| name).collect();
        if text == name {
            return Ok(default);
        }
        let values: Vec<Option<f64>> =
            given.split(',').map(|t| t.trim().parse().ok().filter(|x: &f64| x.is_finite())).collect();
        let option = |wanted: &str| {
            let place = names.iter().position(|name| *name == wanted);
            place.and_then(|place| values[place]).ok_or(())
        };
        let read = if values.len() == names.len() { default.with_options(option) } else { Err(()) };
        let read = read.and_then(|read| if read.is_possible() { Ok(read) } else { Err(()) });
        read.map_err(|()| {
            let options = names.join(", ").to_uppercase();
            Error::parse(text, if names.is_empty() { name.into() } else { format!("{name}({options})") })
        })
    }
}

impl<F: Float> crate::Parameters<F> for Activation {
    parameters! { F: }

    fn description(&self) -> Option<Description> {
        let description = Description::new(self.name());
        Some(self.options().into_iter().fold(description, |all, (name, value)| all.number(name, value)))
    }
}

impl<F: Float> Module<F> for Activation {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        self.of(x)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        match self {
            Softmax | LogSoftmax if x.rank() == 0 => Err(Error::shape(self.name(), format!("no axis in {x}"))),
            _ => Ok(x.clone()),
        }
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        Some(if x.rank() == 0 { [1].into() } else { x.clone() })
    }
}

impl<F: Float> Described<F> for Activation {
    fn build(description: &Description, _weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let activation =
            description.layer().parse::<Activation>()?.with_options(|name| description.get_number(name))?;
        match activation.is_possible() {
            true => Ok(activation),
            false => Err(Error::parse(activation.to_string(), "an activation whose options are possible")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_activation_is_read_back() {
        for activation in
            Activation::ALL.into_iter().chain([LeakyRelu { slope: -0.25 }, HardTanh { min: -0.5, max: 2.0 }])
        {
            assert_eq!(activation.to_string().parse::<Activation>().unwrap(), activation);
        }
    }

    #[test]
    fn what_is_no_activation_is_named() {
        for (text, expected) in [
            ("relu7", "`relu7` is not an activation; there are identity, sigmoid, tanh, relu, leaky_relu, relu6, "),
            ("leaky_relu(x)", "`leaky_relu(x)` is not leaky_relu(SLOPE)"),
            ("hardtanh(1)", "`hardtanh(1)` is not hardtanh(MIN, MAX)"),
            ("relu(1)", "`relu(1)` is not relu"),
        ] {
            let message = text.parse::<Activation>().unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
