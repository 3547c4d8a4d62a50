//! A formula as people write it.

use wengert_tape::{Formula, Term};

/// A formula as a tree, in the notation of books: a product of equals is a power, `1 / cosh² x` is `1 − tanh² x`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    /// An operand.
    Argument(usize),
    /// The value of the operation.
    Value,
    Number(f64),
    Negative(Box<Expression>),
    Sum(Box<Expression>, Box<Expression>),
    Difference(Box<Expression>, Box<Expression>),
    Product(Box<Expression>, Box<Expression>),
    Quotient(Box<Expression>, Box<Expression>),
    Power(Box<Expression>, Box<Expression>),
    /// A relation of two: `<`, `≤`, `=`.
    Relation(&'static str, Box<Expression>, Box<Expression>),
    /// If the first holds the second, else the third.
    Cases(Box<[Expression; 3]>),
    /// Any other function.
    Call(&'static str, Vec<Expression>),
}

use Expression::{Argument, Call, Cases, Difference, Negative, Number, Power, Product, Quotient, Relation, Sum, Value};

impl Expression {
    pub(crate) fn of(formula: &Formula) -> Self {
        Expression::with(formula, &[])
    }

    /// The formula with operands that are known numbers put in: choices that these decide are made.
    pub(crate) fn with(formula: &Formula, known: &[Option<f64>]) -> Self {
        let mut made: Vec<Expression> = Vec::new();
        for term in &formula.terms {
            made.push(match term {
                Term::Argument(k) => known.get(*k).copied().flatten().map_or(Argument(*k), Number),
                Term::Value => Value,
                Term::Number(x) => Number(*x),
                Term::Apply(function, operands) => apply(function, operands.iter().map(|k| made[*k].clone()).collect()),
            });
        }
        made.pop().unwrap_or(Number(0.0))
    }

    /// The expression with others in place of its operands and of the value.
    pub(crate) fn put_in(&self, operands: &[Expression], value: &Expression) -> Self {
        let put = |x: &Expression| Box::new(x.put_in(operands, value));
        match self {
            Argument(k) => operands.get(*k).cloned().unwrap_or(Argument(*k)),
            Value => value.clone(),
            Number(x) => Number(*x),
            Negative(x) => Negative(put(x)),
            Sum(a, b) => Sum(put(a), put(b)),
            Difference(a, b) => Difference(put(a), put(b)),
            Product(a, b) => match (*put(a), *put(b)) {
                (a, b) if a == b => squared(&a),
                (a, b) => product(a, b),
            },
            Quotient(a, b) => Quotient(put(a), put(b)),
            Power(a, b) => Power(put(a), put(b)),
            Relation(sign, a, b) => Relation(sign, put(a), put(b)),
            Cases(parts) => Cases(Box::new([0, 1, 2].map(|k| parts[k].put_in(operands, value)))),
            Call(name, inner) => Call(name, inner.iter().map(|x| x.put_in(operands, value)).collect()),
        }
    }

    /// Whether it has a choice in it.
    pub(crate) fn chooses(&self) -> bool {
        match self {
            Argument(_) | Value | Number(_) => false,
            Cases(_) | Relation(..) => true,
            Negative(x) => x.chooses(),
            Sum(a, b) | Difference(a, b) | Product(a, b) | Quotient(a, b) | Power(a, b) => a.chooses() || b.chooses(),
            Call(_, operands) => operands.iter().any(Expression::chooses),
        }
    }

    /// How many symbols and functions it has.
    pub(crate) fn length(&self) -> usize {
        let below: usize = match self {
            Argument(_) | Value | Number(_) => 0,
            Negative(x) => x.length(),
            Sum(a, b) | Difference(a, b) | Product(a, b) | Quotient(a, b) | Power(a, b) | Relation(_, a, b) => {
                a.length() + b.length()
            }
            Cases(parts) => parts.iter().map(Expression::length).sum(),
            Call(_, operands) => operands.iter().map(Expression::length).sum(),
        };
        below + 1
    }
}

/// A function of expressions, in the usual notation.
fn apply(function: &'static str, operands: Vec<Expression>) -> Expression {
    let mut operands = operands;
    let name = function;
    match (name, &operands[..]) {
        ("add", [Number(a), Number(b)]) => Number(a + b),
        ("sub", [Number(a), Number(b)]) => Number(a - b),
        // what is compared with itself asks for NaN
        ("eq" | "le", [a, b]) if a == b => Number(1.0),
        ("lt", [Number(a), Number(b)]) => Number(f64::from(u8::from(a < b))),
        ("le", [Number(a), Number(b)]) => Number(f64::from(u8::from(a <= b))),
        ("eq", [Number(a), Number(b)]) => Number(f64::from(u8::from(a == b))),
        ("select", [Number(holds), a, b]) => {
            if *holds == 0.0 {
                b.clone()
            } else {
                a.clone()
            }
        }
        ("add", [Negative(a), b]) => Difference(b.clone().into(), a.clone()),
        ("add", [a, Negative(b)]) => Difference(a.clone().into(), b.clone()),
        ("add", [a, Number(c)]) if *c < 0.0 => Difference(a.clone().into(), Number(-c).into()),
        ("add", [a, b]) => Sum(a.clone().into(), b.clone().into()),
        ("sub", [a, b]) => Difference(a.clone().into(), b.clone().into()),
        ("mul" | "chain", [Number(1.0), a] | [a, Number(1.0)]) => a.clone(),
        ("mul" | "chain", [a, b]) if a == b => squared(a),
        // numbers stand before symbols
        ("mul" | "chain", [a, Number(c)]) => product(Number(*c), a.clone()),
        ("mul" | "chain", [a, b]) => product(a.clone(), b.clone()),
        ("div", [a, Number(1.0)]) => a.clone(),
        ("div", [Negative(a), b]) => Negative(Box::new(Quotient(a.clone(), b.clone().into()))),
        ("div", [a, b]) => Quotient(a.clone().into(), b.clone().into()),
        ("neg", [Number(c)]) => Number(-c),
        ("neg", [a]) => Negative(a.clone().into()),
        ("pow" | "powf" | "powi", [a, Number(1.0)]) => a.clone(),
        ("pow" | "powf" | "powi", [a, b]) => Power(a.clone().into(), b.clone().into()),
        ("lt", [a, b]) => Relation("<", a.clone().into(), b.clone().into()),
        ("le", [a, b]) => Relation("≤", a.clone().into(), b.clone().into()),
        ("eq", [a, b]) => Relation("=", a.clone().into(), b.clone().into()),
        // σ(−x) = 1 − σ(x)
        ("sigmoid", [Negative(a)]) => Difference(Number(1.0).into(), Call("sigmoid", vec![(**a).clone()]).into()),
        ("select", [_, _, _]) => {
            let [condition, a, b] = [operands.remove(0), operands.remove(0), operands.remove(0)];
            Cases(Box::new([condition, a, b]))
        }
        _ => Call(name, operands),
    }
}

fn product(a: Expression, b: Expression) -> Expression {
    match (a, b) {
        (Number(c), Negative(b)) => product(Number(-c), *b),
        (Number(-1.0), b) => Negative(b.into()),
        (a, b) => Product(a.into(), b.into()),
    }
}

/// The square; that of `1 / cosh x` is `1 − tanh² x`.
fn squared(a: &Expression) -> Expression {
    if let Quotient(one, cosh) = a
        && let (Number(1.0), Call("cosh", x)) = (&**one, &**cosh)
    {
        let tanh = Power(Call("tanh", x.clone()).into(), Number(2.0).into());
        return Difference(Number(1.0).into(), tanh.into());
    }
    Power(a.clone().into(), Number(2.0).into())
}

/// What a formula has a place for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Slot {
    /// An operand.
    Argument(usize),
    /// The value of the operation.
    Value,
}

