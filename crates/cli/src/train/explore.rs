//! `--explore`: one sample through the trained network, as a page to step through.

use std::path::Path;

use wengert::Stored;
use wengert::prelude::*;

use super::Error;

/// Writes the page of the first sample: the network, the loss, and back.
pub(super) fn explore<T: Stored<f32>>(
    model: &Sequential<f32>,
    loss: impl Fn(Var<f32>, Var<f32, T>) -> Var<f32>,
    samples: &Dataset<f32, T>,
    path: &Path,
) -> Result<(), Error> {
    let sample = samples.rows(&[0]);
    let tape = Tape::of::<f32>();
    let (x, y) = (tape.input(sample.inputs().clone()), tape.input(sample.targets().clone()));
    let outputs = model.forward(&x);
    let loss = loss(outputs, y);
    let view = loss.view().without_lines().parameters(model.parameters());
    let view = view.name(x, "x").name(y, "target").name(outputs, "outputs").name(loss, "loss");
    let page = view.html().map_err(|error| Error::Arguments(format!("--explore: {error}")))?;
    wengert::nn::files::write(path, &page)?;
    Ok(())
}
