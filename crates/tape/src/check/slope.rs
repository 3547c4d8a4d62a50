//! The derivative of a function of one number, measured, with an error bar.
//!
//! Differences are taken at ever smaller steps, from a tenth of the size of the coordinate downwards. With
//! `F(h) = (φ(h) − φ(0))/h` and `B(h) = (φ(0) − φ(−h))/h`, the half sum is the central difference, whose error has even
//! powers of `h`; the difference `F − B` has odd powers, and what is left of it as `h → 0` is the jump of a kink. Both
//! are extrapolated (Richardson 1911) and the entry of the table that disagrees least with its neighbours is taken
//! (Ridders 1982).
//!
//! A table knows nothing of what happens below its smallest step. So the difference is then measured at steps thousands
//! of times smaller: for a smooth function it deviates there by round-off alone, which gives the size of the function's
//! noise where it matters; what deviates more is looked at again with a table of its own, from there downwards.

use super::extrapolation::{SHRINK, Sizes, Table, UNIT};

/// A relative error at which a table is good enough.
const GOAL: f64 = 1e-10;
/// As much for the jump, which decides between kink and no kink and is no part of the result.
const GOAL_OF_JUMP: f64 = 1e-9;
/// Steps before giving up.
const LEVELS: i32 = 70;
/// Levels without improvement after which a table has met its noise.
const STALE: usize = 6;
/// Levels below the one that was good enough, to see that it was not so by chance.
const CONFIRMING: usize = 2;
/// Steps in a row at which one side has no value: that is the edge of the function's domain.
const EDGE: usize = 20;
/// A jump is taken from steps that are no longer than the derivative's by more than this: at longer ones the function
/// may be another.
const NEAR: f64 = 4.0;
/// Where, below its step, a jump is looked for again.
const CONFIRMING_STEP: f64 = 1.0 / 16.0;
/// Where, below the step that the table chose, noise is measured: here, and at the smallest step there is (at least as
/// far below as the second, for an argument of 0, which has none).
const BELOW: f64 = 1.0 / 4096.0;
const DEEP: f64 = 1.0 / (1 << 20) as f64;
/// How far below a table that is contradicted the next one begins: a power of two.
const NEXT_TABLE: i32 = -10;
/// What a table below the first must resolve to be believed instead.
const CONSISTENT: f64 = 1e-2;
/// Noise of this size relative to the change of the function leaves nothing to measure.
const DROWNED: f64 = 0.03;
/// Tables below the first.
const TABLES: usize = 4;
/// Where the last table begins, in smallest steps.
const BOTTOM: f64 = 512.0;
/// A table needs as many times the smallest step, so that its noise can be measured below it.
const ROOM: f64 = 1048576.0;

/// The function at a displacement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// The displacement after rounding.
    pub(crate) t: f64,
    /// φ(t) − φ(0)
    pub(crate) delta: f64,
    /// The size of the numbers that this difference was taken between: its round-off is of the order of `UNIT` times it.
    pub(crate) size: f64,
    /// The size of the function's values alone, without the numbers inside that `size` may be due to.
    pub(crate) magnitude: f64,
}

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Slope {
    /// The derivative; at a kink the mean of the two one-sided ones.
    pub(crate) value: f64,
    /// The true one lies within this distance.
    pub(crate) bar: f64,
    /// The right one-sided derivative less the left one.
    pub(crate) jump: f64,
    /// The bar of `jump`.
    pub(crate) jump_bar: f64,
    /// By how much the difference deviates at steps far below, more than rounding explains: noise inside the function,
    /// or something that the steps were too long to see.
    pub(crate) doubt: f64,
    /// Whether the function exists only on one side.
    pub(crate) edge: bool,
    /// The size of the function's values over that of its argument: a derivative is small beside it, or is not.
    pub(crate) natural: f64,
    /// The size over which the function was taken to vary.
    pub(crate) scale: f64,
    /// Steps and the central differences there, for a picture of error against step.
    pub(crate) curve: Vec<(f64, f64)>,
    /// How often the function was called.
    pub(crate) evaluations: usize,
}

impl Slope {
    /// Whether the two sides differ by more than their bars, and by enough to matter at this tolerance.
    pub(crate) fn is_kink(&self, tolerance: f64) -> bool {
        let matters = self.value.abs().max(0.5 * self.jump.abs()).max(self.natural);
        self.jump.abs() > 4.0 * self.jump_bar && self.jump.abs() > 0.25 * tolerance * matters
    }

    /// The one-sided derivatives, the smaller first.
    pub(crate) fn sides(&self) -> (f64, f64) {
        let half = 0.5 * self.jump.abs();
        (self.value - half, self.value + half)
    }

