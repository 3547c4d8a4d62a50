//! What one backward pass does at each node, with all the numbers that it takes up and throws away.

use wengert_tape::{Any, Arg, Args, Error, Float, NodeKind, Op, Tensor, try_with};

use crate::View;
use crate::rule::rule;

/// What came to one operand of a node: a factor of the chain rule, and what it is added to.
#[derive(Clone, Debug)]
pub struct Part<F: Float> {
    /// The place among the operands.
    pub arg: usize,
    /// The position of the operand in the graph.
    pub node: usize,
    /// The derivative of the node by this operand, where both are single numbers.
    pub local: Option<F>,
    /// The cotangent that arrived times the local derivative: what this node gives to the operand.
    pub product: Tensor<F>,
    /// The sum of what later nodes gave to the operand; `None` if this is the first.
    pub before: Option<Tensor<F>>,
    /// The sum with this part. After the last part it is the gradient.
    pub after: Tensor<F>,
}

/// What happens at one node on the way back.
#[derive(Clone, Debug)]
pub struct Step<F: Float> {
    /// The position of the node in the graph.
    pub node: usize,
    /// The derivative of the output by this node, which has arrived in full.
    pub arrived: Tensor<F>,
    /// What it gives to each operand through which a gradient flows.
    pub parts: Vec<Part<F>>,
}

/// A backward pass, step by step.
#[derive(Clone, Debug)]
pub struct Steps<F: Float> {
    /// The position of the output.
    pub output: usize,
    /// The steps in order: from the output back. Leaves, at which a gradient ends, are not among them.
    pub steps: Vec<Step<F>>,
    /// The derivative of the output by each node that it reaches, by position in the graph.
    pub cotangents: Vec<Option<Tensor<F>>>,
}

impl<F: Float> View<F> {
    /// One backward pass from the last operation of the graph, or from its last node, with everything that it does on
    /// the way: for each node the cotangent that arrived, and for each operand the local derivative, the product and the
    /// running sum. The rules are those of the operations, and the sums those of a sweep, to the bit.
    ///
    /// An output that is not a single number begins with ones.
    ///
    /// # Errors
    /// [`Error::NotConnected`] if there is no node; [`Error::NoRule`] for an operation without a reverse rule.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::ViewExt;
    /// let tape = Tape::new();
    /// let (x, w) = (tape.scalar(0.5), tape.scalar(3.0));
    /// let steps = (x * w + x).view().steps()?;
    /// // the sum gives 1 to x and 1 to the product; the product adds 1 · w to what x has
    /// let part = &steps.steps[1].parts[0];
    /// assert_eq!((part.local, part.product.item()), (Some(3.0), 3.0));
    /// assert_eq!((part.before.as_ref().map(|sum| sum.item()), part.after.item()), (Some(1.0), 4.0));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn steps(&self) -> Result<Steps<F>, Error> {
        let nodes = &self.graph.nodes;
        let is_output = |k: &usize| matches!((&nodes[*k].kind, &nodes[*k].value), (NodeKind::Op(_), Any::Real(_)));
        let output = (0..nodes.len()).rev().find(is_output).or(nodes.len().checked_sub(1));
        match output {
            Some(output) => self.steps_from(output),
            None => Err(Error::NotConnected { reason: "nothing is recorded".into() }),
        }
    }

    /// The backward pass from a node.
    pub(crate) fn steps_from(&self, output: usize) -> Result<Steps<F>, Error> {
        let nodes = &self.graph.nodes;
        let active = self.active();
        let mut all = Steps { output, steps: Vec::new(), cotangents: vec![None; nodes.len()] };
        if let Any::Real(value) = &nodes[output].value {
            all.cotangents[output] = Some(Tensor::full(value.shape().clone(), F::one()));
        }
        for index in (0..=output).rev() {
            let needed: Vec<usize> =
                (0..nodes[index].parents.len()).filter(|arg| self.carries(&active, index, *arg)).collect();
            if let Some(arrived) = all.cotangents[index].clone().filter(|_| !needed.is_empty()) {
                let parts = try_with(|| self.parts(index, &needed, &arrived, &mut all.cotangents))?;
                all.steps.push(Step { node: index, arrived, parts });
            }
        }
        Ok(all)
    }

    /// The chain rule at one node: adds its part to the sum of each operand.
    fn parts(&self, index: usize, needed: &[usize], g: &Tensor<F>, sums: &mut [Option<Tensor<F>>]) -> Vec<Part<F>> {
        let node = &self.graph.nodes[index];
        let (NodeKind::Op(op), Any::Real(y)) = (&node.kind, &node.value) else { return Vec::new() };
        let args: Vec<Arg<'_, Tensor<F>>> = node.parents.iter().map(|p| self.graph.nodes[*p].value.as_arg()).collect();
        let args = Args(&args);
        let one = |arg: usize| y.len() == 1 && self.graph.nodes[node.parents[arg]].shape().iter().all(|n| *n == 1);
        let local =
            |arg: usize| one(arg).then(|| rule(op, arg, Tensor::full(y.shape().clone(), F::one()), args, y).item());
        // An operation that stands for several adds its parts itself, in their order.
        let mut onto = |arg: usize| sums[node.parents[needed[arg]]].clone();
        let summed = op.vjps_onto(needed, g, args, y, &mut onto);
        let alone = summed.as_ref().and_then(|_| op.vjps_onto(needed, g, args, y, &mut |_| None));
        let products = alone.unwrap_or_else(|| op.cotangents(needed, g.clone(), args, y));
        let mut parts = Vec::new();
        for (k, (arg, product)) in needed.iter().zip(products).enumerate() {
            let sum = &mut sums[node.parents[*arg]];
            let before = sum.clone();
            let after = match (&summed, &before) {
                (Some(summed), _) => summed[k].clone(),
                (None, Some(before)) => before + &product,
                (None, None) => product.clone(),
            };
            *sum = Some(after.clone());
            parts.push(Part { arg: *arg, node: node.parents[*arg], local: local(*arg), product, before, after });
        }
        parts
    }
}
