//! The whole state of a training in one file.
//!
//! Where a model file has its parameters are those of the best epoch, if that was asked for, else the last. Beside them, under
//! names that begin with `~`, are what the optimiser remembers and, where the best are not the last, the last, which a training
//! goes on from; everything else is in the metadata. Numbers of `f64` are written there as
//! texts, since JSON has no infinity.
//!
//! What is random in a training follows from its seed and the number of the step, so that these two are the random state
//! and the place in the order of samples.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;
use serde_json::{Map, Value, json};
use wengert_tape::{Float, Param, Shape, Tensor};

use super::best::Best;
use super::entries::{Entries, epoch, generator, read_epoch, read_generator, text, texts};
use super::history::Means;
use super::state::TrainingState;
use crate::error::Error;
use crate::files;
use crate::module::Parameters;
use crate::optimisers::{Optimiser, OptimiserState};
use crate::saved::{self, BESIDE, decode, encode};
use crate::schedules::Schedule;

/// The entry of the metadata.
const TRAINING: &str = "training";

/// The name of a parameter as it is now, where the best epoch's has its own.
fn last_name(name: &str) -> String {
    format!("{BESIDE}last{BESIDE}{name}")
}
/// The name of what the optimiser remembers.
fn memory_name(kind: &str, name: &str) -> String {
    format!("{BESIDE}optimiser{BESIDE}{kind}{BESIDE}{name}")
}

/// Writes the whole state of a training to a file: the parameters of a model, what optimiser and schedule remember, and the
/// [`TrainingState`]. The file is the one that a [`Trainer`](crate::Trainer) writes, who can go on from it, and a model file as
/// well: [`load`](crate::load) and [`load_parameters`](crate::load_parameters) read the model, the best one if there is one.
///
/// It is written to a temporary file, synced and renamed, so that there is always a whole one. A training without a schedule
/// has [`Constant`](crate::Constant).
///
/// # Errors
/// [`Error::File`] if the file cannot be written, or what the optimiser remembers is not finite.
///
/// # Examples
/// The beginning is told by what [`load_checkpoint`] finds:
/// ```
/// use wengert_nn::prelude::*;
/// # let path = std::env::temp_dir().join("wengert-doc-save-checkpoint.safetensors");
/// let begin = || (Linear::<f32>::new(2, 1, &mut generator(1)), Adam::new(0.1), Constant);
/// let (mut model, mut optimiser, mut schedule) = begin();
/// let mut state = TrainingState::new(&optimiser);
/// let step = |model: &mut Linear, optimiser: &mut Adam<f32>, state: &mut TrainingState| {
///     let tape = Tape::of::<f32>();
///     let x = Tensor::randn([5, 2], state.generator("inputs", 3));
///     let loss = model.forward(&tape.input(x)).square().mean();
///     optimiser.step(model, &loss.backward());
///     state.record(loss.item().into(), &[], 5);
/// };
/// step(&mut model, &mut optimiser, &mut state);
/// save_checkpoint(&path, &model, &optimiser, &schedule, &state)?;
///
/// let (mut other, mut another, mut schedule) = begin();
/// let mut resumed = TrainingState::new(&another);
/// assert!(load_checkpoint(&path, &mut other, &mut another, &mut schedule, &mut resumed)?);
/// step(&mut model, &mut optimiser, &mut state);
/// step(&mut other, &mut another, &mut resumed);
/// assert_eq!(model.weight.value(), other.weight.value());
/// assert_eq!(resumed.updates, 2);
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn save_checkpoint<F: Float>(
    path: impl AsRef<Path>,
    model: &dyn Parameters<F>,
    optimiser: &dyn Optimiser<F>,
    schedule: &dyn Schedule,
    state: &TrainingState<F>,
) -> Result<(), Error> {
    write(path.as_ref(), model, optimiser, &schedule.state(), state)
}

/// Reads what [`save_checkpoint`] or a [`Trainer`](crate::Trainer) wrote, if there is a file: the answer is whether there is.
/// Model, optimiser, schedule and state are then as they were, to the bit.
///
/// # Errors
/// [`Error::File`] if the file is no whole checkpoint, or of another model, optimiser or schedule, or of a training that has
/// another [name](TrainingState::named). Then all are as they were before the call.
pub fn load_checkpoint<F: Float>(
    path: impl AsRef<Path>,
    model: &mut dyn Parameters<F>,
    optimiser: &mut dyn Optimiser<F>,
    schedule: &mut dyn Schedule,
    state: &mut TrainingState<F>,
) -> Result<bool, Error> {
    let path = path.as_ref();
    let found = files::is_there(path)?;
    if found {
        *state = read(path, model, optimiser, Some(schedule), &state.of, &Wanted::Any)?;
    }
    Ok(found)
}

