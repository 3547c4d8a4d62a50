//! A list of steps over one tile: each a loop that reads what others have written.

use super::{Binary, Unary};

/// What a step does with the numbers that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// A function of one.
    Unary(Unary),
    /// A function of two.
    Binary(Binary),
    /// The second where the first is not 0, else the third.
    Select,
    /// As many as there are, of one number.
    Repeat,
    /// The derivative of this order of the digamma function.
    Polygamma(u32),
}

/// Where a step reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// What a step has written: a number for each element.
    Register(u32),
    /// What a step has written: one number for all.
    Single(u32),
    /// An operand.
    Operand(u32),
    /// A number that never changes.
    Number(u32),
}

/// A step: reads up to three sources and writes a register.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub function: Function,
    pub from: [Source; 3],
    pub to: u32,
    /// Whether it is one number for all.
    pub single: bool,
}

/// Registers while a step is done: those before it, and those after it.
pub(crate) struct Registers<'r, F> {
    pub(crate) before: &'r [F],
    pub(crate) after: &'r [F],
    pub(crate) to: u32,
    pub(crate) stride: usize,
    pub(crate) len: usize,
}

impl<'r, F> Registers<'r, F> {
    /// The registers and the one that is written.
    #[inline(always)]
    pub(super) fn around(registers: &'r mut [F], step: &Step, (stride, len): (usize, usize)) -> (Self, &'r mut [F]) {
        let (before, rest) = registers.split_at_mut(step.to as usize * stride);
        let (y, after) = rest.split_at_mut(stride);
        let y = &mut y[..if step.single { 1 } else { len }];
        (Registers { before, after, to: step.to, stride, len }, y)
    }

    /// What a source has.
    #[inline(always)]
    pub(crate) fn read<'a>(&self, source: Source, numbers: &'a [F], tiles: &[&'a [F]]) -> &'a [F]
    where
        'r: 'a,
    {
        match source {
            Source::Register(register) => self.register(register, self.len),
            Source::Single(register) => self.register(register, 1),
            Source::Operand(operand) => tiles[operand as usize],
            Source::Number(number) => std::slice::from_ref(&numbers[number as usize]),
        }
    }

    #[inline(always)]
    fn register(&self, register: u32, len: usize) -> &'r [F] {
        match register < self.to {
            true => &self.before[register as usize * self.stride..][..len],
            false => &self.after[(register - self.to - 1) as usize * self.stride..][..len],
        }
    }
}
