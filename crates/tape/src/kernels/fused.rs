//! Many steps over the same numbers in one pass: tile by tile, each step a loop over a tile that lies in the first-level cache.
//!
//! What is read comes from memory once, what nobody else reads is never written, and sums of what was computed are taken on the way.

use std::ops::Range;

use smallvec::SmallVec;

pub(crate) use super::on_the_way::Over;
use super::on_the_way::Sum;
use super::prefetch::prefetch;
use super::running::{RunningSums, sum};
use super::threads;
use super::tile::TILE;
pub(crate) use super::under::{Numbers, Under};
use super::vector::Registers;
pub(crate) use super::vector::{Function, Source, Step};
use crate::shape::Shape;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// Tiles are computed in whole vectors of so many numbers; what is beyond their end is nobody's.
const VECTOR: usize = 16;

/// The steps over a shape.
#[derive(Clone, Debug)]
pub(crate) struct Listing<F> {
    pub(crate) shape: Shape,
    pub(crate) steps: Vec<Step>,
    pub(crate) numbers: Vec<F>,
    pub(crate) registers: usize,
    /// How the operands lie under the shape.
    pub(crate) under: Under,
    /// What is written.
    pub(crate) outputs: Vec<Source>,
    /// What is summed.
    pub(crate) sums: Vec<(Source, Over)>,
}

/// Where an operand is read.
#[derive(Clone, Copy)]
pub(crate) enum Operand<'a, F: Float> {
    Numbers(Numbers<'a, F>),
    /// Where an output is written: what lies there until then.
    InPlace(usize),
}

/// What is kept from run to run, so that a run asks for no memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch<F> {
    registers: Vec<F>,
    gathered: Vec<F>,
}

impl<F: Float> Listing<F> {
    /// Numbers of a tile, at most: whole vectors.
    fn stride(&self) -> usize {
        self.whole(self.shape.len_elements().min(TILE))
    }

    /// So many numbers in whole vectors; one number is one.
    fn whole(&self, len: usize) -> usize {
        if self.shape.len_elements() == 1 { 1 } else { len.next_multiple_of(VECTOR) }
    }

    /// How many numbers are a part for one thread: whole rows, where rows are summed.
    fn part(&self) -> usize {
        match self.sums.iter().find_map(|(_, over)| over.row()) {
            Some(row) => threads::part().div_ceil(row) * row,
            None => self.under.part(),
        }
    }

