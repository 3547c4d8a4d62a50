//! Options of functions, and what may stand beside what, with numbers by the formulas of PyTorch's documentation.

use wengert_tape::prelude::*;

fn near(found: &Tensor, expected: &Tensor) {
    assert_eq!(found.shape(), expected.shape());
    let far = found.data().iter().zip(expected.data()).any(|(a, b)| (a - b).abs() > 1e-12 * (1.0 + b.abs()));
    assert!(!far, "{found} instead of {expected}");
}

#[test]
fn plain_numbers_of_either_float_type_stand_on_either_side() {
    let (half, x) = (0.5_f32, Tensor::from([1.0_f32, 3.0]));
    assert_eq!((&x * half).data(), [0.5, 1.5]);
    assert_eq!((half * &x).data(), [0.5, 1.5]);
    assert_eq!((1.0 - x.clone()).data(), [0.0, -2.0]);
    let tape = Tape::of::<f32>();
    let v = tape.var(x);
    assert_eq!((half * v - v * half + half / v).value().data(), [0.5, 0.5 / 3.0]);
    assert_eq!((2.0 * v + 1.0).sum().item(), 10.0);
    let s = tape.scalar(4.0);
    assert_eq!((half * s + s / half).value(), 10.0);
    let wide = Tape::new();
    assert_eq!((wide.var(Tensor::from([2.0])) * half).item(), 1.0);
    assert_eq!(Tensor::from([0.25_f32, 1.0]).maximum(half).data(), [0.5, 1.0]);
}

#[test]
fn assignments_take_what_operators_take() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([1.0, 2.0]));
    let mut v = x;
    v *= 2.0;
    v += Tensor::from([1.0, 1.0]);
    v -= &Tensor::from([0.5, 0.5]);
    v /= x;
    v += tape.scalar(3.0);
    assert_eq!(v.value().data(), [5.5, 5.25]);
    // d/dx of (2 x + 0.5) / x + 3 is −0.5 / x²
    assert_eq!(v.sum().backward()[x].data(), [-0.5, -0.125]);
    let mut t = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    t *= 2.0;
    t += Tensor::from([1.0, 1.0]);
    t -= &Tensor::from([[1.0], [2.0]]);
    t /= 2.0_f32;
    assert_eq!(t.data(), [1.0, 2.0, 2.5, 3.5]);
    let error = try_with(|| {
        let mut short = Tensor::from([1.0, 2.0]);
        short += Tensor::<f64>::ones([3, 2]);
    });
    assert_eq!(error.unwrap_err().to_string(), "add_assign: [3, 2] does not fit into [2]: the result would be [3, 2]");
}

#[test]
fn recorded_tensors_are_summed_by_an_iterator() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([1.0, 2.0]));
    let total: Var = [x, x * x, x * 3.0].into_iter().sum();
    assert_eq!((total.value().data(), total.sum().backward()[x].data()), (&[5.0, 12.0][..], &[6.0, 8.0][..]));
    assert_eq!([x, x].iter().sum::<Var>().value().data(), [2.0, 4.0]);
    assert_eq!([Tensor::from([1.0]), Tensor::from([2.0])].iter().sum::<Tensor>().data(), [3.0]);
    assert_eq!(std::iter::empty::<Tensor>().sum::<Tensor>().item(), 0.0);
    // The line is that of the last summand, since the standard library does not tell its caller's.
    let graph = wengert_tape::GraphView::of_var(total).unwrap();
    assert!(graph.nodes.iter().all(|n| n.line.is_none_or(|l| l.file() == file!())), "{:?}", graph.nodes);
}

#[test]
fn a_function_of_a_slice_is_differentiated() {
    fn f(q: &[Scalar]) -> Scalar {
        q[0] * q[1]
    }
    let (value, gradient) = value_and_grad(|q: Vec<Scalar>| f(&q), &[3.0, 4.0][..]).unwrap();
    assert_eq!((value, gradient), (12.0, vec![4.0, 3.0]));
}

#[test]
fn convolutions_are_copied() {
    let (conv, pool) = (Conv::default().stride(2).padding(1), Pool::new(2));
    let x = Tensor::<f64>::ones([1, 1, 4, 4]);
    let w = Tensor::ones([1, 1, 3, 3]);
    assert_eq!(x.conv(&w, conv), x.conv(&w, conv));
    assert_eq!(x.max_pool(pool), x.max_pool(pool));
}

#[test]
fn softplus_has_a_sharpness_and_a_threshold() {
    let x = Tensor::from([-1.0_f64, 0.5, 3.0, 30.0]);
    let expected = x.map(|x| if 2.0 * x > 5.0 { x } else { (2.0 * x).exp().ln_1p() / 2.0 });
    near(&x.softplus_with(2.0, 5.0), &expected);
    let tape = Tape::new();
    let v = tape.var(x);
    let slopes = Tensor::from([-1.0_f64, 0.5]).map(|x| 1.0 / (1.0 + (-2.0 * x).exp()));
    near(&v.softplus_with(2.0, 5.0).sum().backward()[v].slice(0, 0..2), &slopes);
}

