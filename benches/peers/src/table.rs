//! The table.

use crate::child::median;
use crate::{CRATES, PEERS};

/// The times of one workload.
pub struct Row {
    name: String,
    times: Vec<Option<f64>>,
}

/// For the gradient-only tape, as a ratio to the best crate: required and aimed at. For the full tape: required.
const GOALS: [(&str, f64, f64, f64); 9] = [
    ("S1", 0.65, 0.52, 1.0),
    ("S2", 0.63, 0.37, 1.0),
    ("S2-large", 0.42, 0.35, 1.0),
    ("S3-product", 1.0, 0.85, 1.2),
    ("S3-lse", 0.65, 0.55, 1.0),
    ("S4", 0.40, 0.32, 1.0),
    ("S5", 0.57, 0.45, 1.0),
    ("S6a", 0.48, 0.38, 1.0),
    ("S6b", 0.40, 0.21, 1.0),
];

impl Row {
    /// From the rounds of each peer their medians.
    pub fn medians(name: &str, times: &[Vec<f64>]) -> Self {
        Row::of(name, times, |t| (!t.is_empty()).then(|| median(&mut t.to_vec())))
    }

    /// From the rounds of each peer the least of them: what is left if others use the machine for most of the time.
    pub fn least(name: &str, times: &[Vec<f64>]) -> Self {
        Row::of(name, times, |t| t.iter().copied().min_by(f64::total_cmp))
    }

    fn of(name: &str, times: &[Vec<f64>], of_rounds: impl Fn(&[f64]) -> Option<f64>) -> Self {
        Row { name: name.into(), times: times.iter().map(|t| of_rounds(t)).collect() }
    }

    fn best(&self) -> (f64, &'static str) {
        let of = |k: usize| self.times[k].map(|t| (t, PEERS[k]));
        CRATES.filter_map(of).min_by(|a, b| a.0.total_cmp(&b.0)).expect("a crate that can do the workload")
    }

    fn ratio(&self, peer: &str) -> f64 {
        let at = PEERS.iter().position(|p| *p == peer).expect("a peer of the table");
        self.times[at].expect("our tapes do every workload") / self.best().0
    }

    pub fn progress(&self) -> String {
        let (full, gradient) = (self.ratio("full"), self.ratio("gradient-only"));
        let (best, name) = self.best();
        let times: Vec<String> = PEERS.iter().zip(&self.times).map(|(p, t)| format!("{p} {}", number(*t))).collect();
        format!(
            "{}: {}; best crate {name} {best:.2}, full {full:.2}, gradient-only {gradient:.2}",
            self.name,
            times.join(", ")
        )
    }
}

/// Nanoseconds for each elementary operation, and ratios to the best crate beside what is required and aimed at.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = format!("| workload | {} | full ÷ best (≤) | gradient-only ÷ best (≤, aim) |\n", PEERS.join(" | "));
    text += &format!("|{}\n", " --- |".repeat(PEERS.len() + 3));
    for row in rows {
        let times: Vec<String> = row.times.iter().map(|t| number(*t)).collect();
        let (full, gradient) = (row.ratio("full"), row.ratio("gradient-only"));
        let goal = GOALS.iter().find(|g| g.0 == row.name);
        let (required, aim, whole) = goal.map_or((f64::NAN, f64::NAN, f64::NAN), |g| (g.1, g.2, g.3));
        text += &format!(
            "| {} | {} | {full:.2} ({whole}){} | {gradient:.2} ({required}, {aim}){} |\n",
            row.name,
            times.join(" | "),
            if full <= whole { "" } else { " missed" },
            if gradient <= required { "" } else { " missed" },
        );
    }
    text
}

fn number(time: Option<f64>) -> String {
    time.map_or("–".into(), |t| if t < 100.0 { format!("{t:.2}") } else { format!("{t:.0}") })
}
