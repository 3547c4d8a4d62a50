//! Normalisation, losses, attention.

use wengert_tape::prelude::*;

use super::sample::Sample;
use super::{Row, real};

fn reduction(a: &Sample) -> Reduction {
    match a.text("reduction") {
        "mean" => Reduction::Mean,
        "sum" => Reduction::Sum,
        _ => Reduction::None,
    }
}

/// How cross-entropy and the negative log-likelihood are taken.
fn how(a: &Sample) -> CrossEntropy {
    let usual = CrossEntropy::default();
    CrossEntropy {
        reduction: reduction(a),
        ignore: if a.has("ignore") { a.integer("ignore") as i64 } else { usual.ignore },
        smoothing: if a.has("smoothing") { a.number("smoothing") } else { 0.0 },
        weights: if a.has("weights") { a.numbers("weights") } else { Vec::new() },
    }
}

pub(crate) const TABLE: &[Row] = &[
    ("normalise", |a, x| real(x.real(0).normalise(&a.integers("axes")[..], a.number("epsilon")))),
    ("rms_normalise", |a, x| real(x.real(0).rms_normalise(&a.integers("axes")[..], a.number("epsilon")))),
    ("batch_norm", |a, x| real(x.real(0).batch_norm(x.real(1), x.real(2), a.number("epsilon")))),
    ("batch_norm_with", |a, x| {
        real(x.real(0).batch_norm_with(x.real(1), x.real(2), x.real(3), x.real(4), a.number("epsilon")))
    }),
    ("layer_norm", |a, x| real(x.real(0).layer_norm(a.counts("shape"), x.real(1), x.real(2), a.number("epsilon")))),
    ("rms_norm", |a, x| real(x.real(0).rms_norm(a.counts("shape"), x.real(1), a.number("epsilon")))),
    ("group_norm", |a, x| real(x.real(0).group_norm(a.count("groups"), x.real(1), x.real(2), a.number("epsilon")))),
    ("mul_add", |_, x| real(x.real(0).mul_add(x.real(1), x.real(2)))),
    ("mse_loss", |a, x| real(x.real(0).mse_loss(x.real(1), reduction(a)))),
    ("l1_loss", |a, x| real(x.real(0).l1_loss(x.real(1), reduction(a)))),
    ("huber_loss", |a, x| real(x.real(0).huber_loss(x.real(1), a.number("delta"), reduction(a)))),
    ("smooth_l1_loss", |a, x| real(x.real(0).smooth_l1_loss(x.real(1), a.number("beta"), reduction(a)))),
    ("binary_cross_entropy_with_logits", |a, x| {
        real(x.real(0).binary_cross_entropy_with_logits(x.real(1), reduction(a)))
    }),
    ("weighted_binary_cross_entropy_with_logits", |a, x| {
        real(x.real(0).weighted_binary_cross_entropy_with_logits(x.real(1), x.real(2), reduction(a)))
    }),
    ("kl_div", |a, x| real(x.real(0).kl_div(x.real(1), reduction(a)))),
    ("kl_div_of_log", |a, x| real(x.real(0).kl_div_of_log(x.real(1), reduction(a)))),
    ("hinge_loss", |a, x| real(x.real(0).hinge_loss(x.real(1), a.number("margin"), reduction(a)))),
    ("hinge_embedding_loss", |a, x| real(x.real(0).hinge_embedding_loss(x.real(1), a.number("margin"), reduction(a)))),
    ("multi_margin_loss", |a, x| real(x.real(0).multi_margin_loss(x.index(1), a.number("margin"), reduction(a)))),
    ("cosine_similarity", |a, x| real(x.real(0).cosine_similarity(x.real(1), a.integer("axis"), a.number("epsilon")))),
    ("cross_entropy", |a, x| real(x.real(0).cross_entropy(x.index(1), &how(a)))),
    ("nll_loss", |a, x| real(x.real(0).nll_loss(x.index(1), &how(a)))),
    ("soft_cross_entropy", |a, x| real(x.real(0).soft_cross_entropy(x.real(1), reduction(a)))),
    ("scaled_dot_product_attention", |a, x| {
        real(x.real(0).scaled_dot_product_attention(x.real(1), x.real(2), a.flag("causal")))
    }),
    ("masked_attention", |a, x| real(x.real(0).masked_attention(x.real(1), x.real(2), x.mask(3), a.flag("causal")))),
];
