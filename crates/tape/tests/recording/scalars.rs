//! Scalars on both kinds of tape: sums of many numbers as single nodes, what a gradient-only tape folds, and what
//! scalar tapes are known to stumble over.

use wengert_tape::ops::SumOf;
use wengert_tape::prelude::*;
use wengert_tape::{GraphView, NodeKind, Replay};

const KINDS: [(&str, fn() -> Tape); 2] = [("full", Tape::new), ("gradient-only", Tape::gradient_only)];

fn message<R>(f: impl FnOnce() -> R) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        Ok(_) => "no panic".into(),
        Err(e) => e.downcast_ref::<String>().cloned().unwrap_or_else(|| (*e.downcast::<&str>().unwrap()).into()),
    }
}

/// Formulas of many numbers as a user writes them, each with its gradient by hand.
type Formula = (&'static str, fn(&[Scalar]) -> Scalar, fn(&[f64]) -> Vec<f64>);

fn formulas() -> Vec<Formula> {
    vec![
        ("sum of leaves", |x| x.iter().sum(), |x| vec![1.0; x.len()]),
        (
            "sum of the same",
            |x| x.iter().map(|_| x[1]).sum(),
            |x| (0..x.len()).map(|k| if k == 1 { x.len() as f64 } else { 0.0 }).collect(),
        ),
        ("sum of squares", |x| x.iter().map(|x| x * x).sum(), |x| x.iter().map(|x| 2.0 * x).collect()),
        (
            "sum of products",
            |x| x.windows(2).map(|w| w[0] * w[1]).sum(),
            |x| {
                let at = |k: Option<usize>| k.and_then(|k| x.get(k)).copied().unwrap_or(0.0);
                (0..x.len()).map(|k| at(k.checked_sub(1)) + at(Some(k + 1))).collect()
            },
        ),
        ("sum backwards", |x| x.iter().rev().sum(), |x| vec![1.0; x.len()]),
        (
            "sum with constants and gaps",
            |x| {
                let numbers = [x[0], Scalar::constant(3.0), x[3], x[1], x[4] * 2.0, x[1] * x[2], x[2], x[0].sin()];
                numbers.into_iter().sum()
            },
            |x| vec![1.0 + x[0].cos(), 1.0 + x[2], x[1] + 1.0, 1.0, 2.0],
        ),
        (
            "sum of nodes two apart and one more",
            |x| x.iter().map(|a| (a * x[0]).exp() + a * 0.5 * x[0]).sum::<Scalar>() + x[4],
            |x| {
                let mut g = vec![0.0; x.len()];
                for k in 0..x.len() {
                    let slope = (x[k] * x[0]).exp() + 0.5;
                    g[k] += slope * x[0];
                    g[0] += slope * x[k];
                }
                g[4] += 1.0;
                g
            },
        ),
        (
            "product",
            |x| x.iter().product(),
            |x| (0..x.len()).map(|k| (0..x.len()).filter(|j| *j != k).map(|j| x[j]).product()).collect(),
        ),
        (
            "product with a constant and a square",
            |x| [x[0], Scalar::constant(2.0), x[1], x[0]].iter().product(),
            |x| vec![4.0 * x[0] * x[1], 2.0 * x[0] * x[0], 0.0, 0.0, 0.0],
        ),
        ("dot", |x| Scalar::dot(&x[..3], &x[2..]), |x| vec![x[2], x[3], x[4] + x[0], x[1], x[2]]),
        (
            "dot with constants",
            |x| Scalar::dot(&[x[0] * 2.0, Scalar::constant(3.0), x[1]], &[x[1], x[2], Scalar::constant(0.5)]),
            |x| vec![2.0 * x[1], 2.0 * x[0] + 0.5, 3.0, 0.0, 0.0],
        ),
        ("log-sum-exp", Scalar::log_sum_exp_of, |x| {
            let total: f64 = x.iter().map(|x| x.exp()).sum();
            x.iter().map(|x| x.exp() / total).collect()
        }),
        (
            "mul_add",
            |x| (x[0] * 2.0).mul_add(x[1], x[2]) * x[3],
            |x| vec![2.0 * x[1] * x[3], 2.0 * x[0] * x[3], x[3], 2.0 * x[0] * x[1] + x[2], 0.0],
        ),
        (
            "compound assignment",
            |x| {
                let mut y = x[0];
                for k in 1..x.len() {
                    y += x[k] * x[k - 1];
                    y -= x[k];
                    y *= 0.5;
                }
                y
            },
            |x| {
                let n = x.len();
                let half = |k: usize| 0.5f64.powi((n - k) as i32);
                let mut g = vec![0.0; n];
                g[0] = half(1);
                for k in 1..n {
                    g[k] += half(k) * (x[k - 1] - 1.0);
                    g[k - 1] += half(k) * x[k];
                }
                g
            },
        ),
    ]
}

const AT: [f64; 5] = [0.7, -1.3, 0.4, 2.1, -0.6];

#[test]
fn gradients_of_many_numbers_are_those_by_hand() {
    let mut failures = Vec::new();
    for (name, formula, by_hand) in formulas() {
        let hand = by_hand(&AT);
        for (kind, open) in KINDS {
            let tape = open();
            let x = tape.scalars(&AT);
            let constants = AT.map(Scalar::constant);
            let y = formula(&x);
            if y.value() != formula(&constants).value() {
                failures.push(format!("{name}, {kind}: value {} for {}", y.value(), formula(&constants).value()));
            }
            let g = y.backward();
            for (k, hand) in hand.iter().enumerate() {
                let found = g.get(x[k]).copied().unwrap_or(0.0);
                if !((found - hand).abs() <= 1e-13 * (1.0 + hand.abs())) {
                    failures.push(format!("{name}, {kind}: by {k} {found} for {hand}"));
                }
            }
        }
        // The recorded gradient has the same value, and the Hessian its differences.
        let recorded = |at: &[f64]| {
            let tape = Tape::new();
            let x = tape.scalars(at);
            let g = formula(&x).backward_recorded();
            let slope = |k: usize| g.get(x[k]).copied();
            let row = |k: usize| slope(k).and_then(|g| g.try_backward());
            let rows: Vec<Vec<f64>> = (0..at.len())
                .map(|k| (0..at.len()).map(|j| row(k).map_or(0.0, |g| g.get(x[j]).copied().unwrap_or(0.0))).collect())
                .collect();
            ((0..at.len()).map(|k| slope(k).map_or(0.0, |g| g.value())).collect::<Vec<f64>>(), rows)
        };
        let (gradient, hessian) = recorded(&AT);
        for k in 0..AT.len() {
            if !((gradient[k] - hand[k]).abs() <= 1e-13 * (1.0 + hand[k].abs())) {
                failures.push(format!("{name}, recorded: by {k} {} for {}", gradient[k], hand[k]));
            }
            let (mut low, mut high) = (AT, AT);
            let h = 1e-5;
            low[k] -= h;
            high[k] += h;
            for (j, (low, high)) in by_hand(&low).iter().zip(by_hand(&high)).enumerate() {
                let difference = (high - low) / (2.0 * h);
                if !((hessian[k][j] - difference).abs() <= 1e-8 * (1.0 + difference.abs())) {
                    failures.push(format!("{name}, second by {k}, {j}: {} for {difference}", hessian[k][j]));
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn many_numbers_make_one_node_of_the_graph() {
    // name, formula, operation at the output, its arguments
    let table: [(&str, fn(&[Scalar]) -> Scalar, &str, usize); 6] = [
        ("sum", |x| x.iter().sum(), "sum_of", 5),
        ("sum out of order", |x| [x[3], x[0], x[4]].iter().sum(), "sum_of", 3),
        ("dot", |x| Scalar::dot(&x[..2], &x[3..]), "dot_of", 4),
        ("log-sum-exp", Scalar::log_sum_exp_of, "log_sum_exp_of", 5),
        ("mul_add", |x| x[0].mul_add(x[1], x[2]), "mul_add", 3),
        ("two", |x| x[..2].iter().sum(), "add", 2),
    ];
    for (name, formula, op, arguments) in table {
        let tape = Tape::new();
        let x = tape.scalars(&AT);
        let y = formula(&x);
        let graph = GraphView::of_scalar(y).unwrap();
        let output = graph.nodes.last().unwrap();
        assert_eq!((output.name().as_str(), output.parents.len()), (op, arguments), "{name}");
        let whole = GraphView::of_tape(&tape).unwrap();
        assert_eq!(whole.nodes.len(), 6, "{name}: five leaves and one node, {:?}", whole.nodes);
        // The graph is computed again at another point, by the operation's own rule.
        let moved = AT.map(|x| x * 0.5 + 0.1);
        let replay = Replay::of(Var::from(y)).unwrap();
        let leaves: Vec<(usize, Tensor)> = (x.iter().zip(moved))
            .filter_map(|(x, at)| Some((replay.position(Var::from(*x))?, Tensor::from(at))))
            .collect();
        let found = replay.with(&leaves).unwrap().output().item();
        assert_eq!(found, formula(&Tape::new().scalars(&moved)).value(), "{name}");
    }
}

/// The standard library's `sum` and `product` have no line of their caller to give.
#[test]
fn a_sum_has_the_line_of_what_it_adds() {
    let tape = Tape::new();
    let x = tape.scalars(&[1.0, 2.0, 3.0]);
    let line_of = |y: Scalar| {
        let view = GraphView::of_scalar(y).unwrap();
        let line = view.find_scalar(y).unwrap().line.unwrap();
        assert!(line.file().ends_with("scalars.rs"), "{line}");
        line.line()
    };
    let (line, y) = (line!(), x.iter().map(|x| *x * *x).sum());
    assert_eq!(line_of(y), line);
    let (line, y) = (line!(), [x[0] * x[1], Scalar::constant(1.0), x[1] * x[2]].iter().sum());
    assert_eq!(line_of(y), line);
    let (line, y) = (line!(), x.iter().map(|x| x.exp()).product());
    assert_eq!(line_of(y), line);
}

#[test]
fn third_derivatives_of_a_sum_and_a_dot_product() {
    let tape = Tape::new();
    let x = tape.scalars(&[0.5, -0.8, 1.2]);
    // Σ x⁴ + x·(x³): three times by one number gives 48 x
    let cubes: Vec<Scalar> = x.iter().map(|x| x.powi(3)).collect();
    let mut y = x.iter().map(|x| x.powi(4)).sum::<Scalar>() + Scalar::dot(&x, &cubes);
    for _ in 0..3 {
        y = y.backward_recorded()[x[1]];
    }
    assert!((y.value() - 48.0 * -0.8).abs() < 1e-11, "{}", y.value());
}

#[test]
fn a_sum_names_both_tapes_if_there_are_two() {
    let (one, two) = (Tape::new(), Tape::gradient_only());
    let foreign = "foreign tape: ";
    let x = [one.scalar(1.0), one.scalar(2.0), two.scalar(3.0)];
    let reversed = [x[2], x[2], x[1]];
    for f in [
        &(|| x.iter().sum::<Scalar>()) as &dyn Fn() -> Scalar,
        &|| reversed.iter().sum(),
        &|| x.iter().product(),
        &|| Scalar::dot(&x[..1], &x[2..]),
        &|| Scalar::log_sum_exp_of(&x),
        &|| x[0].mul_add(x[1], x[2]),
    ] {
        assert!(message(f).starts_with(foreign), "{}", message(f));
    }
    assert_eq!(message(|| Scalar::dot(&x[..1], &x[..2])), "dot: 1 numbers and 2");
}

/// A sum says that it goes from left to right: to the last bit, whatever kinds of number follow each other in it.
#[test]
fn a_sum_is_added_from_left_to_right() {
    // Magnitudes from 1 to 2⁴⁰, so that another order rounds to other bits.
    let value = |k: usize| (1.0 + (k as f64 * 0.618_033_988_749_895).fract()) * 2.0_f64.powi((k * 17 % 41) as i32);
    for (kind, tape) in KINDS {
        for pattern in 0..81_usize {
            for n in 0..12 {
                let tape = tape();
                let leaves: Vec<Scalar> = (0..n).map(|k| tape.scalar(value(k))).collect();
                // Four in turn: a product, which is a node made in the sum; what is folded; a constant.
                let kind_of = |k: usize| pattern / 3_usize.pow((k % 4) as u32) % 3;
                let number = |k: usize| match kind_of(k) {
                    0 => leaves[k] * leaves[(k + 1) % n],
                    1 => leaves[k] * 3.0,
                    _ => Scalar::constant(value(k)),
                };
                let plain = |k: usize| match kind_of(k) {
                    0 => value(k) * value((k + 1) % n),
                    1 => value(k) * 3.0,
                    _ => value(k),
                };
                let y: Scalar = (0..n).map(number).sum();
                let expected = (0..n).map(plain).fold(0.0, |sum, x| sum + x);
                assert_eq!(y.value().to_bits(), expected.to_bits(), "{kind}, pattern {pattern}, {n} numbers");
                if (0..n).any(|k| kind_of(k) < 2) {
                    let g = y.backward();
                    for (k, x) in leaves.iter().enumerate() {
                        let by = |j: usize| match kind_of(j) {
                            0 if n == 1 => 2.0 * value(0),
                            0 if j == k => value((k + 1) % n),
                            0 if (j + 1) % n == k => value(j),
                            1 if j == k => 3.0,
                            _ => 0.0,
                        };
                        let expected: f64 = (0..n).map(by).sum();
                        let found = g.get(*x).copied().unwrap_or(0.0);
                        let error = (found - expected).abs();
                        assert!(error <= 1e-15 * expected.abs(), "{kind}, pattern {pattern}, {n}: {found} {expected}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_sum_of_nothing_and_of_one() {
    let tape = Tape::new();
    let x = tape.scalar(3.0);
    assert_eq!(([].iter().sum::<Scalar>().value(), [].iter().product::<Scalar>().value()), (0.0, 1.0));
    let one: Scalar = [x].iter().sum();
    assert_eq!((one.backward()[x], tape.len()), (1.0, 1));
    let shifted: Scalar = [x, Scalar::constant(1.0), Scalar::constant(2.0)].iter().sum();
    assert_eq!((shifted.value(), shifted.backward()[x]), (6.0, 1.0));
    assert_eq!(Scalar::<f64>::log_sum_exp_of(&[]).value(), f64::NEG_INFINITY);
    assert_eq!(Scalar::<f64>::dot(&[], &[]).value(), 0.0);
}

/// A folded intermediate has no node: its handle asks for `retain`, and then it has a gradient.
#[test]
fn folded_intermediates_are_named_errors_until_retained() {
    let tape = Tape::gradient_only();
    let (x, z) = (tape.scalar(2.0), tape.scalar(5.0));
    let folded = [x * 3.0, x.sin(), x * x, 1.0 - x, [x, x].iter().sum(), [x, Scalar::constant(1.0)].iter().sum()];
    for (k, y) in folded.into_iter().enumerate() {
        let g = (y * z).backward();
        assert!(matches!(g.get(y), Err(Error::Folded)), "{k}");
        assert!(message(|| g[y]).starts_with("folded: a gradient-only tape keeps no node for this intermediate"));
        let kept = y.retain();
        assert_eq!((kept * z).backward()[kept], 5.0, "{k}");
        assert_eq!((kept * z).backward()[x], g[x], "{k}: the same gradient with it");
    }
    // One that is a node is not kept unless that is asked for, as on a full tape.
    let node = x * z;
    assert!(matches!((node * z).backward().get(node), Err(Error::NotRetained { .. })));
    let node = node.retain();
    assert_eq!((node * z).backward()[node], 5.0);
}

/// What needs the graph says which constructor to use.
#[test]
fn what_needs_the_graph_names_the_other_constructor() {
    let tape = Tape::gradient_only();
    let y = tape.scalar(2.0) * tape.scalar(3.0);
    let wanted: [(&str, String); 4] = [
        ("record gradients", message(|| y.backward_recorded())),
        ("keep every gradient", message(|| y.backward_all())),
        ("show its graph", GraphView::of_scalar(y).unwrap_err().to_string()),
        ("show its graph", GraphView::of_tape(&tape).unwrap_err().to_string()),
    ];
    for (wanted, found) in wanted {
        let expected = format!(
            "no graph: a gradient-only tape keeps slopes and no operations, and cannot {wanted}; record on `Tape::new()`"
        );
        assert_eq!(found, expected);
    }
}

/// A derivative of zero absorbs an infinite one, on both tapes alike.
#[test]
fn a_zero_slope_times_an_infinite_partial_is_zero() {
    for (kind, open) in KINDS {
        let tape = open();
        let (x, z) = (tape.scalar(0.0), tape.scalar(2.0));
        // √x has an infinite derivative at 0.
        let table = [
            ("unary", x.sqrt() * 0.0 + z),
            ("binary", x.sqrt() * z * 0.0 + z),
            ("by a zero", x.sqrt() * (z - 2.0) + z),
            ("sum", [x.sqrt() * 0.0, z, z * 0.0].iter().sum()),
            ("relu", (x.sqrt() - 1.0).relu() + z),
        ];
        for (name, y) in table {
            let g = y.backward();
            let found = g.get(x).copied().unwrap_or(0.0);
            assert!(found == 0.0 && g[z].is_finite(), "{name}, {kind}: {found} {}", g[z]);
        }
        let infinite = (x.sqrt() + z).backward();
        assert_eq!((infinite[x], infinite[z]), (f64::INFINITY, 1.0), "{kind}");
    }
}

/// Adjoints below 2⁻¹⁰²² keep what precision is left and do not turn into zeros before they must, unless there are thousands.
#[test]
fn adjoints_that_underflow_are_exact() {
    for (kind, open) in KINDS {
        for halvings in [1000, 1040, 1073, 1074, 1075, 1100] {
            let tape = open();
            let (x, half) = (tape.scalar(1.0), tape.scalar(0.5));
            let mut y = x;
            for _ in 0..halvings {
                y *= half; // two parents: a node on either tape
            }
            let g = y.backward();
            // 0.5ⁿ is exact down to 2⁻¹⁰⁷⁴, and 0 below
            assert_eq!(g.get(x).copied().unwrap_or(0.0), 0.5f64.powi(halvings), "{kind}, {halvings}");
        }
    }
}

#[test]
fn any_number_may_be_the_output_of_a_sweep() {
    for (kind, open) in KINDS {
        let tape = open();
        let x = tape.scalars(&[2.0, 3.0]);
        let early = x[0] * x[1];
        let more = tape.scalars(&[5.0, 7.0]);
        let w = tape.var(Tensor::from([1.0, 4.0]));
        let late = (early * more[1] + (w * early).sum().scalar()) * more[0];
        // Enough to need further chunks.
        let mut long = late;
        for _ in 0..20_000 {
            long = long * 0.999 + x[0];
        }
        let g = early.backward();
        assert_eq!((g[x[0]], g[x[1]]), (3.0, 2.0), "{kind}");
        assert!(g.get(more[0]).is_err() && g.get(w).is_err(), "{kind}");
        assert_eq!(x[1].backward()[x[1]], 1.0, "{kind}");
        let g = late.backward();
        assert_eq!((g[x[0]], g[more[0]], g[more[1]]), (3.0 * 12.0 * 5.0, 6.0 * 12.0, 30.0), "{kind}");
        assert_eq!(g[w].data(), [30.0, 30.0], "{kind}");
        assert!(long.backward()[x[0]].is_finite(), "{kind}");
        assert_eq!(late.backward()[more[1]], 30.0, "{kind}: again");
    }
}

#[test]
fn the_operation_of_a_sum_is_one_of_the_registry() {
    let tape = Tape::new();
    let x = tape.scalars(&AT);
    let graph = GraphView::of_scalar(x.iter().sum()).unwrap();
    let NodeKind::Op(op) = &graph.nodes[5].kind else { panic!("{:?}", graph.nodes[5].kind) };
    assert_eq!(*op, wengert_tape::ops::AnyOp::new(SumOf));
}

/// The paths off the hot one (a chunk that is full, a tape that was not in use, a constant, a sum of what stands in no
/// order) leave the numbers that a formula carries in registers as they were.
#[test]
fn what_a_formula_carries_outlives_the_rare_paths() {
    for (kind, tape) in KINDS {
        let (tape, other) = (tape(), Tape::new());
        let x = tape.scalar(0.5);
        let elsewhere = other.scalar(1.0);
        let mut carried: [f64; 12] = std::array::from_fn(|k| 1.0 + k as f64);
        let expected = carried;
        let (mut y, mut value) = (x, 0.5);
        for k in 0..40_000 {
            // Another tape is in use, and then this one again.
            let rare = if k % 7 == 0 { elsewhere + 1.0 } else { Scalar::constant(2.0) };
            y = (y * x + Scalar::constant(0.25)) * [y, x, y].iter().sum::<Scalar>() / (y + 3.0);
            value = (value * 0.5 + 0.25) * (value + 0.5 + value) / (value + 3.0);
            // Each is turned by one place and back.
            carried.rotate_left(1);
            let turned = carried.map(|c| c * rare.value());
            carried = turned.map(|c| c / rare.value());
            carried.rotate_right(1);
        }
        assert_eq!(y.value(), value, "{kind}");
        assert_eq!(carried, expected, "{kind}");
        assert!(y.backward()[x].is_finite(), "{kind}");
    }
}

/// What is wrong is found off the hot path, which cannot panic, and raised where the user wrote it.
#[test]
fn what_a_rare_path_finds_is_raised_at_the_users_line() {
    use std::cell::Cell;
    use std::panic;
    thread_local!(static SEEN: Cell<(u32, bool)> = const { Cell::new((0, false)) });
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if let Some(place) = info.location() {
            SEEN.set((place.line(), place.file().ends_with("scalars.rs")));
        }
        before(info);
    }));
    for (kind, tape) in KINDS {
        let (one, two, dropped) = (tape(), Tape::new(), tape());
        let (x, y) = (one.scalar(1.0), two.scalar(2.0));
        let (stale, another) = (dropped.scalar(3.0), dropped.scalar(4.0));
        drop(dropped);
        let wrong: [(u32, &str, &dyn Fn() -> Scalar); 4] = [
            (line!(), "foreign tape", &|| x + y),
            (line!(), "stale handle", &|| stale * another),
            (line!(), "foreign tape", &|| Scalar::dot(&[x], &[y])),
            (line!(), "foreign tape", &|| stale + x),
        ];
        for (line, expected, f) in wrong {
            let said = message(f);
            assert!(said.starts_with(expected), "{kind}, {line}: {said}");
            assert_eq!(SEEN.get(), (line, true), "{kind}");
        }
    }
    let _ = panic::take_hook();
}

/// A chain of slopes between ½ and 1 takes an adjoint down to the least numbers there are, which rounding then never lets
/// vanish, and with which processors take many times longer. A sweep that meets them takes them for 0.
#[test]
fn what_is_next_to_nothing_vanishes() {
    fn check<F: Float>() {
        for open in [Tape::of::<F> as fn() -> Tape<F>, Tape::gradient_only::<F>] {
            let tape = open();
            let b = tape.scalars(&[F::from_f64(0.1); 40_000]);
            let y = b.iter().fold(tape.scalar(F::one()), |x, b| x * 0.9 + *b);
            let g = y.backward();
            assert_eq!((g[b[39_998]], g[b[0]]), (F::from_f64(0.9), F::zero()), "{}", F::NAME);
        }
    }
    check::<f64>();
    check::<f32>();
}

/// A zero gradient and none are told apart wherever leaves stand among operations and tensors, over several chunks.
#[test]
fn leaves_with_a_zero_gradient_are_told_from_those_not_reached() {
    for (kind, open) in KINDS {
        let tape = open();
        let (zero, unreached) = (tape.scalar(2.0), tape.scalar(3.0));
        let mut y = zero * 0.0;
        let mut more = Vec::new();
        for k in 0..40_000 {
            y = y * 1.0 + if k % 10_000 == 0 { tape.scalar(1.0) } else { zero } * 0.5;
            if k % 10_000 == 5_000 {
                let beside = tape.scalar(4.0);
                more.push((tape.scalar(5.0), beside));
                let (reached, _) = more[more.len() - 1];
                // On to a tensor and back.
                y += (Var::from(reached) * 0.0).sum().scalar();
            }
        }
        let late = tape.scalar(1.0);
        let g = (y - zero * (40_000.0 - 4.0) * 0.5).backward();
        assert_eq!(g[zero], 0.0, "{kind}");
        for x in [unreached, late].into_iter().chain(more.iter().map(|m| m.1)) {
            assert!(matches!(g.get(x), Err(Error::NotConnected { .. })), "{kind}: {:?}", g.get(x));
        }
        more.iter().for_each(|(reached, _)| assert_eq!(g[*reached], 0.0, "{kind}"));
    }
}
