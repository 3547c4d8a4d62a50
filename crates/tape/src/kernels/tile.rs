//! A few hundred numbers as one: how the formula of an operation is read on whole tensors.
//!
//! A formula is written for a number ([`Number`]). On a tile each of its steps is one loop over a slice that lies in the first-level
//! cache, compiled once for all formulas and for the processor at hand ([`Vector`]). So an operation's own `eval` and `partial` are
//! its kernels, and no list of kernels names it.

use std::cell::Cell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::vector::{Binary, Unary};
use crate::rule::number::{Num, Number};
use crate::rule::real::Real;
use crate::rule::special;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// The numbers of a tile, at most.
pub(crate) const TILE: usize = 256;

/// The steps of a formula for which there is room at first.
pub(crate) const STEPS: usize = 24;

/// Where the steps of a formula put their results.
pub(crate) struct Desk<'a, F> {
    rest: Cell<&'a mut [F]>,
    short: Cell<bool>,
}

impl<'a, F: Float> Desk<'a, F> {
    fn new(room: &'a mut [F]) -> Self {
        Desk { rest: Cell::new(room), short: Cell::new(false) }
    }

    /// Room for so many numbers; none, if there is not so much, and then what the formula gives means nothing.
    pub(crate) fn slot(&self, len: usize) -> &'a mut [F] {
        let rest = self.rest.take();
        if rest.len() < len {
            self.short.set(true);
            return rest;
        }
        let (slot, rest) = rest.split_at_mut(len);
        self.rest.set(rest);
        slot
    }

    /// Whether there was too little room.
    pub(crate) fn is_short(&self) -> bool {
        self.short.get()
    }
}

/// Room for desks, kept from one to the next: a few numbers need none from the pool.
pub(crate) struct Room<F: Float> {
    few: [F; 96],
    many: Vec<F>,
}

impl<F: Float> Room<F> {
    pub(crate) fn new() -> Self {
        Room { few: [F::zero(); 96], many: Vec::new() }
    }

    /// A desk for so many steps with tiles of `len` numbers.
    pub(crate) fn desk(&mut self, steps: usize, len: usize) -> Desk<'_, F> {
        let wanted = steps * (len + 1);
        if wanted <= self.few.len() {
            return Desk::new(&mut self.few);
        }
        if self.many.len() < wanted {
            Buffer::recycle(std::mem::replace(&mut self.many, Buffer::any(wanted)));
        }
        Desk::new(&mut self.many)
    }
}

impl<F: Float> Drop for Room<F> {
    fn drop(&mut self) {
        Buffer::recycle(std::mem::take(&mut self.many));
    }
}

/// Numbers that a formula takes for one. A single number stands for as many as there are.
#[doc(hidden)]
pub struct Tile<'a, F> {
    numbers: &'a [F],
    desk: &'a Desk<'a, F>,
}

impl<F> Clone for Tile<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F> Copy for Tile<'_, F> {}

impl<'a, F: Float> Tile<'a, F> {
    pub(crate) fn new(numbers: &'a [F], desk: &'a Desk<'a, F>) -> Self {
        Tile { numbers, desk }
    }

    /// Numbers that may be written over while the tile is read.
    pub(crate) fn copied(numbers: &[F], desk: &'a Desk<'a, F>) -> Self {
        let slot = desk.slot(numbers.len());
        slot.iter_mut().zip(numbers).for_each(|(slot, x)| *slot = *x);
        Tile { numbers: slot, desk }
    }

    /// Writes the numbers, or one that stands for all.
    pub(crate) fn write(self, out: &mut [F]) {
        match self.numbers {
            [one] => out.fill(*one),
            numbers => out.copy_from_slice(numbers),
        }
    }

    fn unary(self, f: Unary) -> Self {
        let y = self.desk.slot(self.numbers.len());
        F::unary(f, self.numbers, y);
        Tile { numbers: y, desk: self.desk }
    }

    fn binary(self, f: Binary, b: Self) -> Self {
        let y = self.desk.slot(self.numbers.len().max(b.numbers.len()));
        F::binary(f, self.numbers, b.numbers, y);
        Tile { numbers: y, desk: self.desk }
    }

    /// One number at a time.
    fn each(self, f: impl Fn(Num<F>) -> Num<F>) -> Self {
        let y = self.desk.slot(self.numbers.len());
        y.iter_mut().zip(self.numbers).for_each(|(y, x)| *y = f(Num(*x)).0);
        Tile { numbers: y, desk: self.desk }
    }

    /// As many numbers as `len`, where there may be one for all.
    fn repeated(self, len: usize) -> Self {
        if self.numbers.len() == len {
            return self;
        }
        let y = self.desk.slot(len);
        y.fill(self.numbers.first().copied().unwrap_or_else(F::zero));
        Tile { numbers: y, desk: self.desk }
    }
}

