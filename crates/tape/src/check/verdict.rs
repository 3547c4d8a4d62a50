//! From an analytic derivative and a measured one to a verdict.

use std::fmt;

use super::extrapolation::UNIT;
use super::slope::Slope;

/// What a check says, of one derivative or of all. In order of weight: the heaviest of its parts is the verdict of a
/// whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The two agree, and the error bar is so short that a relative error of 1e-6 (1e-3 in `f32`) would have shown.
    Pass,
    /// The function has a kink here, or its domain ends: the derivative lies between the one-sided ones.
    Kink,
    /// The two agree within the error bar, but the bar is long.
    CannotTell,
    /// The two differ by more than the error bar.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Pass => "pass",
            Verdict::Kink => "kink",
            Verdict::CannotTell => "cannot tell",
            Verdict::Fail => "fail",
        })
    }
}

/// A verdict on one derivative, before it is known what the rest of the graph says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    Pass,
    /// They agree, and the bar is short beside the derivative, but a kink might be too weak to be seen.
    Resolved,
    /// They agree, and the bar is short beside the size of the function, but not beside this derivative.
    Small,
    Kink,
    CannotTell,
    Fail,
}

/// Judges an analytic derivative, whose own round-off is `rounding`, by a measured one.
pub(crate) fn judge(analytic: f64, rounding: f64, slope: &Slope, tolerance: f64) -> Judgement {
    use Judgement::{CannotTell, Fail, Kink, Pass, Resolved, Small};
    let bar = slope.bar + rounding;
    let size = analytic.abs().max(slope.value.abs());
    if slope.bar.is_infinite() {
        return CannotTell;
    }
    if !analytic.is_finite() {
        // Where even the measured one grows without bound, an infinite derivative is no mistake.
        let found = slope.bar <= 0.1 * slope.value.abs() || slope.bar <= tolerance * slope.natural;
        return if analytic.is_nan() || found { Fail } else { CannotTell };
    }
    if slope.is_kink(tolerance) {
        let ((low, high), bar) = (slope.sides(), slope.side_bar() + rounding);
        return if analytic >= low - bar && analytic <= high + bar { Kink } else { Fail };
    }
    let difference = (analytic - slope.value).abs();
    let unseen = slope.unseen();
    if difference > bar {
        // A function that never moved may lose small derivatives to rounding inside.
        let invisible = slope.bar == 0.0 && size * slope.scale <= UNIT;
        return if difference > bar + unseen + slope.doubt && !invisible { Fail } else { CannotTell };
    }
    let resolved = bar <= 0.5 * tolerance * size;
    let bar = bar + unseen;
    if slope.edge {
        return if resolved { Kink } else { CannotTell };
    }
    if bar <= 0.5 * tolerance * size {
        return Pass;
    }
    if resolved {
        return Resolved;
    }
    let zero = analytic.abs() <= rounding.max(16.0 * UNIT * slope.natural);
    match bar <= tolerance * slope.natural {
        true if zero => Pass,
        true => Small,
        false => CannotTell,
    }
}

/// The bar that is stated: one that cannot tell a difference apart is at least as long as the difference.
pub(crate) fn stated_bar(verdict: Verdict, analytic: f64, numeric: f64, bar: f64) -> f64 {
    let apart = (analytic - numeric).abs();
    if verdict == Verdict::CannotTell && apart.is_finite() { bar.max(apart) } else { bar }
}

/// How many decimal digits of a derivative its bar vouches for.
pub(crate) fn digits(size: f64, bar: f64) -> u32 {
    if !size.is_finite() {
        return 0;
    }
    if bar == 0.0 {
        return 16;
    }
    (size.abs() / bar).log10().clamp(0.0, 16.0) as u32
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn digits_of_what_is_measured() {
        assert_eq!((digits(1.0, 1e-3), digits(0.0, 1.0), digits(5.0, 0.0)), (3, 0, 16));
        // Of what is no number nothing is vouched for, however small the bar.
        assert_eq!((digits(f64::INFINITY, 1e292), digits(f64::INFINITY, 1e-3), digits(f64::NAN, 0.0)), (0, 0, 0));
    }
}
