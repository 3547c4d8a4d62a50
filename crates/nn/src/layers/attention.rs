//! Multi-head attention.

use std::ops::Range;

use rand::Rng;
use wengert_tape::MaskOperand;
use wengert_tape::prelude::*;

use super::{Described, Linear, in_batch, out_of_batch, shape_in_batch};
use crate::description::Description;
use crate::error::Error;
use crate::initialiser::{Initialiser, fans};
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// Every position looks at others, with several heads that each look for something of their own (Vaswani et al. 2017):
/// PyTorch's `MultiheadAttention` with `batch_first`, and without dropout of the probabilities.
///
/// Queries, keys and values are linear in what they come from; each head attends with its part of them
/// (`softmax(q kᵀ / √e) v` with `e = width / heads`), and the results side by side go through one more linear layer. As a
/// module it is attention of a sequence to itself; [`attend`](Self::attend) takes keys and values from elsewhere, and
/// [`attend_where`](Self::attend_where) a mask.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[batch, time, width]` |
/// | `in_proj_weight`, `in_proj_bias` | `[3·width, width]`, `[3·width]` or none: of queries, keys and values, one below the other |
/// | `out_proj.weight`, `out_proj.bias` | `[width, width]`, `[width]` or none |
/// | result | `[batch, time, width]` |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = MultiHeadAttention::<f64>::new(6, 2, &mut generator(1)).causal(true);
/// let mut x = Tensor::randn([1, 4, 6], &mut generator(2));
/// let y = layer.forward(&x);
/// // Of what comes later, nothing is seen.
/// x.data_mut()[3 * 6] = 100.0;
/// assert_eq!(layer.forward(&x).slice(1, ..3), y.slice(1, ..3));
/// ```
#[derive(Clone, Debug)]
pub struct MultiHeadAttention<F: Float = f32> {
    /// The weights of queries, keys and values.
    pub in_proj_weight: Param<F>,
    /// What is added to queries, keys and values.
    pub in_proj_bias: Option<Param<F>>,
    /// What the results of all heads go through.
    pub out_proj: Linear<F>,
    /// The number of heads.
    pub heads: usize,
    /// Whether a position sees those up to itself alone.
    pub causal: bool,
}

impl<F: Float> MultiHeadAttention<F> {
    /// A layer that begins as PyTorch's does: the weights of queries, keys and values by Xavier's uniform distribution,
    /// those of the last layer uniform within ±1/√width, biases of 0.
    ///
    /// # Panics
    /// If the heads do not divide the width.
    #[track_caller]
    pub fn new(width: usize, heads: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(
            heads > 0 && width.is_multiple_of(heads),
            "multi_head_attention: {heads} heads do not divide a width of {width}"
        );
        let shape = Shape::from([3 * width, width]);
        let in_proj_weight = Param::new(Initialiser::XavierUniform.draw_for(fans(&shape), shape, rng));
        let out_proj = Linear::with(width, width, Initialiser::UniformOverRoot, rng);
        let in_proj_bias = Some(Param::new(Tensor::zeros([3 * width])));
        MultiHeadAttention { in_proj_weight, in_proj_bias, out_proj, heads, causal: false }
    }

    /// The same layer where a position sees those up to itself alone, or all.
    pub fn causal(self, causal: bool) -> Self {
        MultiHeadAttention { causal, ..self }
    }

    /// The same layer without biases.
    pub fn without_bias(mut self) -> Self {
        (self.in_proj_bias, self.out_proj.bias) = (None, None);
        self
    }

    /// The length of what stands at each position.
    pub fn width(&self) -> usize {
        self.in_proj_weight.value().shape()[1]
    }

