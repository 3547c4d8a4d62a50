//! Derivatives written out are computed with, and give the gradient.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, Num, Number, Op, Real};
use wengert_view::ViewExt;

/// A reader of the LaTeX that derivations are written in.
struct Reader<'a> {
    rest: &'a str,
    symbols: &'a BTreeMap<String, f64>,
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, word: &str) {
        assert!(self.take(word), "`{word}` is due: {}", self.rest);
    }

    fn sum(&mut self) -> f64 {
        let negative = self.take("-");
        let mut sum = self.product();
        if negative {
            sum = -sum;
        }
        loop {
            if self.take("+") {
                sum += if self.take("-") { -self.product() } else { self.product() };
            } else if self.take("-") {
                sum -= self.product();
            } else {
                return sum;
            }
        }
    }

    fn product(&mut self) -> f64 {
        let mut product = self.power();
        while self.take("\\cdot") {
            product *= if self.take("-") { -self.power() } else { self.power() };
        }
        product
    }

    fn power(&mut self) -> f64 {
        let base = self.atom();
        if self.take("^{") {
            let exponent = self.sum();
            self.expect("}");
            return base.powf(exponent);
        }
        base
    }

    fn braced(&mut self) -> f64 {
        self.expect("{");
        let x = self.sum();
        self.expect("}");
        x
    }

    fn atom(&mut self) -> f64 {
        self.rest = self.rest.trim_start();
        // A derivative that a line before told is a symbol too.
        if let Some(name) =
            self.symbols.keys().filter(|name| self.rest.starts_with(*name)).max_by_key(|name| name.len())
        {
            self.rest = &self.rest[name.len()..];
            return self.symbols[name];
        }
        if self.take("\\frac") {
            let (a, b) = (self.braced(), self.braced());
            return a / b;
        }
        if self.take("\\sqrt") {
            return self.braced().sqrt();
        }
        if self.take("\\begin{cases}") {
            return self.cases();
        }
        for (open, close, f) in [
            ("\\left(", "\\right)", (|x| x) as fn(f64) -> f64),
            ("\\left|", "\\right|", f64::abs),
            ("\\lfloor", "\\rfloor", f64::floor),
            ("\\lceil", "\\rceil", f64::ceil),
            ("{", "}", |x| x),
        ] {
            if self.take(open) {
                let x = self.sum();
                self.expect(close);
                return f(x);
            }
        }
        if self.take("\\text{NaN}") {
            return f64::NAN;
        }
        if self.take("\\infty") {
            return f64::INFINITY;
        }
        self.rest = self.rest.trim_start();
        if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            let end = self.rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(self.rest.len());
            let (number, rest) = self.rest.split_at(end);
            self.rest = rest;
            return number.parse().unwrap();
        }
        assert!(self.rest.starts_with('\\'), "no symbol: {}", self.rest);
        self.function()
    }

    fn cases(&mut self) -> f64 {
        let a = self.sum();
        self.expect("&");
        self.expect("\\text{if }");
        let left = self.sum();
        let sign = ["<", "\\le", "="].into_iter().find(|sign| self.take(sign)).expect("a relation");
        let right = self.sum();
        let holds = match sign {
            "<" => left < right,
            "=" => left == right,
            _ => left <= right,
        };
        self.expect("\\\\");
        let b = self.sum();
        self.expect("&");
        self.expect("\\text{else}");
        self.expect("\\end{cases}");
        if holds { a } else { b }
    }

    fn function(&mut self) -> f64 {
        self.rest = &self.rest[1..];
        let end = self.rest.find(|c: char| !c.is_alphabetic()).unwrap();
        let (mut name, rest) = self.rest.split_at(end);
        self.rest = rest;
        if name == "operatorname" {
            self.expect("{");
            let end = self.rest.find('}').unwrap();
            name = &self.rest[..end];
            self.rest = &self.rest[end + 1..];
        }
        let name = name.replace('\\', "");
        let exponent = if self.take("^{") {
            let exponent = self.sum();
            self.expect("}");
            exponent
        } else {
            1.0
        };
        self.expect("\\left(");
        let mut x = vec![Num(self.sum())];
        while self.take(",") {
            x.push(Num(self.sum()));
        }
        self.expect("\\right)");
        called(&name, &x).0.powf(exponent)
    }
}

