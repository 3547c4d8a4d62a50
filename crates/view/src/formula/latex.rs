//! Formulas as LaTeX, in the subset that KaTeX reads.

use super::expression::Style;
use crate::numeral;

/// LaTeX, with these operands.
pub(crate) struct Latex<'a> {
    pub(crate) arguments: &'a [String],
    pub(crate) value: String,
}

fn function(name: &str) -> String {
    match name {
        "sin" | "cos" | "tan" | "sinh" | "cosh" | "tanh" | "exp" | "ln" => format!("\\{name}"),
        "asin" => "\\arcsin".into(),
        "acos" => "\\arccos".into(),
        "atan" => "\\arctan".into(),
        "sigmoid" => "\\sigma".into(),
        other => format!("\\operatorname{{{}}}", other.replace('_', "\\_")),
    }
}

impl Style for Latex<'_> {
    fn argument(&self, k: usize) -> String {
        self.arguments.get(k).cloned().unwrap_or_default()
    }
    fn value(&self) -> String {
        self.value.clone()
    }
    fn number(&self, x: f64) -> String {
        let text = numeral::number(x, 6);
        match text.split_once('e') {
            Some((digits, power)) => format!("{digits} \\cdot 10^{{{power}}}"),
            None => text,
        }
    }
    fn operator(&self, sign: &str) -> String {
        match sign {
            "−" => " - ".into(),
            "·" => " \\cdot ".into(),
            "≤" => " \\le ".into(),
            other => format!(" {other} "),
        }
    }
    fn row(&self, parts: &[String]) -> String {
        let text = parts.concat();
        text.strip_prefix(" - ").map_or(text.clone(), |rest| format!("-{rest}"))
    }
    fn fraction(&self, a: &str, b: &str) -> String {
        format!("\\frac{{{a}}}{{{b}}}")
    }
    fn power(&self, base: &str, exponent: &str) -> String {
        format!("{{{base}}}^{{{exponent}}}")
    }
    fn call(&self, name: &str, operands: &[String]) -> String {
        match (name, operands) {
            ("abs", [x]) => format!("\\left|{x}\\right|"),
            ("sqrt", [x]) => format!("\\sqrt{{{x}}}"),
            ("floor", [x]) => format!("\\lfloor {x} \\rfloor"),
            ("ceil", [x]) => format!("\\lceil {x} \\rceil"),
            _ => format!("{}\\left({}\\right)", function(name), operands.join(", ")),
        }
    }
    fn call_to_power(&self, name: &str, operands: &[String], exponent: &str) -> String {
        format!("{}^{{{exponent}}}\\left({}\\right)", function(name), operands.join(", "))
    }
    fn cases(&self, condition: &str, a: &str, b: &str) -> String {
        format!("\\begin{{cases}} {a} & \\text{{if }} {condition} \\\\ {b} & \\text{{else}} \\end{{cases}}")
    }
    fn brackets(&self, inner: &str) -> String {
        format!("\\left({inner}\\right)")
    }
}
