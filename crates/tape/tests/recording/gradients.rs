//! What a sweep returns and shows: sums of gradients, kept gradients, hooks.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use wengert_tape::{CustomOp, Replay, prelude::*};

/// The gradients of a + b on one sweep, and as the sum of those of a and of b: recorded after each other, or with all that b
/// needs younger than a.
#[test]
fn a_sum_of_gradients_is_the_gradient_of_the_sum() {
    type Ask = fn(&Gradients) -> Vec<f64>;
    let asks: [(&str, Ask); 4] = [
        ("norm", |g| vec![g.norm()]),
        ("vector", |g| g.vector(|_| None).values),
        ("unreached", |g| vec![g.unreached().len() as f64]),
        ("clipped", |g| {
            let mut g = g.clone();
            vec![g.clip_norm(1.0), g.norm(), g.vector(|_| None).values.iter().fold(0.0, |m, x| x.abs().max(m))]
        }),
    ];
    let mut failures = Vec::new();
    let params: Vec<Param> = (1..=3).map(|k| Param::new(Tensor::from([k as f64]))).collect();
    for younger in [false, true] {
        for all in [false, true] {
            let tape = Tape::new();
            let (a, p) = (tape.scalar(3.0), tape.scalar(2.0));
            let first = |_: ()| Var::from(a * p) + a_param(&tape, &params[0]).powi(2).sum();
            let early = if younger { Some(first(())) } else { None };
            let early_gradients = early.map(|y| if all { y.backward_all() } else { y.backward() });
            let (b, w) = (tape.scalar(20.0), tape.var(Tensor::from([10.0, -7.0])));
            let idle = tape.scalar(1.0);
            let y = early.unwrap_or_else(|| first(()));
            let z = Var::from(b * b * a) + (w * w).sum() * 20.0 + a_param(&tape, &params[1]).powi(3).sum();
            a_param(&tape, &params[2]);
            let mut sum = early_gradients.unwrap_or_else(|| if all { y.backward_all() } else { y.backward() });
            sum.accumulate(&if all { z.backward_all() } else { z.backward() }).unwrap();
            let whole = (y + z).backward();
            let mut same = |what: &str, found: Vec<f64>, expected: Vec<f64>| {
                if found.len() != expected.len()
                    || found.iter().zip(&expected).any(|(a, b)| (a - b).abs() > 1e-9 * b.abs())
                {
                    failures.push(format!("{what}, younger {younger}, all {all}: {found:?}, expected {expected:?}"));
                }
            };
            for (what, ask) in &asks {
                same(what, ask(&sum), ask(&whole));
            }
            same("a", vec![sum[a]], vec![whole[a]]);
            same("b", vec![sum[b]], vec![whole[b]]);
            same("w", sum[w].to_vec(), whole[w].to_vec());
            for param in &params[..2] {
                same("param", sum.param(param).map_or(vec![], Tensor::to_vec), whole.param(param).unwrap().to_vec());
            }
            let missing = sum.get(idle).unwrap_err().to_string();
            same(&missing, vec![], vec![]);
            assert_eq!(missing, "not connected: the output does not depend on it");
            assert!(sum.param(&params[2]).is_err());
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn a_param(tape: &Tape, param: &Param) -> Var {
    tape.input(Tensor::from([0.0])).lift(param)
}

/// The case of the report: what is younger than the first output counts in the length, and is shortened.
#[test]
fn no_gradient_escapes_the_limit() {
    let tape = Tape::new();
    let a = tape.scalar(1.0);
    let mut g = (a * 1.0).backward();
    let b = tape.scalar(1.0);
    g.accumulate(&(b * 400.0).backward()).unwrap();
    let norm = g.clip_norm(1.0);
    assert!((norm - 400.0_f64.hypot(1.0)).abs() < 1e-9, "{norm}");
    assert!((g.norm() - 1.0).abs() < 1e-6 && g[b] < 1.0, "{} {}", g.norm(), g[b]);
}

/// An intermediate that was kept in one of two sweeps has no sum.
#[test]
fn an_intermediate_has_a_sum_if_both_sweeps_kept_it() {
    let tape = Tape::new();
    let (x, v) = (tape.scalar(2.0), tape.var(Tensor::from([1.0, 3.0])));
    let (s, t) = (x * x, v * v);
    let before = (s * 3.0 + t.sum() * 5.0).backward();
    let (s, t) = (s.retain(), t.retain());
    let y = s * 7.0 + t.sum() * 11.0;
    let after = y.backward();
    assert_eq!((after[s], after[t].data()), (7.0, &[11.0, 11.0][..]));
    for (mut sum, other) in [(before.clone(), after.clone()), (after.clone(), before)] {
        sum.accumulate(&other).unwrap();
        assert!(matches!(sum.get(s), Err(Error::NotRetained { .. })), "{:?}", sum.get(s));
        assert!(matches!(sum.get(t), Err(Error::NotRetained { .. })), "{:?}", sum.get(t));
    }
    let mut twice = after.clone();
    twice.accumulate(&after).unwrap();
    assert_eq!((twice[s], twice[t].data()), (14.0, &[22.0, 22.0][..]));
    // Recorded after the first output, it has no part in that.
    let mut first = (x * 2.0).backward();
    let late = (x * 5.0).retain();
    first.accumulate(&(late * 3.0).backward()).unwrap();
    assert_eq!((first[late], first[x]), (3.0, 17.0));
}

type Seen = Rc<RefCell<Vec<f64>>>;

fn seen() -> (Seen, impl Fn(f64)) {
    let all = Seen::default();
    let other = Rc::clone(&all);
    (all, move |g| other.borrow_mut().push(g))
}

/// Every way to a hooked number or tensor, on both kinds of tape, in each kind of sweep: the hook is shown the derivative once,
/// 0 where it is 0, and nothing where the output does not depend on the node.
#[test]
fn a_hook_is_shown_the_gradient_once() {
    let mut failures = Vec::new();
    let mut check = |what: String, found: &Seen, expected: &[f64]| {
        if found.borrow()[..] != *expected {
            failures.push(format!("{what}: {:?}, not {expected:?}", found.borrow()));
        }
        found.borrow_mut().clear();
    };
    for gradient_only in [false, true] {
        // Leaves before, between and after others in one run, and alone.
        for (leaves, at) in [(1, 0), (3, 0), (3, 1), (3, 2)] {
            let tape = if gradient_only { Tape::gradient_only() } else { Tape::new() };
            let all = tape.scalars(&vec![2.0; leaves]);
            let (shown, hook) = seen();
            let hooked = all[at].on_gradient(hook);
            let apart = tape.scalar(5.0);
            let y = all.iter().copied().sum::<Scalar>() * hooked;
            let what = format!("leaf {at} of {leaves}, gradient only {gradient_only}");
            let g = y.backward();
            check(what.clone(), &shown, &[2.0 * leaves as f64 + 2.0]);
            assert_eq!(g[hooked], 2.0 * leaves as f64 + 2.0);
            check(format!("{what}, derivative 0"), &shown, &[]);
            (y * 0.0 + apart).backward();
            check(format!("{what}, derivative 0"), &shown, &[0.0]);
            (apart * apart).backward();
            check(format!("{what}, another output"), &shown, &[]);
            if !gradient_only {
                y.backward_all();
                check(format!("{what}, all"), &shown, &[2.0 * leaves as f64 + 2.0]);
                y.backward_recorded();
                check(format!("{what}, recorded"), &shown, &[2.0 * leaves as f64 + 2.0]);
                (apart * apart).backward_all();
                check(format!("{what}, another output, all"), &shown, &[]);
            }
        }
        // An intermediate number, and a tensor.
        let tape = if gradient_only { Tape::gradient_only() } else { Tape::new() };
        let (x, apart) = (tape.scalar(3.0), tape.scalar(4.0));
        let (shown, hook) = seen();
        let square = (x * x).on_gradient(hook);
        let (shown_tensor, hook) = seen();
        let w = tape.var(Tensor::from([1.0, 2.0]));
        let t = (w * w).on_gradient(move |g: &Tensor| hook(g.data()[1]));
        let (shown_input, hook) = seen();
        let input = tape.input(Tensor::from([1.0, 1.0])).on_gradient(move |g: &Tensor| hook(g.data()[0]));
        let what = format!("gradient only {gradient_only}");
        ((t * input).sum() * square).backward();
        check(format!("number, {what}"), &shown, &[5.0]);
        check(format!("tensor, {what}"), &shown_tensor, &[9.0]);
        (apart * 2.0).backward();
        check(format!("number apart, {what}"), &shown, &[]);
        check(format!("tensor apart, {what}"), &shown_tensor, &[]);
        let stopped = (t * input).sum().scalar() * 0.0 + square * 0.0 + apart;
        stopped.backward();
        check(format!("number times 0, {what}"), &shown, &[0.0]);
        check(format!("tensor times 0, {what}"), &shown_tensor, &[0.0]);
        square.backward();
        check(format!("the output itself, {what}"), &shown, &[1.0]);
        check(format!("an input, {what}"), &shown_input, &[]);
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn a_hook_that_sweeps_does_not_call_itself() {
    let tape = Tape::new();
    let x = tape.scalar(3.0);
    let calls = Rc::new(Cell::new((0, 0.0)));
    let counted = Rc::clone(&calls);
    let y = x * x;
    let y = y.on_gradient(move |_| counted.set((counted.get().0 + 1, y.backward()[x])));
    for k in 1..=3 {
        assert_eq!((y * 2.0).backward()[x], 12.0);
        assert_eq!(calls.get(), (k, 6.0));
    }
    // A hook that panics leaves the next sweep its hooks.
    let z = (x * 5.0).on_gradient(|_| panic!("no"));
    assert!(catch_unwind(AssertUnwindSafe(|| z.backward())).is_err());
    (y * 2.0).backward();
    assert_eq!(calls.get().0, 4);
}

/// Leaves, retained numbers and tensors, on both kinds of tape: what the output does not depend on says so, in one way.
#[test]
fn what_is_not_reached_says_so() {
    for gradient_only in [false, true] {
        let tape = if gradient_only { Tape::gradient_only() } else { Tape::new() };
        let (x, w) = (tape.scalar(2.0), tape.var(Tensor::from([1.0, 2.0])));
        let (s, t) = ((x * x).retain(), (w * w).retain());
        let rank0 = (w * 2.0).sum().retain();
        let of_input = (tape.input(Tensor::from([1.0, 2.0])) * 3.0).retain();
        let other = tape.scalar(1.0);
        let g = (other * 3.0).backward();
        for missing in [
            g.get(x).map(drop),
            g.get(s).map(drop),
            g.get(t).map(drop),
            g.get(rank0).map(drop),
            g.get(of_input).map(drop),
        ] {
            let Err(Error::NotConnected { reason }) = &missing else {
                panic!("gradient only {gradient_only}: {missing:?}")
            };
            assert_eq!(reason, "the output does not depend on it");
        }
        // Reached with a derivative of 0, they have one.
        let g = ((s + rank0.scalar() + t.sum().scalar()) * 0.0 + other).backward();
        assert_eq!(
            (g[s], g[rank0].item(), g[t].data(), g[x], g[w].data()),
            (0.0, 0.0, &[0.0, 0.0][..], 0.0, &[0.0, 0.0][..])
        );
        if !gradient_only {
            let g = (other * 3.0).backward_all();
            assert!(matches!(g.get(x * x), Err(Error::NotConnected { .. })));
            assert!(
                matches!(g.get(s), Err(Error::NotConnected { .. }))
                    && matches!(g.get(t), Err(Error::NotConnected { .. }))
            );
        }
    }
}

#[test]
fn a_replay_knows_its_tape_and_its_shapes() {
    let (here, there) = (Tape::new(), Tape::new());
    let (x, y) = (here.var(Tensor::from([1.0, 2.0])), there.var(Tensor::from([5.0, 6.0])));
    let mask = here.input(Tensor::from([true, false]));
    let replay = Replay::of(select(mask, &x, 1.0).sum()).unwrap();
    let at = replay.position(x).unwrap();
    assert_eq!((replay.position(y), replay.clone().position(x)), (None, Some(at)));
    let error = replay.with(&[(at, Tensor::from([1.0, 2.0, 3.0]))]).unwrap_err().to_string();
    assert_eq!(error, "with: node 0 has shape [2], given [3]; record the program again");
    let message = |f: &dyn Fn()| {
        let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
        payload.downcast_ref::<String>().cloned().unwrap_or_default()
    };
    let one = Tensor::from([1.0, 1.0]);
    assert_eq!(message(&|| drop(replay.with(&[(1, one.clone())]))), "with: node 1 holds no numbers");
    assert_eq!(message(&|| drop(replay.with(&[(9, one.clone())]))), "with: there is no node 9, the last of 5 is 4");
    assert_eq!(message(&|| drop(replay.with(&[(4, Tensor::from(1.0))]))), "with: node 4 is an operation");
    assert!(message(&|| drop(replay.cotangents(one.clone()))).starts_with("cotangents: the output has shape []"));
    assert!(
        message(&|| drop(replay.tangents(&[(at, Tensor::from(1.0))]))).starts_with("tangents: node 0 has shape [2]")
    );
}

/// An inverse of two by two by hand, which refuses a singular matrix, ones among them.
#[test]
fn a_closure_that_refuses_ones_is_an_operation() {
    fn inverse(a: &Tensor) -> Tensor {
        let [p, q, r, s] = a.data()[..] else { panic!("two by two") };
        let det = p * s - q * r;
        assert!(det != 0.0, "singular");
        Tensor::new([2, 2], vec![s / det, -q / det, -r / det, p / det])
    }
    let new =
        || CustomOp::new("inverse2", |a: &[Tensor]| inverse(&a[0]), |g, _a, y| vec![-y.t().matmul(g).matmul(y.t())]);
    let a = Tensor::from([[2.0, 1.0], [1.0, 3.0]]);
    assert_eq!(new().call(&[&a]), inverse(&a));
    let (value, gradient) = value_and_grad(|x: Var| new().call(&[&x]).sum(), &a).unwrap();
    assert!((value - 0.6).abs() < 1e-15);
    // ∂/∂a Σ a⁻¹ = −a⁻ᵀ 1 a⁻ᵀ, with a⁻¹1 = (2, 1)/5 on both sides
    let expected = [-0.16, -0.08, -0.08, -0.04];
    assert!(gradient.data().iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-15), "{gradient}");
    check_gradients(|x: Var| new().call(&[&x]).sum(), &a).unwrap();
    let tape = Tape::of::<f32>();
    let x = tape.var(a.cast::<f32>());
    assert_eq!(new().call(&[&x]).value().shape(), &[2, 2]);
    // After numbers, shapes alone are known too.
    let op = new();
    op.call(&[&a]);
    assert_eq!(op.call(&[&Shape::from([2, 2])]), [2, 2]);
}

/// What closures give in another shape is refused by the operation's name, in every build.
#[test]
fn closures_keep_to_their_shapes() {
    let x = Tensor::from([1.0, 2.0]);
    let bad = CustomOp::new("bad", |a: &[Tensor]| a[0].clone(), |g, _a, _y| vec![g.clone()])
        .with_jvp(|_k, d, _a, _y| d.sum());
    let error = jvp(|v: Var| bad.call(&[&v]), &x, &x).unwrap_err().to_string();
    assert!(error.starts_with("bad: its jvp returns a tangent of shape [] where [2] is due"), "{error}");
    let positive =
        CustomOp::new("positive", |a: &[Tensor]| a[0].masked_select(a[0].greater(0.0)), |g, _a, _y| vec![g.clone()]);
    assert_eq!(positive.call(&[&x]).len(), 2);
    let payload = catch_unwind(AssertUnwindSafe(|| positive.call(&[&Tensor::from([1.0, -2.0])]))).unwrap_err();
    let message = payload.downcast_ref::<String>().unwrap();
    assert!(message.starts_with("positive: its forward returns a value of shape [1] where [2] is due"), "{message}");
}
