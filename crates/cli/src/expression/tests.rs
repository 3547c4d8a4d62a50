use std::f64::consts::{E, PI};

use wengert::Op;

use super::*;

/// The value and the derivatives of an expression at values of its names.
fn differentiated(text: &str, at: &[f64]) -> (f64, Vec<f64>) {
    let expression = Expression::parse(text).unwrap();
    let tape = Tape::new();
    let leaves = tape.scalars(at);
    let vars: Vec<Var> = leaves.iter().map(|leaf| Var::from(*leaf)).collect();
    let y = expression.eval(&vars, |x| tape.constant(Tensor::from(x)));
    if leaves.is_empty() {
        return (y.item(), Vec::new());
    }
    let gradients = y.backward();
    (y.item(), leaves.iter().map(|leaf| gradients[*leaf]).collect())
}

#[test]
fn values_and_derivatives_are_those_of_mathematics() {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let table: Vec<(&str, &[f64], f64, Vec<f64>)> = vec![
        // numbers and constants
        ("42", &[], 42.0, vec![]),
        (".5 + 2. + 1e-1 + 2.5E+1", &[], 27.6, vec![]),
        ("pi + π - 2*pi", &[], 0.0, vec![]),
        ("e", &[], E, vec![]),
        // precedence and association
        ("1 - 2 - 3", &[], -4.0, vec![]),
        ("24 / 4 / 3", &[], 2.0, vec![]),
        ("2 + 3*4", &[], 14.0, vec![]),
        ("(2 + 3)*4", &[], 20.0, vec![]),
        ("2^3^2", &[], 512.0, vec![]),
        ("(2^3)^2", &[], 64.0, vec![]),
        ("-3^2", &[], -9.0, vec![]),
        ("(-3)^2", &[], 9.0, vec![]),
        ("2^-2", &[], 0.25, vec![]),
        ("2^-2*8", &[], 2.0, vec![]),
        ("2^-1^2", &[], 0.5, vec![]),
        ("- - 3", &[], 3.0, vec![]),
        ("2*-3", &[], -6.0, vec![]),
        ("+3 - +4", &[], -1.0, vec![]),
        ("6 / 2*3", &[], 9.0, vec![]),
        ("2·3 − 4×5", &[], -14.0, vec![]),
        ("\t 1 \n + 1 ", &[], 2.0, vec![]),
        // derivatives
        ("x", &[3.0], 3.0, vec![1.0]),
        ("-x^2", &[3.0], -9.0, vec![-6.0]),
        ("x^2", &[-3.0], 9.0, vec![-6.0]),
        ("x*x + y", &[3.0, 5.0], 14.0, vec![6.0, 1.0]),
        ("y/x", &[6.0, 2.0], 3.0, vec![0.5, -1.5]),
        ("x^y", &[2.0, 3.0], 8.0, vec![12.0, 8.0 * 2f64.ln()]),
        ("tanh(x*w + b)", &[0.5, -2.0, 1.0], 0.0, vec![-2.0, 0.5, 1.0]),
        ("sin(x)^2 + cos(x)^2", &[0.7], 1.0, vec![0.0]),
        ("ln(exp(x))", &[0.3], 0.3, vec![1.0]),
        ("sqrt(x^2 + y^2)", &[3.0, 4.0], 5.0, vec![0.6, 0.8]),
        ("sigmoid(θ_1)", &[0.4], sigmoid(0.4), vec![sigmoid(0.4) * sigmoid(-0.4)]),
        ("maximum(x, y)*2", &[1.0, 3.0], 6.0, vec![0.0, 2.0]),
        ("leaky_relu(x, 0.1)", &[-2.0], -0.2, vec![0.1]),
        ("leaky_relu(x, -0.1)", &[-2.0], 0.2, vec![-0.1]),
        ("powi(x, 3)", &[-2.0], -8.0, vec![12.0]),
        ("abs(x)*x", &[-2.0], -4.0, vec![4.0]),
        ("cos(pi*x)", &[0.5], 0.0, vec![-PI]),
        ("e^x", &[2.0], E * E, vec![E * E]),
        ("(((x)))", &[2.0], 2.0, vec![1.0]),
    ];
    let mut wrong = Vec::new();
    for (text, at, value, derivatives) in table {
        let (y, g) = differentiated(text, at);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
        if !near(y, value) || g.len() != derivatives.len() || !g.iter().zip(&derivatives).all(|(a, b)| near(*a, *b)) {
            wrong.push(format!("{text} at {at:?}: {y} {g:?} instead of {value} {derivatives:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_pointwise_operation_is_a_function() {
    // The least result of a cut is below the greatest.
    let operands = [0.3, 0.2, 0.7];
    let mut wrong = Vec::new();
    for function in AnyOp::named() {
        let at = &operands[..function.operands];
        // The first number that the operation accepts.
        let shapes = vec![Shape::scalar(); at.len()];
        let shapes: Vec<&Shape> = shapes.iter().collect();
        let accepted = |n: &f64| (function.make)(*n).is_some_and(|op| op.shape(&shapes).is_ok());
        let attribute =
            if function.attribute.is_some() { [3.0, 0.25].into_iter().find(accepted).unwrap() } else { 0.0 };
        let text = signature(&function).replace(", n)", &format!(", {attribute})"));
        let op = (function.make)(attribute).unwrap();
        let tensors: Vec<Tensor> = at.iter().map(|x| Tensor::from(*x)).collect();
        let args: Vec<Arg<'_, Tensor>> = tensors.iter().map(Arg::Real).collect();
        let expected = Tensor::apply(op, &args).real().item();
        let (y, _) = differentiated(&text, at);
        if y.to_bits() != expected.to_bits() {
            wrong.push(format!("{text}: {y} instead of {expected}"));
        }
        if !help().contains(&signature(&function)) {
            wrong.push(format!("{} is not in the help", function.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_are_in_the_order_in_which_they_occur() {
    let expression = Expression::parse("b*a + b + sin(c_2) + pi + é").unwrap();
    assert_eq!(expression.names().collect::<Vec<_>>(), ["b", "a", "c_2", "é"]);
}

#[test]
fn a_long_expression_is_read_without_recursion() {
    let terms = 100_000;
    let text = vec!["x"; terms].join("+");
    assert_eq!(differentiated(&text, &[1.0]), (terms as f64, vec![terms as f64]));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let deep = "(".repeat(1000);
    let table: &[(&str, &str)] = &[
        ("", "column 1 (▸): the expression is empty; write one such as tanh(x*w + b)"),
        ("  ", "column 1 (▸  ): the expression is empty; write one such as tanh(x*w + b)"),
        ("x +", "column 4 (x +▸): an operand is missing after `+`: a number, a name, a function or a bracket"),
        ("* x", "column 1 (▸* x): an operand is missing at the beginning: a number, a name, a function or a bracket"),
        ("()", "column 2 ((▸)): an operand is missing after `(`: a number, a name, a function or a bracket"),
        (
            "maximum(x,)",
            "column 11 (maximum(x,▸)): an operand is missing after `,`: a number, a name, a function or a bracket",
        ),
        ("2 + (x*w", "column 5 (2 + ▸(x*w): `(` is not closed"),
        ("x)", "column 2 (x▸)): `)` without `(`"),
        ("x, y", "column 2 (x▸, y): `,` outside the brackets of a function"),
        ("(x, y)", "column 3 ((x▸, y)): `,` outside the brackets of a function"),
        ("2x", "column 2 (2▸x): an operator is missing before `x`; write `*` for a product"),
        ("2e", "column 2 (2▸e): an operator is missing before `e`; write `*` for a product"),
        ("2(x)", "column 2 (2▸(x)): an operator is missing before `(`; write `*` for a product"),
        ("1.2.3", "column 4 (1.2▸.3): an operator is missing before `.`; write `*` for a product"),
        ("x ** 2", "column 3 (x ▸** 2): write `^` for a power, not `**`"),
        ("x = 2", "column 3 (x ▸= 2): `=` has no meaning in an expression"),
        ("x + \u{1b}", "column 5 (x + ▸\u{fffd}): `\u{fffd}` has no meaning in an expression"),
        ("$x", "column 1 (▸$x): `$` has no meaning in an expression"),
        (".", "column 1 (▸.): `.` is no number"),
        ("1e999", "column 1 (▸1e999): 1e999 is too large for a number"),
        ("x*tnh(w)", "column 3 (x*▸tnh(w)): unknown function `tnh`; did you mean `tanh`?"),
        ("max(x, y)", "column 1 (▸max(x, y)): unknown function `max`; did you mean `maximum`?"),
        ("tanh", "column 1 (▸tanh): `tanh` is a function: write tanh(x)"),
        ("sin x", "column 1 (▸sin x): `sin` is a function: write sin(x)"),
        ("tanh()", "column 1 (▸tanh()): tanh takes 1, not 0: tanh(x)"),
        ("1 + tanh(x, y)", "column 5 (1 + ▸tanh(x, y)): tanh takes 1, not 2: tanh(x)"),
        ("leaky_relu(x)", "column 1 (▸leaky_relu(x)): leaky_relu takes 2, not 1: leaky_relu(x, n)"),
        ("leaky_relu(x, y)", "column 14 (leaky_relu(x,▸ y)): the last operand of leaky_relu must be a plain number"),
        ("powi(x, 2.5)", "column 1 (▸powi(x, 2.5)): powi cannot have the number 2.5"),
        (
            &deep,
            "column 201 (…((((((((((((((((((((((((((((((▸((((((((((((((((((((((((((((((…): brackets, signs and powers are nested more than 200 deep",
        ),
        ("αβγ + §", "column 7 (αβγ + ▸§): `§` has no meaning in an expression"),
        ("x\n+", "column 4 (x\u{fffd}+▸): an operand is missing after `+`: a number, a name, a function or a bracket"),
    ];
    let mut wrong = Vec::new();
    for (text, message) in table {
        match Expression::parse(text) {
            Ok(_) => wrong.push(format!("{text}: no error")),
            Err(e) if e.to_string() != *message => wrong.push(format!("{text}:\n  {e}\n  {message}")),
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_unknown_function_that_resembles_none_is_answered_with_all() {
    let message = Expression::parse("qqq(x)").unwrap_err().to_string();
    let missing: Vec<&str> = AnyOp::named().iter().map(|f| f.name).filter(|name| !message.contains(name)).collect();
    assert!(missing.is_empty(), "{message} lacks {missing:?}");
}

#[test]
fn values_are_read() {
    let table: &[(&str, &[&str], Result<&[f64], &str>)] = &[
        ("x*w", &["x=0.5", "w=-2"], Ok(&[0.5, -2.0])),
        ("x*w", &["w=-2", " x = 1e3 "], Ok(&[1000.0, -2.0])),
        ("x", &["x=cos(pi)/4"], Ok(&[-0.25])),
        ("2", &[], Ok(&[])),
        ("x*w", &["x=1"], Err("column 3 (x*▸w): `w` has no value; add one: --at w=1")),
        ("x", &["x"], Err("--at: `x` is no assignment; write a name, `=` and a number, such as x=0.5")),
        ("x", &["x=1", "x=2"], Err("--at: `x` is given twice")),
        ("x*w", &["z=1"], Err("--at: `z` does not occur in the expression; it has x, w")),
        ("2", &["z=1"], Err("--at: `z` does not occur in the expression, which has no names")),
        ("x", &["pi=3"], Err("--at: `pi` is the constant 3.141592653589793; choose another name")),
        ("x*w", &["x=w", "w=1"], Err("--at x: column 1 (▸w): `w` is no number")),
        (
            "x",
            &["x=1+"],
            Err("--at x: column 3 (1+▸): an operand is missing after `+`: a number, a name, a function or a bracket"),
        ),
        ("x", &["x="], Err("--at x: column 1 (▸): the expression is empty; write one such as tanh(x*w + b)")),
    ];
    let mut wrong = Vec::new();
    for (text, at, expected) in table {
        let at: Vec<String> = at.iter().map(ToString::to_string).collect();
        let values = Expression::parse(text).unwrap().values(&at);
        let same = match (&values, expected) {
            (Ok(values), Ok(expected)) => values == expected,
            (Err(e), Err(expected)) => e == expected,
            _ => false,
        };
        if !same {
            wrong.push(format!("{text} at {at:?}: {values:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What people call functions elsewhere leads to ours, and not to what is merely spelt alike.
#[test]
fn names_from_elsewhere_are_understood() {
    let functions = AnyOp::named();
    for (theirs, ours) in super::parser::ELSEWHERE {
        assert!(functions.iter().any(|function| function.name == ours), "{ours}");
        assert!(functions.iter().all(|function| function.name != theirs), "{theirs} is ours");
        let message = Expression::parse(&format!("{theirs}(x)")).unwrap_err().to_string();
        assert!(message.ends_with(&format!("unknown function `{theirs}`; did you mean `{ours}`?")), "{message}");
    }
}