#[test]
fn axes_stay_where_that_is_asked() {
    let x = Tensor::from([[1.0, 5.0, 3.0], [9.0, 2.0, 9.0]]);
    assert_eq!(x.arg_max_keeping(1), Tensor::from([[1], [0]]));
    assert_eq!(x.arg_min_keeping(0), Tensor::from([[0, 1, 0]]));
    assert_eq!(x.gather(1, x.arg_max_keeping(1)), x.max_keeping(1));
    near(&x.log_sum_exp_keeping([0, 1]), &Tensor::from([[x.exp().sum().item().ln()]]));
    assert_eq!(x.log_sum_exp_keeping(0).shape(), &[1, 3]);
}

#[test]
fn pools_take_an_image_without_a_batch_and_a_divisor() {
    let x = Tensor::new([1, 4, 4], (0..16).map(f64::from).collect());
    assert_eq!(x.max_pool(Pool::new(2)), Tensor::from([[[5.0, 7.0], [13.0, 15.0]]]));
    assert_eq!(x.average_pool(Pool::new(2)), Tensor::from([[[2.5, 4.5], [10.5, 12.5]]]));
    assert_eq!(x.max_pool2d(2, 2), x.max_pool(Pool::new([2, 2])));
    assert_eq!(x.average_pool(Pool::new(2).divisor(8)), x.average_pool(Pool::new(2)) / 2.0);
    // zeros of the padding and what lies beyond it add nothing
    let row = Tensor::from([[[1.0, 2.0, 3.0, 4.0]]]);
    let pool = Pool::new(3).stride(2).padding(1).ceil(true).divisor(2).over(1);
    assert_eq!(row.average_pool(pool), Tensor::from([[[1.5, 4.5, 2.0]]]));
    assert_eq!(row.max_pool(Pool::new(2).over(1)), Tensor::from([[[2.0, 4.0]]]));
}

