//! Numbers that change together, tile by tile: a parameter by its gradient, and what an optimiser remembers of it.

use smallvec::SmallVec;

use super::threads;
use super::tile::{Room, STEPS, TILE, Tile};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// A formula that changes up to four numbers together, by another that it sees.
pub(crate) type Together<'f, F> = dyn for<'a> Fn(Tile<'a, F>, [Tile<'a, F>; 4]) -> [Tile<'a, F>; 4] + Sync + 'f;

/// Changes a tensor, where it lies if nothing else uses it, and slices together.
pub(super) fn change<F: Float>(
    first: &mut Tensor<F>,
    others: &mut [&mut [F]],
    read: &[F],
    flops: u64,
    formula: &Together<'_, F>,
) {
    if first.is_alone() {
        return over_parts(None, first.data_mut(), others, read, flops, formula);
    }
    let mut out = Buffer::<F>::any(first.len());
    over_parts(Some(first.data()), &mut out, others, read, flops, formula);
    *first = Tensor::from_parts(first.shape().clone(), out);
}

/// Changes slices of one length together, the first of which may be written elsewhere than it is read; over threads if that pays.
fn over_parts<F: Float>(
    source: Option<&[F]>,
    out: &mut [F],
    others: &mut [&mut [F]],
    read: &[F],
    flops: u64,
    formula: &Together<'_, F>,
) {
    let (work, part) = (threads::work_of(read.len(), flops), threads::part());
    let mut parts: Vec<(usize, SmallVec<[&mut [F]; 4]>)> =
        out.chunks_mut(part).enumerate().map(|(k, out)| (k * part, SmallVec::from_iter([out]))).collect();
    for other in others.iter_mut() {
        parts.iter_mut().zip(other.chunks_mut(part)).for_each(|(part, chunk)| part.1.push(chunk));
    }
    threads::each(parts.into_iter(), work, |(begin, mut changed)| {
        let end = begin + changed.first().map_or(0, |out| out.len());
        tiles(source.map(|source| &source[begin..end]), &mut changed, &read[begin..end], formula);
    });
}

/// Changes the slices of one part.
fn tiles<F: Float>(source: Option<&[F]>, changed: &mut [&mut [F]], read: &[F], formula: &Together<'_, F>) {
    let mut room = Room::new();
    let (mut done, mut steps) = (0, STEPS);
    while done < read.len() {
        let range = done..read.len().min(done + TILE);
        let desk = room.desk(steps, range.len());
        let tile = |k: usize| {
            let from = source.filter(|_| k == 0).unwrap_or(changed[k]);
            Tile::copied(&from[range.clone()], &desk)
        };
        let first = tile(0);
        let tiles = [0, 1, 2, 3].map(|k| if (1..changed.len()).contains(&k) { tile(k) } else { first });
        let results = formula(Tile::new(&read[range.clone()], &desk), tiles);
        if desk.is_short() {
            steps *= 2;
            continue;
        }
        for (changed, result) in changed.iter_mut().zip(results) {
            result.write(&mut changed[range.clone()]);
        }
        done = range.end;
    }
}
