//! A report for programs.

use std::fmt::Write;

use super::fault::Fault;
use super::report::{Element, Operation, Report};
use super::self_test::SelfTest;
use super::verdict::Verdict;

impl Report {
    /// The report as one JSON object: `verdict`, `float`, `order`, counts of derivatives and rules by verdict, the worst
    /// ten derivatives, the rules that do not pass, `identity`, `complex_step`, `taylor_slope`, `curve` (error of the
    /// central difference against step), `not_checked`, `evaluations`. Numbers that are not finite are strings.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let json = check_gradients(|x| (x * x).sum(), &Tensor::from([3.0, 4.0]))?.to_json();
    /// assert!(json.starts_with(r#"{"verdict":"pass","float":"f64","order":1,"derivatives":{"pass":2,"#));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        let mut object = Object::new();
        object.text("verdict", &self.verdict.to_string());
        object.text("float", self.float);
        object.raw("order", &self.order.to_string());
        object.raw("derivatives", &counts(self.elements.iter().map(|e| e.verdict)));
        object.raw("rules", &counts(self.operations.iter().map(|o| o.verdict)));
        object.raw("worst", &array(self.worst().into_iter().map(element)));
        let not_passed = self.operations.iter().filter(|o| o.verdict != Verdict::Pass);
        object.raw("operations", &array(not_passed.map(operation)));
        let identity = self.identity.as_ref().map_or("null".into(), |i| {
            let mut object = Object::new();
            object.number("forward", i.forward);
            object.number("reverse", i.reverse);
            object.number("bar", i.bar);
            object.raw("holds", if i.holds() { "true" } else { "false" });
            object.close()
        });
        object.raw("identity", &identity);
        let complex_step = self.complex_step.as_ref().map_or("null".into(), |c| {
            let mut object = Object::new();
            object.number("derivative", c.derivative);
            object.number("reverse", c.reverse);
            object.number("bar", c.bar);
            object.raw("holds", if c.holds() { "true" } else { "false" });
            object.raw("operations", &c.operations.to_string());
            object.raw("not_analytic", &array(c.not_analytic.iter().map(|name| quoted(name))));
            object.close()
        });
        object.raw("complex_step", &complex_step);
        object.raw("taylor_slope", &self.taylor.map_or("null".into(), number));
        object.raw(
            "curve",
            &array(self.curve.iter().map(|p| {
                let mut object = Object::new();
                object.number("step", p.step);
                object.number("difference", p.difference);
                object.number("error", p.error);
                object.close()
            })),
        );
        object.raw("not_checked", &array(self.unchecked.iter().map(|line| quoted(line))));
        object.raw("evaluations", &self.evaluations.to_string());
        object.raw("operation_evaluations", &self.operation_evaluations.to_string());
        object.close()
    }
}

impl SelfTest {
    /// The result as one JSON object: `injected`, `caught`, `named`, `smallest_visible`, `left_out`, and `faults`, the
    /// counts of each kind.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::{check::Checker, prelude::*};
    /// let test = Checker::new().self_test(|x| x.sin().sum(), &Tensor::from([0.3, 1.5]))?;
    /// assert!(test.to_json().starts_with(r#"{"injected":"#));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        let mut object = Object::new();
        object.raw("injected", &self.trials.len().to_string());
        object.raw("caught", &self.caught().to_string());
        object.raw("named", &self.named().to_string());
        object.number("smallest_visible", self.smallest_visible());
        object.raw("left_out", &self.left_out.to_string());
        let faults = Fault::ALL.into_iter().map(|fault| {
            let of_kind = || self.trials.iter().filter(move |t| t.fault == fault);
            let mut object = Object::new();
            object.text("fault", &fault.name());
            object.raw("injected", &of_kind().count().to_string());
            object.raw("caught", &of_kind().filter(|t| t.verdict == Verdict::Fail).count().to_string());
            object.raw("named", &of_kind().filter(|t| t.named).count().to_string());
            object.close()
        });
        object.raw("faults", &array(faults));
        object.close()
    }
}

fn element(e: &Element) -> String {
    let mut object = Object::new();
    object.text("name", &e.name);
    object.raw("position", &format!("{:?}", e.position));
    object.number("analytic", e.analytic);
    object.number("numeric", e.numeric);
    object.number("bar", e.bar);
    object.raw("sides", &e.sides.map_or("null".into(), |(a, b)| format!("[{},{}]", number(a), number(b))));
    object.raw("unseen_kink", &e.unseen.map_or("null".into(), number));
    object.raw("digits", &e.digits().to_string());
    object.text("verdict", &e.verdict.to_string());
    object.raw("pattern", &e.pattern.map_or("null".into(), |p| quoted(&p.to_string())));
    object.close()
}

fn operation(o: &Operation) -> String {
    let mut object = Object::new();
    object.raw("node", &o.node.map_or("null".into(), |n| n.to_string()));
    object.text("name", &o.name);
    object.raw("line", &o.line.map_or("null".into(), |l| quoted(&l.to_string())));
    object.raw("layer", &o.layer.as_deref().map_or("null".into(), quoted));
    object.raw("argument", &o.argument.to_string());
    object.text("verdict", &o.verdict.to_string());
    object.raw("pattern", &o.pattern.map_or("null".into(), |p| quoted(&p.to_string())));
    object.raw("position", &o.element.as_ref().map_or("null".into(), |at| format!("{at:?}")));
    object.number("analytic", o.analytic);
    object.number("numeric", o.numeric);
    object.number("bar", o.bar);
    object.raw("elsewhere", if o.elsewhere { "true" } else { "false" });
    object.close()
}

fn counts(verdicts: impl Iterator<Item = Verdict> + Clone) -> String {
    let mut object = Object::new();
    for kind in [Verdict::Pass, Verdict::Kink, Verdict::CannotTell, Verdict::Fail] {
        object.raw(&kind.to_string(), &verdicts.clone().filter(|v| *v == kind).count().to_string());
    }
    object.close()
}

struct Object(String);

impl Object {
    fn new() -> Self {
        Object(String::from("{"))
    }

    fn raw(&mut self, key: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0 += &quoted(key);
        self.0.push(':');
        self.0 += value;
    }

    fn text(&mut self, key: &str, value: &str) {
        self.raw(key, &quoted(value));
    }

    fn number(&mut self, key: &str, value: f64) {
        self.raw(key, &number(value));
    }

    fn close(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// The shortest text that reads back as the same number; JSON has none for infinity and NaN.
fn number(x: f64) -> String {
    if x.is_finite() { format!("{x:e}") } else { quoted(&x.to_string()) }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            // Writing to a string does not fail.
            c if c < ' ' => drop(write!(out, "\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(quoted("a \"b\"\\\n\u{1}é"), "\"a \\\"b\\\"\\\\\\n\\u0001é\"");
        assert_eq!(
            (number(1.5e-9), number(f64::NAN), number(-0.25)),
            ("1.5e-9".into(), "\"NaN\"".into(), "-2.5e-1".into())
        );
    }
}