    /// The bar of the one-sided derivatives.
    pub(crate) fn side_bar(&self) -> f64 {
        self.bar + 0.5 * self.jump_bar
    }

    /// By how much a kink that is too weak to be seen may move the measured derivative: half of its jump.
    pub(crate) fn unseen(&self) -> f64 {
        if self.edge { 0.0 } else { 0.5 * (self.jump.abs() + 4.0 * self.jump_bar) }
    }

    /// Whether a relative error of `tolerance` in the derivative would show.
    pub(crate) fn resolves(&self, tolerance: f64) -> bool {
        self.bar <= 0.5 * tolerance * self.value.abs()
    }

    /// Whether nothing more is to be measured: it is resolved, and a kink is seen, or one that matters is excluded.
    fn is_told(&self, tolerance: f64) -> bool {
        let excluded = self.bar + self.unseen() <= 0.5 * tolerance * self.value.abs();
        self.resolves(tolerance) && (excluded || self.is_kink(tolerance))
    }

    fn unknown() -> Self {
        Slope {
            value: 0.0,
            bar: f64::INFINITY,
            jump: 0.0,
            jump_bar: f64::INFINITY,
            doubt: 0.0,
            edge: false,
            natural: 0.0,
            scale: 1.0,
            curve: Vec::new(),
            evaluations: 0,
        }
    }
}

/// Measures the derivative at 0 of φ; `None` stands for no finite value. `scales` are sizes over which the function may
/// vary, the likeliest first; below the step `smallest` the argument is too coarse to be moved.
pub(crate) fn measure(
    phi: &mut dyn FnMut(f64) -> Option<Reading>,
    scales: &[f64],
    smallest: f64,
    tolerance: f64,
) -> Slope {
    let mut measuring =
        Measuring { phi, tolerance, smallest, sizes: Sizes::default(), reach: 0.0, curve: Vec::new(), evaluations: 0 };
    let mut found: Option<Slope> = None;
    for scale in scales {
        let slope = measuring.at_scale(*scale);
        let resolved = slope.resolves(tolerance);
        let small = slope.bar <= 1e-3 * tolerance * slope.natural;
        // Small beside the function, but not nothing: over another size it may be resolved.
        let settled = slope.is_told(tolerance) || small && slope.value.abs() <= slope.bar;
        let better = match &found {
            None => true,
            // What is resolved over its likeliest size is measured again only to exclude a kink.
            Some(f) if f.resolves(tolerance) => {
                slope.is_told(tolerance) && (f.value - slope.value).abs() <= f.bar + slope.bar
            }
            Some(f) => resolved || small && f.bar > slope.bar,
        };
        if better {
            found = Some(slope);
        }
        if settled {
            break;
        }
    }
    let (evaluations, curve) = (measuring.evaluations, measuring.curve);
    Slope { evaluations, curve, ..found.unwrap_or_else(Slope::unknown) }
}

struct Measuring<'a> {
    phi: &'a mut dyn FnMut(f64) -> Option<Reading>,
    tolerance: f64,
    smallest: f64,
    /// The sizes of the last reading.
    sizes: Sizes,
    /// By how much the function changed at most.
    reach: f64,
    curve: Vec<(f64, f64)>,
    evaluations: usize,
}