/// How the parts of an expression are written, but for what stands in its slots.
pub(crate) trait Style {
    /// A number, which is not negative.
    fn number(&self, x: f64) -> String;
    /// A sign before an operand, or between two.
    fn operator(&self, sign: &str) -> String;
    /// Operands and signs in a row.
    fn row(&self, parts: &[String]) -> String {
        parts.concat()
    }
    fn fraction(&self, a: &str, b: &str) -> String;
    /// What stands in front of `/` and behind it needs no brackets.
    fn fraction_is_tall(&self) -> bool {
        true
    }
    fn power(&self, base: &str, exponent: &str) -> String;
    /// A function by the name that formulas have for it.
    fn call(&self, name: &str, operands: &[String]) -> String;
    /// A power of a function, `tanh² x`.
    fn call_to_power(&self, name: &str, operands: &[String], exponent: &str) -> String;
    fn cases(&self, condition: &str, a: &str, b: &str) -> String;
    /// Whether cases stand in brackets already.
    fn cases_are_closed(&self) -> bool {
        false
    }
    fn brackets(&self, inner: &str) -> String;
}

/// How tightly an expression holds together.
fn strength(expression: &Expression) -> u8 {
    match expression {
        Cases(_) | Relation(..) => 0,
        Sum(..) | Difference(..) | Negative(_) => 1,
        Number(x) if *x < 0.0 => 1,
        Product(..) => 2,
        Quotient(..) => 3,
        Power(..) => 4,
        _ => 5,
    }
}

