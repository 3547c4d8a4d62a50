//! How many units in the last place the functions are off that are computed many numbers at a time: in `f64` against
//! `tests/reference/ulps.jsonl`, which mpmath wrote; in `f32` against the standard library in `f64`, and for the error function against
//! ours in `f64`. `docs/numbers.md` has the table.

use std::path::Path;

use wengert_tape::prelude::*;

/// The distance from this number to the next, further from 0.
fn ulp(x: f64) -> f64 {
    f64::from_bits(x.abs().to_bits() + 1) - x.abs()
}

fn ulp_f32(x: f32) -> f64 {
    f64::from(f32::from_bits(x.abs().to_bits() + 1)) - f64::from(x.abs())
}

/// A function of a tensor by its name.
fn call<F: Float>(name: &str, x: &Tensor<F>) -> Tensor<F> {
    match name {
        "exp" => x.exp(),
        "exp_m1" => x.expm1(),
        "ln" => x.ln(),
        "ln_1p" => x.log1p(),
        "tanh" => x.tanh(),
        "sigmoid" => x.sigmoid(),
        "sin" => x.sin(),
        "cos" => x.cos(),
        "erf" => x.erf(),
        "erfc" => x.erfc(),
        "sinh" => x.sinh(),
        "cosh" => x.cosh(),
        _ => panic!("no function {name}"),
    }
}

/// The greatest error in ulps that is allowed, in `f64` and in `f32`.
const ALLOWED: [(&str, f64, f64); 12] = [
    ("exp", 1.0, 1.0),
    ("exp_m1", 1.5, 1.5),
    ("ln", 1.0, 1.0),
    ("ln_1p", 1.5, 1.0),
    ("tanh", 1.5, 1.5),
    ("sigmoid", 2.5, 2.5),
    ("sin", 1.0, 0.6),
    ("cos", 1.0, 0.6),
    ("erf", 1.5, 0.51),
    ("erfc", 4.0, 0.51),
    ("sinh", 2.0, 2.5),
    ("cosh", 2.0, 2.0),
];

