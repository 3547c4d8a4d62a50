//! Nielsen's procedure by its own names: "Neural Networks and Deep Learning" (2015), chapters 1 and 2, one sample at a
//! time, line for line as the book tells it. No tape, no derivative rule of this project: plain loops over columns.
//!
//! It is here to be read beside the book, and to be compared with: the tape's gradients equal these to 1e-12, and an epoch
//! of either, from the same weights and in the same order, ends at the same parameters to 1e-9. They are not the same bits:
//! the book sums the gradients of a batch sample by sample and then divides, the tape records the mean of a batch and sums
//! inside matrix products, and floating-point sums depend on their order.
//!
//! The four equations of chapter 2 are functions under their names. For the quadratic cost and an activation σ:
//!
//! | | equation | here |
//! | --- | --- | --- |
//! | BP1 | δᴸ = ∇ₐC ⊙ σ′(zᴸ) | [`bp1`] |
//! | BP2 | δˡ = (wˡ⁺¹)ᵀ δˡ⁺¹ ⊙ σ′(zˡ) | [`bp2`] |
//! | BP3 | ∂C/∂bˡⱼ = δˡⱼ | [`bp3`] |
//! | BP4 | ∂C/∂wˡⱼₖ = aˡ⁻¹ₖ δˡⱼ | [`bp4`] |

use rand::Rng;
use rand::seq::SliceRandom;
use wengert_tape::{Float, Tensor};

use crate::layers::{Activation, Mlp};

/// A column of numbers: activations, weighted inputs, errors or biases of one layer.
///
/// # Examples
/// ```
/// use wengert_nn::textbook::{Column, sigmoid};
/// let z: Column = vec![0.0, 100.0];
/// assert_eq!(z.into_iter().map(sigmoid).collect::<Column>(), [0.5, 1.0]);
/// ```
pub type Column = Vec<f64>;
/// Rows of numbers: the weights of one layer, a row for each of its neurons.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// use wengert_nn::textbook::{Network, Rows};
/// let weights: Vec<Rows> = Network::new(&[2, 3, 1], &mut generator(1)).weights;
/// assert_eq!((weights[0].len(), weights[0][0].len()), (3, 2)); // a row for each neuron
/// ```
pub type Rows = Vec<Vec<f64>>;

/// σ, the sigmoid: 1 / (1 + exp(−z)).
pub fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// σ′(z) = σ(z) (1 − σ(z))
pub fn sigmoid_prime(z: f64) -> f64 {
    sigmoid(z) * (1.0 - sigmoid(z))
}

/// The book's network: layers of sigmoid neurons.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// use wengert_nn::textbook::Network;
/// let mut net = Network::new(&[2, 3, 1], &mut generator(1));
/// let training_data: Vec<_> = [(0.0, 0.0, 0.0), (0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0)]
///     .map(|(a, b, y)| (vec![a, b], vec![y]))
///     .to_vec();
/// net.sgd(&training_data, 5000, 4, 3.0, &mut generator(2));
/// for (x, y) in &training_data {
///     assert!((net.feedforward(x)[0] - y[0]).abs() < 0.2);
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The number of neurons in each layer, the input's first.
    pub sizes: Vec<usize>,
    /// The biases of each layer but the input's.
    pub biases: Vec<Column>,
    /// The weights of each layer but the input's: `weights[l][j][k]` goes to neuron `j` from neuron `k` of the layer before.
    pub weights: Vec<Rows>,
}

/// What [`Network::backprop`] finds on its way: everything that the book names.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// use wengert_nn::textbook::{Backprop, Network};
/// let found: Backprop = Network::new(&[2, 3, 1], &mut generator(1)).backprop(&[0.5, -1.0], &[1.0]);
/// assert_eq!((found.zs.len(), found.activations.len()), (2, 3));
/// assert_eq!(found.nabla_b, found.deltas); // BP3
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Backprop {
    /// The weighted inputs zˡ of each layer but the input's.
    pub zs: Vec<Column>,
    /// The activations aˡ of each layer, the input's first.
    pub activations: Vec<Column>,
    /// The errors δˡ of each layer but the input's.
    pub deltas: Vec<Column>,
    /// ∂C/∂w, layer by layer.
    pub nabla_w: Vec<Rows>,
    /// ∂C/∂b, layer by layer.
    pub nabla_b: Vec<Column>,
}

