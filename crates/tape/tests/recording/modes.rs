//! The differential operators, gradients as values, and what looks on while a sweep runs.

use std::cell::RefCell;
use std::rc::Rc;

use wengert_tape::prelude::*;

/// Whether two tensors agree to 12 digits.
fn close(a: &Tensor, b: &Tensor) {
    assert_eq!(a.shape(), b.shape());
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * (1.0 + b.abs());
    assert!(a.data().iter().zip(b.data()).all(near), "{a} instead of {b}");
}

/// Numbers that follow no pattern.
fn numbers(shape: &[usize], seed: f64) -> Tensor {
    let n = shape.iter().product();
    Tensor::new(shape.to_vec(), (0..n).map(|i| (1.3 * i as f64 + seed).sin()).collect())
}

#[test]
fn a_jacobian_is_the_same_in_both_directions() {
    let (a, x) = (numbers(&[5, 3], 0.1), numbers(&[3], 0.2));
    // 18 numbers to 5: by rows; 3 numbers to 5: by columns
    let (by_a, by_x) = jacobian(|(a, x)| a.matmul(x).sin(), (&a, &x)).unwrap();
    let alone = jacobian(|x| x.lift(&Param::new(a.clone())).matmul(x).sin(), &x).unwrap();
    close(&by_x, &alone);
    // ∂ sin(a·x)ᵢ / ∂a[j, k] = cos(a·x)ᵢ x[k] where i = j
    let slope = a.matmul(&x).cos();
    for (i, j, k) in (0..5).flat_map(|i| (0..5).flat_map(move |j| (0..3).map(move |k| (i, j, k)))) {
        let expected = if i == j { slope[[i]] * x[[k]] } else { 0.0 };
        assert!((by_a[[i, j, k]] - expected).abs() < 1e-14);
    }
    // of numbers, in an array
    let [dx, dy] = jacobian(|[x, y]: [Scalar; 2]| x * x * y, [3.0_f64, 5.0]).unwrap();
    assert_eq!((dx.item(), dy.item()), (30.0, 9.0));
    // of nothing that it depends on
    let still = jacobian(|x| x.stop_gradient() * 2.0, &x).unwrap();
    assert_eq!(still, Tensor::zeros([3, 3]));
}

#[test]
fn hessians_of_several_tensors_are_made_of_blocks() {
    let (a, b) = (numbers(&[2, 3], 0.3), numbers(&[3], 0.4));
    let f = |(a, b): (Var, Var)| (a.matmul(b).exp() * a.sum()).sum();
    let ((aa, ab), (ba, bb)) = hessian(f, (&a, &b)).unwrap();
    assert_eq!((aa.shape(), ab.shape()), (&Shape::from([2, 3, 2, 3]), &Shape::from([2, 3, 3])));
    close(&ab.reshape([6, 3]).t(), &ba.reshape([3, 6]));
    let (va, vb) = (numbers(&[2, 3], 0.5), numbers(&[3], 0.6));
    let (pa, pb) = hvp(f, (&a, &b), (&va, &vb)).unwrap();
    close(&pa.reshape([6]), &(aa.reshape([6, 6]).matmul(va.reshape([6])) + ab.reshape([6, 3]).matmul(&vb)));
    close(&pb, &(ba.reshape([3, 6]).matmul(va.reshape([6])) + bb.matmul(&vb)));
    // Forward over reverse is reverse over reverse.
    let (twice, _) = grad(
        |(a, b): (Var, Var)| {
            let g = f((a, b)).backward_recorded();
            (g[a] * &va).sum() + (g[b] * &vb).sum()
        },
        (&a, &b),
    )
    .unwrap();
    close(&pa, &twice);
}

#[test]
fn directions_of_another_form_are_named() {
    let x = Tensor::from([1.0, 2.0]);
    let message = |e: Error| e.to_string();
    let shorter = Tensor::from([1.0]);
    assert_eq!(message(jvp(|x: Var| x * 2.0, &x, &shorter).unwrap_err()), "jvp: the direction has shape [1], not [2]");
    assert_eq!(
        message(hvp(|x: Vec<Var>| (x[0] * x[0]).sum(), vec![x.clone()], vec![]).unwrap_err()),
        "hvp: the vector has 0 parts, the point 1"
    );
}

