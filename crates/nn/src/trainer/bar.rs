//! How far training is, drawn on standard error.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::history::Progress;

/// The characters of a bar.
const WIDTH: usize = 24;
/// A bar is drawn at most this often.
const REDRAW: Duration = Duration::from_millis(50);

impl fmt::Display for Progress<'_> {
    /// A bar and the numbers: `━━━━╸─── epoch 3/30  loss 0.1234  accuracy 0.9710  12 s left`, with `{:#}` the numbers alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            let halves = (self.done.clamp(0.0, 1.0) * (2 * WIDTH) as f64) as usize;
            let half = if halves % 2 == 1 { "╸" } else { "" };
            let rest = WIDTH - halves.div_ceil(2);
            write!(f, "{}{half}{} ", "━".repeat(halves / 2), "─".repeat(rest))?;
        }
        let epochs = self.epochs.to_string();
        write!(f, "epoch {:1$}/{epochs}  loss {2:.4}", self.epoch, epochs.len(), self.loss)?;
        self.metrics.iter().try_for_each(|(name, value)| write!(f, "  {name} {value:.4}"))?;
        if let Some(validation) = self.validation {
            write!(f, "  validation loss {:.4}", validation.loss)?;
            validation.metrics.iter().try_for_each(|(name, value)| write!(f, "  {name} {value:.4}"))?;
        }
        write!(f, "  {:.0} s left", self.remaining().as_secs_f64())
    }
}

/// A bar on standard error that says how far a training is, what the loss and the metrics are, and how long the rest will take.
/// It stays as a line for each epoch; where standard error is no terminal, the line is all. [`Trainer::bar`](crate::Trainer::bar)
/// has one; in a loop of one's own a [`TrainingState`](crate::TrainingState) says the [`Progress`].
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let (bar, mut state) = (ProgressBar::new(), TrainingState::<f32>::new(&Sgd::new(0.1)));
/// for _ in 0..2 {
///     state.record(0.5, &[("accuracy", 0.75)], 10);
///     bar.step(&state.progress(1, 2));
/// }
/// state.end_epoch(None);
/// bar.epoch(&state.progress(1, 2));
/// assert!(format!("{:#}", state.progress(1, 2)).starts_with("epoch 1/1  loss 0.5000  accuracy 0.7500"));
/// ```
#[derive(Debug)]
pub struct ProgressBar {
    terminal: bool,
    drawn: Cell<Option<Instant>>,
}

impl ProgressBar {
    /// A bar that is not drawn yet.
    pub fn new() -> Self {
        ProgressBar { terminal: io::stderr().is_terminal(), drawn: Cell::new(None) }
    }

    /// Draws the bar anew, if it is not too soon: what is called after each mini-batch.
    pub fn step(&self, progress: &Progress<'_>) {
        if self.terminal && self.drawn.get().is_none_or(|drawn| drawn.elapsed() >= REDRAW) {
            self.draw(progress);
        }
    }

    /// An epoch has ended: its line.
    pub fn epoch(&self, progress: &Progress<'_>) {
        match self.terminal {
            true => {
                self.draw(progress);
                say("\n");
            }
            false => say(&format!("{progress:#}\n")),
        }
    }

    fn draw(&self, progress: &Progress<'_>) {
        self.drawn.set(Some(Instant::now()));
        // From the beginning of the line, and what was there before is wiped out.
        say(&format!("\r{progress}\x1b[K"));
    }
}

impl Default for ProgressBar {
    fn default() -> Self {
        Self::new()
    }
}

/// Who cannot be told how far training is does not stop it.
fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_what_is_done() {
        let metrics = [("accuracy".to_string(), 0.5)];
        let mut progress = Progress {
            epoch: 3,
            epochs: 30,
            step: 1,
            steps: 10,
            loss: 0.25,
            metrics: &metrics,
            validation: None,
            rate: 0.1,
            done: 0.0,
            elapsed: Duration::from_secs(10),
        };
        for (done, full, half) in [(0.01, 0, ""), (0.03, 0, "╸"), (0.5, 12, ""), (0.53, 12, "╸"), (1.0, 24, "")] {
            progress.done = done;
            let bar = progress.to_string();
            let bar = bar.split(' ').next().unwrap();
            assert!(bar.chars().count() == WIDTH && bar.starts_with(&("━".repeat(full) + half)), "{done}: {bar}");
            assert_eq!(bar.chars().filter(|c| *c == '━').count(), full, "{done}: {bar}");
        }
        progress.done = 1e-21;
        assert_eq!(progress.remaining(), Duration::MAX);
        progress.done = 0.2;
        assert_eq!(format!("{progress:#}"), "epoch  3/30  loss 0.2500  accuracy 0.5000  40 s left");
    }
}