    /// What queries `[batch, n, width]` find among keys and values `[batch, m, width]`: `[batch, n, width]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn attend<A: Reader<F>>(&self, query: &A, key: &A, value: &A) -> A {
        let ([q, k, v], single) = self.projected(query, key, value);
        out_of_batch(self.together(q.scaled_dot_product_attention(k, v, self.causal)), single)
    }

    /// [`attend`](Self::attend) where the mask, which broadcasts to `[batch, heads, n, m]`, says which keys each query may
    /// see. PyTorch's masks say the opposite: which it may not. A query that may see none finds zeros, before the last
    /// layer.
    ///
    /// # Panics
    /// If the shapes do not fit.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let layer = MultiHeadAttention::<f64>::new(4, 2, &mut generator(1));
    /// let x = Tensor::randn([2, 3, 4], &mut generator(2));
    /// // The second sequence has one position less than the first.
    /// let mask = Tensor::new([2, 1, 1, 3], vec![true, true, true, true, true, false]);
    /// let y = layer.attend_where(&x, &x, &x, mask);
    /// let shorter = x.slice(0, 1..).slice(1, ..2);
    /// let alone = layer.forward(&shorter);
    /// assert!((y.slice(0, 1..).slice(1, ..2) - alone).abs().max().item() < 1e-12);
    /// ```
    #[track_caller]
    pub fn attend_where<A: Reader<F>>(&self, query: &A, key: &A, value: &A, mask: impl MaskOperand<A>) -> A {
        let ([q, k, v], single) = self.projected(query, key, value);
        out_of_batch(self.together(q.masked_attention(k, v, mask, self.causal)), single)
    }

    #[track_caller]
    fn projected<A: Reader<F>>(&self, query: &A, key: &A, value: &A) -> ([A; 3], bool) {
        // Neither closures, which would have no line of the caller.
        for x in [query, key, value] {
            if let Err(e) = self.output_shape(&x.shape()) {
                e.raise()
            }
        }
        let ((q, single), (k, _), (v, _)) = (in_batch(query, 3), in_batch(key, 3), in_batch(value, 3));
        ([self.project(&q, 0..1), self.project(&k, 1..2), self.project(&v, 2..3)], single)
    }

    /// Some of queries, keys and values: `[batch, heads for each, time, width / heads]`.
    #[track_caller]
    fn project<A: Reader<F>>(&self, x: &A, parts: Range<usize>) -> A {
        let (shape, width) = (x.shape(), self.width());
        let rows = parts.start * width..parts.end * width;
        let of = rows_of(x, &self.in_proj_weight, rows.clone());
        let y = x.matmul(of.t());
        let y = match &self.in_proj_bias {
            Some(bias) => y + rows_of(x, bias, rows),
            None => y,
        };
        let heads = [shape[0], shape[1], parts.len() * self.heads, width / self.heads];
        ReshapeExt::reshape(&y, heads).permute([0, 2, 1, 3])
    }

    /// From `[batch, heads, time, width / heads]` to the result.
    #[track_caller]
    fn together<A: Reader<F>>(&self, y: A) -> A {
        let shape = y.shape();
        let width = self.width();
        self.out_proj.forward(&ReshapeExt::reshape(&y.permute([0, 2, 1, 3]), [shape[0], shape[2], width]))
    }
}

/// Some rows of a parameter, or all.
#[track_caller]
fn rows_of<F: Float, A: Reader<F>>(x: &A, param: &Param<F>, rows: Range<usize>) -> A {
    match rows.len() == param.value().shape()[0] {
        true => x.lift(param),
        false => x.lift(param).slice(0, rows),
    }
}

impl<F: Float> Parameters<F> for MultiHeadAttention<F> {
    parameters! { F: in_proj_weight, in_proj_bias, out_proj }

    fn description(&self) -> Option<Description> {
        let sizes = Description::new("multi_head_attention").whole("width", self.width()).whole("heads", self.heads);
        let sizes = sizes.flag("bias", self.in_proj_bias.is_some()).flag("out_bias", self.out_proj.bias.is_some());
        Some(sizes.flag("causal", self.causal))
    }
}

impl<F: Float> Module<F> for MultiHeadAttention<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = self.output_shape(&x.shape()) {
            e.raise()
        }
        let (x, single) = in_batch(x, 3);
        let all = self.project(&x, 0..3);
        let [q, k, v]: [A; 3] = match all.split(1, self.heads).try_into() {
            Ok(parts) => parts,
            Err(_) => unreachable!("there are three times as many heads as each has"),
        };
        out_of_batch(self.together(q.scaled_dot_product_attention(k, v, self.causal)), single)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        shape_in_batch(x, 3, |x| match x[..] {
            [_, _, width] if width == self.width() => Ok(x.clone()),
            _ => {
                let message = format!("inputs [batch, time, {}] are needed, not {x}", self.width());
                Err(Error::shape("multi_head_attention", message))
            }
        })
    }

    /// Of the four matrices of weights; what positions do with each other comes on top.
    fn multiply_adds(&self, x: &Shape) -> u64 {
        4 * (x.len_elements() * self.width()) as u64
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let at = |k: usize| x.get(k).copied().unwrap_or(1).max(1);
        Some([at(0), at(1), self.width()].into())
    }
}

impl<F: Float> Described<F> for MultiHeadAttention<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let (width, heads) = (description.get_whole("width")?, description.get_whole("heads")?);
        if heads == 0 || !width.is_multiple_of(heads) {
            let message = format!("{heads} heads do not divide a width of {width}");
            return Err(Error::shape("multi_head_attention", message));
        }
        let in_proj_weight = Param::new(weights.take("in_proj_weight", &[3 * width, width])?);
        let bias = description.get_flag("bias")?.then(|| weights.take("in_proj_bias", &[3 * width])).transpose()?;
        let out_weight = weights.take("out_proj.weight", &[width, width])?;
        let out_bias =
            description.get_flag("out_bias")?.then(|| weights.take("out_proj.bias", &[width])).transpose()?;
        let out_proj = Linear::from_weights(out_weight, out_bias);
        let causal = description.get_flag("causal")?;
        Ok(MultiHeadAttention { in_proj_weight, in_proj_bias: bias.map(Param::new), out_proj, heads, causal })
    }
}
