//! Pooling by maximum.

use wengert_tape::Window;
use wengert_tape::prelude::*;

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Reader};
use crate::parameters;
use crate::saved::Weights;

/// The largest entry of each square window of an image `[batch, channels, height, width]`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let x = Tensor::new([1, 1, 2, 4], vec![1.0, 2.0, 4.0, 0.0, 3.0, 0.0, 5.0, 7.0]);
/// let y = Module::<f64>::forward(&MaxPool2d::new(2), &x);
/// assert_eq!(y.data(), [3.0, 7.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool2d {
    /// The side of a window.
    pub size: usize,
    /// The distance between neighbouring windows.
    pub stride: usize,
}

impl MaxPool2d {
    /// Windows of `size` by `size` side by side.
    pub fn new(size: usize) -> Self {
        MaxPool2d { size, stride: size }
    }

    /// The same windows, `stride` apart.
    pub fn stride(self, stride: usize) -> Self {
        MaxPool2d { stride, ..self }
    }
}

impl<F: Float> crate::Parameters<F> for MaxPool2d {
    parameters! { F: }
}

impl<F: Float> Module<F> for MaxPool2d {
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = Module::<F>::output_shape(self, &x.shape()) {
            e.raise()
        }
        x.max_pool2d(self.size, self.stride)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        let MaxPool2d { size, stride } = *self;
        let error = |message: String| Err(Error::shape("max_pool2d", message));
        if x.rank() != 4 {
            return error(format!("images [batch, channels, height, width] are needed, not {x}"));
        }
        if size == 0 || stride == 0 {
            return error(format!("size {size} and stride {stride} must be at least 1"));
        }
        let window = Window { size, stride, padding: 0, dilation: 1 };
        match (window.count(x[2]), window.count(x[3])) {
            (Some(height), Some(width)) => Ok([x[0], x[1], height, width].into()),
            _ => error(format!("windows of {size} by {size} are larger than the image {x}")),
        }
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let at = |k: usize| x.get(k).copied().unwrap_or(1).max(1);
        Some([at(0), at(1), at(2).max(self.size), at(3).max(self.size)].into())
    }

    fn description(&self) -> Option<Description> {
        Some(Description::new("max_pool2d").whole("size", self.size).whole("stride", self.stride))
    }
}

impl<F: Float> Described<F> for MaxPool2d {
    fn build(description: &Description, _weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        Ok(MaxPool2d { size: description.get_whole("size")?, stride: description.get_whole("stride")? })
    }
}
