//! The operations of a graph, each once, as the page needs them.

use std::collections::HashMap;

use wengert_tape::ops::AnyOp;
use wengert_tape::{Algebra, Arg, Args, Float, Kind, Op, Shape, Text, try_with};

use super::json;
use crate::formula::{Expression, MathMl, printed, script};

/// A value that is longer than this as a formula is called by the operation's name.
const LONG: usize = 9;

/// Operations by their places.
#[derive(Default)]
pub(super) struct Operations {
    /// By name and attributes, and the operands, of which some are numbers that its formulas depend on.
    places: HashMap<(String, Vec<Option<u64>>), usize>,
    /// What is said of each, as JSON.
    described: Vec<String>,
    /// The formulas of those that have some, as JavaScript.
    scripts: Vec<String>,
    /// Whether each acts element by element.
    pub(super) pointwise: Vec<bool>,
}

impl Operations {
    /// The place of an operation with operands of which some are known numbers. These are put into formulas that choose by them,
    /// as a power does by its exponent.
    pub(super) fn place<F: Float>(&mut self, op: &AnyOp, known: &[Option<f64>]) -> usize {
        let debug = format!("{op:?}");
        let name = format!("{} {debug}", op.name());
        let formulas = op.formulas();
        let chooses = formulas.as_ref().is_some_and(|f| f.partials.iter().any(|f| Expression::of(f).chooses()));
        let known: Vec<Option<f64>> = known.iter().map(|x| x.filter(|_| chooses)).collect();
        let bits = known.iter().map(|x| x.map(f64::to_bits)).collect();
        let key = (name, bits);
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let place = self.described.len();
        self.places.insert(key, place);
        let slots: Vec<String> = (0..known.len()).map(|k| format!("⟨{k}⟩")).collect();
        let text = op.text(&slots.iter().map(String::as_str).collect::<Vec<_>>());
        let registered = op.registered_name();
        let mut fields = vec![
            ("name", json::string(&op.name())),
            ("text", json::string(&text)),
            ("type", json::or_null(registered.map(json::string))),
        ];
        fields.extend(registered.and_then(|_| json::attributes(&debug)).map(|json| ("attributes", json)));
        if !op.at_kinks().is_empty() {
            fields.push(("kinks", json::string(op.at_kinks())));
        }
        if let Some(formulas) = &formulas {
            let value = Expression::with(&formulas.value, &known);
            if value.length() <= LONG {
                fields.push(("math", json::string(&printed(&value, &MathMl))));
            }
            let partials =
                formulas.partials.iter().map(|f| json::string(&printed(&Expression::with(f, &known), &MathMl)));
            fields.push(("partials", json::list(partials)));
        }
        self.described.push(json::object(fields));
        self.scripts.push(formulas.as_ref().map_or("null".into(), script::<F>));
        self.pointwise.push(formulas.is_some());
        place
    }

    pub(super) fn json(&self) -> String {
        json::list(&self.described)
    }

    /// A JavaScript array of the formulas.
    pub(super) fn script(&self) -> String {
        format!("[\n{}\n]", self.scripts.join(",\n"))
    }
}

/// The rule for the cotangent of an operand as text with slots: `g · ⟨1⟩ᵀ`. `None` where it cannot be told from shapes.
pub(crate) fn rule_text(op: &AnyOp, arg: usize, kinds: &[Kind], shapes: &[Shape], shape: &Shape) -> Option<String> {
    let operands: Vec<Text> =
        shapes.iter().enumerate().map(|(k, shape)| Text::new(format!("⟨{k}⟩"), shape.clone())).collect();
    let args: Vec<Arg<'_, Text>> = operands
        .iter()
        .zip(kinds)
        .map(|(text, kind)| match kind {
            Kind::Real => Arg::Real(text),
            Kind::Index => Arg::Index(text),
            Kind::Mask => Arg::Mask(text),
        })
        .collect();
    let (g, y) = (Text::new("⟨g⟩", shape.clone()), Text::new("⟨y⟩", shape.clone()));
    try_with(|| rule(op, arg, g, Args(&args), &y)).ok().map(|text| text.to_string())
}

/// The cotangent of one operand, by whichever rule the operation has.
pub(super) fn rule<A: Algebra>(op: &AnyOp, arg: usize, g: A, args: Args<'_, A>, y: &A) -> A {
    match op.vjps(&[arg], &g, args, y) {
        Some(mut only) if only.len() == 1 => only.remove(0),
        _ => op.vjp(arg, g, args, y),
    }
}
