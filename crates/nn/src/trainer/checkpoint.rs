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

use serde_json::{Map, Value, json};
use wengert_tape::{Float, Param, Shape, Tensor};

use super::best::Best;
use super::history::{Epoch, Evaluation, Means};
use super::run::State;
use super::{Identity, Scheduled, Settings};
use crate::error::Error;
use crate::files;
use crate::module::Module;
use crate::optimisers::{Optimiser, OptimiserState};
use crate::saved::{self, BESIDE, Details, decode, encode};

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

pub(super) fn write<F: Float, M: Module<F>>(
    path: &Path,
    model: &M,
    optimiser: &dyn Optimiser<F>,
    schedule: &Scheduled<'_>,
    settings: &Settings,
    identity: &Identity,
    state: &State<F>,
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
    let scheduled = match schedule {
        Scheduled::Never | Scheduled::Both => Vec::new(),
        Scheduled::EachStep(schedule, _) | Scheduled::EachEpoch(schedule, _) => schedule.state(),
    };
    let training = json!({
        "of": settings.identity(identity),
        "whole": settings.whole,
        "epoch": state.epoch,
        "step": state.step,
        "updates": state.updates,
        "base": text(state.base),
        "rate": text(optimiser.rate()),
        "steps": memory.steps,
        "schedule": texts(&scheduled),
        "sums": texts(&state.means.sums),
        "seen": state.means.samples,
        "epochs": state.epochs.iter().map(epoch).collect::<Value>(),
        "best": state.best.as_ref().map(|best| {
            json!({ "epoch": best.epoch, "score": text(best.score), "by": identity.monitor })
        }),
        "seconds": text(state.seconds),
        "epoch_seconds": text(state.epoch_seconds),
    });
    let mut metadata = saved::metadata(model, &Details::new());
    metadata.insert(TRAINING.into(), training);
    let bytes = saved::to_bytes(&tensors, metadata).map_err(|message| Error::file(path, message))?;
    files::write(path, bytes)
}

/// The state of a training that was written, and whether its batches are whole; the model, the optimiser and the schedule are
/// then as they were.
pub(super) fn read<F: Float, M: Module<F>>(
    path: &Path,
    model: &mut M,
    optimiser: &mut dyn Optimiser<F>,
    schedule: &mut Scheduled<'_>,
    settings: &Settings,
    identity: &Identity,
) -> Result<(State<F>, bool), Error> {
    saved::read(path, |file, metadata| {
        let training = metadata.get(TRAINING).and_then(Value::as_object);
        let at = Entries(training.ok_or("not a checkpoint: it holds a model and no training")?);
        let (found, wanted) = (at.get("of")?, settings.identity(identity));
        let others = wanted.as_object().into_iter().flatten().filter(|(name, value)| found[*name] != **value);
        let others: Vec<String> =
            others.map(|(name, value)| format!("{name} {} and not {value}", found[name])).collect();
        if !others.is_empty() {
            return Err(format!("the checkpoint is of another training: {}", others.join(", ")));
        }
        let tensor = |stored: &str, shape: Option<&Shape>| -> Result<Tensor<F>, String> {
            let view = file.tensor(stored).map_err(|_| format!("there is no tensor `{stored}`"))?;
            let name = stored.strip_prefix(&last_name("")).unwrap_or(stored);
            if let Some(shape) = shape.filter(|shape| shape[..] != *view.shape()) {
                return Err(format!("`{name}` has shape {:?} in the file, {shape} in the model", view.shape()));
            }
            let numbers = decode(view.dtype(), view.data());
            let numbers = numbers.ok_or_else(|| format!("`{name}` holds {}, not {}", view.dtype(), F::NAME))?;
            Tensor::try_new(view.shape(), numbers).map_err(|e| e.to_string())
        };
        let parameters = model.parameters();
        let apart = !at.get("best")?.is_null();
        let last_name = |name: &str| if apart { last_name(name) } else { name.to_string() };
        let values = parameters.iter().map(|(name, param)| tensor(&last_name(name), Some(param.value().shape())));
        let values: Vec<Tensor<F>> = values.collect::<Result<_, _>>()?;
        let best = match (at.get("best")?, &identity.monitor) {
            (Value::Null, _) | (_, None) => None,
            (found, Some(by)) => {
                let best = Entries(found.as_object().ok_or("`best` is no object")?);
                if best.get("by")? != by {
                    let found = best.get("by")?;
                    return Err(format!(
                        "the checkpoint is of another training: the best epoch by {found} and not {by}"
                    ));
                }
                let weight = |(name, param): &(String, &Param<F>)| -> Result<_, String> {
                    Ok((name.clone(), tensor(name, Some(param.value().shape()))?))
                };
                let weights = parameters.iter().map(weight).collect::<Result<_, _>>()?;
                Some(Best { epoch: best.whole("epoch")?, score: best.number("score")?, weights })
            }
        };
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
                memory.tensors.insert((kind.into(), of.into()), tensor(name, None)?);
            }
        }
        for (name, steps) in at.get("steps")?.as_object().ok_or("`steps` is no object")? {
            memory.steps.insert(name.clone(), steps.as_u64().ok_or("`steps` holds no whole number")?);
        }
        let state = State {
            epoch: at.whole("epoch")?,
            step: at.whole("step")?,
            means: Means { sums: at.numbers("sums")?, samples: at.whole("seen")? },
            epochs: at.list("epochs")?.iter().map(read_epoch).collect::<Result<_, _>>()?,
            best,
            updates: at.whole("updates")? as u64,
            base: at.number("base")?,
            epoch_seconds: at.number("epoch_seconds")?,
            seconds: at.number("seconds")?,
            kept: true,
        };
        let whole = at.get("whole")?.as_bool().ok_or("`whole` is neither true nor false")?;
        let rate = at.number("rate")?;
        // From here on things change; what can fail comes first.
        if let Scheduled::EachStep(schedule, _) | Scheduled::EachEpoch(schedule, _) = schedule {
            schedule.restore(&at.numbers("schedule")?).map_err(|e| e.to_string())?;
        }
        optimiser.restore(&*model, memory).map_err(|e| e.to_string())?;
        optimiser.set_rate(rate);
        model.parameters_mut().into_iter().zip(values).for_each(|((_, param), value)| *param.value_mut() = value);
        Ok((state, whole))
    })
}

