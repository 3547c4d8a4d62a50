//! Expressions of numbers, such as `tanh(x*w + b)`: what the command's text arguments say.
//!
//! An expression is kept as the list of its operations in the order in which they are performed. It is evaluated by any
//! reader of the engine: on numbers, recorded, with tangents. The functions are those of the engine's registry that act
//! element by element, by the names that they have there.

mod parser;

use std::fmt;

use wengert::ops::AnyOp;
use wengert::prelude::*;
use wengert::{Arg, Named};

/// A parsed expression.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    text: String,
    names: Vec<Name>,
    /// Operands before what they are used in; the last is the result.
    steps: Vec<Step>,
}

/// A name that stands for a number.
#[derive(Clone, Debug)]
struct Name {
    name: String,
    /// Where it first stands, in characters.
    at: usize,
}

/// A number, a name, or an operation on earlier steps.
#[derive(Clone, Debug)]
enum Step {
    Number(f64),
    Name(usize),
    Neg(usize),
    Binary(Operator, [usize; 2]),
    Call(AnyOp, Vec<usize>),
}

#[derive(Clone, Copy, Debug)]
enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
}

impl Expression {
    /// Reads an expression.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        parser::parse(text)
    }

    /// The names that stand for numbers, in the order in which they first occur.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| name.name.as_str())
    }

    /// The value, where `values` are those of the names in order and `constant` makes a number a value.
    pub(crate) fn eval<A: Algebra>(&self, values: &[A], constant: impl Fn(f64) -> A) -> A {
        let mut done: Vec<A> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let at = |k: &usize| done[*k].clone();
            done.push(match step {
                Step::Number(x) => constant(*x),
                Step::Name(k) => values[*k].clone(),
                Step::Neg(x) => -at(x),
                Step::Binary(operator, [a, b]) => match operator {
                    Operator::Add => at(a) + at(b),
                    Operator::Sub => at(a) - at(b),
                    Operator::Mul => at(a) * at(b),
                    Operator::Div => at(a) / at(b),
                    Operator::Pow => at(a).pow(at(b)),
                },
                Step::Call(op, operands) => {
                    let operands: Vec<Arg<'_, A>> = operands.iter().map(|k| Arg::Real(&done[*k])).collect();
                    A::apply(op.clone(), &operands).real()
                }
            });
        }
        done.pop().unwrap_or_else(|| constant(f64::NAN))
    }

    /// The value at these numbers.
    ///
    /// # Errors
    /// If an operation refuses them, such as bounds of which the least is above the greatest.
    pub(crate) fn value(&self, values: &[f64]) -> Result<f64, wengert::Error> {
        let values: Vec<Tensor> = values.iter().map(|x| Tensor::from(*x)).collect();
        wengert::try_with(|| self.eval(&values, Tensor::from).item())
    }

    /// The values of the names, in order, from assignments such as `x=0.5`. What stands behind the sign is an expression
    /// without names: `x=pi/4`.
    pub(crate) fn values(&self, assignments: &[String]) -> Result<Vec<f64>, String> {
        let mut values = vec![None; self.names.len()];
        for assignment in assignments {
            let (name, value) = self.assigned(assignment)?;
            if values[name].replace(value).is_some() {
                return Err(format!("--at: `{}` is given twice", self.names[name].name));
            }
        }
        let missing = |(name, value): (&Name, Option<f64>)| {
            value.ok_or_else(|| {
                let message = format!("`{}` has no value; add one: --at {}=1", name.name, name.name);
                Error::new(&self.text, name.at, message).to_string()
            })
        };
        self.names.iter().zip(values).map(missing).collect()
    }

    /// Which name an assignment is for, and the number.
    fn assigned(&self, assignment: &str) -> Result<(usize, f64), String> {
        let assignment = &one_line(assignment);
        let (name, text) = sides(assignment)?;
        let Some(known) = self.names().position(|known| known == name) else {
            let names: Vec<&str> = self.names().collect();
            return Err(match (parser::constant(name), &names[..]) {
                (Some(value), _) => format!("--at: `{name}` is the constant {value}; choose another name"),
                (None, []) => format!("--at: `{name}` does not occur in the expression, which has no names"),
                (None, names) => {
                    format!("--at: `{name}` does not occur in the expression; it has {}", names.join(", "))
                }
            });
        };
        Ok((known, number(name, text)?))
    }
}

/// A name and its number, of an assignment such as `x=pi/4`.
pub(crate) fn assignment(text: &str) -> Result<(String, f64), String> {
    let text = &one_line(text);
    let (name, value) = sides(text)?;
    Ok((name.to_owned(), number(name, value)?))
}

/// The name before the sign, and what stands behind it.
fn sides(assignment: &str) -> Result<(&str, &str), String> {
    match assignment.split_once('=') {
        Some((name, text)) => Ok((name.trim(), text)),
        None => Err(format!("--at: `{assignment}` is no assignment; write a name, `=` and a number, such as x=0.5")),
    }
}

/// The value of an expression without names.
fn number(name: &str, text: &str) -> Result<f64, String> {
    let value = Expression::parse(text).map_err(|e| format!("--at {name}: {e}"))?;
    match value.names.first() {
        None => value.value(&[]).map_err(|e| format!("--at {name}: {e}")),
        Some(other) => {
            let message = format!("`{}` is no number", other.name);
            Err(format!("--at {name}: {}", Error::new(text, other.at, message)))
        }
    }
}

/// What may be written, for help texts.
pub(crate) fn help() -> String {
    let functions: Vec<String> = AnyOp::named().iter().map(signature).collect();
    format!(
        "An expression has numbers, names, + - * / ^ and brackets, the constants pi and e, and these functions, where n \
         is a plain number:\n{}",
        functions.join(", ")
    )
}

/// A function with what it takes: `leaky_relu(x, n)`.
fn signature(function: &Named) -> String {
    let operands = ["x", "y", "z"].into_iter().take(function.operands);
    let operands: Vec<&str> = operands.chain(function.attribute.map(|_| "n")).collect();
    format!("{}({})", function.name, operands.join(", "))
}

/// Text without line breaks and other control characters.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// What is wrong with an expression, and where.
#[derive(Debug)]
pub(crate) struct Error {
    text: String,
    /// In characters from the beginning.
    at: usize,
    message: String,
}

impl Error {
    fn new(text: &str, at: usize, message: impl Into<String>) -> Self {
        Error { text: text.into(), at, message: one_line(&message.into()) }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    /// One line: the column, the text with a mark at the place, and what is wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// How much of the text is shown on each side of the place.
        const AROUND: usize = 30;
        let text: Vec<char> = one_line(&self.text).chars().collect();
        let (start, end) = (self.at.saturating_sub(AROUND), text.len().min(self.at + AROUND));
        let part = |range: std::ops::Range<usize>| text[range].iter().collect::<String>();
        let cut = |is_cut: bool| if is_cut { "…" } else { "" };
        let before = format!("{}{}", cut(start > 0), part(start..self.at));
        let after = format!("{}{}", part(self.at..end), cut(end < text.len()));
        write!(f, "column {} ({before}▸{after}): {}", self.at + 1, self.message)
    }
}

#[cfg(test)]
mod tests;