/// What a best epoch must be the best by.
pub(super) enum Wanted<'a> {
    /// Whatever it is.
    Any,
    /// No best epoch is asked for: there is none.
    No,
    /// This.
    By(&'a str),
}

pub(super) fn write<F: Float>(
    path: &Path,
    model: &dyn Parameters<F>,
    optimiser: &dyn Optimiser<F>,
    scheduled: &[f64],
    state: &TrainingState<F>,
) -> Result<(), Error> {
    let memory = optimiser.state(model);
    let finite = |t: &Tensor<F>| t.data().iter().all(|x| Float::to_f64(*x).is_finite());
    if let Some(((kind, name), _)) = memory.tensors.iter().find(|(_, t)| !finite(t)) {
        let message = format!("not written: what the optimiser remembers, {kind} of `{name}`, is not finite");
        return Err(Error::file(path, message));
    }
    let apart = state.best.is_some();
    let mut tensors: BTreeMap<String, saved::Stored> = model
        .parameters()
        .into_iter()
        .map(|(name, param)| (if apart { last_name(&name) } else { name }, encode(param.value())))
        .collect();
    tensors.extend(memory.tensors.iter().map(|((kind, name), t)| (memory_name(kind, name), encode(t))));
    let best = state.best.iter().flat_map(|best| &best.weights);
    tensors.extend(best.map(|(name, t)| (name.clone(), encode(t))));
    let generators = state.generators.iter().map(|(name, rng)| (name.clone(), generator(rng)));
    let training = json!({
        "of": state.of,
        "whole": state.whole,
        "epoch": state.epoch,
        "step": state.step,
        "updates": state.updates,
        "base": text(state.base),
        "rate": text(optimiser.rate()),
        "steps": memory.steps,
        "schedule": texts(scheduled),
        "generators": generators.collect::<Map<String, Value>>(),
        "names": state.names,
        "sums": texts(&state.means.sums),
        "seen": state.means.samples,
        "epochs": state.epochs.iter().map(epoch).collect::<Value>(),
        "best": state.best.as_ref().map(|best| {
            json!({ "epoch": best.epoch, "score": text(best.score), "by": best.by })
        }),
        "seconds": text(state.seconds),
        "epoch_seconds": text(state.epoch_seconds),
    });
    let mut metadata = saved::metadata(model, &state.details);
    metadata.insert(TRAINING.into(), training);
    let bytes = saved::to_bytes(&tensors, metadata).map_err(|message| Error::file(path, message))?;
    files::write(path, bytes)
}