#[test]
fn padding_takes_away_too() {
    let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!(x.pad([(-1, 0), (1, -2)], PadMode::Constant(7.0)), Tensor::from([[7.0, 4.0]]));
    assert_eq!(x.pad([(-1, 2)], PadMode::Replicate), Tensor::from([[2.0, 3.0, 3.0, 3.0], [5.0, 6.0, 6.0, 6.0]]));
    let widths: Vec<(usize, usize)> = vec![(0, 1)];
    assert_eq!(x.pad(&widths, PadMode::Constant(0.0)).shape(), &[2, 4]);
    let tape = Tape::new();
    let v = tape.var(x);
    let g = v.pad([(-1, 1)], PadMode::Constant(0.0)).sum().backward();
    assert_eq!(g[v], Tensor::from([[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]));
}

#[test]
fn several_axes_are_rolled_and_flattened() {
    let x = Tensor::new([2, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(x.roll([0, 1], [1, -1]), Tensor::from([[4.0, 5.0, 3.0], [1.0, 2.0, 0.0]]));
    assert_eq!(x.roll([1, 1], [1, 1]), x.roll(1, 2));
    let y = Tensor::<f64>::zeros([2, 3, 5, 7]);
    for (shape, flat) in [
        (vec![2, 3, 35], y.flatten(-2)),
        (vec![2, 15, 7], y.flatten([1, 2])),
        (vec![2, 15, 7], y.flatten([-3, -2])),
        (vec![210], y.flatten(0)),
        (vec![2, 3, 5, 7], y.flatten([2, 2])),
        (vec![2, 3, 5, 7, 1], y.flatten(4)),
        (vec![1], y.sum().flatten(0)),
        (vec![1], y.sum().flatten([0, -1])),
    ] {
        assert_eq!(flat.shape()[..], shape[..]);
    }
}

#[test]
fn losses_take_weights_and_smoothing() {
    let x = Tensor::from([[0.5_f64, -1.0, 2.0], [0.0, 1.0, -0.5]]);
    let t = Tensor::from([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]);
    let weights = [0.5, 2.0, 1.0];
    let how = CrossEntropy { smoothing: 0.1, weights: weights.to_vec(), ..CrossEntropy::default() };
    let mut expected = 0.0;
    for row in 0..2 {
        let total: f64 = (0..3).map(|c| x[[row, c]].exp()).sum();
        for (c, w) in weights.iter().enumerate() {
            expected -= w * (0.9 * t[[row, c]] + 0.1 / 3.0) * (x[[row, c]] - total.ln());
        }
    }
    near(&x.soft_cross_entropy_with(&t, &how), &Tensor::from(expected / 2.0));
    near(&x.soft_cross_entropy_with(&t, &CrossEntropy::default()), &x.soft_cross_entropy(&t, Reduction::Mean));
    let w = Tensor::from([[1.0, 0.0, 2.0], [3.0, 1.0, 0.5]]);
    let each = x.binary_cross_entropy_with_logits(&t, Reduction::None) * &w;
    near(&x.binary_cross_entropy_with_logits_times(&t, &w, Reduction::Mean), &each.mean());
}

/// A number, of rank 0, is asked along axis 0 or −1 as PyTorch and NumPy take it.
#[test]
fn a_number_has_an_axis() {
    type Call = fn(Var, isize) -> Var;
    let table: &[(&str, f64, f64, Call)] = &[
        ("sum_over", 3.0, 1.0, |x, at| x.sum_over(at)),
        ("sum_keeping", 3.0, 1.0, |x, at| x.sum_keeping(at)),
        ("mean_over", 3.0, 1.0, |x, at| x.mean_over(at)),
        ("max_over", 3.0, 1.0, |x, at| x.max_over(at)),
        ("min_over", 3.0, 1.0, |x, at| x.min_over(at)),
        ("prod_over", 3.0, 1.0, |x, at| x.prod_over(at)),
        ("norm_over", 3.0, 1.0, |x, at| x.norm_over(at, 2.0)),
        ("var_over", 0.0, 0.0, |x, at| x.var_over(at, 0.0)),
        ("log_sum_exp", 3.0, 1.0, |x, at| x.log_sum_exp(at)),
        ("softmax", 1.0, 0.0, |x, at| x.softmax(at)),
        ("log_softmax", 0.0, 0.0, |x, at| x.log_softmax(at)),
        ("cumsum", 3.0, 1.0, |x, at| x.cumsum(at)),
        ("cumprod", 3.0, 1.0, |x, at| x.cumprod(at)),
        ("sort", 3.0, 1.0, |x, at| x.sort(at, false).0),
        ("topk", 3.0, 1.0, |x, at| x.topk(1, at, true).0),
        ("median_over", 3.0, 1.0, |x, at| x.median_over(at)),
        ("quantile", 3.0, 1.0, |x, at| x.quantile(0.3, at)),
        ("flip", 3.0, 1.0, |x, at| x.flip(at)),
        ("roll", 3.0, 1.0, |x, at| x.roll(at, 1)),
        ("squeeze", 3.0, 1.0, |x, at| x.squeeze(at)),
    ];
    for (name, value, slope, call) in table {
        for at in [0, -1] {
            let tape = Tape::new();
            let x = tape.var(Tensor::from(3.0));
            let y = try_with(|| call(x, at)).unwrap_or_else(|e| panic!("{name} along {at}: {e}"));
            assert_eq!(y.value(), Tensor::from(*value), "{name} along {at}");
            assert_eq!(y.backward()[x].item(), *slope, "{name} along {at}");
        }
        let x = Tape::new().var(Tensor::from(3.0));
        let _ = try_with(|| call(x, 0)).unwrap_err();
        let tape = Tape::new();
        let refused = try_with(|| call(tape.var(Tensor::from(3.0)), 1)).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("{name}: axis 1 of a tensor of rank 0")), "{refused}");
    }
    let x = Tensor::from(3.0);
    assert_eq!((x.arg_max(0), x.arg_min(-1)), (Tensor::from(0), Tensor::from(0)));
    assert_eq!(x.arg_sort(0, true), Tensor::from(0));
}

/// What a method refuses, the raw doors refuse as well.
#[test]
fn attributes_are_checked_by_the_operation() {
    use wengert_tape::{Arg, ops};
    let tape = Tape::new();
    let x = tape.var(Tensor::from([1.0, 2.0]));
    let two = [Arg::Real(&x), Arg::Real(&x)];
    for (expected, refused) in [
        ("huber: delta -1 is not positive", Var::try_apply(ops::Huber { delta: -1.0 }, &two)),
        ("huber: delta NaN is not positive", Var::try_apply(ops::Huber { delta: f64::NAN }, &two)),
        ("celu: alpha 0 is 0 or not finite", Var::try_apply(ops::Celu { alpha: 0.0 }, &two[..1])),
        ("logit: no number is between 0.7 and", Var::try_apply(ops::Logit { eps: 0.7 }, &two[..1])),
        ("max_over: nothing to choose from", {
            let none = tape.var(Tensor::zeros([2, 0]));
            Var::try_apply(ops::MaxOver { shape: [2, 1].into() }, &[Arg::Real(&none)])
        }),
        ("normalise: epsilon -1 is negative", {
            let op = ops::Normalise { shape: [1].into(), epsilon: -1.0, centred: true };
            Var::try_apply(op, &two[..1])
        }),
        ("hardtanh: the least result 1 is above the greatest, 0", {
            let (a, b) = (tape.constant(Tensor::from(1.0)), tape.constant(Tensor::from(0.0)));
            Var::try_apply(ops::HardTanh, &[Arg::Real(&x), Arg::Real(&a), Arg::Real(&b)])
        }),
    ] {
        let error = refused.expect_err(expected).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    // Numbers on their own too.
    let s = tape.scalar(0.5);
    let error = try_with(|| s.hardtanh(1.0, 0.0)).unwrap_err().to_string();
    assert!(error.starts_with("hardtanh: the least result 1 is above the greatest, 0"), "{error}");
}