fn called(name: &str, x: &[Num<f64>]) -> Num<f64> {
    match (name, x) {
        ("sin", [x]) => x.sin(),
        ("cos", [x]) => x.cos(),
        ("tan", [x]) => x.tan(),
        ("sinh", [x]) => x.sinh(),
        ("cosh", [x]) => x.cosh(),
        ("tanh", [x]) => x.tanh(),
        ("exp", [x]) => x.exp(),
        ("ln", [x]) => x.ln(),
        ("sigma", [x]) => x.sigmoid(),
        ("arcsin", [x]) => x.asin(),
        ("arccos", [x]) => x.acos(),
        ("arctan", [x]) => x.atan(),
        ("exp_m1", [x]) => x.exp_m1(),
        ("ln_1p", [x]) => x.ln_1p(),
        ("exp2", [x]) => x.exp2(),
        ("log2", [x]) => x.log2(),
        ("log10", [x]) => x.log10(),
        ("cbrt", [x]) => x.cbrt(),
        ("asinh", [x]) => x.asinh(),
        ("acosh", [x]) => x.acosh(),
        ("atanh", [x]) => x.atanh(),
        ("erf", [x]) => x.erf(),
        ("erfc", [x]) => x.erfc(),
        ("erfinv", [x]) => x.erfinv(),
        ("lgamma", [x]) => x.lgamma(),
        ("round", [x]) => x.round(),
        ("trunc", [x]) => x.trunc(),
        ("atan2", [a, b]) => a.atan2(*b),
        ("hypot", [a, b]) => a.hypot(*b),
        ("fmod", [a, b]) => a.fmod(*b),
        ("polygamma", [x, order]) => x.polygamma(order.0 as u32),
        _ => panic!("no function {name} of {}", x.len()),
    }
}

/// Each line of a derivation: what stands on its left, and the value of the first side.
fn computed(latex: &str, leaves: &BTreeMap<String, f64>) -> Vec<(String, f64)> {
    let mut symbols = leaves.clone();
    let inner = latex.strip_prefix("\\begin{aligned}\n").and_then(|l| l.strip_suffix("\n\\end{aligned}\n")).unwrap();
    let lines = inner.lines().map(|line| {
        let line = line.strip_suffix(" \\\\").unwrap_or(line);
        let (left, right) = line.split_once(" &= ").unwrap();
        let mut reader = Reader { rest: right, symbols: &symbols };
        let value = reader.sum();
        assert!(
            reader.rest.trim().is_empty() || reader.rest.trim_start().starts_with('='),
            "left over: {}",
            reader.rest
        );
        symbols.insert(left.to_string(), value);
        (left.to_string(), value)
    });
    lines.collect()
}

/// What of a derivation, in one line for each leaf or step by step, is not the gradient.
fn faults(what: &str, y: Var, leaves: &[(&str, Var)]) -> Vec<String> {
    let gradients = y.backward();
    let view = leaves.iter().fold(y.view(), |view, (name, leaf)| view.name(*leaf, *name));
    let values = leaves.iter().map(|(name, leaf)| (name.to_string(), leaf.item())).collect();
    let mut wrong = Vec::new();
    for derivation in [view.derivation().unwrap(), view.derivation_by_steps().unwrap()] {
        let found = computed(&derivation.latex(), &values);
        let value = found.iter().find(|(left, _)| left == "y").map_or(f64::NAN, |(_, value)| *value);
        if !((value - y.item()).abs() <= 1e-12 * y.item().abs().max(1.0)) {
            wrong.push(format!("{what}: the value {value} in place of {}: {}", y.item(), derivation.latex()));
        }
        for (name, leaf) in leaves {
            let due = gradients[*leaf].item();
            let left = format!("\\frac{{\\partial y}}{{\\partial {name}}}");
            let Some((_, value)) = found.iter().find(|(l, _)| *l == left) else {
                if due != 0.0 {
                    wrong.push(format!("{what}: no line for {name}: {}", derivation.latex()));
                }
                continue;
            };
            if !((value - due).abs() <= 1e-11 * due.abs().max(1.0)) {
                wrong.push(format!("{what}: {value} in place of {due} for {name}: {}", derivation.latex()));
            }
        }
    }
    wrong
}

#[test]
fn every_formula_written_out_gives_the_gradient() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for case in AnyOp::registered_cases() {
        let Some(op) = case.op.clone().filter(|op| op.formulas().is_some()) else { continue };
        if !case.shapes().iter().all(|shape| shape.rank() == 0) || case.kink {
            continue;
        }
        let tape = Tape::new();
        let leaves: Vec<Var> = case.args.iter().map(|arg| tape.var(arg.clone().real())).collect();
        let args: Vec<Arg<'_, Var>> = leaves.iter().map(Arg::Real).collect();
        let Any::Real(y) = Var::apply(op.clone(), &args) else { continue };
        let y = y * 1.5 + 0.25;
        let names = ["a", "b", "c"];
        let named: Vec<(&str, Var)> = names.into_iter().zip(leaves.iter().copied()).collect();
        wrong.extend(faults(&format!("{op:?}"), y, &named));
        tried += 1;
    }
    assert!(tried > 80, "{tried} operations");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_graph_written_out_gives_the_gradient() {
    let tape = Tape::new();
    let number = |x: f64| tape.var(Tensor::from(x));
    let (a, b, c) = (number(0.3), number(-1.2), number(0.7));
    let y = ((a * b + c).tanh() - a / c).powi(2) * (b * -0.5).exp() - (a - b) * (c - (a - 1.0));
    assert_eq!(faults("a formula", y, &[("a", a), ("b", b), ("c", c)]), [""; 0]);
    // so many paths that it is written step by step
    let many = (0..8).fold(a, |z, _| z * z + b);
    assert!(many.view().name(a, "a").derivation().unwrap().text().contains("∂y/∂v_"));
    assert_eq!(faults("many paths", many, &[("a", a), ("b", b)]), [""; 0]);
}

