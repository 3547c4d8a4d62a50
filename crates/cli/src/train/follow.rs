//! How training goes, told while it goes: a bar on a terminal, lines elsewhere.

use std::cell::Cell;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use wengert::nn::Progress;

use super::outcome::ACCURACY;
use crate::output::{self, duration};

/// A bar is drawn at most this often.
const REDRAW: Duration = Duration::from_millis(50);
/// Lines are written for about this many epochs, and for every epoch that takes longer than [`LONG`].
const LINES: usize = 20;
const LONG: Duration = Duration::from_secs(5);
/// The parts of a bar.
const PARTS: u64 = 1000;

pub(super) struct Follow {
    /// `None` where standard error is no terminal.
    bar: Option<ProgressBar>,
    shown: Cell<Instant>,
}

impl Follow {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template("{bar:24} {msg}").unwrap_or_else(|e| unreachable!("{e}"));
        let bar = || ProgressBar::new(PARTS).with_style(style.progress_chars("━╸─"));
        Follow { bar: io::stderr().is_terminal().then(bar), shown: Cell::new(Instant::now()) }
    }

    /// After each step.
    pub(super) fn step(&self, progress: &Progress<'_>) {
        if let Some(bar) = self.bar.as_ref().filter(|_| self.shown.get().elapsed() >= REDRAW) {
            self.draw(bar, progress);
        }
    }

    /// After each epoch.
    pub(super) fn epoch(&self, progress: &Progress<'_>) {
        let Progress { epoch, epochs, step, steps, .. } = *progress;
        let last = epoch == epochs || step < steps;
        match &self.bar {
            Some(bar) if last => self.draw(bar, progress),
            Some(_) => {}
            None => {
                let due = epoch == 1 || epoch % epochs.div_ceil(LINES) == 0 || self.shown.get().elapsed() >= LONG;
                if last || due {
                    self.shown.set(Instant::now());
                    output::say(&words(progress));
                }
            }
        }
    }

    /// Leaves the bar as it is.
    pub(super) fn end(&self) {
        self.bar.iter().for_each(ProgressBar::abandon);
    }

    fn draw(&self, bar: &ProgressBar, progress: &Progress<'_>) {
        self.shown.set(Instant::now());
        bar.set_message(words(progress));
        bar.set_position((progress.done * PARTS as f64) as u64);
    }
}

/// `epoch 3/30  loss 0.1234  accuracy 97.1 %  12 s left`
fn words(progress: &Progress<'_>) -> String {
    let Progress { epoch, epochs, loss, metrics, validation, .. } = progress;
    let width = epochs.to_string().len();
    let metrics: Vec<String> =
        metrics.iter().map(|(name, value)| format!("  {} {}", name.replace('_', " "), shown(name, *value))).collect();
    let validation = validation.and_then(|found| found.get("accuracy"));
    let validation = validation.map_or(String::new(), |share| format!("  validation {:5.2} %", 100.0 * share));
    let left = format!("  {} left", duration(progress.remaining()));
    format!("epoch {epoch:width$}/{epochs}  loss {loss:.4}{}{validation}{left}", metrics.concat())
}

/// A share in percent, or an error as it is.
fn shown(name: &str, value: f64) -> String {
    match name {
        ACCURACY => format!("{:5.1} %", 100.0 * value),
        _ => format!("{value:.4}"),
    }
}
