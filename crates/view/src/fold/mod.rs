//! Which nodes share a box: foldings of a graph.

mod cones;
mod keys;
mod quotient;
pub(crate) mod source;
mod tidy;

use wengert_tape::{Float, GraphNode, NodeKind};

use crate::View;
pub(crate) use source::{Line, Sources};

/// Which nodes share a box in a picture: [`View::fold`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fold {
    /// Every node has a box.
    Nothing,
    /// What only moves numbers is in the box of what needs it, and so are long sums and many of a kind.
    Tidy,
    /// What is used once is in the box of what uses it: a neuron with its products.
    Neurons,
    /// By the line that recorded it.
    Lines,
    /// By the function in which that line stands.
    Functions,
    /// By the layer of a model.
    Layers,
}

impl Fold {
    /// All of them, the finest first.
    pub(crate) const ALL: [Fold; 6] =
        [Fold::Nothing, Fold::Tidy, Fold::Neurons, Fold::Lines, Fold::Functions, Fold::Layers];

    /// What the page calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Fold::Nothing => "every node",
            Fold::Tidy => "operations",
            Fold::Neurons => "neurons",
            Fold::Lines => "source lines",
            Fold::Functions => "functions",
            Fold::Layers => "layers",
        }
    }
}

/// The nodes of a box, in recording order, by position in the graph.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// What the box is called; `None` for one that is called as its main node.
    pub(crate) title: Option<String>,
    pub(crate) nodes: Vec<usize>,
    /// The node whose numbers the box shows; `None` for many of a kind.
    pub(crate) main: Option<usize>,
}

/// A graph folded: boxes in an order in which arrows lead forward.
#[derive(Clone, Debug)]
pub(crate) struct Folded {
    pub(crate) groups: Vec<Group>,
    /// For each box, the arrows that lead to it: the box from which, a node and which of its operands.
    pub(crate) arrows: Vec<Vec<(usize, usize, usize)>>,
}

impl Folded {
    /// The last `most` boxes, and how many nodes are in the others.
    pub(crate) fn last(mut self, most: usize) -> (Self, usize) {
        let cut = self.groups.len().saturating_sub(most);
        let left_out = self.groups.drain(..cut).map(|group| group.nodes.len()).sum();
        self.arrows.drain(..cut);
        for arrows in &mut self.arrows {
            arrows.retain(|(from, ..)| *from >= cut);
            arrows.iter_mut().for_each(|(from, ..)| *from -= cut);
        }
        (self, left_out)
    }
}

impl<F: Float> View<F> {
    /// The graph folded; `None` where the fold says nothing, as layers of a graph that has none.
    pub(crate) fn folded(&self, fold: Fold, sources: &Sources) -> Option<Folded> {
        let owner = match fold {
            Fold::Nothing => self.shown_alone(),
            Fold::Tidy => tidy::owners(self),
            Fold::Neurons => cones::owners(self)?,
            Fold::Lines => keys::owners(self, &|node| node.line.map(|line| (line.file(), line.line()))),
            Fold::Functions => keys::owners(self, &|node| sources.function(node.line?)),
            Fold::Layers => {
                let layer = |node: usize| self.graph.nodes[node].layer.clone();
                (0..self.graph.nodes.len()).find_map(layer)?;
                let line = |node: &GraphNode<F>| node.line.map(ToString::to_string);
                keys::owners(self, &|node| node.layer.as_ref().map(ToString::to_string).or_else(|| line(node)))
            }
        };
        let folded = self.quotient(&owner, fold, sources);
        (fold == Fold::Nothing || folded.groups.len() > 1).then_some(folded)
    }

    /// The inside of a box: its nodes, and what they are made of as boxes that stay folded.
    pub(crate) fn inside(&self, group: &Group, sources: &Sources) -> Folded {
        let mut owner = vec![None; self.graph.nodes.len()];
        for node in &group.nodes {
            owner[*node] = Some(*node);
            for parent in self.graph.nodes[*node].parents.iter().filter(|p| self.has_box(**p)) {
                owner[*parent] = Some(*parent);
            }
        }
        self.quotient(&owner, Fold::Nothing, sources)
    }

    /// Whether a node is more than a number in formulas.
    pub(crate) fn has_box(&self, index: usize) -> bool {
        let node = &self.graph.nodes[index];
        node.kind != NodeKind::Constant || node.shape().rank() > 0
    }

