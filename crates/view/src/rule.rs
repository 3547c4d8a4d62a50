//! Rules of operations whose types are not known, as they are read here: on numbers, on a tape, and as text.

use wengert_tape::ops::AnyOp;
use wengert_tape::{
    Algebra, Any, Arg, Args, Float, GraphNode, GraphView, Kind, Op, Shape, Tensor, Text, Value, try_with,
};

/// The cotangent of one operand.
pub(crate) fn rule<A: Algebra>(op: &AnyOp, arg: usize, g: A, args: Args<'_, A>, y: &A) -> A {
    op.cotangents(&[arg], g, args, y).remove(0)
}

/// The value and the derivative by an operand, where that is the number `x` and the others are single numbers; `None` where the
/// operation refuses.
pub(crate) fn value_and_slope<F: Float>(op: &AnyOp, arg: usize, operands: &[&Value<F>], x: f64) -> Option<[f64; 2]> {
    let mut operands: Vec<Value<F>> = operands.iter().map(|operand| (*operand).clone()).collect();
    operands[arg] = Tensor::from(F::from_f64(x)).into();
    let args: Vec<Arg<'_, Tensor<F>>> = operands.iter().map(|operand| operand.as_arg()).collect();
    let found = try_with(|| match op.forward(Args(&args)) {
        Any::Real(y) => {
            let one = Tensor::full(y.shape().clone(), F::one());
            let slope = rule(op, arg, one, Args(&args), &y);
            Some([y.data()[0], slope.data()[0]].map(Float::to_f64))
        }
        _ => None,
    });
    found.ok().flatten()
}

/// The rule for the cotangent of one of these operands as text with slots: `⟨g⟩ · ⟨1⟩ᵀ`. `None` where it cannot be told from shapes.
pub(crate) fn rule_text<F: Float>(op: &AnyOp, arg: usize, operands: &[&Value<F>], shape: &Shape) -> Option<String> {
    let operands: Vec<Arg<'_, Tensor<F>>> = operands.iter().map(|operand| operand.as_arg()).collect();
    let texts: Vec<Text> =
        operands.iter().enumerate().map(|(k, operand)| Text::new(format!("⟨{k}⟩"), operand.shape())).collect();
    let args: Vec<Arg<'_, Text>> = texts
        .iter()
        .zip(&operands)
        .map(|(text, operand)| match operand.kind() {
            Kind::Real => Arg::Real(text),
            Kind::Index => Arg::Index(text),
            Kind::Mask => Arg::Mask(text),
        })
        .collect();
    let (g, y) = (Text::new("⟨g⟩", shape.clone()), Text::new("⟨y⟩", shape.clone()));
    try_with(|| rule(op, arg, g, Args(&args), &y)).ok().map(|text| text.to_string())
}

/// The values of a node's operands.
pub(crate) fn operands<'a, F: Float>(graph: &'a GraphView<F>, node: &GraphNode<F>) -> Vec<&'a Value<F>> {
    node.parents.iter().map(|p| &graph.nodes[*p].value).collect()
}

/// Whether a node repeats an operand, whose rule then adds up what arrived at all places: its formula is that of one.
pub(crate) fn repeats<F: Float>(graph: &GraphView<F>, node: &GraphNode<F>, arg: usize) -> bool {
    node.shape().len_elements() != graph.nodes[node.parents[arg]].shape().len_elements()
}
