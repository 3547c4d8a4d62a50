//! The multilayer perceptron.

use rand::Rng;
use wengert_tape::layer;
use wengert_tape::prelude::*;

use super::{Activation, Linear, Sequential};
use crate::description::Description;
use crate::error::Error;
use crate::initialiser::Initialiser;
use crate::module::{Layer, Module, Name, Parameters, Reader, Visit, VisitMut};

/// Fully connected layers of given sizes, each followed by an activation: `x ↦ σ(… σ(x · w₁ᵀ + b₁) … · wₙᵀ + bₙ)`.
///
/// The output layer has the activation too, as the books have it; [`output`](Mlp::output) gives it another, or
/// [`Activation::Identity`] for the sums that [`cross_entropy`](crate::cross_entropy) wants. Parameters have the names
/// that PyTorch gives a `Sequential` of linear layers and activations: `0.weight`, `0.bias`, `2.weight`, …
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let model = Mlp::<f32>::new(&[784, 30, 10], Activation::Sigmoid, &mut generator(1));
/// assert_eq!(model.parameter_count(), 784 * 30 + 30 + 30 * 10 + 10);
/// assert_eq!(model.forward(&Tensor::zeros([5, 784])).shape(), &[5, 10]);
/// ```
#[derive(Clone, Debug)]
pub struct Mlp<F: Float = f32> {
    /// The fully connected layers.
    pub layers: Vec<Linear<F>>,
    /// What follows each of them but the last.
    pub activation: Activation,
    /// What follows the last.
    pub output: Activation,
}

impl<F: Float> Mlp<F> {
    /// A network with layers of these sizes, the input's first. The weights begin as the activation
    /// [wishes](Activation::initialiser), the biases at 0.
    ///
    /// # Panics
    /// If there are fewer than two sizes.
    #[track_caller]
    pub fn new(sizes: &[usize], activation: Activation, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::with(sizes, activation, activation.initialiser(), rng)
    }

    /// [`new`](Self::new), with weights from `initialiser`.
    ///
    /// # Panics
    /// If there are fewer than two sizes.
    #[track_caller]
    pub fn with(
        sizes: &[usize],
        activation: Activation,
        initialiser: Initialiser,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        assert!(sizes.len() >= 2, "mlp: the sizes {sizes:?} have no input or no output");
        let layers = sizes.windows(2).map(|pair| Linear::with(pair[0], pair[1], initialiser, rng)).collect();
        Mlp { layers, activation, output: activation }
    }

    /// This network with another activation after the last layer.
    pub fn output(self, output: Activation) -> Self {
        Mlp { output, ..self }
    }

    /// The sizes of the layers, the input's first.
    pub fn sizes(&self) -> Vec<usize> {
        let inputs = self.layers.first().map(Linear::inputs);
        inputs.into_iter().chain(self.layers.iter().map(Linear::outputs)).collect()
    }

    /// The activation after layer `k`.
    fn after(&self, k: usize) -> Activation {
        if k + 1 == self.layers.len() { self.output } else { self.activation }
    }
}

/// Layer `k` stands at `2k`, since the activations between are layers too.
impl<F: Float> Parameters<F> for Mlp<F> {
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
        self.layers.iter().enumerate().for_each(|(k, layer)| layer.visit(at.position(2 * k), visit));
    }
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
        self.layers.iter_mut().enumerate().for_each(|(k, layer)| layer.visit_mut(at.position(2 * k), visit));
    }

    fn description(&self) -> Option<Description> {
        Sequential::from(self.clone()).description()
    }
}

impl<F: Float> Module<F> for Mlp<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        let mut x = x.clone();
        for (k, linear) in self.layers.iter().enumerate() {
            let sums = {
                let _inside = layer(2 * k);
                linear.forward(&x)
            };
            let _inside = layer(2 * k + 1);
            x = self.after(k).of(&sums);
        }
        x
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        self.layers.iter().try_fold(x.clone(), |x, layer| layer.output_shape(&x))
    }

    fn parts(&self) -> Vec<(String, &dyn Layer<F>)> {
        let mut parts: Vec<(String, &dyn Layer<F>)> = Vec::with_capacity(2 * self.layers.len());
        for (k, layer) in self.layers.iter().enumerate() {
            let after = if k + 1 == self.layers.len() { &self.output } else { &self.activation };
            parts.push(((2 * k).to_string(), layer));
            parts.push(((2 * k + 1).to_string(), after));
        }
        parts
    }

    fn multiply_adds(&self, x: &Shape) -> u64 {
        let rows = x.len_elements() / self.sizes().first().copied().unwrap_or(1).max(1);
        self.layers.iter().map(|layer| (rows * layer.inputs() * layer.outputs()) as u64).sum()
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        self.layers.first()?.nearest_input(x)
    }
}

impl<F: Float> From<Mlp<F>> for Sequential<F> {
    /// The same layers, with the same parameters under the same names.
    fn from(mlp: Mlp<F>) -> Self {
        let after: Vec<Activation> = (0..mlp.layers.len()).map(|k| mlp.after(k)).collect();
        mlp.layers.into_iter().zip(after).fold(Sequential::new(), |all, (layer, after)| all.then(layer).then(after))
    }
}
