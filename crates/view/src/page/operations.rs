//! The operations of a graph, each once, as the page needs them.

use std::collections::HashMap;

use wengert_tape::ops::AnyOp;
use wengert_tape::{Float, Op};

use super::json;
use crate::formula::{Expression, MathMl, printed, script, slot};

/// A value that is longer than this as a formula is called by the operation's name.
const LONG: usize = 9;

/// Operations by their places.
#[derive(Default)]
pub(super) struct Operations {
    /// By name and attributes, and the operands, of which some are numbers that its formulas depend on.
    places: HashMap<(String, Vec<Option<u64>>), usize>,
    /// Whether the formulas of an operation, by name and attributes, have choices in them that known operands decide.
    choices: HashMap<String, bool>,
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
        let chooses = match self.choices.get(&name) {
            Some(chooses) => *chooses,
            None => {
                let chooses = op.formulas().is_some_and(|f| f.partials.iter().any(|f| Expression::of(f).chooses()));
                self.choices.insert(name.clone(), chooses);
                chooses
            }
        };
        let known: Vec<Option<f64>> = known.iter().map(|x| x.filter(|_| chooses)).collect();
        let bits = known.iter().map(|x| x.map(f64::to_bits)).collect();
        let key = (name, bits);
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let place = self.described.len();
        self.places.insert(key, place);
        let formulas = op.formulas();
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
            let written = |expression: &Expression| json::string(&printed(expression, &MathMl, &slot));
            if value.length() <= LONG {
                fields.push(("math", written(&value)));
            }
            let partials = formulas.partials.iter().map(|f| written(&Expression::with(f, &known)));
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