impl Measuring<'_> {
    fn at_scale(&mut self, scale: f64) -> Slope {
        // A step that is no simple fraction of the scale does not fall in step with a function that repeats.
        let (mut slope, mut below) = self.two_sided(0.090_857 * scale, scale);
        // At a kink, or where small steps contradict large ones, what counts is the smaller scale, if it can be seen.
        for _ in 0..TABLES {
            let Some(next) = below.filter(|next| *next >= self.smallest * ROOM) else { break };
            let (finer, deeper) = self.two_sided(next, scale);
            slope = self.finer_of(slope, finer);
            below = deeper;
        }
        if slope.doubt > 0.0 && self.smallest > 0.0 {
            let (finest, _) = self.two_sided(self.smallest * BOTTOM, scale);
            slope = self.finer_of(slope, finest);
        }
        slope
    }

    /// The slope at the smaller scale, if it is one.
    fn finer_of(&self, slope: Slope, finer: Slope) -> Slope {
        let smooth = finer.resolves(CONSISTENT) && !finer.is_kink(self.tolerance);
        let apart = (finer.value - slope.value).abs() > finer.bar + slope.bar;
        let kink = slope.is_kink(self.tolerance) && finer.resolves(self.tolerance);
        if smooth && (kink || apart || finer.bar < slope.bar) { finer } else { slope }
    }

    fn read(&mut self, t: f64) -> Option<Reading> {
        self.evaluations += 1;
        let reading = (self.phi)(t).filter(|r| r.delta.is_finite() && r.t != 0.0)?;
        self.sizes = reading.sizes();
        Some(reading)
    }

    /// Steps, as far down as the argument can be moved.
    fn steps(&self, start: f64) -> impl Iterator<Item = f64> + use<> {
        let smallest = self.smallest;
        (0..LEVELS).map(move |level| start * SHRINK.powi(-level)).take_while(move |h| *h >= smallest)
    }

    /// The smallest step at which a difference says something.
    fn deepest(&self, step: f64) -> f64 {
        if self.smallest > 0.0 { (16.0 * self.smallest).min(step * DEEP).max(self.smallest) } else { step * DEEP }
    }

    /// The central difference and the difference of the two sides at a step.
    fn pair(&mut self, h: f64) -> Option<(f64, f64)> {
        let (right, left) = (self.read(h), self.read(-h));
        let (right, left) = (right?, left?);
        self.sizes = right.sizes().max(left.sizes());
        self.reach = self.reach.max(right.delta.abs()).max(left.delta.abs());
        let central = (right.delta - left.delta) / (right.t - left.t);
        self.curve.push((h, central));
        Some((central, right.delta / right.t - left.delta / left.t))
    }

    /// The measured derivative and, if a smaller scale should be looked at, the step to begin at there.
    fn two_sided(&mut self, start: f64, scale: f64) -> (Slope, Option<f64>) {
        let (mut central, mut jump) = (Table::new(2, 2), Table::new(1, 2));
        let mut missing = 0;
        self.reach = 0.0;
        for h in self.steps(start) {
            let Some((c, j)) = self.pair(h) else {
                central.break_off();
                jump.break_off();
                missing += 1;
                // A function with holes has values on both sides of its argument, near enough.
                if missing == EDGE && central.entries.is_empty() && !self.exists_on_both_sides(start) {
                    return (self.one_sided(start, scale), None);
                }
                continue;
            };
            missing = 0;
            central.push(c, h, self.sizes);
            jump.push(j, h, self.sizes);
            let Some((c, age)) = central.best(f64::INFINITY) else { continue };
            let Some((j, jump_age)) = jump.best(c.step * NEAR) else { continue };
            let noise = UNIT * self.sizes.size / h;
            let found = c.value.abs().max(j.value.abs());
            let resolved = c.error <= GOAL * c.value.abs() || noise >= c.error;
            let settled = j.error <= GOAL_OF_JUMP * found || 2.0 * noise >= j.error;
            let age = age.min(jump_age);
            if resolved && settled && age >= CONFIRMING || age >= STALE && c.error <= 1e-2 * found {
                break;
            }
        }
        let Some((best, _)) = central.best(f64::INFINITY) else { return (Slope::unknown(), None) };
        let below = best.step * 2f64.powi(NEXT_TABLE);
        let floor = UNIT * best.sizes.size;
        let (mut noise, mut doubt) = (floor.max(central.noise(f64::INFINITY)), 0.0_f64);
        for h in [best.step * BELOW, self.deepest(best.step)] {
            let h = h.max(self.smallest);
            if let Some((c, _)) = self.pair(h) {
                let deviation = (c - best.value).abs();
                noise = noise.max(deviation * h);
                if deviation > 64.0 * floor / h + 0.1 * self.tolerance * (c.abs() + best.value.abs()) {
                    doubt = doubt.max(deviation);
                }
            }
        }
        if noise > 64.0 * floor && noise > DROWNED * self.reach {
            // The steps were all too long, or there is nothing but noise.
            return (Slope { natural: best.sizes.magnitude / scale, scale, ..Slope::unknown() }, Some(below));
        }
        let longest = best.step * NEAR;
        let ((central, bar, magnitude), (jump, jump_bar, _)) = match (
            central.with_noise(noise, f64::INFINITY),
            jump.with_noise(2.0 * noise.max(jump.noise(longest)), longest),
        ) {
            (Some(central), Some(jump)) => (central, jump),
            _ => return (Slope::unknown(), Some(below)),
        };
        let mut slope = Slope {
            value: central.value,
            bar,
            jump: jump.value,
            jump_bar,
            doubt,
            edge: false,
            natural: magnitude / scale,
            scale,
            curve: Vec::new(),
            evaluations: 0,
        };
        let look_below = doubt > 0.0 || slope.is_kink(self.tolerance);
        if slope.is_kink(self.tolerance) {
            // A kink is the same at a smaller step. Curvature beside the round-off of φ(0), which all steps share, has a
            // step between at which both together stand still and look like one.
            let curvature = CONFIRMING_STEP * (jump.raw - jump.value);
            let stays = |j: f64| (j - curvature - jump.value).abs() <= 0.5 * jump.value.abs();
            if !self.pair(jump.step * CONFIRMING_STEP).is_some_and(|(_, j)| stays(j)) {
                slope.jump_bar = slope.jump_bar.max(jump.value.abs());
            }
        }
        (slope, look_below.then_some(below))
    }

    /// Whether the function has values on both sides of its argument, however near.
    fn exists_on_both_sides(&mut self, start: f64) -> bool {
        self.pair(self.deepest(start)).is_some() || self.smallest > 0.0 && self.pair(2.0 * self.smallest).is_some()
    }

    /// The derivative from the one side on which the function has values.
    fn one_sided(&mut self, start: f64, scale: f64) -> Slope {
        let mut found = Slope::unknown();
        for side in [1.0, -1.0] {
            let (mut start, mut slope) = (start, self.of_side(side, start, scale));
            // Where small steps contradict large ones, what counts is the smaller scale.
            for _ in 0..TABLES {
                start *= 2f64.powi(NEXT_TABLE);
                if slope.doubt == 0.0 || start < self.smallest * BOTTOM {
                    break;
                }
                let finer = self.of_side(side, start, scale);
                if finer.doubt < slope.doubt || finer.resolves(CONSISTENT) {
                    slope = finer;
                }
            }
            if slope.bar < found.bar {
                found = slope;
            }
        }
        found
    }

    /// The derivative from one side.
    fn of_side(&mut self, side: f64, start: f64, scale: f64) -> Slope {
        let mut table = Table::new(1, 1);
        for h in self.steps(start) {
            let Some(r) = self.read(side * h) else {
                table.break_off();
                continue;
            };
            table.push(r.delta / r.t, h, self.sizes);
            let Some((best, age)) = table.best(f64::INFINITY) else { continue };
            let resolved = best.error <= GOAL * best.value.abs() || 2.0 * UNIT * self.sizes.size / h >= best.error;
            if resolved && age >= CONFIRMING || age >= STALE && best.error <= 1e-2 * best.value.abs() {
                break;
            }
        }
        let Some((best, _)) = table.best(f64::INFINITY) else { return Slope::unknown() };
        let floor = 2.0 * UNIT * best.sizes.size;
        let noise = table.noise(f64::INFINITY).max(floor);
        let Some((entry, bar, magnitude)) = table.with_noise(noise, f64::INFINITY) else { return Slope::unknown() };
        let mut doubt = 0.0_f64;
        for h in [best.step * BELOW, self.deepest(best.step)] {
            let h = h.max(self.smallest);
            if let Some(r) = self.read(side * h) {
                let deviation = (r.delta / r.t - entry.value).abs();
                if deviation > bar + 64.0 * floor / h + 0.1 * self.tolerance * entry.value.abs() {
                    doubt = doubt.max(deviation);
                }
            }
        }
        let natural = magnitude / scale;
        Slope { value: entry.value, bar, jump_bar: 0.0, doubt, edge: true, natural, scale, ..Slope::unknown() }
    }
}

