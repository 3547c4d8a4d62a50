//! Formulas as LaTeX, in the subset that KaTeX reads.

use super::expression::Style;

/// LaTeX.
pub(crate) struct Latex;

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

impl Style for Latex {
    fn number(&self, x: f64) -> String {
        // all digits: LaTeX may be computed with
        match (1e-4..1e7).contains(&x) || x == 0.0 || !x.is_finite() {
            true if x.is_nan() => "\\text{NaN}".into(),
            true if x == f64::INFINITY => "\\infty".into(),
            true => x.to_string(),
            false => format!("{x:e}").replacen('e', " \\cdot 10^{", 1) + "}",
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