#[test]
fn per_sample_gradients_are_those_of_each_sample_alone() {
    let (w, b) = (numbers(&[3, 2], 0.7), numbers(&[2], 0.8));
    let rows = numbers(&[4, 3], 0.9);
    let loss = |(w, b): (Var, Var), x: &Tensor| (x.matmul_into(w) + b).tanh().sum();
    let samples: Vec<Tensor> = (0..4).map(|i| rows.rows([i])).collect();
    let all = per_sample_gradients(loss, (&w, &b), &samples).unwrap();
    let norms = per_sample_norms(loss, (&w, &b), &samples).unwrap();
    assert_eq!((all.len(), norms.len()), (4, 4));
    let mut sum = (Tensor::zeros([3, 2]), Tensor::zeros([2]));
    for ((gw, gb), norm) in all.iter().zip(&norms) {
        sum = (&sum.0 + gw, &sum.1 + gb);
        let square: f64 = gw.data().iter().chain(gb.data()).map(|g| g * g).sum();
        assert!((square.sqrt() - norm).abs() < 1e-14);
    }
    let (gw, gb) = grad(|(w, b): (Var, Var)| (rows.matmul_into(w) + b).tanh().sum(), (&w, &b)).unwrap();
    close(&sum.0, &gw);
    close(&sum.1, &gb);
    // A sample that has no gradient is an error.
    assert!(per_sample_gradients(|x: Var, s: f64| x.stop_gradient().sum() * s, &w, [1.0]).is_err());
}

/// A plain tensor times a recorded one.
trait MatmulInto {
    fn matmul_into(&self, w: Var) -> Var;
}
impl MatmulInto for Tensor {
    fn matmul_into(&self, w: Var) -> Var {
        Lift::constant(&w, self.clone()).matmul(w)
    }
}

#[test]
fn gradients_are_added_scaled_and_cut() {
    let tape = Tape::new();
    let (a, w, unused) = (tape.scalar(2.0), tape.var(Tensor::from([1.0, -3.0])), tape.scalar(1.0));
    let (first, second) = ((w * a).sum(), (w * w).sum() + a * a);
    let mut g = first.backward();
    g.accumulate(&second.backward()).unwrap();
    let both = (first + second).backward();
    drop(tape);
    assert_eq!((g[a], &g[w]), (both[a], &both[w]));
    assert!(matches!(g.get(unused), Err(Error::NotConnected { .. })));
    g.scale(0.5);
    assert_eq!((g[a], g[w].data()), (1.0, &[2.0, -2.0][..]));
    assert_eq!(g.norm(), 3.0);
    assert_eq!(g.clip_norm(4.0), 3.0);
    assert_eq!(g.norm(), 3.0);
    g.clip_value(1.5);
    assert_eq!((g[a], g[w].data()), (1.0, &[1.5, -1.5][..]));
    let vector = g.vector(|_| None);
    assert_eq!(vector.values, [1.0, 1.5, -1.5]);
    let names: Vec<&str> = vector.parts.iter().map(|p| p.name.as_str()).collect();
    assert!(names[0] == "scalar %1" && names[1].starts_with("var at ") && names[1].contains("modes.rs:"), "{names:?}");
    // A sweep that keeps everything has the same leaves.
    let tape = Tape::new();
    let (a, _) = (tape.scalar(3.0), tape.scalar(4.0));
    let y = a * a;
    assert_eq!(y.backward_all().norm(), y.backward().norm());
    assert_eq!(y.backward_all().vector(|_| None), y.backward().vector(|_| None));
}

#[test]
fn gradients_of_another_tape_are_matched_by_parameter_alone() {
    let (w, v) = (Param::new(Tensor::from([1.0])), Param::new(Tensor::from([2.0])));
    let on = |f: &dyn Fn(Var) -> Var| {
        let tape = Tape::new();
        f(tape.input(Tensor::from([3.0]))).sum().backward()
    };
    let mut g = on(&|x| x * x.lift(&w));
    g.accumulate(&on(&|x| x * x.lift(&v) + x.lift(&w))).unwrap();
    assert_eq!((g.param(&w).unwrap().item(), g.param(&v).unwrap().item()), (4.0, 3.0));
    let tape = Tape::new();
    let leaf = tape.var(Tensor::from([1.0]));
    assert!(matches!(g.accumulate(&leaf.sum().backward()), Err(Error::ForeignTape)));
}

#[test]
fn hooks_see_each_gradient_once_and_complete() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([1.0, 2.0]));
    let seen = Rc::new(RefCell::new(Vec::new()));
    let into = |name: &'static str| {
        let seen = Rc::clone(&seen);
        move |g: &Tensor| seen.borrow_mut().push((name, g.to_vec()))
    };
    x.on_gradient(into("x"));
    let y = (x * 3.0).on_gradient(into("y"));
    let s = (y * y + y).sum(); // dy = 2 y + 1
    let expected = [("y", vec![7.0, 13.0]), ("x", vec![21.0, 39.0])];
    s.backward();
    assert_eq!(seen.take(), expected);
    s.backward_all();
    assert_eq!(seen.take(), expected);
    s.backward_recorded();
    assert_eq!(seen.take(), expected);
    // What an output does not reach is not shown.
    (x * 2.0).sum().backward();
    assert_eq!(seen.take(), [("x", vec![2.0, 2.0])]);
}