impl Network {
    /// A network with layers of these sizes, whose biases and weights are drawn from the normal distribution with mean 0
    /// and variance 1: all biases first, then all weights, layer by layer.
    ///
    /// # Panics
    /// If there are fewer than two sizes.
    #[track_caller]
    pub fn new(sizes: &[usize], rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(sizes.len() >= 2, "network: the sizes {sizes:?} have no input or no output");
        let mut draw = |n: usize| Tensor::<f64>::randn([n], rng).into_vec();
        let biases = sizes[1..].iter().map(|y| draw(*y)).collect();
        let weights = sizes.windows(2).map(|pair| (0..pair[1]).map(|_| draw(pair[0])).collect()).collect();
        Network { sizes: sizes.to_vec(), biases, weights }
    }

    /// The book's network of the weights of an [`Mlp`], whose activations must be sigmoids.
    ///
    /// # Panics
    /// If an activation is another, or a layer has no bias.
    #[track_caller]
    pub fn of_mlp<F: Float>(mlp: &Mlp<F>) -> Self {
        let sigmoid = Activation::Sigmoid;
        assert!(mlp.activation == sigmoid && mlp.output == sigmoid, "network: an activation is not the sigmoid");
        let column = |t: &Tensor<F>| t.cast::<f64>().into_vec();
        let biases = mlp.layers.iter().map(|layer| match &layer.bias {
            Some(bias) => column(bias.value()),
            None => panic!("network: a layer has no bias"),
        });
        let rows = mlp
            .layers
            .iter()
            .map(|layer| column(layer.weight.value()).chunks_exact(layer.inputs()).map(<[f64]>::to_vec).collect());
        Network { sizes: mlp.sizes(), biases: biases.collect(), weights: rows.collect() }
    }

    /// The output of the network for an input: a ← σ(w a + b), layer by layer.
    ///
    /// # Panics
    /// If the input has another size.
    #[track_caller]
    pub fn feedforward(&self, a: &[f64]) -> Column {
        let mut a = a.to_vec();
        for (b, w) in self.biases.iter().zip(&self.weights) {
            a = weighted_input(w, &a, b).into_iter().map(sigmoid).collect();
        }
        a
    }

    /// The gradient of the quadratic cost C = ½ ‖y − a‖² of one sample.
    ///
    /// # Panics
    /// If the input or the desired output has another size.
    #[track_caller]
    pub fn backprop(&self, x: &[f64], y: &[f64]) -> Backprop {
        // Feedforward: zˡ = wˡ aˡ⁻¹ + bˡ and aˡ = σ(zˡ), all kept.
        let mut activations = vec![x.to_vec()];
        let mut zs = Vec::new();
        for (b, w) in self.biases.iter().zip(&self.weights) {
            let z = weighted_input(w, &activations[activations.len() - 1], b);
            activations.push(z.iter().map(|z| sigmoid(*z)).collect());
            zs.push(z);
        }
        // Output error, and then backwards.
        let last = self.weights.len() - 1;
        let mut deltas = vec![bp1(&activations[last + 1], y, &zs[last])];
        for l in (0..last).rev() {
            deltas.insert(0, bp2(&self.weights[l + 1], &deltas[0], &zs[l]));
        }
        // The gradient.
        let nabla_b = deltas.iter().map(|delta| bp3(delta)).collect();
        let nabla_w = deltas.iter().zip(&activations).map(|(delta, a)| bp4(a, delta)).collect();
        Backprop { zs, activations, deltas, nabla_w, nabla_b }
    }

    /// One step of gradient descent on a mini-batch: backpropagation for each sample, and
    /// w ← w − (η/m) Σ ∇w, b ← b − (η/m) Σ ∇b.
    ///
    /// # Panics
    /// If there is no sample, or one has another size.
    #[track_caller]
    pub fn update_mini_batch(&mut self, mini_batch: &[&(Column, Column)], eta: f64) {
        assert!(!mini_batch.is_empty(), "update_mini_batch: no samples");
        let mut nabla_b: Vec<Column> = self.biases.iter().map(|b| vec![0.0; b.len()]).collect();
        let mut nabla_w: Vec<Rows> =
            self.weights.iter().map(|w| w.iter().map(|row| vec![0.0; row.len()]).collect()).collect();
        for (x, y) in mini_batch {
            let delta = self.backprop(x, y);
            nabla_b.iter_mut().zip(&delta.nabla_b).for_each(|(nb, dnb)| add(nb, dnb, 1.0));
            for (nw, dnw) in nabla_w.iter_mut().zip(&delta.nabla_w) {
                nw.iter_mut().zip(dnw).for_each(|(nw, dnw)| add(nw, dnw, 1.0));
            }
        }
        let step = -eta / mini_batch.len() as f64;
        self.biases.iter_mut().zip(&nabla_b).for_each(|(b, nb)| add(b, nb, step));
        for (w, nw) in self.weights.iter_mut().zip(&nabla_w) {
            w.iter_mut().zip(nw).for_each(|(w, nw)| add(w, nw, step));
        }
    }