/// The line of 3Blue1Brown's chapter: ∂C/∂w = ∂z/∂w · ∂a/∂z · ∂C/∂a.
#[test]
fn the_chain_of_a_neuron_is_written_as_in_the_books() {
    let tape = Tape::new();
    let (x, w, b) = (tape.scalar(0.73), tape.scalar(1.4), tape.scalar(-0.3));
    let z = w * x + b;
    let a = z.sigmoid();
    let cost = (a - 0.9).powi(2);
    let view = [("x", x), ("w", w), ("b", b), ("z", z), ("a", a), ("C", cost)];
    let view = view.into_iter().fold(cost.view(), |view, (name, node)| view.name(node, name));
    let text = view.derivation().unwrap().text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..3], ["z = w · x + b", "a = σ(z)", "C = (a − 0.9)²"]);
    assert_eq!(lines[4], "∂C/∂w = x · a · (1 − σ(z)) · 2 · (a − 0.9)");
}

#[test]
fn tensors_are_written_by_their_rules() {
    let tape = Tape::new();
    let w = tape.var(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    let x = tape.input(Tensor::from([[0.5, -1.0]]));
    let y = x.matmul(w).tanh().sum();
    let view = y.view().name(w, "w").name(x, "x");
    let derivation = view.derivation().unwrap();
    assert!(derivation.text().contains("∂y/∂w = xᵀ · ∂y/∂v_3"), "{}", derivation.text());
    let mathml = view.mathml().unwrap();
    roxmltree::Document::parse(&mathml).unwrap();
}

/// What is repeated gets the sum of what arrives at its places, and the line says so.
#[test]
fn what_is_repeated_gets_a_sum() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    let (b, c) = (tape.var(Tensor::from([0.1, 0.2, 0.3])), tape.var(Tensor::from(2.0)));
    let z = (x + b) * c;
    let view = z.sum().view();
    let view =
        [("x", x), ("b", b), ("c", c), ("z", z)].into_iter().fold(view, |view, (name, node)| view.name(node, name));
    let text = view.derivation().unwrap().numbers().text();
    // ∂y/∂c is the sum of x + b: 21 and twice 0.6
    for line in ["∂y/∂c = sum_to((∂y/∂z · (x + b)), []) = 22.2", "∂y/∂b = sum_to(∂y/∂v_4, [3])"] {
        assert!(text.lines().any(|own| own.starts_with(line)), "no {line}:\n{text}");
    }
}

/// KaTeX reads it, where `WENGERT_KATEX` names the folder of that package.
#[test]
fn katex_reads_what_is_written() {
    let Some(katex) = std::env::var_os("WENGERT_KATEX") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "no KaTeX: install the package, and say where it is in WENGERT_KATEX"
        );
        eprintln!("skipped: WENGERT_KATEX does not name the folder of KaTeX");
        return;
    };
    let script = "const katex = require(process.argv[1]); const all = JSON.parse(require('fs').readFileSync(0, 'utf8')); \
                  for (const tex of all) katex.renderToString(tex, { throwOnError: true, strict: 'error', displayMode: true });";
    let mut all = Vec::new();
    for case in AnyOp::registered_cases() {
        let Some(op) = case.op.clone().filter(|op| op.formulas().is_some()) else { continue };
        if case.shapes().iter().all(|shape| shape.rank() == 0) {
            let tape = Tape::new();
            let leaves: Vec<Var> = case.args.iter().map(|arg| tape.var(arg.clone().real())).collect();
            let args: Vec<Arg<'_, Var>> = leaves.iter().map(Arg::Real).collect();
            if let Any::Real(y) = Var::apply(op, &args) {
                let view = y.view().name(leaves[0], "weight_{1}$&%");
                all.push(view.derivation().unwrap().numbers().latex());
            }
        }
    }
    let json: Vec<String> = all.iter().map(|tex| format!("{tex:?}")).collect();
    let mut node = Command::new("node").args(["-e", script]).arg(&katex).stdin(Stdio::piped()).spawn().expect("node");
    node.stdin.take().unwrap().write_all(format!("[{}]", json.join(",")).as_bytes()).unwrap();
    assert!(node.wait().unwrap().success());
}
