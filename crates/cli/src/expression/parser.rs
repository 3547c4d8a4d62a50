//! From text to the list of operations, by precedence climbing (Pratt, "Top down operator precedence", 1973).

use std::f64::consts;

use wengert::Named;
use wengert::ops::AnyOp;

use super::{Error, Expression, Name, Operator, Step, signature};

/// How deep brackets, signs and powers may be nested.
const DEPTH: usize = 200;
/// How tightly a sign binds its operand: more than a product, less than a power, so that −x² is −(x²).
const SIGN: u8 = 5;

/// The constant of a name.
pub(super) fn constant(name: &str) -> Option<f64> {
    match name {
        "pi" | "π" => Some(consts::PI),
        "e" => Some(consts::E),
        _ => None,
    }
}

/// The operator of a character, and how tightly it binds to the left and to the right.
fn operator(c: char) -> Option<(Operator, u8, u8)> {
    match c {
        '+' => Some((Operator::Add, 1, 2)),
        '-' | '−' => Some((Operator::Sub, 1, 2)),
        '*' | '·' | '×' => Some((Operator::Mul, 3, 4)),
        '/' => Some((Operator::Div, 3, 4)),
        '^' => Some((Operator::Pow, 8, 7)),
        _ => None,
    }
}

/// Reads an expression.
pub(super) fn parse(text: &str) -> Result<Expression, Error> {
    let mut parser = Parser {
        text,
        rest: text.chars().collect(),
        at: 0,
        depth: 0,
        functions: AnyOp::named(),
        expression: Expression { text: text.into(), names: Vec::new(), steps: Vec::new() },
    };
    if parser.peek().is_none() {
        return Err(parser.error(0, "the expression is empty; write one such as tanh(x*w + b)"));
    }
    parser.operation(0, "at the beginning")?;
    match parser.peek() {
        None => Ok(parser.expression),
        Some(')') => Err(parser.error(parser.at, "`)` without `(`")),
        Some(',') => Err(parser.error(parser.at, "`,` outside the brackets of a function")),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    text: &'a str,
    rest: Vec<char>,
    /// The next character.
    at: usize,
    depth: usize,
    functions: Vec<Named>,
    expression: Expression,
}

impl Parser<'_> {
    /// An operand and the operators behind it that bind at least as tightly as `least`. `place` says where the operand
    /// is expected.
    fn operation(&mut self, least: u8, place: &str) -> Result<usize, Error> {
        self.depth += 1;
        if self.depth > DEPTH {
            let message = format!("brackets, signs and powers are nested more than {DEPTH} deep");
            return Err(self.error(self.at, message));
        }
        let mut left = self.operand(place)?;
        while let Some((c, (operator, binds_left, binds_right))) = self.peek().and_then(|c| Some((c, operator(c)?))) {
            if binds_left < least {
                break;
            }
            if c == '*' && self.rest.get(self.at + 1) == Some(&'*') {
                return Err(self.error(self.at, "write `^` for a power, not `**`"));
            }
            self.at += 1;
            let right = self.operation(binds_right, &format!("after `{c}`"))?;
            left = self.push(Step::Binary(operator, [left, right]));
        }
        self.depth -= 1;
        Ok(left)
    }

    /// A number, name, function, bracket, or one of them behind a sign.
    fn operand(&mut self, place: &str) -> Result<usize, Error> {
        match self.peek() {
            Some('(') => {
                let opened = self.at;
                self.at += 1;
                let inner = self.operation(0, "after `(`")?;
                self.close(opened)?;
                Ok(inner)
            }
            Some('-' | '−') => {
                self.at += 1;
                let x = self.operation(SIGN, "after `-`")?;
                Ok(self.push(Step::Neg(x)))
            }
            Some('+') => {
                self.at += 1;
                self.operation(SIGN, "after `+`")
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if is_name(c, true) => self.name_or_call(),
            Some(c) if operator(c).is_none() && ![')', ','].contains(&c) => Err(self.unexpected()),
            _ => {
                let message = format!("an operand is missing {place}: a number, a name, a function or a bracket");
                Err(self.error(self.at, message))
            }
        }
    }

    fn number(&mut self) -> Result<usize, Error> {
        let start = self.at;
        self.digits();
        if self.rest.get(self.at) == Some(&'.') {
            self.at += 1;
            self.digits();
        }
        // An `e` is an exponent only with digits behind it.
        if let Some('e' | 'E') = self.rest.get(self.at) {
            let sign = usize::from(matches!(self.rest.get(self.at + 1), Some('+' | '-')));
            if self.rest.get(self.at + 1 + sign).is_some_and(char::is_ascii_digit) {
                self.at += 1 + sign;
                self.digits();
            }
        }
        let text: String = self.rest[start..self.at].iter().collect();
        match text.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(self.push(Step::Number(x))),
            Ok(_) => Err(self.error(start, format!("{text} is too large for a number"))),
            Err(_) => Err(self.error(start, format!("`{text}` is no number"))),
        }
    }

    fn digits(&mut self) {
        while self.rest.get(self.at).is_some_and(char::is_ascii_digit) {
            self.at += 1;
        }
    }

    fn name_or_call(&mut self) -> Result<usize, Error> {
        let start = self.at;
        while self.rest.get(self.at).is_some_and(|c| is_name(*c, false)) {
            self.at += 1;
        }
        let name: String = self.rest[start..self.at].iter().collect();
        let function = self.functions.iter().find(|f| f.name == name).copied();
        match (self.peek() == Some('('), function) {
            (true, Some(function)) => self.call(start, &function),
            (true, None) => Err(self.error(start, unknown(&name, &self.functions))),
            (false, Some(function)) => {
                Err(self.error(start, format!("`{name}` is a function: write {}", signature(&function))))
            }
            (false, None) => Ok(match constant(&name) {
                Some(x) => self.push(Step::Number(x)),
                None => self.name(name, start),
            }),
        }
    }

    fn name(&mut self, name: String, at: usize) -> usize {
        let names = &mut self.expression.names;
        let known = names.iter().position(|known| known.name == name).unwrap_or_else(|| {
            names.push(Name { name, at });
            names.len() - 1
        });
        self.push(Step::Name(known))
    }

    /// The operands of a function, and behind them its number if it has one.
    fn call(&mut self, start: usize, function: &Named) -> Result<usize, Error> {
        let opened = self.at;
        self.at += 1;
        let mut operands = Vec::new();
        if self.peek() != Some(')') {
            loop {
                let before = if operands.is_empty() { "after `(`" } else { "after `,`" };
                let at = self.at;
                operands.push((self.operation(0, before)?, at));
                if self.peek() != Some(',') {
                    break;
                }
                self.at += 1;
            }
        }
        self.close(opened)?;
        let wanted = function.operands + usize::from(function.attribute.is_some());
        if operands.len() != wanted {
            let message = format!("{} takes {wanted}, not {}: {}", function.name, operands.len(), signature(function));
            return Err(self.error(start, message));
        }
        let mut attribute = 0.0;
        if function.attribute.is_some() {
            let (step, at) = operands.pop().unwrap_or((0, start));
            attribute = self.plain_number(step).ok_or_else(|| {
                self.error(at, format!("the last operand of {} must be a plain number", function.name))
            })?;
        }
        let op = (function.make)(attribute)
            .ok_or_else(|| self.error(start, format!("{} cannot have the number {attribute}", function.name)))?;
        let operands = operands.into_iter().map(|(step, _)| step).collect();
        Ok(self.push(Step::Call(op, operands)))
    }

    /// The number that a step is, perhaps behind a sign.
    fn plain_number(&self, step: usize) -> Option<f64> {
        match self.expression.steps[step] {
            Step::Number(x) => Some(x),
            Step::Neg(x) => self.plain_number(x).map(|x| -x),
            _ => None,
        }
    }

    fn close(&mut self, opened: usize) -> Result<(), Error> {
        match self.peek() {
            Some(')') => {
                self.at += 1;
                Ok(())
            }
            None => Err(self.error(opened, "`(` is not closed")),
            Some(',') => Err(self.error(self.at, "`,` outside the brackets of a function")),
            Some(_) => Err(self.unexpected()),
        }
    }

    fn push(&mut self, step: Step) -> usize {
        self.expression.steps.push(step);
        self.expression.steps.len() - 1
    }

    /// The next character that is not a space; passes over spaces.
    fn peek(&mut self) -> Option<char> {
        while self.rest.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.rest.get(self.at).copied()
    }

    /// Why what stands here cannot follow.
    fn unexpected(&self) -> Error {
        let here = self.rest[self.at];
        match is_name(here, false) || ['(', '.'].contains(&here) {
            true => self.error(self.at, format!("an operator is missing before `{here}`; write `*` for a product")),
            false => self.error(self.at, format!("`{here}` has no meaning in an expression")),
        }
    }

    fn error(&self, at: usize, message: impl Into<String>) -> Error {
        Error::new(self.text, at, message)
    }
}

