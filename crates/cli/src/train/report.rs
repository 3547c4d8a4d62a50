//! What a training came to, for people and for programs.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};
use wengert::nn::History;

use super::options::Settings;
use super::outcome::{ACCURACY, Outcome};
use super::thousands;
use crate::output::duration;

/// A trained and saved network.
pub(super) struct Report<'a> {
    pub(super) task: &'static str,
    /// Whether the network is better than one answer for all, on the samples that it learned from.
    pub(super) learned: bool,
    /// Why it may be that nothing was learned.
    pub(super) why: Vec<String>,
    pub(super) settings: &'a Settings,
    pub(super) history: &'a History,
    /// Whether the network was tested on samples that it had not learned from.
    pub(super) held_out: bool,
    /// To learn from, and to test with.
    pub(super) samples: [usize; 2],
    pub(super) parameters: usize,
    /// The name of the score.
    pub(super) score: &'static str,
    pub(super) test_score: f64,
    pub(super) table: Outcome,
    pub(super) model: &'a Path,
}

impl Report<'_> {
    pub(super) fn text(&self) -> String {
        let [_, tested] = self.samples;
        let score = match self.score {
            ACCURACY => {
                let right = (self.test_score * tested as f64).round() as usize;
                format!("test accuracy  {:.2} %: {} of", 100.0 * self.test_score, thousands(right))
            }
            other => format!("test error     {:.4} ({}) on", self.test_score, other.replace('_', " ")),
        };
        let kind = if self.held_out { "samples that it never saw" } else { "rows, which are all there are" };
        let stopped = if self.history.stopped { ", stopped" } else { "" };
        let why: String = self.why.iter().map(|reason| format!("\nwhy            {reason}")).collect();
        let learned = if self.learned { "" } else { "\nlearned        nothing: one answer for all is as good" };
        format!(
            "{}\n\n{score} {} {kind}\ntraining       loss {:.4} in the last of {} epochs, {}{stopped}{learned}{why}\n\
             model          {} (read back: the same outputs, bit for bit)\n",
            self.table.text,
            thousands(tested),
            self.history.loss(),
            self.history.epochs.len(),
            duration(Duration::from_secs_f64(self.history.seconds)),
            self.model.display(),
        )
    }

    pub(super) fn json(&self) -> String {
        let [trained, tested] = self.samples;
        let mut object = Map::new();
        let mut entry = |name: &str, value: Value| object.insert(name.into(), value);
        entry("task", self.task.into());
        entry(&format!("test_{}", self.score), json!(self.test_score));
        entry("test_samples", tested.into());
        entry("train_loss", json!(self.history.loss()));
        entry(&format!("train_{}", self.score), json!(self.history.last(self.score)));
        entry("train_samples", trained.into());
        entry("learned", self.learned.into());
        entry("why", json!(self.why));
        entry("epochs", self.history.epochs.len().into());
        entry("stopped", self.history.stopped.into());
        entry("seconds", json!(self.history.seconds));
        entry("parameters", self.parameters.into());
        entry("model", self.model.display().to_string().into());
        object.extend(settings(self.settings));
        let (name, value) = &self.table.json;
        object.insert((*name).into(), value.clone());
        format!("{}\n", Value::Object(object))
    }
}

/// A cross-validation.
pub(super) struct Folds<'a> {
    pub(super) task: &'static str,
    pub(super) settings: &'a Settings,
    /// The name of the scores.
    pub(super) score: &'static str,
    /// Of each part on what was trained without it.
    pub(super) scores: Vec<f64>,
    pub(super) stopped: bool,
}

impl Folds<'_> {
    fn mean(&self) -> f64 {
        self.scores.iter().sum::<f64>() / self.scores.len() as f64
    }

    pub(super) fn text(&self) -> String {
        let shown = |score: f64| match self.score {
            ACCURACY => format!("{:.2}", 100.0 * score),
            _ => format!("{score:.4}"),
        };
        let all: Vec<String> = self.scores.iter().copied().map(shown).collect();
        let stopped = if self.stopped { " (stopped)" } else { "" };
        match self.scores.is_empty() {
            true => "stopped before the first part was done\n".into(),
            false => {
                let (name, mean) = (self.score.replace('_', " "), shown(self.mean()));
                let unit = if self.score == ACCURACY { " %" } else { "" };
                format!("{name} on the part left out  {mean}{unit}{stopped}\n{}\n", all.join("  "))
            }
        }
    }

    pub(super) fn json(&self) -> String {
        let mut object = Map::new();
        object.insert("task".into(), self.task.into());
        object.insert(format!("validation_{}", self.score), json!(self.mean()));
        let each = if self.score == ACCURACY { "fold_accuracies" } else { "fold_errors" };
        object.insert(each.into(), json!(self.scores));
        object.insert("stopped".into(), self.stopped.into());
        object.extend(settings(self.settings));
        format!("{}\n", Value::Object(object))
    }
}

/// How the training was set.
fn settings(settings: &Settings) -> Map<String, Value> {
    let entries = [
        ("seed", settings.seed.into()),
        ("layers", settings.layers.to_string().into()),
        ("activation", settings.activation.to_string().into()),
        ("optimiser", settings.optimiser.to_string().into()),
        ("rate", json!(settings.rate)),
        ("decay", json!(settings.decay)),
        ("batch", settings.batch.into()),
        ("threads", settings.threads.into()),
    ];
    entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}
