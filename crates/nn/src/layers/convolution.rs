//! Convolution layers, for signals, images and volumes.

use rand::Rng;
use wengert_tape::Op;
use wengert_tape::prelude::*;

use super::pooling::expect;
use super::{Described, in_batch, out_of_batch, shape_in_batch};
use crate::description::Description;
use crate::error::Error;
use crate::initialiser::{Initialiser, fans};
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// Cross-correlation over `D` axes with learned filters, plus a bias for each filter: what PyTorch calls `Conv1d`, `Conv2d`
/// and `Conv3d`.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[batch, channels, …]` with `D` more axes, or one sample without the batch axis |
/// | `weight` | `[filters, channels / groups, …]` |
/// | `bias` | `[filters]`, or none |
/// | result | `[batch, filters, …]`, the lengths as [`Conv`] says |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = Conv2d::<f32>::new(1, 8, 3, Conv::default().padding(1), &mut generator(1));
/// assert_eq!(layer.forward(&Shape::from([10, 1, 28, 28])), Shape::from([10, 8, 28, 28]));
/// let layer = Conv1d::<f32>::new(3, 4, 5, Conv::default().stride(2), &mut generator(1));
/// assert_eq!(layer.forward(&Shape::from([10, 3, 15])), Shape::from([10, 4, 6]));
/// ```
#[derive(Clone, Debug)]
pub struct Convolution<F: Float, const D: usize> {
    /// The filters.
    pub weight: Param<F>,
    /// What is added to each filter's results.
    pub bias: Option<Param<F>>,
    /// Stride, padding, dilation and groups.
    pub conv: Conv,
}

/// [`Convolution`] of signals `[batch, channels, length]`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = Conv1d::<f32>::new(3, 4, 3, Conv::default(), &mut generator(1));
/// assert_eq!(layer.forward(&Shape::from([10, 3, 15])), [10, 4, 13]);
/// ```
pub type Conv1d<F = f32> = Convolution<F, 1>;
/// [`Convolution`] of images `[batch, channels, height, width]`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = Conv2d::<f32>::new(3, 4, 3, Conv::default(), &mut generator(1));
/// assert_eq!(layer.forward(&Shape::from([10, 3, 15, 9])), [10, 4, 13, 7]);
/// ```
pub type Conv2d<F = f32> = Convolution<F, 2>;
/// [`Convolution`] of volumes `[batch, channels, depth, height, width]`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = Conv3d::<f32>::new(3, 4, 3, Conv::default(), &mut generator(1));
/// assert_eq!(layer.forward(&Shape::from([10, 3, 5, 15, 9])), [10, 4, 3, 13, 7]);
/// ```
pub type Conv3d<F = f32> = Convolution<F, 3>;

impl<F: Float, const D: usize> Convolution<F, D> {
    /// A layer of filters with sides of one length that begins as PyTorch's does: weights and biases uniform within ±1/√n,
    /// where `n` is the number of weights of a filter.
    ///
    /// # Panics
    /// If the groups do not divide the channels and the filters.
    #[track_caller]
    pub fn new(channels: usize, filters: usize, size: usize, conv: Conv, rng: &mut (impl Rng + ?Sized)) -> Self {
        let (initialiser, shape) = (Initialiser::UniformOverRoot, shape::<D>(channels, filters, size, &conv));
        let weight = initialiser.draw_for(fans(&shape), shape.clone(), rng);
        let bias = initialiser.draw_for(fans(&shape), [filters].into(), rng);
        Self::from_weights(weight, Some(bias), conv)
    }

    /// A layer of filters with sides of one length, with weights from `initialiser` and biases of 0.
    ///
    /// # Panics
    /// If the groups do not divide the channels and the filters.
    #[track_caller]
    pub fn with(
        channels: usize,
        filters: usize,
        size: usize,
        conv: Conv,
        initialiser: Initialiser,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        let weight = initialiser.draw(shape::<D>(channels, filters, size, &conv), rng);
        Self::from_weights(weight, Some(Tensor::zeros([filters])), conv)
    }

    /// A layer with these filters, of shape `[filters, channels / groups, …]`, and biases.
    ///
    /// # Panics
    /// If the filters do not have `D + 2` axes, or there is not a bias for each.
    #[track_caller]
    pub fn from_weights(weight: Tensor<F>, bias: Option<Tensor<F>>, conv: Conv) -> Self {
        let (w, b) = (weight.shape(), bias.as_ref().map(Tensor::shape));
        assert!(
            w.rank() == D + 2 && b.is_none_or(|b| *b == [w[0]]),
            "conv{D}d: filters {w} and biases {b:?} are not [filters, channels / groups, …] with {D} more axes and [filters]"
        );
        Convolution { weight: Param::new(weight), bias: bias.map(Param::new), conv }
    }
}

#[track_caller]
fn shape<const D: usize>(channels: usize, filters: usize, size: usize, conv: &Conv) -> Shape {
    let groups = conv.groups;
    assert!(
        groups > 0 && channels.is_multiple_of(groups) && filters.is_multiple_of(groups),
        "conv{D}d: {groups} groups do not divide {channels} channels and {filters} filters"
    );
    [filters, channels / groups].into_iter().chain([size; D]).collect()
}

impl<F: Float, const D: usize> Parameters<F> for Convolution<F, D> {
    parameters! { F: weight, bias }

