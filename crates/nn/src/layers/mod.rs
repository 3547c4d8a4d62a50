//! Layers, one file each. A layer that files can describe has one line in [`build`].

mod activation;
mod attention;
mod batch_norm;
mod conv_transpose;
mod convolution;
mod dropout;
mod embedding;
mod flatten;
mod group_norm;
mod impute;
mod layer_norm;
mod linear;
mod mlp;
mod perceptron;
mod pooling;
mod recurrent;
mod residual;
mod sequential;
mod standardise;
mod whiten;

pub use activation::Activation;
pub use attention::MultiHeadAttention;
pub use batch_norm::BatchNorm;
pub use conv_transpose::{ConvTranspose, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};
pub use convolution::{Conv1d, Conv2d, Conv3d, Convolution};
pub use dropout::Dropout;
pub use embedding::{Embedding, Positions};
pub use flatten::Flatten;
pub use group_norm::GroupNorm;
pub use impute::Impute;
pub use layer_norm::{LayerNorm, RmsNorm};
pub use linear::Linear;
pub use mlp::Mlp;
pub use perceptron::{Lessons, Perceptron};
pub use pooling::{
    Adaptive, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool2d,
    AdaptiveMaxPool3d, AvgPool1d, AvgPool2d, AvgPool3d, Largest, MaxPool1d, MaxPool2d, MaxPool3d, Mean, Sliding, Taken,
};
pub use recurrent::{Cell, Recurrent, RecurrentState};
pub use residual::Residual;
pub use sequential::Sequential;
pub use standardise::Standardise;
pub use whiten::Whiten;

use wengert_tape::ops::methods::SqueezeExt;
use wengert_tape::{Algebra, Float, Param, Shape};

use crate::description::Description;
use crate::error::Error;
use crate::module::{Layer, Reader};
use crate::saved::weights::Weights;

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
        "adaptive_avg_pool1d" => <AdaptiveAvgPool1d as Described<F>>::boxed,
        "adaptive_avg_pool2d" => <AdaptiveAvgPool2d as Described<F>>::boxed,
        "adaptive_avg_pool3d" => <AdaptiveAvgPool3d as Described<F>>::boxed,
        "adaptive_max_pool1d" => <AdaptiveMaxPool1d as Described<F>>::boxed,
        "adaptive_max_pool2d" => <AdaptiveMaxPool2d as Described<F>>::boxed,
        "adaptive_max_pool3d" => <AdaptiveMaxPool3d as Described<F>>::boxed,
        "avg_pool1d" => <AvgPool1d as Described<F>>::boxed,
        "avg_pool2d" => <AvgPool2d as Described<F>>::boxed,
        "avg_pool3d" => <AvgPool3d as Described<F>>::boxed,
        "batch_norm" => <BatchNorm<F> as Described<F>>::boxed,
        "conv1d" => <Conv1d<F> as Described<F>>::boxed,
        "conv2d" => <Conv2d<F> as Described<F>>::boxed,
        "conv3d" => <Conv3d<F> as Described<F>>::boxed,
        "conv_transpose1d" => <ConvTranspose1d<F> as Described<F>>::boxed,
        "conv_transpose2d" => <ConvTranspose2d<F> as Described<F>>::boxed,
        "conv_transpose3d" => <ConvTranspose3d<F> as Described<F>>::boxed,
        "dropout" => <Dropout as Described<F>>::boxed,
        "embedding" => <Embedding<F> as Described<F>>::boxed,
        "flatten" => <Flatten as Described<F>>::boxed,
        "group_norm" => <GroupNorm<F> as Described<F>>::boxed,
        "impute" => <Impute<F> as Described<F>>::boxed,
        "layer_norm" => <LayerNorm<F> as Described<F>>::boxed,
        "linear" => <Linear<F> as Described<F>>::boxed,
        "max_pool1d" => <MaxPool1d as Described<F>>::boxed,
        "max_pool2d" => <MaxPool2d as Described<F>>::boxed,
        "max_pool3d" => <MaxPool3d as Described<F>>::boxed,
        "multi_head_attention" => <MultiHeadAttention<F> as Described<F>>::boxed,
        "perceptron" => <Perceptron<F> as Described<F>>::boxed,
        "recurrent" => <Recurrent<F> as Described<F>>::boxed,
        "residual" => <Residual<F> as Described<F>>::boxed,
        "rms_norm" => <RmsNorm<F> as Described<F>>::boxed,
        "sequential" => <Sequential<F> as Described<F>>::boxed,
        "standardise" => <Standardise<F> as Described<F>>::boxed,
        "whiten" => <Whiten<F> as Described<F>>::boxed,
        _ => <Activation as Described<F>>::boxed,
    };
    build(description, weights)
}

/// A parameter where `x` lives, or a number where there is none.
#[track_caller]
fn lift_or<F: Float, A: Reader<F>>(x: &A, param: &Option<Param<F>>, number: f64) -> A {
    match param {
        Some(param) => x.lift(param),
        None => x.full(Shape::scalar(), number),
    }
}

/// A single sample as a batch of one, and whether it was single: `rank` is that of a batch.
#[track_caller]
fn in_batch<A: Algebra>(x: &A, rank: usize) -> (A, bool) {
    match x.shape().rank() + 1 == rank {
        true => (x.unsqueeze(0), true),
        false => (x.clone(), false),
    }
}

/// The result for a single sample, if it was one.
#[track_caller]
fn out_of_batch<A: Algebra>(y: A, single: bool) -> A {
    if single { y.squeeze(0) } else { y }
}

/// The shape of the result of a batch or a single sample, from that of a batch.
fn shape_in_batch(
    x: &Shape,
    rank: usize,
    of_batch: impl FnOnce(&Shape) -> Result<Shape, Error>,
) -> Result<Shape, Error> {
    match x.rank() + 1 == rank {
        true => Ok(of_batch(&[1].into_iter().chain(x.iter().copied()).collect())?.without(0)),
        false => of_batch(x),
    }
}