    /// Stochastic gradient descent: in each epoch the training data are shuffled and cut into mini-batches, and each of
    /// them makes a step.
    ///
    /// # Panics
    /// If the size of a mini-batch is 0, or a sample has another size.
    #[track_caller]
    pub fn sgd(
        &mut self,
        training_data: &[(Column, Column)],
        epochs: usize,
        mini_batch_size: usize,
        eta: f64,
        rng: &mut (impl Rng + ?Sized),
    ) {
        assert!(mini_batch_size > 0, "sgd: mini-batches of 0 samples");
        let mut order: Vec<&(Column, Column)> = training_data.iter().collect();
        for _ in 0..epochs {
            order.shuffle(rng);
            for mini_batch in order.chunks(mini_batch_size) {
                self.update_mini_batch(mini_batch, eta);
            }
        }
    }

    /// For how many samples the largest output is where the largest of the desired ones is.
    pub fn evaluate(&self, test_data: &[(Column, Column)]) -> usize {
        let largest =
            |column: &[f64]| column.iter().enumerate().fold(0, |best, (k, a)| if *a > column[best] { k } else { best });
        // Outputs that are no numbers are no answer.
        let is_right = |(a, y): (Column, &Column)| !a.iter().any(|a| a.is_nan()) && largest(&a) == largest(y);
        test_data.iter().filter(|(x, y)| is_right((self.feedforward(x), y))).count()
    }
}

/// BP1, the error in the output layer: δᴸ = ∇ₐC ⊙ σ′(zᴸ), where ∇ₐC = a − y for the quadratic cost.
///
/// # Panics
/// If the numbers of `a`, `y` and `z` differ.
#[track_caller]
pub fn bp1(a: &[f64], y: &[f64], z: &[f64]) -> Column {
    assert!(a.len() == y.len(), "bp1: {} outputs and {} desired ones", a.len(), y.len());
    assert!(a.len() == z.len(), "bp1: {} outputs of {} sums", a.len(), z.len());
    a.iter().zip(y).zip(z).map(|((a, y), z)| (a - y) * sigmoid_prime(*z)).collect()
}

/// BP2, the error in terms of that of the next layer: δˡ = (wˡ⁺¹)ᵀ δˡ⁺¹ ⊙ σ′(zˡ).
///
/// # Panics
/// If there is not a row of weights for each error, of a weight for each sum.
#[track_caller]
pub fn bp2(w: &[Vec<f64>], delta: &[f64], z: &[f64]) -> Column {
    let fits = w.len() == delta.len() && w.iter().all(|row| row.len() == z.len());
    assert!(fits, "bp2: {} rows of weights for {} errors and {} sums", w.len(), delta.len(), z.len());
    let transposed = |k: usize| w.iter().zip(delta).map(|(row, delta)| row[k] * delta).sum::<f64>();
    z.iter().enumerate().map(|(k, z)| transposed(k) * sigmoid_prime(*z)).collect()
}

/// BP3, the rate of change by a bias: ∂C/∂bˡⱼ = δˡⱼ.
pub fn bp3(delta: &[f64]) -> Column {
    delta.to_vec()
}

/// BP4, the rate of change by a weight: ∂C/∂wˡⱼₖ = aˡ⁻¹ₖ δˡⱼ.
pub fn bp4(a: &[f64], delta: &[f64]) -> Rows {
    delta.iter().map(|delta| a.iter().map(|a| a * delta).collect()).collect()
}

/// z = w a + b
#[track_caller]
fn weighted_input(w: &[Vec<f64>], a: &[f64], b: &[f64]) -> Column {
    let row = |(row, b): (&Vec<f64>, &f64)| {
        assert!(row.len() == a.len(), "network: {} numbers for {} inputs", a.len(), row.len());
        row.iter().zip(a).map(|(w, a)| w * a).sum::<f64>() + b
    };
    w.iter().zip(b).map(row).collect()
}

/// to ← to + factor · numbers
fn add(to: &mut [f64], numbers: &[f64], factor: f64) {
    to.iter_mut().zip(numbers).for_each(|(to, x)| *to += factor * x);
}
