//! Formulas as MathML.

use super::expression::{Slot, Style};
use super::text::book_name;
use crate::numeral;

/// MathML, as browsers show it.
pub(crate) struct MathMl;

/// A slot as the page fills it: `⟨0⟩`, `⟨y⟩`.
pub(crate) fn slot(slot: Slot) -> String {
    match slot {
        Slot::Argument(k) => format!("⟨{k}⟩"),
        Slot::Value => "⟨y⟩".into(),
    }
}

fn row(inner: &str) -> String {
    format!("<mrow>{inner}</mrow>")
}

/// A function before its operands.
fn before(name: &str, operands: &[String]) -> String {
    row(&format!("{name}<mo>&#8289;</mo><mo>(</mo>{}<mo>)</mo>", operands.join("<mo>,</mo>")))
}

impl Style for MathMl {
    fn number(&self, x: f64) -> String {
        format!("<mn>{}</mn>", numeral::number(x, 6))
    }
    fn operator(&self, sign: &str) -> String {
        let sign = if sign == "<" { "&lt;" } else { sign };
        format!("<mo>{sign}</mo>")
    }
    fn row(&self, parts: &[String]) -> String {
        row(&parts.concat())
    }
    fn fraction(&self, a: &str, b: &str) -> String {
        format!("<mfrac>{}{}</mfrac>", row(a), row(b))
    }
    fn power(&self, base: &str, exponent: &str) -> String {
        // the power of a power, as of an exponential, would stand above it: e^x²
        let base = if base.starts_with("<msup>") { self.brackets(base) } else { row(base) };
        format!("<msup>{base}{}</msup>", row(exponent))
    }
    fn call(&self, name: &str, operands: &[String]) -> String {
        let between = |open: &str, close: &str| row(&format!("<mo>{open}</mo>{}<mo>{close}</mo>", operands.concat()));
        match (name, operands) {
            ("abs", [_]) => between("|", "|"),
            ("floor", [_]) => between("⌊", "⌋"),
            ("ceil", [_]) => between("⌈", "⌉"),
            ("sqrt", [x]) => format!("<msqrt>{x}</msqrt>"),
            ("exp", [x]) => format!("<msup><mi>e</mi>{}</msup>", row(x)),
            _ => before(&format!("<mi>{}</mi>", book_name(name)), operands),
        }
    }
    fn call_to_power(&self, name: &str, operands: &[String], exponent: &str) -> String {
        before(&format!("<msup><mi>{}</mi>{exponent}</msup>", book_name(name)), operands)
    }
    fn cases(&self, condition: &str, a: &str, b: &str) -> String {
        let line = |value: &str, when: &str| format!("<mtr><mtd>{value}</mtd><mtd>{when}</mtd></mtr>");
        let lines = line(a, &format!("<mtext>if&#160;</mtext>{condition}")) + &line(b, "<mtext>else</mtext>");
        row(&format!("<mo>{{</mo><mtable columnalign=\"left\">{lines}</mtable>"))
    }
    fn brackets(&self, inner: &str) -> String {
        row(&format!("<mo>(</mo>{inner}<mo>)</mo>"))
    }
}
