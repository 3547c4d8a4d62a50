//! Many steps over the same numbers in one pass: tile by tile, each step a loop over a tile that lies in the first-level cache.
//!
//! What is read comes from memory once, what nobody else reads is never written, and sums of what was computed are taken on the way.

use std::ops::Range;

use smallvec::SmallVec;

use super::elementwise::{Axes, axes};
pub(crate) use super::on_the_way::Over;
use super::on_the_way::Sum;
use super::prefetch::prefetch;
use super::running::{RunningSums, sum};
use super::threads;
use super::tile::TILE;
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
    /// How each operand lies under the shape.
    pub(crate) lies: Vec<Lies>,
    /// What is written.
    pub(crate) outputs: Vec<Source>,
    /// What is summed.
    pub(crate) sums: Vec<(Source, Over)>,
}

/// How an operand lies under the shape.
#[derive(Clone, Debug)]
pub(crate) enum Lies {
    /// It has the same shape.
    Along,
    /// It is one number.
    Single,
    /// It is repeated along some axes.
    Repeated(Axes),
}

impl Lies {
    pub(crate) fn under(shape: &Shape, operand: &Shape) -> Lies {
        if operand.len_elements() == shape.len_elements() {
            Lies::Along
        } else if operand.len_elements() == 1 {
            Lies::Single
        } else {
            Lies::Repeated(axes(shape, &[operand]))
        }
    }

    /// What goes on or stands still in one stretch.
    fn width(&self) -> usize {
        match self {
            Lies::Repeated(axes) => axes.last().map_or(1, |(length, _)| *length),
            _ => usize::MAX,
        }
    }
}

