//! Differences at ever smaller steps, extrapolated to step 0 (Richardson 1911; of the table the entry that disagrees least with
//! its neighbours is taken: Ridders 1982).

/// Columns of a table; more amplify round-off and gain nothing.
pub(super) const COLUMNS: usize = 7;
/// By how much each step is smaller than the one before. It is no power of two: what an argument near 1e12 loses in
/// rounding would be the same at all steps, and agree.
pub(super) const SHRINK: f64 = 1.79;
/// The sum of the weights of an extrapolation that begins at the first power of the step, and at the second.
pub(super) const AMPLIFIED: [f64; 2] = [6.0, 3.0];
/// How many measured noises an error bar holds: it is measured by few samples.
pub(super) const NOISES: f64 = 8.0;
/// The rounding of f64.
pub(crate) const UNIT: f64 = f64::EPSILON / 2.0;

/// A table of extrapolations to step 0.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// The power of the step in the first term of the error, and how much higher the next ones are.
    first: i32,
    apart: i32,
    row: Vec<f64>,
    /// The entry of each complete row that disagrees least with its neighbours.
    pub(super) entries: Vec<Entry>,
}

/// An extrapolation, how much it disagrees with its neighbours, and the smallest step that it rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) value: f64,
    pub(super) error: f64,
    pub(super) step: f64,
    /// The difference at that step.
    pub(super) raw: f64,
    /// The sizes of the function there.
    pub(super) sizes: Sizes,
}

/// How large the numbers are that a difference was taken between, and the function's values among them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sizes {
    pub(super) size: f64,
    pub(super) magnitude: f64,
}

impl Sizes {
    pub(super) fn max(self, other: Sizes) -> Sizes {
        Sizes { size: self.size.max(other.size), magnitude: self.magnitude.max(other.magnitude) }
    }
}

impl Table {
    pub(super) fn new(first: i32, apart: i32) -> Self {
        Table { first, apart, row: Vec::new(), entries: Vec::new() }
    }

    /// Adds the difference at the next smaller step; `sizes` are those of the function there.
    pub(super) fn push(&mut self, difference: f64, step: f64, sizes: Sizes) {
        // Two values take part in a one-sided difference at once, in a central one at twice the step.
        let noise = UNIT * sizes.size / step * if self.first == 1 { 2.0 } else { 1.0 };
        let mut row = vec![difference];
        for j in 0..self.row.len().min(COLUMNS - 1) {
            let weight = SHRINK.powi(self.first + self.apart * j as i32) - 1.0;
            row.push(row[j] + (row[j] - self.row[j]) / weight);
        }
        // Two equal differences may be chance: a row counts from the third on.
        if row.len() >= 3 {
            let error = |j: usize| (row[j] - row[j - 1]).abs().max((row[j] - self.row[j - 1]).abs());
            let j = (1..row.len()).min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap_or(1);
            self.entries.push(Entry {
                value: row[j],
                error: error(j) + AMPLIFIED[self.first as usize - 1] * noise,
                step,
                raw: difference,
                sizes,
            });
        }
        self.row = row;
    }

    /// The function had no value at a step: the table begins anew below.
    pub(super) fn break_off(&mut self) {
        self.row.clear();
    }

    /// The entry with the smallest error among those at steps up to `longest`, and how many rows follow it.
    pub(super) fn best(&self, longest: f64) -> Option<(Entry, usize)> {
        let entries = self.entries.iter().enumerate().filter(|(_, e)| e.step <= longest);
        let (k, entry) = entries.min_by(|a, b| a.1.error.total_cmp(&b.1.error))?;
        Some((*entry, self.entries.len() - 1 - k))
    }

    /// The noise of the function as seen in the rows below the best, where extrapolation has nothing left to gain. A
    /// row may agree with its neighbours by chance; the next ones do not.
    pub(super) fn noise(&self, longest: f64) -> f64 {
        let below = self.best(longest).map_or(&[][..], |(_, age)| &self.entries[self.entries.len() - age..]);
        below.iter().map(|e| 0.5 * e.error * e.step).fold(0.0, f64::max)
    }

    /// Of the entries that agree with the best, the one with the smallest bar; that bar; and the largest magnitude.
    pub(super) fn with_noise(&self, noise: f64, longest: f64) -> Option<(Entry, f64, f64)> {
        let (best, _) = self.best(longest)?;
        let bar = |e: &Entry| 2.0 * e.error + NOISES * noise / e.step;
        let agrees = |e: &&Entry| e.step <= longest && (e.value - best.value).abs() <= bar(e) + bar(&best);
        let agreeing = || self.entries.iter().filter(agrees);
        let entry = agreeing().min_by(|a, b| bar(a).total_cmp(&bar(b))).copied().unwrap_or(best);
        Some((entry, bar(&entry), agreeing().map(|e| e.sizes.magnitude).fold(best.sizes.magnitude, f64::max)))
    }
}
