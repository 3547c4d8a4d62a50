//! A graph with what is to be shown of it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::fold::Fold;
use crate::lint::Lint;
use crate::profile::Profile;
use wengert_tape::{Any, Error, Float, Gradients, GraphView, Kind, NodeKind, Op, Param, Scalar, Tape, Tensor, Var};

/// A recorded graph with what is to be shown of it: gradients, names, source lines.
///
/// Its `Display` is the listing that [`print`](View::print) prints: one line for each node with operation, formula,
/// shape, value, gradient where there is one, and the source line that recorded it. Large tensors are summed up as
/// their range and mean, and the middle of a long listing is left out unless [`all`](View::all) is asked for.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// use wengert_view::ViewExt;
/// let tape = Tape::new();
/// let w = tape.var(Tensor::from([[1.0, -2.0], [0.5, 3.0]]));
/// let x = tape.input(Tensor::from([[1.0, 0.0]]));
/// let y = x.matmul(w).relu().sum();
/// let view = y.view().gradients(&y.backward_all()).name(w, "w");
/// assert!(view.to_string().contains("[[1, -2], [0.5, 3]]  [[1, 0], [0, 0]]"));
/// ```
#[derive(Clone, Debug)]
pub struct View<F: Float> {
    pub(crate) graph: GraphView<F>,
    /// By position in the graph; empty if none were given.
    pub(crate) gradients: Vec<Option<Tensor<F>>>,
    pub(crate) names: BTreeMap<usize, String>,
    pub(crate) all: bool,
    pub(crate) lines: bool,
    pub(crate) down: bool,
    pub(crate) fold: Option<Fold>,
    /// The names of parameters that are learned and not in the graph.
    pub(crate) missing: Vec<String>,
}

impl<F: Float> View<F> {
    /// A view of a graph, with source lines, without gradients and names.
    pub fn of(graph: GraphView<F>) -> Self {
        View {
            graph,
            gradients: Vec::new(),
            names: BTreeMap::new(),
            all: false,
            lines: true,
            down: false,
            fold: None,
            missing: Vec::new(),
        }
    }

    /// With the gradients that a sweep kept: [`backward_all`](Var::backward_all) keeps that of every node,
    /// [`backward`](Var::backward) those of leaves and retained nodes. Gradients of another tape show nothing.
    pub fn gradients(mut self, gradients: &Gradients<F>) -> Self {
        self.gradients = self.graph.nodes.iter().map(|node| self.graph.gradient(node, gradients)).collect();
        self
    }

    /// With a name for a node. A node that is not in the graph gets none.
    pub fn name(mut self, node: impl Node<F>, name: impl Into<String>) -> Self {
        if let Some(index) = node.find_in(&self.graph) {
            self.names.insert(index, one_line(&name.into()));
        }
        self
    }

    /// With the names of a model's parameters, as `model.parameters()` gives them: of those that are in the graph.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::ViewExt;
    /// let weight = Param::new(Tensor::from([1.0, -2.0]));
    /// let tape = Tape::new();
    /// let y = (tape.input(Tensor::from([3.0, 4.0])).lift(&weight) * 2.0).sum();
    /// assert!(y.view().parameters([("weight", &weight)]).to_string().contains("weight · 2"));
    /// ```
    pub fn parameters<'p>(mut self, parameters: impl IntoIterator<Item = (impl Into<String>, &'p Param<F>)>) -> Self {
        for (name, param) in parameters {
            let name = one_line(&name.into());
            let leaves = self.graph.nodes.iter().filter(|node| node.param == Some(param.id()));
            let leaves: Vec<usize> = leaves.map(|node| node.index).collect();
            if leaves.is_empty() && !param.is_frozen() {
                self.missing.push(name.clone());
            }
            self.names.extend(leaves.into_iter().map(|index| (index, name.clone())));
        }
        self
    }

    /// With every node, however many there are.
    pub fn all(mut self) -> Self {
        self.all = true;
        self
    }

    /// Without source lines.
    pub fn without_lines(mut self) -> Self {
        self.lines = false;
        self
    }

    /// Drawn with these nodes in one box, in pictures and when the page opens. A folding that says nothing of this graph, as layers of one that has none, is left out.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::{Fold, ViewExt};
    /// let tape = Tape::new();
    /// let x = tape.scalar(0.5);
    /// let neuron = |w: f64, b: f64| (tape.scalar(w) * x + tape.scalar(b)).tanh();
    /// let (a, b) = (neuron(2.0, 1.0), neuron(-1.0, 0.5));
    /// let y = a * b + a;
    /// // x, the neuron that is used twice, and the rest
    /// assert_eq!(y.view().fold(Fold::Neurons).svg().matches("<rect").count(), 3);
    /// ```
    pub fn fold(mut self, fold: Fold) -> Self {
        self.fold = Some(fold);
        self
    }

    /// Drawn from the top down instead of from left to right.
    pub fn down(mut self) -> Self {
        self.down = true;
        self
    }

    /// The name that was given to the node at a position of the graph.
    pub fn name_of(&self, index: usize) -> Option<&str> {
        self.names.get(&index).map(String::as_str)
    }

    /// The graph.
    pub fn graph(&self) -> &GraphView<F> {
        &self.graph
    }

    /// Prints the listing.
    ///
    /// # Panics
    /// If standard output is closed.
    pub fn print(&self) {
        print!("{self}");
    }

    /// The positions of the nodes that get a line or a box: all but the constant numbers, which stand in formulas.
    pub(crate) fn shown(&self) -> Vec<usize> {
        (0..self.graph.nodes.len()).filter(|index| self.has_box(*index)).collect()
    }

    /// The number that a constant node is.
    pub(crate) fn constant_number(&self, index: usize) -> Option<f64> {
        match &self.graph.nodes[index].value {
            Any::Real(value) if !self.has_box(index) => Some(Float::to_f64(value.item())),
            _ => None,
        }
    }

    pub(crate) fn gradient_of(&self, index: usize) -> Option<&Tensor<F>> {
        self.gradients.get(index)?.as_ref()
    }

    /// For each node whether a gradient can reach it: a `var`, or what depends on one.
    pub(crate) fn active(&self) -> Vec<bool> {
        let mut active: Vec<bool> = Vec::with_capacity(self.graph.nodes.len());
        for node in &self.graph.nodes {
            active.push(match &node.kind {
                NodeKind::Var => true,
                NodeKind::Input | NodeKind::Constant => false,
                NodeKind::Op(_) => (0..node.parents.len()).any(|arg| self.carries(&active, node.index, arg)),
            });
        }
        active
    }

    /// Whether a gradient flows from a node to its argument `arg`.
    pub(crate) fn carries(&self, active: &[bool], index: usize, arg: usize) -> bool {
        let node = &self.graph.nodes[index];
        match &node.kind {
            NodeKind::Op(op) => op.output() == Kind::Real && op.active(arg) && active[node.parents[arg]],
            _ => false,
        }
    }
}