/// Whether a character can stand in a name.
fn is_name(c: char, first: bool) -> bool {
    c.is_alphabetic() || c == '_' || !first && c.is_numeric()
}

/// What functions are called in mathematics and in other languages, where it does not resemble what they are called here.
pub(super) const ELSEWHERE: [(&str, &str); 20] = [
    ("log", "ln"),
    ("loge", "ln"),
    ("lg", "log10"),
    ("lb", "log2"),
    ("logistic", "sigmoid"),
    ("expit", "sigmoid"),
    ("arcsin", "asin"),
    ("arccos", "acos"),
    ("arctan", "atan"),
    ("arctan2", "atan2"),
    ("arcsinh", "asinh"),
    ("arsinh", "asinh"),
    ("arcosh", "acosh"),
    ("artanh", "atanh"),
    ("fabs", "abs"),
    ("sgn", "sign"),
    ("max", "maximum"),
    ("min", "minimum"),
    ("gammaln", "lgamma"),
    ("swish", "silu"),
];

/// What to say of an unknown function: the one that it resembles, or all.
fn unknown(name: &str, functions: &[Named]) -> String {
    if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, _)| *theirs == name.to_lowercase()) {
        return format!("unknown function `{name}`; did you mean `{ours}`?");
    }
    /// From where on two words look alike, of 1.
    const ALIKE: f64 = 0.8;
    let likeness = |function: &&Named| strsim::jaro_winkler(name, function.name);
    let nearest = functions.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest.filter(|function| likeness(function) >= ALIKE) {
        Some(function) => format!("unknown function `{name}`; did you mean `{}`?", function.name),
        None => {
            let names: Vec<&str> = functions.iter().map(|function| function.name).collect();
            format!("unknown function `{name}`; there are {}", names.join(", "))
        }
    }
}
