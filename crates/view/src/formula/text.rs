//! Formulas as text: `1 − tanh²(x)`.

use super::expression::Style;
use crate::numeral;

/// Plain text.
pub(crate) struct Plain;

/// A whole exponent as text can have it above the line.
fn raised(exponent: &str) -> Option<String> {
    let digit = |c: char| {
        Some(match c {
            '0' => '⁰',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            '9' => '⁹',
            '−' => '⁻',
            _ => return None,
        })
    };
    exponent.chars().map(digit).collect()
}

/// What a function is called in books.
pub(super) fn book_name(name: &str) -> &str {
    match name {
        "sigmoid" => "σ",
        "lgamma" => "ln Γ",
        "polygamma" => "ψ",
        "exp_m1" => "expm1",
        "ln_1p" => "log1p",
        "asin" => "arcsin",
        "acos" => "arccos",
        "atan" => "arctan",
        "erfinv" => "erf⁻¹",
        other => other,
    }
}

impl Style for Plain {
    fn number(&self, x: f64) -> String {
        numeral::number(x, 6)
    }
    fn operator(&self, sign: &str) -> String {
        format!(" {sign} ")
    }
    fn row(&self, parts: &[String]) -> String {
        // a sign before an operand stands close to it
        let mut text = parts.concat();
        if let Some(rest) = text.strip_prefix(" − ") {
            text = format!("−{rest}");
        }
        text
    }
    fn fraction(&self, a: &str, b: &str) -> String {
        format!("{a}/{b}")
    }
    fn fraction_is_tall(&self) -> bool {
        false
    }
    fn power(&self, base: &str, exponent: &str) -> String {
        let one = exponent.chars().all(|c| c.is_alphanumeric() || c == '_');
        let beside = || if one { format!("{base}^{exponent}") } else { format!("{base}^({exponent})") };
        raised(exponent).map_or_else(beside, |raised| format!("{base}{raised}"))
    }
    fn call(&self, name: &str, operands: &[String]) -> String {
        match (name, operands) {
            ("abs", [x]) => format!("|{x}|"),
            ("sqrt", [x]) => format!("√({x})"),
            ("floor", [x]) => format!("⌊{x}⌋"),
            ("ceil", [x]) => format!("⌈{x}⌉"),
            _ => format!("{}({})", book_name(name), operands.join(", ")),
        }
    }
    fn call_to_power(&self, name: &str, operands: &[String], exponent: &str) -> String {
        let exponent = raised(exponent).unwrap_or_else(|| format!("^{exponent}"));
        format!("{}{exponent}({})", book_name(name), operands.join(", "))
    }
    fn cases(&self, condition: &str, a: &str, b: &str) -> String {
        format!("({a} if {condition} else {b})")
    }
    fn cases_are_closed(&self) -> bool {
        true
    }
    fn brackets(&self, inner: &str) -> String {
        format!("({inner})")
    }
}