/// Text without line breaks and other control characters.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A handle of a node: a recorded number or tensor.
pub trait Node<F: Float> {
    /// Its position in a graph.
    fn find_in(&self, graph: &GraphView<F>) -> Option<usize>;
}

impl<F: Float, E> Node<F> for Var<F, E> {
    fn find_in(&self, graph: &GraphView<F>) -> Option<usize> {
        graph.find(*self).map(|node| node.index)
    }
}

impl<F: Float> Node<F> for Scalar<F> {
    fn find_in(&self, graph: &GraphView<F>) -> Option<usize> {
        graph.find_scalar(*self).map(|node| node.index)
    }
}

/// What can be seen of tapes and recorded values. A tape shows all that it holds, a value what it depends on.
pub trait ViewExt {
    /// The float type.
    type F: Float;

    /// The graph, with what is to be shown of it.
    ///
    /// # Errors
    /// [`Error::NoGraph`] on a gradient-only tape, [`Error::NotConnected`] for a constant, [`Error::StaleHandle`],
    /// [`Error::ForeignThread`].
    fn try_view(&self) -> Result<View<Self::F>, Error>;

    /// [`try_view`](ViewExt::try_view), which panics at the caller's line instead of returning an error.
    ///
    /// # Panics
    /// As `try_view` errs.
    #[track_caller]
    fn view(&self) -> View<Self::F> {
        self.try_view().unwrap_or_else(|e| panic!("{e}"))
    }

    /// Prints one line for each node: operation, formula, shape, value, source line.
    ///
    /// # Panics
    /// As [`view`](ViewExt::view); if standard output is closed.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::ViewExt;
    /// let tape = Tape::new();
    /// let y = tape.scalar(2.0).powi(3) * 0.5;
    /// tape.print();
    /// ```
    #[track_caller]
    fn print(&self) {
        self.view().print();
    }

    /// The graph in Graphviz's language: [`View::dot`].
    ///
    /// # Panics
    /// As [`view`](ViewExt::view).
    #[track_caller]
    fn graphviz(&self) -> String {
        self.view().dot()
    }

    /// Writes a page on which the backward pass is stepped through: [`View::explore`], with names from the source.
    ///
    /// # Errors
    /// As [`View::explore`] and [`try_view`](ViewExt::try_view).
    ///
    /// # Examples
    /// ```no_run
    /// use wengert_tape::prelude::*;
    /// use wengert_view::ViewExt;
    /// let tape = Tape::new();
    /// let (x, w) = (tape.scalar(0.5), tape.scalar(-2.0));
    /// let loss = (x * w).tanh();
    /// loss.explore("backprop.html")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    fn explore(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.try_view().map_err(io::Error::other)?.explore(path)
    }

    /// Where the time and the memory go, by node and source line: [`View::profile`].
    ///
    /// # Panics
    /// As [`view`](ViewExt::view).
    #[track_caller]
    fn profile(&self) -> Profile {
        self.view().profile()
    }

    /// Looks for what hinders learning: [`View::lint`]. The numbers are those of the batch that was recorded.
    ///
    /// # Panics
    /// As [`view`](ViewExt::view).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::{Concern, ViewExt};
    /// let tape = Tape::new();
    /// let (w, unused) = (tape.var(Tensor::from([0.5])), tape.var(Tensor::from([1.0])));
    /// let loss = (w * 2.0).square().mean();
    /// let lint = tape.lint();
    /// assert!(lint.has(Concern::Unused) && lint.remarks.len() == 1);
    /// assert!(lint.to_string().contains("the output %5 does not depend on it"));
    /// ```
    #[track_caller]
    fn lint(&self) -> Lint {
        self.view().lint()
    }

    /// The graph as a picture: [`View::svg`].
    ///
    /// # Panics
    /// As [`view`](ViewExt::view).
    #[track_caller]
    fn svg(&self) -> String {
        self.view().svg()
    }
}

impl<F: Float> ViewExt for Tape<F> {
    type F = F;
    fn try_view(&self) -> Result<View<F>, Error> {
        GraphView::of_tape(self).map(View::of)
    }
}

impl<F: Float, E> ViewExt for Var<F, E> {
    type F = F;
    fn try_view(&self) -> Result<View<F>, Error> {
        GraphView::of_var(*self).map(View::of)
    }
}

impl<F: Float> ViewExt for Scalar<F> {
    type F = F;
    fn try_view(&self) -> Result<View<F>, Error> {
        GraphView::of_scalar(*self).map(View::of)
    }
}
