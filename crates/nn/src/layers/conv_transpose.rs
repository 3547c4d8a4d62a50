//! Transposed convolution layers: from few positions to many.

use rand::Rng;
use wengert_tape::ops::PerAxis;
use wengert_tape::prelude::*;

use super::convolution::{add_bias, conv_of, described, filters_of};
use super::pooling::{at_least, expect};
use super::{Described, in_batch, out_of_batch, shape_in_batch};
use crate::description::Description;
use crate::error::Error;
use crate::initialiser::{Initialiser, fans};
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// Transposed cross-correlation over `D` axes with learned filters, plus a bias for each filter: what PyTorch calls
/// `ConvTranspose1d`, `ConvTranspose2d` and `ConvTranspose3d`. It makes images larger where [`Convolution`](super::Convolution)
/// with the same options makes them smaller.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[batch, channels, …]` with `D` more axes, or one sample without the batch axis |
/// | `weight` | `[channels, filters / groups, …]` |
/// | `bias` | `[filters]`, or none |
/// | result | `[batch, filters, …]`, each length `(n − 1)·stride + dilation·(size − 1) + 1 − padding before and after + output_padding` |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let rng = &mut generator(1);
/// let twice = ConvTranspose2d::<f32>::new(8, 4, 2, Conv::default().stride(2), rng);
/// assert_eq!(twice.forward(&Shape::from([10, 8, 7, 7])), [10, 4, 14, 14]);
/// // A stride leaves open which length it came from: 1 more of it.
/// let layer = ConvTranspose1d::<f32>::new(2, 3, 3, Conv::default().stride(2).padding(1), rng).output_padding(1);
/// assert_eq!(layer.forward(&Shape::from([10, 2, 5])), [10, 3, 10]);
/// ```
#[derive(Clone, Debug)]
pub struct ConvTranspose<F: Float, const D: usize> {
    /// The filters.
    pub weight: Param<F>,
    /// What is added to each filter's results.
    pub bias: Option<Param<F>>,
    /// Stride, padding, dilation and groups, as of the convolution that it is the transpose of.
    pub conv: Conv,
    /// How much longer the result is than the shortest that the convolution would have made the input of.
    pub output_padding: PerAxis,
}

/// [`ConvTranspose`] of signals `[batch, channels, length]`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = ConvTranspose1d::<f32>::new(3, 4, 2, Conv::default().stride(2), &mut generator(1));
/// assert_eq!(layer.forward(&Shape::from([10, 3, 7])), [10, 4, 14]);
/// ```
pub type ConvTranspose1d<F = f32> = ConvTranspose<F, 1>;
/// [`ConvTranspose`] of images `[batch, channels, height, width]`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = ConvTranspose2d::<f32>::new(3, 4, 2, Conv::default().stride(2), &mut generator(1));
/// assert_eq!(layer.forward(&Shape::from([10, 3, 7, 5])), [10, 4, 14, 10]);
/// ```
pub type ConvTranspose2d<F = f32> = ConvTranspose<F, 2>;
/// [`ConvTranspose`] of volumes `[batch, channels, depth, height, width]`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = ConvTranspose3d::<f32>::new(3, 4, 2, Conv::default().stride(2), &mut generator(1));
/// assert_eq!(layer.forward(&Shape::from([10, 3, 2, 7, 5])), [10, 4, 4, 14, 10]);
/// ```
pub type ConvTranspose3d<F = f32> = ConvTranspose<F, 3>;

impl<F: Float, const D: usize> ConvTranspose<F, D> {
    /// A layer of filters with sides of one length that begins as PyTorch's does: weights and biases uniform within
    /// ±1/√n, where `n` is the number of entries of `weight` for one channel.
    ///
    /// # Panics
    /// If the groups do not divide the channels and the filters.
    #[track_caller]
    pub fn new(channels: usize, filters: usize, size: usize, conv: Conv, rng: &mut (impl Rng + ?Sized)) -> Self {
        let groups = conv.groups;
        assert!(
            groups > 0 && channels.is_multiple_of(groups) && filters.is_multiple_of(groups),
            "conv_transpose{D}d: {groups} groups do not divide {channels} channels and {filters} filters"
        );
        let shape: Shape = [channels, filters / groups].into_iter().chain([size; D]).collect();
        let initialiser = Initialiser::UniformOverRoot;
        let weight = initialiser.draw_for(fans(&shape), shape.clone(), rng);
        let bias = initialiser.draw_for(fans(&shape), [filters].into(), rng);
        Self::from_weights(weight, Some(bias), conv)
    }

    /// A layer with these filters, of shape `[channels, filters / groups, …]`, and biases.
    ///
    /// # Panics
    /// If the filters do not have `D + 2` axes, or there is not a bias for each.
    #[track_caller]
    pub fn from_weights(weight: Tensor<F>, bias: Option<Tensor<F>>, conv: Conv) -> Self {
        let (w, b) = (weight.shape(), bias.as_ref().map(Tensor::shape));
        assert!(
            w.rank() == D + 2 && b.is_none_or(|b| *b == [w[1] * conv.groups]),
            "conv_transpose{D}d: filters {w} and biases {b:?} are not [channels, filters / groups, …] with {D} more axes and [filters]"
        );
        ConvTranspose { weight: Param::new(weight), bias: bias.map(Param::new), conv, output_padding: 0.into() }
    }

    /// The same layer with longer results: for every axis or each.
    pub fn output_padding(self, output_padding: impl Into<PerAxis>) -> Self {
        ConvTranspose { output_padding: output_padding.into(), ..self }
    }
}

impl<F: Float, const D: usize> Parameters<F> for ConvTranspose<F, D> {
    parameters! { F: weight, bias }

    fn description(&self) -> Option<Description> {
        let shape = Description::new(format!("conv_transpose{D}d")).wholes("weight", self.weight.value().shape());
        let all = described(shape.flag("bias", self.bias.is_some()), &self.conv);
        Some(all.wholes("output_padding", &self.output_padding))
    }
}

impl<F: Float, const D: usize> Module<F> for ConvTranspose<F, D> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = self.output_shape(&x.shape()) {
            e.raise()
        }
        let (x, single) = in_batch(x, D + 2);
        let y = x.conv_transpose(x.lift(&self.weight), self.conv, self.output_padding);
        out_of_batch(add_bias::<F, A, D>(&x, y, self.bias.as_ref()), single)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        shape_in_batch(x, D + 2, |x| {
            expect::<D>(&format!("conv_transpose{D}d"), x)?;
            Ok(self.conv.transposed_shape(x, self.weight.value().shape(), self.output_padding)?)
        })
    }

    fn multiply_adds(&self, x: &Shape) -> u64 {
        let each: usize = self.weight.value().shape()[1..].iter().product();
        (x.len_elements() * each) as u64
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let nearest = at_least(x, [1; D].into_iter());
        Some(nearest.with(1, self.weight.value().shape()[0]))
    }
}

impl<F: Float, const D: usize> Described<F> for ConvTranspose<F, D> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let (shape, conv) = (filters_of::<D>(description)?, conv_of::<D>(description)?);
        if !shape[0].is_multiple_of(conv.groups) {
            let message = format!("{} groups do not divide {} channels", conv.groups, shape[0]);
            return Err(Error::shape(description.layer(), message));
        }
        let weight = weights.take("weight", &shape)?;
        let filters = shape[1] * conv.groups;
        let bias = description.get_flag("bias")?.then(|| weights.take("bias", &[filters])).transpose()?;
        Ok(Self::from_weights(weight, bias, conv).output_padding(description.get_axes("output_padding", D, 0)?))
    }
}
