//! What an output depends on, and why it does not depend on something.

use smallvec::SmallVec;

use super::part::Part;
use crate::error::{Error, Line};
use crate::rule::op::Op;
use crate::tape::store::{self, Origin, Store};
use crate::tape::{Parent, Step, step};
use crate::tensor::float::Float;
use crate::tensor::short_list::ShortList;

/// Which nodes an output depends on through differentiable arguments, found when it is first asked: most sweeps need not
/// know.
pub(crate) struct Reach<'a> {
    key: u32,
    root: u32,
    /// What the sweep goes to, if that is not everything.
    part: Option<&'a Part>,
    found: Option<Vec<bool>>,
}

impl<'a> Reach<'a> {
    pub(super) fn new(key: u32, root: u32, part: Option<&'a Part>) -> Self {
        Reach { key, root, part, found: None }
    }

    pub(crate) fn contains<F: Float>(&mut self, id: u32) -> Result<bool, Error> {
        if let Some(part) = self.part {
            return Ok(part.contains(id));
        }
        if self.found.is_none() {
            self.found = Some(reached::<F>(self.key, self.root)?);
        }
        Ok(self.found.as_ref().and_then(|found| found.get(id as usize)).is_some_and(|reached| *reached))
    }
}

/// Which nodes the output depends on through differentiable arguments.
pub(crate) fn reached<F: Float>(key: u32, root: u32) -> Result<Vec<bool>, Error> {
    let mut reached = vec![false; root as usize + 1];
    reached[root as usize] = true;
    let (wide, mut place): (Vec<u32>, _) = store::with_store(key, |store: &mut Store<F>| {
        (store.wide.iter().map(|w| w.id).take_while(|id| *id <= root).collect(), store.last_place(false))
    })?;
    let mut top = root + 1;
    for id in wide.into_iter().rev() {
        store::with_store(key, |store: &mut Store<F>| store.mark_scalars(id + 1, top, &mut place, &mut reached))?;
        top = id;
        if !reached[id as usize] {
            continue;
        }
        let (origin, parents) = store::with_store(key, |store: &mut Store<F>| {
            store.wide(id).map_or((Origin::Input, SmallVec::new()), |w| (w.origin.clone(), w.parents.clone()))
        })?;
        for (k, parent) in parents.iter().enumerate().filter(|(_, p)| **p & store::CONSTANT == 0) {
            reached[*parent as usize] |= !matches!(&origin, Origin::Op(op) if !op.active(k));
        }
    }
    store::with_store(key, |store: &mut Store<F>| store.mark_scalars(1, top, &mut place, &mut reached))?;
    Ok(reached)
}

/// Where a dependence of `root` on `leaf` ends that carries no derivative, in words: the first operation that has none by
/// the argument through which it depends on the leaf. `None` if the output does not depend on it at all.
pub(crate) fn blocked<F: Float>(key: u32, leaf: u32, root: u32) -> Result<Option<String>, Error> {
    let parents_of = |step: &Step<F>| -> ShortList<(usize, u32)> {
        ShortList::those(step.parents.len(), |k| match step.parents[k] {
            Parent::Node { id, .. } => Some((k, id)),
            _ => None,
        })
    };
    // What the output needs, by whatever argument.
    let mut needed = vec![false; root as usize + 1];
    needed[root as usize] = true;
    for id in (leaf..=root).rev().filter(|id| *id > 0) {
        if needed[id as usize]
            && let Some(step) = step::<F>(key, id)?
        {
            parents_of(&step).iter().for_each(|(_, p)| needed[*p as usize] = true);
        }
    }
    if !needed[leaf as usize] {
        return Ok(None);
    }
    let mut live = vec![false; root as usize + 1];
    live[leaf as usize] = true;
    for id in leaf + 1..=root {
        let Some(step) = step::<F>(key, id)?.filter(|_| needed[id as usize]) else { continue };
        for (k, p) in parents_of(&step).iter().copied() {
            if live[p as usize] && step.op.active(k) {
                live[id as usize] = true;
            } else if live[p as usize] {
                return Ok(Some(format!("`{}` ({}), which has no derivative by it", step.op.name(), step.line)));
            }
        }
    }
    Ok(None)
}

/// Why an output that depends on no `var` by a derivative does not, in words.
pub(crate) fn why_inactive<F: Float>(key: u32, root: u32) -> Result<String, Error> {
    let vars: Vec<(u32, Line)> = store::with_store(key, |store: &mut Store<F>| {
        let vars = store.wide.iter().take_while(|w| w.id < root).filter(|w| matches!(w.origin, Origin::Var));
        vars.map(|w| (w.id, w.line)).collect()
    })?;
    for (leaf, line) in vars {
        if let Some(by) = blocked::<F>(key, leaf, root)? {
            return Ok(format!("the output depends on the var made at {line} only through {by}"));
        }
    }
    Ok("the output depends on inputs alone, and on no var".into())
}
