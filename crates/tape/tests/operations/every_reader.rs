//! Every elementwise function under every reader, by the name that users call: scalars, plain, recorded and dual tensors,
//! shapes and text, in both float types.

use wengert_tape::prelude::*;
use wengert_tape::{Dual, Elementwise, Operand, Text};

type Row<A> = (&'static str, fn(&A, &A, &A) -> A);

/// The functions, of a number in (0.2, 0.9) and two more.
fn table<A: Elementwise>() -> Vec<Row<A>>
where
    for<'a> &'a A: Operand<A>,
{
    vec![
        ("abs", |x, _, _| x.abs()),
        ("acos", |x, _, _| x.acos()),
        ("acosh", |x, _, _| x.exp().acosh()),
        ("asin", |x, _, _| x.asin()),
        ("asinh", |x, _, _| x.asinh()),
        ("atan", |x, _, _| x.atan()),
        ("atan2", |x, y, _| x.atan2(y)),
        ("atanh", |x, _, _| x.atanh()),
        ("cbrt", |x, _, _| x.cbrt()),
        ("ceil", |x, _, _| x.ceil()),
        ("celu", |x, _, _| x.celu(0.4)),
        ("clamp", |x, y, z| x.clamp(y, z)),
        ("cos", |x, _, _| x.cos()),
        ("cosh", |x, _, _| x.cosh()),
        ("digamma", |x, _, _| x.digamma()),
        ("elu", |x, _, _| x.elu(0.4)),
        ("erf", |x, _, _| x.erf()),
        ("erfc", |x, _, _| x.erfc()),
        ("erfinv", |x, _, _| x.erfinv()),
        ("exp", |x, _, _| x.exp()),
        ("exp2", |x, _, _| x.exp2()),
        ("expm1", |x, _, _| x.expm1()),
        ("floor", |x, _, _| x.floor()),
        ("fmod", |x, y, _| x.fmod(y)),
        ("gelu", |x, _, _| x.gelu()),
        ("gelu_tanh", |x, _, _| x.gelu_tanh()),
        ("hardsigmoid", |x, _, _| x.hardsigmoid()),
        ("hardtanh", |x, y, z| x.hardtanh(y, z)),
        ("hypot", |x, y, _| x.hypot(y)),
        ("leaky_relu", |x, _, _| x.leaky_relu(0.1)),
        ("lerp", |x, y, z| x.lerp(y, z)),
        ("lgamma", |x, _, _| x.lgamma()),
        ("ln", |x, _, _| x.ln()),
        ("log10", |x, _, _| x.log10()),
        ("log1p", |x, _, _| x.log1p()),
        ("log2", |x, _, _| x.log2()),
        ("log_sigmoid", |x, _, _| x.log_sigmoid()),
        ("logit", |x, _, _| x.logit()),
        ("logit_within", |x, _, _| x.logit_within(0.1)),
        ("maximum", |x, y, _| x.maximum(y)),
        ("minimum", |x, y, _| x.minimum(y)),
        ("mish", |x, _, _| x.mish()),
        ("nan_to_num", |x, _, _| x.nan_to_num(0.0)),
        ("polygamma", |x, _, _| x.polygamma(2)),
        ("pow", |x, y, _| x.pow(y)),
        ("powf", |x, _, _| x.powf(1.5)),
        ("powi", |x, _, _| x.powi(3)),
        ("reciprocal", |x, _, _| x.reciprocal()),
        ("relu", |x, _, _| x.relu()),
        ("remainder", |x, y, _| x.remainder(y)),
        ("round", |x, _, _| x.round()),
        ("rsqrt", |x, _, _| x.rsqrt()),
        ("selu", |x, _, _| x.selu()),
        ("sigmoid", |x, _, _| x.sigmoid()),
        ("sign", |x, _, _| x.sign()),
        ("silu", |x, _, _| x.silu()),
        ("sin", |x, _, _| x.sin()),
        ("sinh", |x, _, _| x.sinh()),
        ("softplus", |x, _, _| x.softplus()),
        ("softsign", |x, _, _| x.softsign()),
        ("sqrt", |x, _, _| x.sqrt()),
        ("square", |x, _, _| x.square()),
        ("tan", |x, _, _| x.tan()),
        ("tanh", |x, _, _| x.tanh()),
        ("trunc", |x, _, _| x.trunc()),
        ("xlogy", |x, y, _| x.xlogy(y)),
    ]
}

const POINT: [f64; 3] = [0.37, 0.21, 0.83];

#[test]
fn scalars_tensors_and_duals_agree() {
    let mut failures = String::new();
    let plain = table::<Tensor>();
    for (k, (name, f)) in table::<Scalar>().into_iter().enumerate() {
        let tape = Tape::new();
        let x = POINT.map(|x| tape.scalar(x));
        let y = f(&x[0], &x[1], &x[2]);
        let gradient = y.backward();

        let [a, b, c] = POINT.map(Tensor::from);
        let value = plain[k].1(&a, &b, &c).item();
        let var = table::<Var>()[k].1;
        let v = [&a, &b, &c].map(|t| tape.var(t.clone()));
        let recorded = var(&v[0], &v[1], &v[2]);
        let by_tensors = recorded.backward();
        let dual = table::<Dual<Tensor>>()[k].1;
        let moved = Dual { value: a, tangent: Some(Tensor::from(1.0)) };
        let tangent = dual(&moved, &Dual::still(b), &Dual::still(c)).tangent.unwrap().item();

        let slope = |k: usize| gradient.get(x[k]).ok().copied().unwrap_or(0.0);
        let of_tensor = |k: usize| by_tensors.get(v[k]).map_or(0.0, |g| g.item());
        let mut rows = vec![(value, y.value()), (value, recorded.item()), (slope(0), tangent)];
        rows.extend((0..3).map(|k| (slope(k), of_tensor(k))));
        if rows.iter().any(|(a, b)| !((a - b).abs() <= 1e-15 * (1.0 + b.abs()))) {
            failures += &format!("{name}: {rows:?}\n");
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn single_precision_shapes_and_text_read_them_too() {
    let mut failures = String::new();
    let (plain, shapes, texts) = (table::<Tensor>(), table::<Shape>(), table::<Text>());
    for (k, (name, f)) in table::<Scalar<f32>>().into_iter().enumerate() {
        let tape = Tape::of::<f32>();
        let [x, y, z] = POINT.map(|x| tape.scalar(x as f32));
        let found = f64::from(f(&x, &y, &z).value());
        let [a, b, c] = POINT.map(Tensor::from);
        let value = plain[k].1(&a, &b, &c).item();
        let shape = shapes[k].1(&Shape::from([2, 3]), &Shape::from([3]), &Shape::scalar());
        let text = texts[k].1(
            &Text::new("a", Shape::scalar()),
            &Text::new("b", Shape::scalar()),
            &Text::new("c", Shape::scalar()),
        )
        .to_string();
        if !((found - value).abs() <= 1e-5 * (1.0 + value.abs())) || shape != [2, 3] {
            failures += &format!("{name}: {found} for {value}, shape {shape}\n");
        }
        if !text.contains('a') {
            failures += &format!("{name}: {text}\n");
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
