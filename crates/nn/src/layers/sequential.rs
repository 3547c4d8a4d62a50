//! Layers one after another.

use wengert_tape::layer;
use wengert_tape::prelude::*;

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::module::{Layer, Module, Name, Parameters, Reader, Visit, VisitMut};
use crate::saved::weights::Weights;
use crate::training::Training;

/// Layers of any kind, each fed with the result of the one before. Parameters are named by position, as PyTorch does:
/// `0.weight`. The float type is that of the layers or of the input; where neither says it, it is written:
/// `Sequential::<f32>::new()`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let mut rng = generator(1);
/// let model = Sequential::<f32>::new()
///     .then(Conv2d::new(1, 4, 3, Conv::default(), &mut rng))
///     .then(Activation::Relu)
///     .then(MaxPool2d::new(2))
///     .then(Flatten)
///     .then(Linear::new(4 * 3 * 3, 10, &mut rng));
/// assert_eq!(model.output_shape(&Shape::from([5, 1, 8, 8]))?, [5, 10]);
/// assert_eq!(model.parameters()[2].0, "4.weight");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sequential<F: Float = f32> {
    layers: Vec<Box<dyn Layer<F>>>,
}

impl<F: Float> Sequential<F> {
    /// No layers: the output is the input.
    pub fn new() -> Self {
        Sequential { layers: Vec::new() }
    }

    /// With one more layer at the end.
    pub fn then(mut self, layer: impl Layer<F> + 'static) -> Self {
        self.push(layer);
        self
    }

    /// Adds a layer at the end.
    pub fn push(&mut self, layer: impl Layer<F> + 'static) {
        self.layers.push(Box::new(layer));
    }

    /// The layers.
    pub fn layers(&self) -> &[Box<dyn Layer<F>>] {
        &self.layers
    }

    /// The shapes of the results of the layers, in order, for an input of shape `x`.
    ///
    /// # Errors
    /// If a layer does not accept the result of the one before; the message names it by its position.
    pub fn shapes(&self, x: &Shape) -> Result<Vec<Shape>, Error> {
        let mut shapes: Vec<Shape> = Vec::with_capacity(self.layers.len());
        for (k, layer) in self.layers.iter().enumerate() {
            let input = shapes.last().unwrap_or(x);
            let output = layer.output_shape(input).map_err(|e| Error::shape(format!("layer {k}"), e.to_string()))?;
            shapes.push(output);
        }
        Ok(shapes)
    }
}

impl<F: Float> Parameters<F> for Sequential<F> {
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
        self.layers.visit(at, visit);
    }
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
        self.layers.visit_mut(at, visit);
    }

    fn description(&self) -> Option<Description> {
        let parts = self.layers.iter().map(|layer| layer.description()).collect::<Option<Vec<_>>>()?;
        Some(Description::new("sequential").parts(parts))
    }
}

impl<F: Float> Module<F> for Sequential<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        let mut x = x.clone();
        for (k, part) in self.layers.iter().enumerate() {
            let _inside = layer(k);
            x = part.forward(&x);
        }
        x
    }

    #[track_caller]
    fn forward_training<A: Reader<F>>(&self, x: &A, training: &mut Training<A>) -> A {
        let mut x = x.clone();
        for (k, part) in self.layers.iter().enumerate() {
            let _inside = layer(k);
            x = part.forward_training(&x, training);
        }
        x
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        Ok(self.shapes(x)?.pop().unwrap_or_else(|| x.clone()))
    }

    fn parts(&self) -> Vec<(String, &dyn Layer<F>)> {
        self.layers.iter().enumerate().map(|(k, layer)| (k.to_string(), &**layer)).collect()
    }

    fn multiply_adds(&self, x: &Shape) -> u64 {
        let inputs = [x.clone()].into_iter().chain(self.shapes(x).unwrap_or_default());
        self.layers.iter().zip(inputs).map(|(layer, x)| layer.multiply_adds(&x)).sum()
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        self.layers.first()?.nearest_input(x).filter(|x| self.output_shape(x).is_ok())
    }
}

impl<F: Float> Described<F> for Sequential<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let build = |(k, part): (usize, &Description)| weights.inside(k, |weights| super::build(part, weights));
        Ok(Sequential { layers: description.inside().iter().enumerate().map(build).collect::<Result<_, _>>()? })
    }
}
