//! Which nodes share a box: foldings of a graph.

mod cones;
mod keys;
mod source;
mod tidy;

use wengert_tape::{Float, GraphNode, NodeKind};

use crate::View;
pub(crate) use source::Sources;

/// How a graph is folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
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

    /// Every node that has a box as its own owner.
    fn shown_alone(&self) -> Vec<Option<usize>> {
        (0..self.graph.nodes.len()).map(|k| self.has_box(k).then_some(k)).collect()
    }

    /// The boxes of the nodes of each owner, in an order in which arrows lead forward.
    fn quotient(&self, owner: &[Option<usize>], fold: Fold, sources: &Sources) -> Folded {
        let mut members = vec![Vec::new(); owner.len()];
        owner.iter().enumerate().for_each(|(k, o)| o.iter().for_each(|o| members[*o].push(k)));
        let order = self.topological(owner, &members);
        let mut place = vec![usize::MAX; owner.len()];
        order.iter().enumerate().for_each(|(k, o)| place[*o] = k);
        let arrows = order.iter().enumerate().map(|(k, o)| self.arrows_to(k, &members[*o], owner, &place)).collect();
        let groups = order.iter().map(|o| self.group(*o, &members[*o], fold, sources)).collect();
        Folded { groups, arrows }
    }

    /// The arrows to a box: every operand of a single node has its own; between boxes of several, one is enough.
    fn arrows_to(&self, own: usize, nodes: &[usize], owner: &[Option<usize>], place: &[usize]) -> Vec<(usize, usize, usize)> {
        let mut found: Vec<(usize, usize, usize)> = Vec::new();
        for node in nodes {
            for (arg, parent) in self.graph.nodes[*node].parents.iter().enumerate() {
                let Some(from) = owner[*parent].map(|o| place[o]).filter(|from| *from != own) else { continue };
                if nodes.len() == 1 || found.iter().all(|(other, ..)| *other != from) {
                    found.push((from, *node, arg));
                }
            }
        }
        found
    }

    /// The owners in an order in which each follows what it is made of, near to the order of recording.
    fn topological(&self, owner: &[Option<usize>], members: &[Vec<usize>]) -> Vec<usize> {
        let mut waits = vec![0; owner.len()];
        let mut after = vec![Vec::new(); owner.len()];
        for (k, own) in owner.iter().enumerate() {
            let Some(own) = own else { continue };
            for from in self.graph.nodes[k].parents.iter().filter_map(|p| owner[*p]).filter(|from| from != own) {
                waits[*own] += 1;
                after[from].push(*own);
            }
        }
        let ready = |o: usize, waits: &[usize]| waits[o] == 0 && !members[o].is_empty();
        let last = |o: usize| std::cmp::Reverse((members[o].last().copied().unwrap_or(o), o));
        let mut heap: std::collections::BinaryHeap<_> =
            (0..owner.len()).filter(|o| ready(*o, &waits)).map(last).collect();
        let mut order = Vec::new();
        while let Some(std::cmp::Reverse((_, o))) = heap.pop() {
            order.push(o);
            for next in &after[o] {
                waits[*next] -= 1;
                if ready(*next, &waits) {
                    heap.push(last(*next));
                }
            }
        }
        order
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
            Fold::Functions => title(first.line.and_then(|line| sources.function(line)).map_or_else(|| "constants".into(), |(_, name)| format!("fn {name}"))),
            Fold::Layers => title(match (&first.layer, first.line) {
                (Some(layer), _) => format!("layer {layer}"),
                (None, Some(line)) => crate::label::short_line(line),
                (None, None) => "constants".into(),
            }),
        }
    }
}
