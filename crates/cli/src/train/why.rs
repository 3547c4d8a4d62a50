//! Why it may be that a network learned nothing.

use wengert::Stored;
use wengert::nn::History;
use wengert::prelude::*;
use wengert::view::{Concern, Remark, View};

/// So many samples are looked at together.
const SAMPLES: usize = 256;

/// Why nothing was learned.
#[derive(Default)]
pub(super) struct Why {
    /// The reasons, in words.
    pub(super) reasons: Vec<String>,
    /// Whether the training broke: its losses say so, or no gradient passes a layer any more.
    pub(super) broke: bool,
}

/// The reasons: what the losses tell, and what is seen in the graph of a batch.
pub(super) fn why<T: Stored<f32>>(
    model: &Sequential<f32>,
    loss: &dyn Fn(Var<f32>, Var<f32, T>) -> Var<f32>,
    samples: &Dataset<f32, T>,
    history: &History,
) -> Why {
    let (trouble, remarks) = (history.trouble(), view(model, loss, samples).lint().remarks);
    let blocks = |remark: &Remark| matches!(remark.concern, Concern::Dead | Concern::Saturated) && remark.share == 1.0;
    Why {
        broke: trouble.is_some_and(|trouble| trouble.broke()) || remarks.iter().any(blocks),
        reasons: trouble.iter().map(ToString::to_string).chain(remarks.iter().map(ToString::to_string)).collect(),
    }
}

/// The graph of a batch through the network, with the loss.
pub(super) fn view<T: Stored<f32>>(
    model: &Sequential<f32>,
    loss: &dyn Fn(Var<f32>, Var<f32, T>) -> Var<f32>,
    samples: &Dataset<f32, T>,
) -> View<f32> {
    let rows: Vec<usize> = (0..samples.len().min(SAMPLES)).collect();
    let batch = samples.rows(&rows);
    let tape = Tape::of::<f32>();
    let (x, y) = (tape.input(batch.inputs().clone()), tape.input(batch.targets().clone()));
    loss(model.forward(&x), y).view().without_lines().parameters(model.parameters()).name(x, "x")
}
