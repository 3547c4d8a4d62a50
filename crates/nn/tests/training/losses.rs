//! Losses against their definitions, under every reader, and their gradients in closed form.

use wengert_nn::prelude::*;
use wengert_tape::Dual;

fn example() -> (Tensor, Tensor) {
    let rng = &mut generator(4);
    (Tensor::randn([3, 5], rng), Tensor::rand([3, 5], rng))
}

type Squared = (&'static str, fn(Var, Var) -> Var, fn(Tensor, Tensor) -> Tensor, f64);

/// Each squared error is Σ (a − y)² over all elements times a factor, and its gradient is 2 (a − y) times it.
#[test]
fn squared_errors_differ_by_their_scaling() {
    let (a, y) = example();
    let table: [Squared; 3] = [
        ("mse", mse, mse, 1.0 / 15.0),
        ("sum_squared_error", sum_squared_error, sum_squared_error, 1.0 / 3.0),
        ("half_squared_error", half_squared_error, half_squared_error, 1.0 / 6.0),
    ];
    for (name, recorded, plain, factor) in table {
        let expected: f64 = factor * a.data().iter().zip(y.data()).map(|(a, y)| (a - y).powi(2)).sum::<f64>();
        assert!((plain(a.clone(), y.clone()).item() - expected).abs() < 1e-14, "{name}");
        let tape = Tape::new();
        let (va, vy) = (tape.var(a.clone()), tape.input(y.clone()));
        let loss = recorded(va, vy);
        assert_eq!(loss.item(), plain(a.clone(), y.clone()).item(), "{name}");
        let gradient = loss.backward()[va].clone();
        for ((g, a), y) in gradient.data().iter().zip(a.data()).zip(y.data()) {
            assert!((g - 2.0 * factor * (a - y)).abs() < 1e-15, "{name}: {g}");
        }
    }
}

#[test]
fn cross_entropy_is_minus_the_log_of_the_probability() {
    let (outputs, _) = example();
    let classes = Tensor::from([4, 0, 2]);
    let probability = |n: usize, k: usize| {
        let sum: f64 = (0..5).map(|j| outputs[[n, j]].exp()).sum();
        outputs[[n, k]].exp() / sum
    };
    let right = |n: usize| classes.data()[n] as usize;
    let expected = -(0..3).map(|n| probability(n, right(n)).ln()).sum::<f64>() / 3.0;
    assert!((cross_entropy(outputs.clone(), classes.clone()).item() - expected).abs() < 1e-14);

    // Its gradient is (softmax − one-hot) / batch, for classes that are an input and for constant ones.
    let tape = Tape::new();
    let x = tape.var(outputs.clone());
    for loss in [cross_entropy(x, tape.input(classes.clone())), cross_entropy(x, classes.clone())] {
        let gradient = loss.backward()[x].clone();
        for n in 0..3 {
            for k in 0..5 {
                let expected = (probability(n, k) - f64::from(u8::from(k == right(n)))) / 3.0;
                assert!((gradient[[n, k]] - expected).abs() < 1e-15, "[{n}, {k}]");
            }
        }
    }

    // With a tangent, and on shapes.
    let d = Tensor::randn([3, 5], &mut generator(6));
    let along: f64 =
        cross_entropy(x, classes.clone()).backward()[x].data().iter().zip(d.data()).map(|(g, d)| g * d).sum();
    let dual = cross_entropy(Dual { value: outputs.clone(), tangent: Some(d) }, classes.clone());
    assert!((dual.tangent.unwrap().item() - along).abs() < 1e-14);
    assert_eq!(cross_entropy(Shape::from([3, 5]), classes), Shape::scalar());
}

/// The message of a panic.
fn message(f: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = std::panic::catch_unwind(f).unwrap_err();
    payload.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn shapes_that_would_broadcast_are_refused() {
    for (f, expected) in [
        (mse as fn(Shape, Shape) -> Shape, "mse: outputs [10, 1] and targets [10] differ in shape"),
        (sum_squared_error, "sum_squared_error: outputs [10, 1] and targets [10] differ in shape"),
        (half_squared_error, "half_squared_error: outputs [10, 1] and targets [10] differ in shape"),
    ] {
        assert_eq!(message(move || drop(f([10, 1].into(), [10].into()))), expected);
    }
    let refused = message(|| drop(cross_entropy(Tensor::<f64>::zeros([10, 3]), Tensor::from([0, 1]))));
    assert_eq!(refused, "cross_entropy: outputs [10, 3] and classes [2] are not [n, m, …] and [n, …]");
    let refused = message(|| drop(cross_entropy(Tensor::<f64>::zeros([2, 3]), Tensor::from([0, 3]))));
    assert_eq!(refused, "cross_entropy: class 3 of 3");
}