    /// Writes the outputs and the sums.
    pub(crate) fn run(
        &self,
        operands: &[Operand<'_, F>],
        outputs: &mut [&mut [F]],
        sums: &mut [&mut [F]],
        scratch: &mut Scratch<F>,
    ) {
        let n = self.shape.len_elements();
        if n == 0 {
            return sums.iter_mut().for_each(|sum| sum.fill(F::zero()));
        }
        let part = self.part();
        if n > part {
            return self.run_in_parts(part, operands, outputs, sums);
        }
        let mut sums: SmallVec<[Sum<'_, F>; 4]> =
            self.sums.iter().zip(sums).map(|((_, over), out)| Sum::begun(*over, out)).collect();
        self.run_part(0..n, operands, outputs, &mut sums, scratch);
        sums.into_iter().for_each(Sum::finish);
    }

    /// [`run`](Self::run), over threads if that pays. What is summed over parts is cut by its size, whatever the number of threads.
    fn run_in_parts(&self, part: usize, operands: &[Operand<'_, F>], outputs: &mut [&mut [F]], sums: &mut [&mut [F]]) {
        let n = self.shape.len_elements();
        let count = n.div_ceil(part);
        let mut partial: Vec<Vec<F>> = (self.sums.iter())
            .map(|(_, over)| match over {
                Over::All => Buffer::any(count),
                Over::Leading(width) => Buffer::any(count * width),
                Over::Trailing(_) => Vec::new(),
            })
            .collect();
        struct Part<'o, F: Float> {
            outputs: SmallVec<[&'o mut [F]; 8]>,
            sums: SmallVec<[Sum<'o, F>; 4]>,
        }
        let mut parts: Vec<Part<'_, F>> = Vec::new();
        parts.resize_with(count, || Part { outputs: SmallVec::new(), sums: SmallVec::new() });
        for output in outputs.iter_mut() {
            parts.iter_mut().zip(output.chunks_mut(part)).for_each(|(part, out)| part.outputs.push(out));
        }
        for (((_, over), whole), partial) in self.sums.iter().zip(sums.iter_mut()).zip(&mut partial) {
            let (data, width) = match over {
                Over::All => (&mut partial[..], 1),
                Over::Leading(width) => (&mut partial[..], *width),
                Over::Trailing(width) => (&mut whole[..], part / width),
            };
            parts.iter_mut().zip(data.chunks_mut(width)).for_each(|(part, out)| part.sums.push(Sum::begun(*over, out)));
        }
        let work = threads::work_of(n, self.steps.len() as u64 * 2);
        threads::each(parts.into_iter().enumerate(), work, |(k, mut of)| {
            let mut scratch = Scratch { registers: Vec::new(), gathered: Vec::new() };
            let range = k * part..n.min((k + 1) * part);
            self.run_part(range, operands, &mut of.outputs, &mut of.sums, &mut scratch);
            of.sums.into_iter().for_each(Sum::finish);
            Buffer::recycle(scratch.registers);
            Buffer::recycle(scratch.gathered);
        });
        for (((_, over), whole), partial) in self.sums.iter().zip(sums).zip(partial) {
            match over {
                Over::All => whole[0] = sum(&partial),
                Over::Leading(width) => {
                    let mut total = RunningSums::new(*width);
                    partial.chunks(*width).for_each(|row| total.add_row(0, row));
                    total.write(whole);
                }
                Over::Trailing(_) => {}
            }
            Buffer::recycle(partial);
        }
    }

    /// The numbers of some places of the shape; outputs and rows begin there.
    fn run_part(
        &self,
        range: Range<usize>,
        operands: &[Operand<'_, F>],
        outputs: &mut [&mut [F]],
        sums: &mut [Sum<'_, F>],
        scratch: &mut Scratch<F>,
    ) {
        let (stride, n) = (self.stride(), self.shape.len_elements());
        // One more register, for what stands for all where as many as there are are asked for.
        for (room, count) in [(&mut scratch.registers, self.registers + 1), (&mut scratch.gathered, self.under.len())] {
            if room.len() < count * stride {
                Buffer::recycle(std::mem::replace(room, Buffer::any(count * stride)));
            }
        }
        let (registers, spare) = scratch.registers.split_at_mut(self.registers * stride);
        let mut at = range.start;
        while at < range.end {
            let len = self.under.tile(at, range.end - at);
            let from = at - range.start;
            let written_over = |output: usize, room: &mut [F]| room.copy_from_slice(&outputs[output][from..from + len]);
            let tiles = self.gather(at, len, operands, &written_over, &mut scratch.gathered);
            if n > FAR {
                ask_ahead(at + len, operands, outputs, range.start, len);
            }
            F::steps(&self.steps, &self.numbers, &tiles, registers, (stride, self.whole(len)));
            let done = Registers { before: registers, after: &[], to: u32::MAX, stride, len };
            for (source, out) in self.outputs.iter().zip(outputs.iter_mut()) {
                let x = done.read(*source, &self.numbers, &tiles);
                out[from..from + len].copy_from_slice(as_many(x, &mut spare[..len]));
            }
            for ((source, _), sum) in self.sums.iter().zip(sums.iter_mut()) {
                let x = done.read(*source, &self.numbers, &tiles);
                sum.add(at, as_many(x, &mut spare[..len]));
            }
            at += len;
        }
    }

    /// What the operands have for the places from `at` on: as many numbers in whole vectors, or one for all.
    fn gather<'a>(
        &self,
        at: usize,
        len: usize,
        operands: &[Operand<'a, F>],
        written_over: &dyn Fn(usize, &mut [F]),
        room: &'a mut [F],
    ) -> SmallVec<[&'a [F]; 16]> {
        let (rooms, whole) = (room.chunks_mut(self.stride()), self.whole(len));
        let tile = |((k, operand), room): ((usize, &Operand<'a, F>), &'a mut [F])| {
            let numbers = match *operand {
                Operand::InPlace(output) => {
                    written_over(output, &mut room[..len]);
                    return padded(room, len, whole);
                }
                Operand::Numbers(numbers) => numbers,
            };
            match self.under.there(k, numbers, (at, len)) {
                Some(x) if x.len() == whole || self.under.is_single(k) => x,
                // one number along a row is as many: it is one for this tile alone
                Some([one]) => {
                    room[..len].fill(*one);
                    padded(room, len, whole)
                }
                _ => {
                    let count = if self.under.is_single(k) { 1 } else { len };
                    self.under.lay(k, numbers, at, &mut room[..count]);
                    if count == len { padded(room, len, whole) } else { &room[..1] }
                }
            }
        };
        operands.iter().enumerate().zip(rooms).map(tile).collect()
    }
}

/// As many numbers as there is room for, of which one may stand for all.
fn as_many<'a, F: Float>(x: &'a [F], room: &'a mut [F]) -> &'a [F] {
    let len = room.len();
    match x {
        [one] => {
            room.fill(*one);
            room
        }
        x => &x[..len],
    }
}

/// A tile of `len` numbers in whole vectors.
fn padded<F: Float>(room: &mut [F], len: usize, whole: usize) -> &[F] {
    room[len..whole].fill(F::zero());
    &room[..whole]
}

/// Work on more numbers than this is told to the memory a tile ahead.
const FAR: usize = 1 << 15;

/// Asks for the numbers that the next tile reads, while this one is computed.
fn ask_ahead<F: Float>(at: usize, operands: &[Operand<'_, F>], outputs: &[&mut [F]], start: usize, len: usize) {
    let line = 64 / size_of::<F>();
    for operand in operands {
        let next = match operand {
            Operand::Numbers(Numbers::Real(x)) => x.get(at..(at + len).min(x.len())),
            Operand::InPlace(output) => {
                let (x, at) = (&outputs[*output], at - start);
                x.get(at..(at + len).min(x.len()))
            }
            Operand::Numbers(Numbers::Mask(_)) => None,
        };
        next.unwrap_or(&[]).iter().step_by(line).for_each(|x| prefetch(x));
    }
}