/// The numbers of an operand.
#[derive(Clone, Copy)]
pub(crate) enum Numbers<'a, F: Float> {
    Real(&'a [F]),
    /// Truth values, which are read as 1 and 0.
    Mask(&'a [bool]),
    /// Those that lie where an output is written.
    InPlace(usize),
}

impl<'a, F: Float> Numbers<'a, F> {
    fn get(&self, at: usize) -> F {
        match self {
            Numbers::Real(x) => x[at],
            Numbers::Mask(x) if x[at] => F::one(),
            Numbers::Mask(_) => F::zero(),
            Numbers::InPlace(_) => unreachable!("what is written over lies along"),
        }
    }
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

    /// The shortest stretch in which every operand goes on or stands still.
    fn width(&self) -> usize {
        self.lies.iter().map(Lies::width).min().unwrap_or(usize::MAX)
    }

    /// The next tile, from `at` on, of `left` that there are.
    fn tile(&self, width: usize, at: usize, left: usize) -> usize {
        if width == usize::MAX || width < TILE / 4 {
            return left.min(TILE);
        }
        // a stretch is cut into equal tiles
        left.min(width.div_ceil(width.div_ceil(TILE))).min(width - at % width)
    }

    /// How many numbers are a part for one thread: whole rows, where rows are summed.
    fn part(&self) -> usize {
        let rows =
            self.sums.iter().find_map(|(_, over)| if let Over::Trailing(width) = over { Some(*width) } else { None });
        let width = self.width();
        let row = rows.unwrap_or(if width < threads::part() { width } else { 1 });
        threads::part().div_ceil(row) * row
    }

    /// Writes the outputs and the sums.
    pub(crate) fn run(
        &self,
        operands: &[Numbers<'_, F>],
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
    fn run_in_parts(&self, part: usize, operands: &[Numbers<'_, F>], outputs: &mut [&mut [F]], sums: &mut [&mut [F]]) {
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
        operands: &[Numbers<'_, F>],
        outputs: &mut [&mut [F]],
        sums: &mut [Sum<'_, F>],
        scratch: &mut Scratch<F>,
    ) {
        let (stride, n) = (self.stride(), self.shape.len_elements());
        // One more register, for what stands for all where as many as there are are asked for.
        for (room, count) in [(&mut scratch.registers, self.registers + 1), (&mut scratch.gathered, self.lies.len())] {
            if room.len() < count * stride {
                Buffer::recycle(std::mem::replace(room, Buffer::any(count * stride)));
            }
        }
        let (registers, spare) = scratch.registers.split_at_mut(self.registers * stride);
        let width = self.width();
        let mut at = range.start;
        while at < range.end {
            let len = self.tile(width, at, range.end - at);
            let from = at - range.start;
            let written_over = |output: usize, room: &mut [F]| room.copy_from_slice(&outputs[output][from..from + len]);
            let tiles = self.gather(at, len, operands, &written_over, &mut scratch.gathered);
            if n > FAR {
                ask_ahead(at + len, operands, outputs, range.start, len);
            }
            F::steps(&self.steps, &self.numbers, &tiles, registers, (stride, self.whole(len)));
            let read = |source: Source, spare: &mut [F]| -> bool {
                // what is one number for all is written as often
                let one = match source {
                    Source::Single(register) => registers[register as usize * stride],
                    Source::Number(number) => self.numbers[number as usize],
                    Source::Operand(operand) if tiles[operand as usize].len() == 1 => tiles[operand as usize][0],
                    _ => return false,
                };
                spare[..len].fill(one);
                true
            };
            for (source, out) in self.outputs.iter().zip(outputs.iter_mut()) {
                let repeated = read(*source, spare);
                let x = if repeated { &spare[..len] } else { self.read(*source, len, stride, registers, &tiles) };
                out[from..from + len].copy_from_slice(&x[..len]);
            }
            for ((source, _), sum) in self.sums.iter().zip(sums.iter_mut()) {
                let repeated = read(*source, spare);
                let x = if repeated { &spare[..len] } else { self.read(*source, len, stride, registers, &tiles) };
                sum.add(at, &x[..len]);
            }
            at += len;
        }
    }

    /// What the operands have for the places from `at` on: as many numbers, or one for all.
    fn gather<'a>(
        &self,
        at: usize,
        len: usize,
        operands: &[Numbers<'a, F>],
        written_over: &dyn Fn(usize, &mut [F]),
        room: &'a mut [F],
    ) -> SmallVec<[&'a [F]; 16]> {
        let stride = self.stride();
        let rooms = room.chunks_mut(stride.max(1));
        self.lies
            .iter()
            .zip(operands)
            .zip(rooms)
            .map(|((lies, operand), room)| {
                match (lies, *operand) {
                    (Lies::Along, Numbers::Real(x)) if self.whole(len) == len => return &x[at..at + len],
                    (Lies::Single, Numbers::Real(x)) => return &x[..1],
                    (Lies::Single, operand) => {
                        room[0] = operand.get(0);
                        return &room[..1];
                    }
                    (_, Numbers::InPlace(output)) => written_over(output, &mut room[..len]),
                    (Lies::Along, Numbers::Real(x)) => room[..len].copy_from_slice(&x[at..at + len]),
                    (Lies::Along, operand) => {
                        room.iter_mut().zip(at..at + len).for_each(|(y, at)| *y = operand.get(at));
                    }
                    (Lies::Repeated(axes), operand) => match repeated(axes, at, len, operand, room) {
                        Some(x) if self.whole(len) == len => return x,
                        Some(x) => room[..len].copy_from_slice(x),
                        None => {}
                    },
                }
                let whole = self.whole(len);
                room[len..whole].fill(F::zero());
                &room[..whole]
            })
            .collect()
    }

    /// The numbers of a source.
    fn read<'a>(&'a self, source: Source, len: usize, stride: usize, registers: &'a [F], tiles: &[&'a [F]]) -> &'a [F] {
        match source {
            Source::Register(register) => &registers[register as usize * stride..][..len],
            Source::Single(register) => &registers[register as usize * stride..][..1],
            Source::Operand(operand) => tiles[operand as usize],
            Source::Number(number) => std::slice::from_ref(&self.numbers[number as usize]),
        }
    }
}

/// Work on more numbers than this is told to the memory a tile ahead.
const FAR: usize = 1 << 15;

/// Asks for the numbers that the next tile reads, while this one is computed.
fn ask_ahead<F: Float>(at: usize, operands: &[Numbers<'_, F>], outputs: &[&mut [F]], start: usize, len: usize) {
    let line = 64 / size_of::<F>();
    for operand in operands {
        let next = match operand {
            Numbers::Real(x) => x.get(at..(at + len).min(x.len())),
            Numbers::InPlace(output) => {
                let (x, at) = (&outputs[*output], at - start);
                x.get(at..(at + len).min(x.len()))
            }
            Numbers::Mask(_) => None,
        };
        next.unwrap_or(&[]).iter().step_by(line).for_each(|x| prefetch(x));
    }
}

/// The numbers of an operand that is repeated, under the places from `at` on: where they lie, or laid into the room.
fn repeated<'a, F: Float>(
    axes: &Axes,
    at: usize,
    len: usize,
    operand: Numbers<'a, F>,
    room: &mut [F],
) -> Option<&'a [F]> {
    // the position along each axis, and where that is in the operand
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, axes.len());
    let (mut rest, mut from) = (at, 0);
    for (k, (length, steps)) in axes.iter().enumerate().rev() {
        index[k] = rest % length;
        rest /= length;
        from += index[k] * steps[0];
    }
    let (width, [step, ..]) = axes.last()?;
    let (last, mut done) = (axes.len() - 1, 0);
    if index[last] + len <= *width
        && let (Numbers::Real(x), 1) = (operand, step)
    {
        return Some(&x[from..from + len]);
    }
    while done < len {
        // along a row, and on to the next
        let row = (width - index[last]).min(len - done);
        match (operand, step) {
            (_, 0) => room[done..done + row].fill(operand.get(from)),
            (Numbers::Real(x), _) => room[done..done + row].copy_from_slice(&x[from..from + row]),
            _ => room[done..done + row].iter_mut().zip(from..).for_each(|(y, at)| *y = operand.get(at)),
        }
        done += row;
        from += step * row;
        index[last] += row;
        for k in (0..axes.len()).rev() {
            let (length, steps) = &axes[k];
            if index[k] < *length {
                break;
            }
            from -= steps[0] * length;
            index[k] = 0;
            if k > 0 {
                index[k - 1] += 1;
                from += axes[k - 1].1[0];
            }
        }
    }
    None
}