#[test]
fn functions_of_many_numbers_keep_their_digits_in_f64() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/ulps.jsonl");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let numbers =
            |key: &str| -> Vec<f64> { line[key].as_str().unwrap().split(' ').map(|x| x.parse().unwrap()).collect() };
        let name = line["function"].as_str().unwrap();
        let (x, nearest, rest) = (numbers("x"), numbers("nearest"), numbers("rest"));
        let y = call(name, &Tensor::from(&x[..]));
        // subnormal results have fewer digits
        let error = |k: usize| ((y.data()[k] - nearest[k]) - rest[k]).abs() / ulp(nearest[k]);
        let worst =
            (0..x.len()).filter(|k| nearest[*k].abs() > 1e-300).max_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap();
        let allowed = ALLOWED.iter().find(|row| row.0 == name).unwrap().1;
        println!("{name:8} f64 {:.2} ulp at {}", error(worst), x[worst]);
        if !(error(worst) <= allowed) {
            wrong.push(format!("{name} at {}: {} ulp", x[worst], error(worst)));
        }
        seen += 1;
    }
    assert_eq!(seen, ALLOWED.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn functions_of_many_numbers_keep_their_digits_in_f32() {
    let reference = |name: &str, x: f64| match name {
        "sigmoid" => 1.0 / (1.0 + (-x).exp()),
        // a tensor of one number in f64, whose digits the other test holds
        "erf" | "erfc" => call(name, &Tensor::from(x)).item(),
        "exp" => x.exp(),
        "exp_m1" => x.exp_m1(),
        "ln" => x.ln(),
        "ln_1p" => x.ln_1p(),
        "tanh" => x.tanh(),
        "sin" => x.sin(),
        "sinh" => x.sinh(),
        "cosh" => x.cosh(),
        _ => x.cos(),
    };
    let mut x: Vec<f32> = (0..20_000).map(|k| 10_f32.powf(-37.0 + 75.0 * k as f32 / 19_999.0)).collect();
    x.extend((1..20_000).map(|k| k as f32 * 4.7e-4));
    x.extend(x.clone().iter().map(|x| -x));
    let mut wrong = Vec::new();
    for (name, _, allowed) in ALLOWED {
        let mut worst = (0.0, 0.0);
        for (x, y) in x.iter().zip(call(name, &Tensor::from(&x[..])).data()) {
            let expected = reference(name, f64::from(*x));
            let near = expected as f32;
            if !expected.is_finite() || !near.is_finite() || near.abs() < f32::MIN_POSITIVE {
                let alike = near.is_nan() && y.is_nan() || (y - near).abs() <= f32::MIN_POSITIVE || *y == near;
                if !alike {
                    wrong.push(format!("{name} at {x}: {y}, not {near}"));
                }
                continue;
            }
            let error = (f64::from(*y) - expected).abs() / ulp_f32(near);
            if !(error <= worst.0) {
                worst = (error, *x);
            }
        }
        println!("{name:8} f32 {:.2} ulp at {}", worst.0, worst.1);
        if !(worst.0 <= allowed) {
            wrong.push(format!("{name} at {}: {} ulp", worst.1, worst.0));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Powers in `f32`, of bases that the formula holds for and of others: 0, negative, subnormal, infinite.
#[test]
fn powers_keep_their_digits_in_f32() {
    let bases = (0..400).map(|k| 10_f32.powf(-37.0 + 75.0 * k as f32 / 399.0));
    let special = [0.0, -0.0, -1.5, -2.0, 1e-40, 1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN];
    let mut worst = (0.0, 0.0, 0.0);
    for p in [0.0, 0.5, -0.5, 1.0, 2.0, 3.0, -3.0, 0.1, 7.3, 33.3, -1e4, f32::INFINITY] {
        let x: Vec<f32> = bases.clone().chain(special).collect();
        let y = Tensor::from(&x[..]).pow(Tensor::full([x.len()], p));
        for (x, y) in x.iter().zip(y.data()) {
            let expected = f64::from(*x).powf(f64::from(p));
            let near = expected as f32;
            if near.is_finite() && near.abs() >= f32::MIN_POSITIVE {
                let error = (f64::from(*y) - expected).abs() / ulp_f32(near);
                worst = if error <= worst.0 { worst } else { (error, *x, p) };
            } else {
                let alike = *y == near || near.is_nan() && y.is_nan() || (y - near).abs() <= f32::MIN_POSITIVE;
                assert!(alike, "{x} to the power {p}: {y}, not {near}");
            }
        }
    }
    println!("pow      f32 {:.2} ulp at {} to the power {}", worst.0, worst.1, worst.2);
    assert!(worst.0 <= 0.6, "{worst:?}");
}

/// The same bits, however many numbers there are beside one and wherever it stands; and what is no usual number as the standard
/// library has it.
#[test]
fn a_number_has_one_value_in_any_company() {
    let x: Vec<f64> =
        [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, -5e-324, 1e308, -1e308, 1e-310, 0.5, -3.7]
            .into_iter()
            .chain((0..500).map(|k| f64::from(k) * 0.0371 - 9.0))
            .collect();
    for (name, ..) in ALLOWED {
        let together = call(name, &Tensor::from(&x[..]));
        for (x, y) in x.iter().zip(together.data()) {
            let alone = call(name, &Tensor::from(*x)).item();
            assert_eq!(alone.to_bits(), y.to_bits(), "{name} at {x}: {alone} alone and {y} among others");
        }
        let plain: [fn(f64) -> f64; 12] = [
            f64::exp,
            f64::exp_m1,
            f64::ln,
            f64::ln_1p,
            f64::tanh,
            |x| 1.0 / (1.0 + (-x).exp()),
            f64::sin,
            f64::cos,
            |x| {
                if x.is_nan() {
                    x
                } else if x.abs() > 1.0 {
                    x.signum()
                } else {
                    x * std::f64::consts::FRAC_2_SQRT_PI
                }
            },
            |x| {
                if x.is_nan() {
                    x
                } else if x > 1.0 {
                    0.0
                } else if x < -1.0 {
                    2.0
                } else {
                    1.0
                }
            },
            f64::sinh,
            f64::cosh,
        ];
        let at = ALLOWED.iter().position(|row| row.0 == name).unwrap();
        for (x, y) in x.iter().zip(together.data()).take(10) {
            let expected = plain[at](*x);
            let alike = y.is_nan() && expected.is_nan()
                || *y == expected && (*y != 0.0 || y.is_sign_negative() == expected.is_sign_negative());
            assert!(alike || (y - expected).abs() <= 2.0 * ulp(expected), "{name} at {x}: {y}, not {expected}");
        }
    }
}
