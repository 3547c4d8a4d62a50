//! Values by the id of a node.

use std::collections::BTreeMap;

/// Values by the id of a node, in the order of ids.
///
/// One tree for every kind of value: it holds where each value stands, and is compiled once.
#[derive(Clone, Debug)]
pub(crate) struct NodeMap<V> {
    places: Places,
    values: Vec<Option<V>>,
}

impl<V> Default for NodeMap<V> {
    fn default() -> Self {
        NodeMap { places: Places::default(), values: Vec::new() }
    }
}

impl<V> NodeMap<V> {
    pub(crate) fn get(&self, id: u32) -> Option<&V> {
        self.places.get(id).and_then(|at| self.values[at].as_ref())
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut V> {
        self.places.get(id).and_then(|at| self.values[at].as_mut())
    }

    pub(crate) fn contains(&self, id: u32) -> bool {
        self.get(id).is_some()
    }

    /// The value of `id`, made by `make` if there is none.
    pub(crate) fn get_or_insert_with(&mut self, id: u32, make: impl FnOnce() -> V) -> &mut V {
        let at = self.places.get_or_insert(id, self.values.len());
        if at == self.values.len() {
            self.values.push(None);
        }
        self.values[at].get_or_insert_with(make)
    }

    /// Puts a value, in place of the one that was there.
    pub(crate) fn insert(&mut self, id: u32, value: V) {
        let at = self.places.get_or_insert(id, self.values.len());
        match self.values.get_mut(at) {
            Some(old) => *old = Some(value),
            None => self.values.push(Some(value)),
        }
    }

    /// The value of `id`, which then has none.
    pub(crate) fn take(&mut self, id: u32) -> Option<V> {
        self.places.get(id).and_then(|at| self.values[at].take())
    }

    /// The greatest id below `id`.
    pub(crate) fn before(&self, id: u32) -> Option<u32> {
        self.places.before(id)
    }

    /// The ids in ascending order.
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.iter().map(|(id, _)| id).collect()
    }

    /// The values in ascending order of their ids.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &V)> {
        let (ids, places) = self.places.ascending();
        ids.into_iter().zip(places).filter_map(|(id, at)| Some((id, self.values[at].as_ref()?)))
    }

    /// The values, in no order.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.values.iter_mut().flatten()
    }
}

impl<V> std::iter::FromIterator<(u32, V)> for NodeMap<V> {
    fn from_iter<I: IntoIterator<Item = (u32, V)>>(all: I) -> Self {
        let mut map = NodeMap::default();
        all.into_iter().for_each(|(id, value)| map.insert(id, value));
        map
    }
}

/// Where the value of each id stands.
#[derive(Clone, Debug, Default)]
struct Places(BTreeMap<u32, usize>);

impl Places {
    fn get(&self, id: u32) -> Option<usize> {
        self.0.get(&id).copied()
    }
    fn get_or_insert(&mut self, id: u32, at: usize) -> usize {
        *self.0.entry(id).or_insert(at)
    }
    fn before(&self, id: u32) -> Option<u32> {
        self.0.range(..id).next_back().map(|(id, _)| *id)
    }
    fn ascending(&self) -> (Vec<u32>, Vec<usize>) {
        self.0.iter().map(|(id, at)| (*id, *at)).unzip()
    }
}
