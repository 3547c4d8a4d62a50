//! What a tape holds, for others to read: the graph, and where a value or gradient stopped being finite.

pub(crate) mod graph;
pub(crate) mod non_finite;