/// Where a comparison of tiles holds: 1, elsewhere 0.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Truths<'a, F>(Tile<'a, F>);

macro_rules! operators {
    ($($op:ident $method:ident)*) => { $(
        impl<F: Float> $op for Tile<'_, F> {
            type Output = Self;
            fn $method(self, b: Self) -> Self {
                self.binary(Binary::$op, b)
            }
        }
        impl<F: Float> $op<f64> for Tile<'_, F> {
            type Output = Self;
            fn $method(self, b: f64) -> Self {
                self.binary(Binary::$op, self.number(b))
            }
        }
    )* };
}
operators! { Add add Sub sub Mul mul Div div }

impl<F: Float> Neg for Tile<'_, F> {
    type Output = Self;
    fn neg(self) -> Self {
        self.unary(Unary::Neg)
    }
}

macro_rules! functions {
    ($($method:ident $function:ident)*) => { $(
        fn $method(self) -> Self {
            self.unary(Unary::$function)
        }
    )* };
}

impl<'a, F: Float> Real for Tile<'a, F> {
    type Mask = Truths<'a, F>;
    functions! { exp Exp ln Ln sqrt Sqrt sin Sin cos Cos sinh Sinh cosh Cosh erf Erf erfc Erfc floor Floor sigmoid Sigmoid }
    fn chain(self, derivative: Self) -> Self {
        self.binary(Binary::Chain, derivative)
    }
    fn number(self, value: f64) -> Self {
        let y = self.desk.slot(1);
        y.fill(Num(F::zero()).number(value).0);
        Tile { numbers: y, desk: self.desk }
    }
    fn polygamma(self, order: u32) -> Self {
        self.each(|x| Num(F::from_f64(special::polygamma(order, x.0.to_f64()))))
    }
    fn pow(self, exponent: Self) -> Self {
        self.binary(Binary::Pow, exponent)
    }
    fn powf(self, exponent: f64) -> Self {
        self.binary(Binary::Pow, self.number(exponent))
    }
    fn lt(self, other: Self) -> Self::Mask {
        Truths(self.binary(Binary::Lt, other))
    }
    fn le(self, other: Self) -> Self::Mask {
        Truths(self.binary(Binary::Le, other))
    }
    fn eq(self, other: Self) -> Self::Mask {
        Truths(self.binary(Binary::Eq, other))
    }
    fn select(Truths(mask): Self::Mask, a: Self, b: Self) -> Self {
        let len = mask.numbers.len().max(a.numbers.len()).max(b.numbers.len());
        let (mask, a, b) = (mask.repeated(len), a.repeated(len), b.repeated(len));
        let y = mask.desk.slot(len);
        F::select(mask.numbers, a.numbers, b.numbers, y);
        Tile { numbers: y, desk: mask.desk }
    }
}

impl<F: Float> Number for Tile<'_, F> {
    fn unless(mask: Self::Mask, usual: Self, rarely: impl FnOnce() -> Self) -> Self {
        let always = mask.0.numbers.iter().fold(true, |all, holds| all & (*holds != F::zero()));
        if always { usual } else { Self::select(mask, usual, rarely()) }
    }
    functions! {
        exp_m1 ExpM1 ln_1p Ln1p exp2 Exp2 log2 Log2 log10 Log10 cbrt Cbrt tan Tan asin Asin acos Acos atan Atan tanh Tanh
        asinh Asinh acosh Acosh atanh Atanh erfinv Erfinv lgamma Lgamma abs Abs ceil Ceil round Round trunc Trunc
    }
    fn atan2(self, x: Self) -> Self {
        self.binary(Binary::Atan2, x)
    }
    fn fmod(self, divisor: Self) -> Self {
        self.binary(Binary::Fmod, divisor)
    }
    fn hypot(self, other: Self) -> Self {
        self.binary(Binary::Hypot, other)
    }
    fn powi(self, n: i32) -> Self {
        let y = whole_power(self, n, |a, b| a * b).unwrap_or(self.number(1.0));
        if n < 0 { self.number(1.0) / y } else { y }
    }
}

/// A number to the power of `|n|` by squaring, in the order of the compiler's own; none for the power 0.
pub(crate) fn whole_power<T: Copy>(x: T, n: i32, mut product: impl FnMut(T, T) -> T) -> Option<T> {
    let (mut y, mut square, mut left) = (None, x, n.unsigned_abs());
    while left > 0 {
        if left & 1 == 1 {
            y = Some(y.map_or(square, |y| product(y, square)));
        }
        left /= 2;
        if left > 0 {
            square = product(square, square);
        }
    }
    y
}