/// The state of a training that was written and is the one that is `wanted`; the model, the optimiser and the schedule are
/// then as they were.
pub(super) fn read<F: Float>(
    path: &Path,
    model: &mut dyn Parameters<F>,
    optimiser: &mut dyn Optimiser<F>,
    schedule: Option<&mut dyn Schedule>,
    wanted: &Map<String, Value>,
    best: &Wanted<'_>,
) -> Result<TrainingState<F>, Error> {
    saved::read(path, |file, metadata| {
        let training = metadata.get(TRAINING).and_then(Value::as_object);
        let at = Entries(training.ok_or("not a checkpoint: it holds a model and no training")?);
        let of = same_training(at.get("of")?, wanted)?;
        let parameters = model.parameters();
        let apart = !at.get("best")?.is_null();
        let last_name = |name: &str| if apart { last_name(name) } else { name.to_string() };
        let values = parameters.iter().map(|(name, param)| tensor(file, &last_name(name), Some(param.value().shape())));
        let values: Vec<Tensor<F>> = values.collect::<Result<_, _>>()?;
        let best = read_best(file, &at, &parameters, best)?;
        let layers = (metadata.get("layers"), model.description().map(|description| description.to_json()));
        if let (Some(found), Some(wanted)) = &layers
            && *found != wanted
        {
            return Err(format!("the checkpoint is of other layers: {found}, not {wanted}"));
        }
        let mut memory = OptimiserState { tensors: BTreeMap::new(), steps: BTreeMap::new() };
        let prefix = format!("{BESIDE}optimiser{BESIDE}");
        for name in file.names() {
            if let Some((kind, of)) = name.strip_prefix(&prefix).and_then(|rest| rest.split_once(BESIDE)) {
                memory.tensors.insert((kind.into(), of.into()), tensor(file, name, None)?);
            }
        }
        for (name, steps) in at.get("steps")?.as_object().ok_or("`steps` is no object")? {
            memory.steps.insert(name.clone(), steps.as_u64().ok_or("`steps` holds no whole number")?);
        }
        let mut state = TrainingState {
            epoch: at.whole("epoch")?.max(1),
            step: at.whole("step")?,
            updates: at.whole("updates")? as u64,
            base: at.number("base")?,
            details: saved::details_of(metadata)?,
            generators: at.objects("generators", read_generator)?,
            names: at.names("names")?,
            means: Means { sums: at.numbers("sums")?, samples: at.whole("seen")? },
            rate: at.number("rate")?,
            epochs: at.list("epochs")?.iter().map(read_epoch).collect::<Result<_, _>>()?,
            best,
            epoch_seconds: at.number("epoch_seconds")?,
            seconds: at.number("seconds")?,
            of,
            whole: match at.get("whole")? {
                Value::Null => None,
                found => Some(found.as_bool().ok_or("`whole` is neither true nor false")?),
            },
            kept: true,
            ..TrainingState::new(optimiser)
        };
        state.begin();
        // From here on things change; what can fail comes first.
        if let Some(schedule) = schedule {
            schedule.restore(&at.numbers("schedule")?).map_err(|e| e.to_string())?;
        }
        optimiser.restore(&*model, memory).map_err(|e| e.to_string())?;
        optimiser.set_rate(state.rate);
        model.parameters_mut().into_iter().zip(values).for_each(|((_, param), value)| *param.value_mut() = value);
        Ok(state)
    })
}

/// What a checkpoint says of its training, if nothing of it is other than what is wanted. A loop of one's own says less than a
/// trainer, and is held to what it says.
fn same_training(found: &Value, wanted: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut of = found.as_object().ok_or_else(|| format!("{found} is no object"))?.clone();
    let others = wanted.iter().filter(|(name, value)| of.get(*name).is_some_and(|found| found != *value));
    let others: Vec<String> = others.map(|(name, value)| format!("{name} {} and not {value}", of[name])).collect();
    if !others.is_empty() {
        return Err(format!("the checkpoint is of another training: {}", others.join(", ")));
    }
    of.extend(wanted.clone());
    Ok(of)
}

/// A tensor of a file, which must have this shape.
fn tensor<F: Float>(file: &SafeTensors<'_>, stored: &str, shape: Option<&Shape>) -> Result<Tensor<F>, String> {
    let view = file.tensor(stored).map_err(|_| format!("there is no tensor `{stored}`"))?;
    let name = stored.strip_prefix(&last_name("")).unwrap_or(stored);
    if let Some(shape) = shape.filter(|shape| shape[..] != *view.shape()) {
        return Err(format!("`{name}` has shape {:?} in the file, {shape} in the model", view.shape()));
    }
    let numbers = decode(view.dtype(), view.data());
    let numbers = numbers.ok_or_else(|| format!("`{name}` holds {}, not {}", view.dtype(), F::NAME))?;
    Tensor::try_new(view.shape(), numbers).map_err(|e| e.to_string())
}

fn read_best<F: Float>(
    file: &SafeTensors<'_>,
    at: &Entries<'_>,
    parameters: &[(String, &Param<F>)],
    wanted: &Wanted<'_>,
) -> Result<Option<Best<F>>, String> {
    let found = at.get("best")?;
    if found.is_null() || matches!(wanted, Wanted::No) {
        return Ok(None);
    }
    let best = Entries(found.as_object().ok_or("`best` is no object")?);
    let by = best.get("by")?;
    match wanted {
        Wanted::By(wanted) if by != wanted => {
            return Err(format!("the checkpoint is of another training: the best epoch by {by} and not {wanted}"));
        }
        _ => {}
    }
    let by = by.as_str().ok_or_else(|| format!("{by} is no monitor"))?.to_string();
    let weight = |(name, param): &(String, &Param<F>)| -> Result<_, String> {
        Ok((name.clone(), tensor(file, name, Some(param.value().shape()))?))
    };
    let weights = parameters.iter().map(weight).collect::<Result<_, _>>()?;
    Ok(Some(Best { epoch: best.whole("epoch")?, score: best.number("score")?, by, weights }))
}