impl Settings {
    /// What must be the same for a training to go on with the same bits.
    fn identity(&self, identity: &Identity) -> Value {
        json!({
            "named": identity.named,
            "seed": self.seed,
            "samples": identity.samples,
            "inputs": format!("{:016x}", identity.inputs),
            "targets": format!("{:016x}", identity.targets),
            "metrics": identity.metrics,
            "batch": self.batch,
            "shard": self.shard,
            "accumulate": self.accumulate,
            "clip_value": self.clip_value,
            "clip_norm": self.clip_norm,
        })
    }
}

fn text(x: f64) -> Value {
    x.to_string().into()
}

fn texts(numbers: &[f64]) -> Value {
    numbers.iter().map(|x| text(*x)).collect()
}

fn evaluation(evaluation: &Evaluation) -> Value {
    json!({ "loss": text(evaluation.loss), "metrics": metrics(&evaluation.metrics) })
}

fn metrics(metrics: &[(String, f64)]) -> Value {
    metrics.iter().map(|(name, value)| json!([name, text(*value)])).collect()
}

fn epoch(epoch: &Epoch) -> Value {
    json!({
        "number": epoch.number,
        "steps": epoch.steps,
        "loss": text(epoch.loss),
        "metrics": metrics(&epoch.metrics),
        "validation": epoch.validation.as_ref().map(evaluation),
        "test": epoch.test.as_ref().map(evaluation),
        "rate": text(epoch.rate),
        "seconds": text(epoch.seconds),
    })
}

/// The entries of an object of the metadata, by name.
struct Entries<'a>(&'a Map<String, Value>);

impl<'a> Entries<'a> {
    fn of(value: &'a Value) -> Result<Self, String> {
        value.as_object().map(Entries).ok_or_else(|| format!("{value} is no object"))
    }

    fn get(&self, name: &str) -> Result<&'a Value, String> {
        self.0.get(name).ok_or_else(|| format!("the training has no `{name}`"))
    }

    fn whole(&self, name: &str) -> Result<usize, String> {
        let whole = self.get(name)?.as_u64().and_then(|n| usize::try_from(n).ok());
        whole.ok_or_else(|| format!("`{name}` is no whole number"))
    }

    fn number(&self, name: &str) -> Result<f64, String> {
        number(self.get(name)?)
    }

    fn list(&self, name: &str) -> Result<&'a Vec<Value>, String> {
        self.get(name)?.as_array().ok_or_else(|| format!("`{name}` is no list"))
    }

    fn numbers(&self, name: &str) -> Result<Vec<f64>, String> {
        self.list(name)?.iter().map(number).collect()
    }

    fn metrics(&self, name: &str) -> Result<Vec<(String, f64)>, String> {
        let metric = |value: &Value| {
            let named = value[0].as_str().ok_or_else(|| format!("{value} is no metric"))?;
            Ok((named.to_string(), number(&value[1])?))
        };
        self.list(name)?.iter().map(metric).collect()
    }

    fn evaluation(&self, name: &str) -> Result<Option<Evaluation>, String> {
        match self.get(name)? {
            Value::Null => Ok(None),
            found => {
                let at = Entries::of(found)?;
                Ok(Some(Evaluation { loss: at.number("loss")?, metrics: at.metrics("metrics")? }))
            }
        }
    }
}

fn number(value: &Value) -> Result<f64, String> {
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| format!("{value} is no number as a text"))
}

fn read_epoch(value: &Value) -> Result<Epoch, String> {
    let at = Entries::of(value)?;
    Ok(Epoch {
        number: at.whole("number")?,
        steps: at.whole("steps")?,
        loss: at.number("loss")?,
        metrics: at.metrics("metrics")?,
        validation: at.evaluation("validation")?,
        test: at.evaluation("test")?,
        rate: at.number("rate")?,
        seconds: at.number("seconds")?,
    })
}