/// The expression in a style, with what each slot is called.
pub(crate) fn printed(expression: &Expression, style: &dyn Style, called: &dyn Fn(Slot) -> String) -> String {
    let plain = |x: &Expression| printed(x, style, called);
    let at_least = |x: &Expression, least: u8| {
        let inner = plain(x);
        let closed = matches!(x, Cases(_)) && style.cases_are_closed();
        if strength(x) < least && !closed { style.brackets(&inner) } else { inner }
    };
    match expression {
        Argument(k) => called(Slot::Argument(*k)),
        Value => called(Slot::Value),
        Number(x) if *x < 0.0 => style.row(&[style.operator("−"), style.number(-x)]),
        Number(x) => style.number(*x),
        Negative(x) => style.row(&[style.operator("−"), at_least(x, 2)]),
        Sum(a, b) => style.row(&[at_least(a, 1), style.operator("+"), at_least(b, if is_negative(b) { 2 } else { 1 })]),
        Difference(a, b) => style.row(&[at_least(a, 1), style.operator("−"), at_least(b, 2)]),
        Product(a, b) => style.row(&[at_least(a, 2), style.operator("·"), at_least(b, 2)]),
        Quotient(a, b) if style.fraction_is_tall() => style.fraction(&plain(a), &plain(b)),
        Quotient(a, b) => style.fraction(&at_least(a, 3), &at_least(b, 4)),
        Power(base, exponent) => match &**base {
            Call(name, operands) if is_short(exponent) && is_named(name) => {
                style.call_to_power(name, &operands.iter().map(plain).collect::<Vec<_>>(), &plain(exponent))
            }
            base => style.power(&at_least(base, 5), &plain(exponent)),
        },
        Relation(sign, a, b) => style.row(&[plain(a), style.operator(sign), plain(b)]),
        Cases(parts) => style.cases(&plain(&parts[0]), &plain(&parts[1]), &plain(&parts[2])),
        Call(name, operands) => style.call(name, &operands.iter().map(plain).collect::<Vec<_>>()),
    }
}

fn is_negative(x: &Expression) -> bool {
    matches!(x, Negative(_)) || matches!(x, Number(x) if *x < 0.0)
}

fn is_short(exponent: &Expression) -> bool {
    matches!(exponent, Number(x) if x.fract() == 0.0 && *x > 0.0 && *x < 10.0)
}

/// Functions of which a power is written behind the name.
fn is_named(name: &str) -> bool {
    ["sin", "cos", "tan", "sinh", "cosh", "tanh", "ln"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::super::{MathMl, Plain, slot};
    use super::*;
    use wengert_tape::Op;
    use wengert_tape::ops::AnyOp;

    #[test]
    fn derivatives_are_written_as_in_books() {
        let table: &[(&str, f64, &[&str])] = &[
            ("mul", 0.0, &["b", "a"]),
            ("div", 0.0, &["1/b", "−y/b"]),
            ("tanh", 0.0, &["1 − tanh²(a)"]),
            ("sigmoid", 0.0, &["y · (1 − σ(a))"]),
            ("sin", 0.0, &["cos(a)"]),
            ("exp", 0.0, &["y"]),
            ("powi", 3.0, &["3 · a²"]),
            ("square", 0.0, &["2 · a"]),
            ("ln", 0.0, &["1/a"]),
            ("sqrt", 0.0, &["0.5/y"]),
        ];
        let mut wrong = Vec::new();
        for (name, attribute, expected) in table {
            let named = AnyOp::named().into_iter().find(|op| op.name == *name).unwrap();
            let formulas = (named.make)(*attribute).unwrap().formulas().unwrap();
            let called = |slot| match slot {
                Slot::Argument(k) => ["a", "b"][k].into(),
                Slot::Value => "y".into(),
            };
            let partials = formulas.partials.iter();
            let found: Vec<String> = partials.map(|f| printed(&Expression::of(f), &Plain, &called)).collect();
            if found != *expected {
                wrong.push(format!("{name}: {found:?} in place of {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// The square of an exponential is not the exponential of a square.
    #[test]
    fn a_power_of_a_power_stands_in_brackets() {
        let a = || Box::new(Argument(0));
        let two = || Box::new(Number(2.0));
        let table = [
            (Power(a(), two()), "<msup><mrow>⟨0⟩</mrow><mrow><mn>2</mn></mrow></msup>"),
            (
                Power(Call("exp", vec![*a()]).into(), two()),
                "<msup><mrow><mo>(</mo><msup><mi>e</mi><mrow>⟨0⟩</mrow></msup><mo>)</mo></mrow><mrow><mn>2</mn></mrow></msup>",
            ),
            (
                Call("exp", vec![Power(a(), two())]),
                "<msup><mi>e</mi><mrow><msup><mrow>⟨0⟩</mrow><mrow><mn>2</mn></mrow></msup></mrow></msup>",
            ),
        ];
        for (expression, expected) in table {
            assert_eq!(printed(&expression, &MathMl, &slot), expected, "{expression:?}");
        }
    }
}
