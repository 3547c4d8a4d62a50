//! Functions that move in steps, such as one that rounds a number inside: between two steps nothing moves, and a
//! difference says so with a bar of nothing. Of a recorded graph the round-off inside is known; of a closure it is not.

/// Where a function is looked at for its first step, in sizes of its argument, and how often that is halved.
const FROM: f64 = 0.7;
const HALVINGS: i32 = 40;
/// How well the place of a step is found, relative to its distance.
const NEAR: i32 = 20;
/// A function that leaves a level without a step has moved by less than this, relative to where it is at twice the
/// distance.
const STEP: f64 = 1e-3;

/// The steepest mean slope over the first steps on both sides of 0, of a function that is level around it: how far its
/// derivative may be from 0 if the steps are rounding. `None` if it does not go up, or down, in steps.
pub(crate) fn mean_slope(delta: &mut dyn FnMut(f64) -> Option<f64>, scale: f64) -> Option<f64> {
    let (right, left) = (first_step(delta, scale)?, first_step(delta, -scale)?);
    (right > 0.0 && left > 0.0 || right < 0.0 && left < 0.0).then(|| right.abs().max(left.abs()))
}

/// The slope of the way to the first step in a direction.
fn first_step(delta: &mut dyn FnMut(f64) -> Option<f64>, scale: f64) -> Option<f64> {
    let at = |k: i32| FROM * scale * 0.5f64.powi(k);
    let first = (0..HALVINGS).find(|k| delta(at(*k)).is_some())?;
    (delta(at(first)) != Some(0.0)).then_some(())?;
    let level = at((first + 1..HALVINGS).find(|k| delta(at(*k)) == Some(0.0))?);
    let mut beyond = 2.0 * level;
    let mut inside = level;
    for _ in 0..NEAR {
        let middle = 0.5 * (inside + beyond);
        if delta(middle)? == 0.0 { inside = middle } else { beyond = middle }
    }
    let height = delta(beyond)?;
    (height.abs() > STEP * delta(2.0 * beyond)?.abs()).then_some(height / beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_from_levels_that_end() {
        type Row = (&'static str, fn(f64) -> f64, f64, Option<[f64; 2]>);
        let table: &[Row] = &[
            ("rounded to thousandths", |x| ((x * 1e3).round() * 1e-3).sin(), 0.7004, Some([0.7, 10.0])),
            ("rounded inside", |x| 2.0 * ((x + 1e14) - 1e14), 0.7, Some([1.9, 10.0])),
            ("going down", |x| -(x * 1e4).round(), 0.7, Some([1e4, 3e4])),
            ("dead until a corner", |x: f64| (x - 0.72).max(0.0) - (0.68 - x).max(0.0), 0.7, None),
            ("one step beside", |x| if x > 0.71 { 1.0 } else { 0.0 }, 0.7, None),
            ("a well", |x| if (x - 0.7).abs() < 0.01 { 0.0 } else { 1.0 }, 0.7, None),
            ("constant", |_| 3.0, 0.7, None),
        ];
        let mut failures = String::new();
        for (name, f, x, expected) in table {
            let found = mean_slope(&mut |t| Some(f(x + t) - f(*x)), x.abs());
            let good = match (found, expected) {
                (Some(found), Some([low, high])) => found >= *low && found <= *high,
                (found, expected) => found.is_none() && expected.is_none(),
            };
            if !good {
                failures += &format!("{name}: {found:?} instead of {expected:?}\n");
            }
        }
        assert!(failures.is_empty(), "\n{failures}");
    }
}