impl Reading {
    fn sizes(&self) -> Sizes {
        Sizes { size: self.size, magnitude: self.magnitude }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slope of `f` at `x`, as the checker measures it.
    fn at(f: &dyn Fn(f64) -> f64, x: f64) -> Slope {
        let y = f(x);
        let mut phi = |t: f64| {
            let (moved, z) = (x + t, f(x + t));
            let size = y.abs().max(z.abs());
            Some(Reading { t: moved - x, delta: z - y, size, magnitude: size }).filter(|_| z.is_finite())
        };
        let scales: &[f64] = if x == 0.0 { &[1.0] } else { &[x.abs(), 1.0] };
        measure(&mut phi, scales, 1024.0 * UNIT * x.abs(), 1e-6)
    }

    type Row = (&'static str, fn(f64) -> f64, f64, f64);

    /// Name, function, point, derivative: all are resolved, and the truth is within the bar.
    const SMOOTH: &[Row] = &[
        ("constant", |_| 3.0, 0.7, 0.0),
        ("line", |x| 3.0 * x + 1.0, 0.7, 3.0),
        ("square", |x| x * x, -0.3, -0.6),
        ("sin", f64::sin, 0.7, 0.764_842_187_284_488_4),
        ("exp", f64::exp, 1.0, std::f64::consts::E),
        ("fast wave", |x| (1e4 * x).sin(), 0.5, -3.0),
        ("steep wall", |x| (1e6 * (x - 0.5)).tanh(), 0.5, 1e6),
        ("steep step at 0", |x| (1e9 * x).tanh(), 0.0, 1e9),
        ("spike", |x| x * (-(x * 1e6).powi(2)).exp(), 0.0, 1.0),
        ("wave in step", |x| (64.0 * std::f64::consts::TAU * x).sin(), 1.0, 64.0 * std::f64::consts::TAU),
        ("large", |x| (x / 1e8).powi(3), 3e8, 27e-8),
        ("tiny", |x| (x * 1e12).exp(), 1e-12, 1e12 * std::f64::consts::E),
        ("near a domain's edge", f64::ln, 1e-3, 1e3),
        ("pole near", |x| 1.0 / x, 1e-4, -1e8),
        ("near a kink", |x| (x - 1.0).abs(), 1.0 + 1e-5, 1.0),
        ("nearer to a kink", |x| if x > 1.0 { x * x } else { 1.0 }, 1.0 + 1e-7, 2.0 + 2e-7),
    ];

    #[test]
    fn what_is_smooth_is_measured_within_its_bar() {
        let mut failures = String::new();
        for (name, f, x, truth) in SMOOTH {
            let truth = if *name == "fast wave" { 1e4 * (1e4 * x).cos() } else { *truth };
            let s = at(f, *x);
            let small = if truth == 0.0 { 1e-9 * s.natural } else { 5e-7 * truth.abs() };
            let good = (s.value - truth).abs() <= s.bar && s.bar <= small && !s.is_kink(1e-6);
            if !good {
                failures += &format!("{name}: {truth} measured as {s:?}\n");
            }
        }
        assert!(failures.is_empty(), "\n{failures}");
    }

    #[test]
    fn kinks_show_their_two_sides() {
        type Row = (&'static str, fn(f64) -> f64, f64, f64, f64);
        let table: &[Row] = &[
            ("abs", f64::abs, 0.0, -1.0, 1.0),
            ("rectifier", |x| x.max(0.0), 0.0, 0.0, 1.0),
            ("on a slope", |x| x.sin() + (x - 1.0).abs() * 0.1, 1.0, 1f64.cos() - 0.1, 1f64.cos() + 0.1),
            ("weak", |x| x * x + 1e-4 * (x - 1.0).abs(), 1.0, 2.0 - 1e-4, 2.0 + 1e-4),
            ("a hair away", |x| (x - 1.0).abs(), 1.0 + 1e-15, -1.0, 1.0),
            ("small numbers", |x| (x - 1e-9).abs(), 1e-9, -1.0, 1.0),
        ];
        let mut failures = String::new();
        for (name, f, x, left, right) in table {
            let s = at(f, *x);
            let (a, b) = s.sides();
            if !s.is_kink(1e-6) || (a - left).abs() > s.side_bar() || (b - right).abs() > s.side_bar() {
                failures += &format!("{name}: {s:?}\n");
            }
        }
        assert!(failures.is_empty(), "\n{failures}");
    }

    #[test]
    fn what_cannot_be_resolved_says_so_and_holds_the_truth() {
        type Row = (&'static str, fn(f64) -> f64, f64, f64);
        let table: &[Row] = &[
            ("cancellation", |x| (1e8 + x) - 1e8, 0.7, 1.0),
            ("harder", |x| (1e12 + x) - 1e12, 0.7, 1.0),
            ("buried", |x| 1e14 + x.sin(), 0.7, 0.764_842_187_284_488_4),
            ("expanded power", |x: f64| (0..8).map(|k| BINOMIAL[k] * x.powi(k as i32)).sum(), 1.0 + 1e-3, 7e-18),
        ];
        const BINOMIAL: [f64; 8] = [-1.0, 7.0, -21.0, 35.0, -35.0, 21.0, -7.0, 1.0];
        let mut failures = String::new();
        for (name, f, x, truth) in table {
            let s = at(f, *x);
            if (s.value - truth).abs() > s.bar || s.resolves(1e-9) {
                failures += &format!("{name}: {truth} measured as {s:?}\n");
            }
        }
        assert!(failures.is_empty(), "\n{failures}");
    }

    #[test]
    fn at_the_edge_of_the_domain_one_side_is_measured() {
        let s = at(&|x| if x < 0.0 { f64::NAN } else { x.powf(2.0) + 3.0 * x }, 0.0);
        assert!(s.edge && (s.value - 3.0).abs() <= s.bar && s.bar < 1e-6, "{s:?}");
        let s = at(&|x| x.sqrt(), 0.0);
        assert!(s.edge && s.bar > 0.1 * s.value, "{s:?}");
    }
}