    /// For each node those that use it, each once.
    fn users(&self) -> Vec<Vec<usize>> {
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); self.graph.nodes.len()];
        for (index, node) in self.graph.nodes.iter().enumerate() {
            for parent in &node.parents {
                if users[*parent].last() != Some(&index) {
                    users[*parent].push(index);
                }
            }
        }
        users
    }

    /// Every node that has a box as its own owner.
    fn shown_alone(&self) -> Vec<Option<usize>> {
        (0..self.graph.nodes.len()).map(|k| self.has_box(k).then_some(k)).collect()
    }

    fn group(&self, owner: usize, nodes: &[usize], fold: Fold, sources: &Sources) -> Group {
        let first = &self.graph.nodes[nodes[0]];
        let last = nodes[nodes.len() - 1];
        let title = |title: String| Group { title: Some(title), nodes: nodes.to_vec(), main: Some(last) };
        if nodes.len() == 1 {
            return Group { title: None, nodes: nodes.to_vec(), main: Some(owner) };
        }
        match fold {
            Fold::Nothing => Group { title: None, nodes: nodes.to_vec(), main: Some(owner) },
            Fold::Tidy => self.tidy_group(owner, nodes),
            Fold::Neurons if first.parents.is_empty() && self.graph.nodes[last].parents.is_empty() => {
                Group { title: Some(format!("{} × {}", first.name(), nodes.len())), nodes: nodes.to_vec(), main: None }
            }
            Fold::Neurons => {
                let name = self.name_of(last).map_or_else(|| self.graph.nodes[last].name(), String::from);
                title(format!("{name} · {} nodes", nodes.len()))
            }
            Fold::Lines => title(first.line.map_or_else(|| "constants".into(), crate::label::short_line)),
            Fold::Functions => title(
                first
                    .line
                    .and_then(|line| sources.function(line))
                    .map_or_else(|| "constants".into(), |(_, name)| format!("fn {name}")),
            ),
            Fold::Layers => title(match (&first.layer, first.line) {
                (Some(layer), _) => format!("layer {layer}"),
                (None, Some(line)) => crate::label::short_line(line),
                (None, None) => "constants".into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ViewExt;
    use wengert_tape::prelude::*;

    /// A graph of numbers and small tensors, drawn by a linear congruential generator (Knuth's MMIX).
    fn random(n: usize, mut seed: u64) -> View<f64> {
        let mut draw = |below: usize| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as usize % below
        };
        let tape = Tape::new();
        let mut all: Vec<Var> = (0..4).map(|k| tape.var(Tensor::full([2, 3], 0.1 * f64::from(k)))).collect();
        for _ in 0..n {
            let (a, b) = (all[draw(all.len())], all[draw(all.len())]);
            let y = match draw(8) {
                0 => a + b,
                1 => a * b,
                2 => a.tanh(),
                3 => a.t().t(),
                4 => a.reshape([3, 2]).reshape([2, 3]),
                5 => (0..9).fold(a, |sum, _| sum + b),
                6 => (0..13).map(|_| tape.var(Tensor::full([2, 3], 0.5))).fold(a, |sum, x| sum + x),
                _ => a.sum() * b,
            };
            all.push(y);
        }
        drop(all);
        let view = tape.view();
        let output = view.graph.nodes.len() - 1;
        let mut view = view;
        view.names.insert(output / 2, "middle".into());
        view
    }

    #[test]
    fn every_node_is_in_one_box_and_arrows_lead_forward() {
        let mut wrong = Vec::new();
        for seed in 1..40 {
            let view = random(3 + seed as usize, seed);
            let sources = Sources::read(&view.graph.nodes);
            let shown: Vec<usize> = (0..view.graph.nodes.len()).filter(|k| view.has_box(*k)).collect();
            for fold in Fold::ALL {
                let Some(folded) = view.folded(fold, &sources) else { continue };
                let mut found: Vec<usize> = folded.groups.iter().flat_map(|group| group.nodes.clone()).collect();
                found.sort_unstable();
                if found != shown {
                    wrong.push(format!("seed {seed}, {fold:?}: {} nodes of {}", found.len(), shown.len()));
                }
                let back =
                    folded.arrows.iter().enumerate().any(|(k, arrows)| arrows.iter().any(|(from, ..)| *from >= k));
                if back {
                    wrong.push(format!("seed {seed}, {fold:?}: an arrow leads back"));
                }
                let has_titles = folded
                    .groups
                    .iter()
                    .all(|group| group.nodes.len() == 1 || group.title.is_some() || group.main.is_some());
                if !has_titles {
                    wrong.push(format!("seed {seed}, {fold:?}: a box without a title"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Two neurons of three inputs: each with its weights, its products and its sum is a box, and the inputs are boxes of their own.
    #[test]
    fn a_neuron_is_a_box() {
        let tape = Tape::new();
        let x = tape.scalars(&[0.1, 0.2, 0.3]);
        let neuron = |bias: f64| x.iter().fold(tape.scalar(bias), |sum, x| sum + tape.scalar(0.5) * *x).tanh();
        let (a, b) = (neuron(0.1), neuron(0.2));
        let loss = a * b + a;
        let folded = loss.view().folded(Fold::Neurons, &Sources::none()).unwrap();
        let sizes: Vec<usize> = folded.groups.iter().map(|group| group.nodes.len()).collect();
        // a bias, three weights, products and sums, a tanh: eleven; what is used once at the end is of the loss
        assert_eq!(sizes, [1, 1, 1, 11, 13], "{:?}", folded.groups);
        assert_eq!(folded.groups[3].title.as_deref(), Some("tanh · 11 nodes"));
    }

    #[test]
    fn boxes_by_line_and_function_are_called_by_them() {
        let tape = Tape::new();
        let (x, w) = (tape.scalar(0.5), tape.scalar(2.0));
        let (line, z) = (line!(), x * w + 1.0);
        let view = z.tanh().view();
        let sources = Sources::read(&view.graph.nodes);
        let titles = |fold| -> Vec<String> {
            let folded = view.folded(fold, &sources).unwrap();
            folded.groups.into_iter().filter_map(|group| group.title).collect()
        };
        assert_eq!(titles(Fold::Lines)[1], format!("fold/mod.rs:{line}"));
        assert_eq!(
            sources.function(view.graph.nodes[2].line.unwrap()).unwrap().1,
            "boxes_by_line_and_function_are_called_by_them"
        );
    }
}