#[test]
fn a_missing_gradient_says_why() {
    let tape = Tape::new();
    let (x, w) = (tape.var(Tensor::from([1.0, 2.0])), tape.var(Tensor::from([3.0, 4.0])));
    let y = (select(x.greater(1.5), &w, 0.0) * w.stop_gradient()).sum();
    let g = y.backward();
    let reason = g.get(x).unwrap_err().to_string();
    assert!(
        reason.contains("only through `greater` (") && reason.ends_with("which has no derivative by it"),
        "{reason}"
    );
    let other = tape.var(Tensor::from([0.0]));
    let reason = other.sum().backward().get(w).unwrap_err().to_string();
    assert!(reason.contains("does not depend on the var made at"), "{reason}");
    let reason = x.stop_gradient().sum().try_backward().unwrap_err().to_string();
    assert!(reason.contains("only through `stop_gradient` ("), "{reason}");
    let reason = tape.input(Tensor::from([1.0])).sum().try_backward().unwrap_err().to_string();
    assert!(reason.contains("depends on inputs alone"), "{reason}");
}

#[test]
fn sums_of_gradients_are_looked_up_by_number() {
    let tape = Tape::new();
    let numbers = tape.scalars(&[1.0, 2.0, 3.0]);
    let later = tape.scalar(4.0);
    let (first, second) = (numbers[0] * 2.0, numbers[1] * 3.0 + numbers[2] * later);
    let mut sum = first.backward();
    sum.accumulate(&second.backward()).unwrap();
    sum.accumulate(&first.backward()).unwrap();
    let found: Vec<f64> = numbers.iter().chain([&later]).map(|x| sum[*x]).collect();
    assert_eq!(found, [4.0, 3.0, 4.0, 3.0]);
}

/// A function that is differentiated inside another, at a recorded point: its derivative is by its argument alone, and depends on
/// what it uses of the outer function.
#[test]
fn a_gradient_inside_a_function_keeps_what_it_depends_on() {
    // x · ∂(x·y)/∂y at y = x is x²: 16, and 8.
    let at_x = |x: Scalar| x * grad(|y: Scalar| x * y, x).unwrap();
    assert_eq!(value_and_grad(at_x, 4.0).unwrap(), (16.0, 8.0));
    let at_x = |x: Var| (x * grad(|y: Var| (x * y).sum(), x).unwrap()).sum();
    let (value, slope) = value_and_grad(at_x, &Tensor::from([4.0, 3.0])).unwrap();
    assert_eq!((value, slope.data()), (25.0, &[8.0, 6.0][..]));
    // At a constant, it is x · x as well.
    let at_4 = |x: Var| x * grad(|y: Var| x * y, x.constant(Tensor::from(4.0))).unwrap();
    let (value, slope) = value_and_grad(at_4, &Tensor::from(4.0)).unwrap();
    assert_eq!((value, slope.item()), (16.0, 8.0));
    // ∂/∂y (x y²) = 2xy, at y = x² it is 2x³, with derivative 6x²; and its own derivative inside, 2x, with derivative 2.
    let (value, slope) = value_and_grad(|x: Scalar| grad(|y: Scalar| x * y * y, x * x).unwrap(), 3.0).unwrap();
    assert_eq!((value, slope), (54.0, 54.0));
    let second = |x: Scalar| grad(|y: Scalar| grad(|z: Scalar| x * z * z, y).unwrap(), x).unwrap();
    assert_eq!(value_and_grad(second, 3.0).unwrap(), (6.0, 2.0));
    // Two parts of a point that are one value outside: each has its own derivative.
    let parts = |x: Scalar| {
        let (a, b) = grad(|(a, b): (Scalar, Scalar)| a * b * b, (x, x)).unwrap();
        a + b * 10.0 // x² + 20 x²
    };
    assert_eq!(value_and_grad(parts, 2.0).unwrap(), (84.0, 84.0));
    // At a plain number the inner gradient is a number: what would be lost is refused, without advice that loses it.
    let message = std::panic::catch_unwind(|| grad(|x: Scalar| x * grad(|y: Scalar| x * y, 4.0).unwrap(), 4.0));
    let message = message.unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(message.contains("differentiated at a recorded point: `grad(f, x)`"), "{message}");
    // A number of no tape is no point.
    let error = grad(|y: Scalar| y * y, Scalar::constant(4.0)).unwrap_err();
    assert!(matches!(error, Error::NotConnected { .. }), "{error}");
}