    fn description(&self) -> Option<Description> {
        let shape = Description::new(format!("conv{D}d")).wholes("weight", self.weight.value().shape());
        Some(described(shape.flag("bias", self.bias.is_some()), &self.conv))
    }
}

impl<F: Float, const D: usize> Module<F> for Convolution<F, D> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = self.output_shape(&x.shape()) {
            e.raise()
        }
        let (x, single) = in_batch(x, D + 2);
        let y = x.conv(x.lift(&self.weight), self.conv);
        out_of_batch(add_bias::<F, A, D>(&x, y, self.bias.as_ref()), single)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        shape_in_batch(x, D + 2, |x| {
            expect::<D>(&format!("conv{D}d"), x)?;
            Ok(Op::shape(&self.conv, &[x, self.weight.value().shape()])?)
        })
    }

    fn multiply_adds(&self, x: &Shape) -> u64 {
        let each: usize = self.weight.value().shape()[1..].iter().product();
        self.output_shape(x).map_or(0, |y| (y.len_elements() * each) as u64)
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let w = self.weight.value().shape();
        let at = |k: usize| x.get(k).copied().unwrap_or(1).max(1);
        let side = |k: usize| {
            let of = |all: &[usize]| all.get(k - 2).or(all.first()).copied().unwrap_or(0);
            let window = of(&self.conv.dilation) * (w[k] - 1) + 1;
            let around = match &self.conv.padding {
                Padding::Each(each) => 2 * of(each),
                Padding::Sides(sides) => sides.get(k - 2).map_or(0, |(before, after)| before + after),
                Padding::Valid => 0,
                Padding::Same => window - 1,
                Padding::Full => 2 * (window - 1),
            };
            at(k).max(window.saturating_sub(around))
        };
        Some([at(0), w[1] * self.conv.groups].into_iter().chain((2..D + 2).map(side)).collect())
    }
}

impl<F: Float, const D: usize> Described<F> for Convolution<F, D> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let (shape, conv) = (filters_of::<D>(description)?, conv_of::<D>(description)?);
        if !shape[0].is_multiple_of(conv.groups) {
            let message = format!("{} groups do not divide {} filters", conv.groups, shape[0]);
            return Err(Error::shape(description.layer(), message));
        }
        let weight = weights.take("weight", &shape)?;
        let bias = description.get_flag("bias")?.then(|| weights.take("bias", &shape[..1])).transpose()?;
        Ok(Self::from_weights(weight, bias, conv))
    }
}

/// `y` with a bias for each filter, if there is one.
#[track_caller]
pub(super) fn add_bias<F: Float, A: Reader<F>, const D: usize>(x: &A, y: A, bias: Option<&Param<F>>) -> A {
    match bias {
        Some(bias) => {
            let shape: Shape = [bias.value().len()].into_iter().chain([1; D]).collect();
            y + ReshapeExt::reshape(&x.lift(bias), shape)
        }
        None => y,
    }
}

/// A description with the options of a convolution.
pub(super) fn described(layer: Description, conv: &Conv) -> Description {
    let layer = layer.wholes("stride", &conv.stride);
    let spacing = match &conv.padding {
        Padding::Each(each) => layer.wholes("padding", each),
        Padding::Sides(sides) => {
            layer.wholes("sides", &sides.iter().flat_map(|(before, after)| [*before, *after]).collect::<Vec<_>>())
        }
        Padding::Valid => layer.wholes("padding", &[0]),
        Padding::Same => layer.flag("same", true),
        Padding::Full => layer.flag("full", true),
    };
    spacing.wholes("dilation", &conv.dilation).whole("groups", conv.groups)
}

/// The options of a convolution that [`described`] wrote.
pub(super) fn conv_of<const D: usize>(description: &Description) -> Result<Conv, Error> {
    Ok(Conv {
        stride: description.get_axes("stride", D, 1)?.into(),
        padding: padding::<D>(description)?,
        dilation: description.get_axes("dilation", D, 1)?.into(),
        groups: description.get_positive("groups")?,
    })
}

/// The shape of the filters that a file says, of which some axis may not be empty.
pub(super) fn filters_of<const D: usize>(description: &Description) -> Result<Vec<usize>, Error> {
    let shape = description.get_wholes("weight")?;
    match shape.len() == D + 2 && !shape.contains(&0) {
        true => Ok(shape),
        false => {
            let message = format!("filters of shape {shape:?} do not have {} axes, none of them empty", D + 2);
            Err(Error::shape(description.layer(), message))
        }
    }
}

/// The zeros around an image, by the option that a layer has for them.
fn padding<const D: usize>(description: &Description) -> Result<Padding, Error> {
    if description.get_flag("same").unwrap_or(false) {
        return Ok(Padding::Same);
    }
    if description.get_flag("full").unwrap_or(false) {
        return Ok(Padding::Full);
    }
    match description.get_wholes("sides") {
        Ok(sides) if sides.len() == 2 * D => {
            Ok(Padding::Sides(sides.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()))
        }
        Ok(sides) => {
            Err(Error::shape(description.layer(), format!("sides {sides:?} are not two for each of {D} axes")))
        }
        Err(_) => Ok(description.get_axes("padding", D, 0)?.into()),
    }
}
