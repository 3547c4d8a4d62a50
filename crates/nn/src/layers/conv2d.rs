//! The convolution layer for images.

use rand::Rng;
use wengert_tape::Op;
use wengert_tape::prelude::*;

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::initialiser::{Initialiser, fans};
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::Weights;

/// Cross-correlation of images with learned filters, plus a bias for each filter: what PyTorch calls `Conv2d`.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[batch, channels, height, width]` |
/// | `weight` | `[filters, channels / groups, rows, columns]` |
/// | `bias` | `[filters]`, or none |
/// | result | `[batch, filters, …, …]`, the lengths as [`Conv`] says |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = Conv2d::<f32>::new(1, 8, 3, Conv::default().padding(1), &mut generator(1));
/// assert_eq!(layer.forward(&Shape::from([10, 1, 28, 28])), Shape::from([10, 8, 28, 28]));
/// ```
#[derive(Clone, Debug)]
pub struct Conv2d<F: Float = f32> {
    /// The filters.
    pub weight: Param<F>,
    /// What is added to each filter's images.
    pub bias: Option<Param<F>>,
    /// Stride, padding, dilation and groups.
    pub conv: Conv,
}

impl<F: Float> Conv2d<F> {
    /// A layer of square filters that begins as PyTorch's does: weights and biases uniform within ±1/√n, where `n` is the
    /// number of weights of a filter.
    ///
    /// # Panics
    /// If the groups do not divide the channels and the filters.
    #[track_caller]
    pub fn new(channels: usize, filters: usize, size: usize, conv: Conv, rng: &mut (impl Rng + ?Sized)) -> Self {
        let (initialiser, shape) = (Initialiser::UniformOverRoot, shape(channels, filters, size, &conv));
        let weight = initialiser.draw_for(fans(&shape), shape.clone(), rng);
        let bias = initialiser.draw_for(fans(&shape), [filters].into(), rng);
        Self::from_weights(weight, Some(bias), conv)
    }

    /// A layer of square filters with weights from `initialiser` and biases of 0.
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
        let weight = initialiser.draw(shape(channels, filters, size, &conv), rng);
        Self::from_weights(weight, Some(Tensor::zeros([filters])), conv)
    }

    /// A layer with these filters, of shape `[filters, channels / groups, rows, columns]`, and biases.
    ///
    /// # Panics
    /// If the filters are not of rank 4, or there is not a bias for each.
    #[track_caller]
    pub fn from_weights(weight: Tensor<F>, bias: Option<Tensor<F>>, conv: Conv) -> Self {
        let (w, b) = (weight.shape(), bias.as_ref().map(Tensor::shape));
        assert!(
            w.rank() == 4 && b.is_none_or(|b| *b == [w[0]]),
            "conv2d: filters {w} and biases {b:?} are not [filters, channels / groups, rows, columns] and [filters]"
        );
        Conv2d { weight: Param::new(weight), bias: bias.map(Param::new), conv }
    }
}

#[track_caller]
fn shape(channels: usize, filters: usize, size: usize, conv: &Conv) -> Shape {
    let groups = conv.groups;
    assert!(
        groups > 0 && channels.is_multiple_of(groups) && filters.is_multiple_of(groups),
        "conv2d: {groups} groups do not divide {channels} channels and {filters} filters"
    );
    [filters, channels / groups, size, size].into()
}

impl<F: Float> Parameters<F> for Conv2d<F> {
    parameters! { F: weight, bias }
}

impl<F: Float> Module<F> for Conv2d<F> {
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        let y = x.conv2d(x.lift(&self.weight), self.conv.clone());
        match &self.bias {
            Some(bias) => y + ReshapeExt::reshape(&x.lift(bias), [bias.value().len(), 1, 1]),
            None => y,
        }
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        if x.rank() != 4 {
            return Err(Error::shape("conv2d", format!("images [batch, channels, height, width] are needed, not {x}")));
        }
        Ok(Op::shape(&self.conv, &[x, self.weight.value().shape()])?)
    }

    fn description(&self) -> Option<Description> {
        let (w, conv) = (self.weight.value().shape(), &self.conv);
        let shape = Description::new("conv2d").wholes("weight", w).flag("bias", self.bias.is_some());
        let spacing = shape.wholes("stride", &conv.stride).wholes("padding", &conv.padding);
        Some(spacing.wholes("dilation", &conv.dilation).whole("groups", conv.groups))
    }
}

impl<F: Float> Described<F> for Conv2d<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let shape = description.get_wholes("weight")?;
        if shape.len() != 4 {
            return Err(Error::shape("conv2d", format!("filters of shape {shape:?} are not of rank 4")));
        }
        let conv = Conv {
            stride: description.get_wholes("stride")?.into(),
            padding: description.get_wholes("padding")?.into(),
            dilation: description.get_wholes("dilation")?.into(),
            groups: description.get_whole("groups")?,
        };
        let weight = weights.take("weight", &shape)?;
        let bias = description.get_flag("bias")?.then(|| weights.take("bias", &shape[..1])).transpose()?;
        Ok(Self::from_weights(weight, bias, conv))
    }
}
