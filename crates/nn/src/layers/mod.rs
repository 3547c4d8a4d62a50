//! Layers, one file each. A layer that files can describe has one line in [`build`].

mod activation;
mod convolution;
mod dropout;
mod embedding;
mod flatten;
mod impute;
mod linear;
mod max_pool2d;
mod mlp;
mod perceptron;
mod recurrent;
mod residual;
mod sequential;
mod standardise;

pub use activation::Activation;
pub use convolution::{Conv1d, Conv2d, Conv3d, Convolution};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use impute::Impute;
pub use linear::Linear;
pub use max_pool2d::MaxPool2d;
pub use mlp::Mlp;
pub use perceptron::{Lessons, Perceptron};
pub use recurrent::{Cell, Recurrent};
pub use residual::Residual;
pub use sequential::Sequential;
pub use standardise::Standardise;

use wengert_tape::Float;

use crate::description::Description;
use crate::error::Error;
use crate::module::Layer;
use crate::saved::Weights;

/// A layer that can be built from its description and its parameters.
pub(crate) trait Described<F: Float>: Layer<F> + Sized + 'static {
    /// The layer; its parameters come from `weights`, by the names that [`Parameters`](crate::Parameters) gives them.
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error>;

    /// [`build`](Self::build), behind a pointer.
    fn boxed(description: &Description, weights: &mut Weights<'_, F>) -> Result<Box<dyn Layer<F>>, Error> {
        Ok(Box::new(Self::build(description, weights)?))
    }
}

/// The layer of a description.
pub(crate) fn build<F: Float>(
    description: &Description,
    weights: &mut Weights<'_, F>,
) -> Result<Box<dyn Layer<F>>, Error> {
    let build = match description.layer() {
        "linear" => <Linear<F> as Described<F>>::boxed,
        "conv1d" => <Conv1d<F> as Described<F>>::boxed,
        "conv2d" => <Conv2d<F> as Described<F>>::boxed,
        "conv3d" => <Conv3d<F> as Described<F>>::boxed,
        "dropout" => <Dropout as Described<F>>::boxed,
        "impute" => <Impute<F> as Described<F>>::boxed,
        "max_pool2d" => <MaxPool2d as Described<F>>::boxed,
        "flatten" => <Flatten as Described<F>>::boxed,
        "perceptron" => <Perceptron<F> as Described<F>>::boxed,
        "recurrent" => <Recurrent<F> as Described<F>>::boxed,
        "residual" => <Residual<F> as Described<F>>::boxed,
        "sequential" => <Sequential<F> as Described<F>>::boxed,
        "standardise" => <Standardise<F> as Described<F>>::boxed,
        _ => <Activation as Described<F>>::boxed,
    };
    build(description, weights)
}
