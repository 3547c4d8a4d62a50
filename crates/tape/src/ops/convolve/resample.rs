//! Weighted sums along an axis: what average-pooling and interpolation are made of.

use smallvec::SmallVec;

use crate::error::{Error, OrRaise};
use crate::kernels::running::RunningSums;
use crate::kernels::windows::Window;
use crate::ops::pool::adaptive;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, product, work};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::ceiling::check_bytes;
use crate::tensor::float::Float;

/// `y[…, i, …] = Σⱼ W[i, j] · x[…, j, …]` along an axis, with few weights that are not 0; or, transposed, with `W[j, i]`.
/// Each direction is the rule of the other.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Resample {
    /// The axis.
    pub axis: usize,
    /// The weights.
    pub scheme: Scheme,
    /// The length of the axis that `W` reads.
    pub from: usize,
    /// The length of the axis that `W` makes.
    pub to: usize,
    /// Whether this is the transpose.
    pub transposed: bool,
}

/// The weights of a [`Resample`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub enum Scheme {
    /// The mean of each window; `count_padding` says whether zeros of the padding count as entries.
    Average {
        /// The windows.
        window: Window,
        /// Whether zeros of the padding count.
        count_padding: bool,
    },
    /// The sum of each window.
    Sum {
        /// The windows.
        window: Window,
    },
    /// The mean of each of `to` windows that cover the axis.
    AdaptiveAverage,
    /// The entry at `⌊(i + shift) · step⌋`.
    Nearest {
        /// The distance on `x` between neighbours of `y`.
        step: f64,
        /// 0, or ½ for the entry whose middle is nearest.
        shift: f64,
    },
    /// The two entries around a place on `x`, each the nearer the heavier: at `i · step` if corners are aligned, else at
    /// `(i + ½) · step − ½`, not before the first entry.
    Linear {
        /// The distance on `x` between neighbours of `y`.
        step: f64,
        /// Whether the first and last entries of `x` and `y` lie on each other, rather than their outer edges.
        align_corners: bool,
    },
}

/// Entries are sums of few terms, added one after the other; those of more keep what roundings lose.
const LONG: usize = 64;

/// The places on `x` of one entry of `y`, and their weights.
type Row = SmallVec<[(usize, f64); 4]>;

impl Resample {
    /// The weights that are not 0, for entry `i` of `y`.
    #[inline]
    fn row(&self, i: usize) -> Row {
        let last = self.from.saturating_sub(1);
        match &self.scheme {
            Scheme::Average { window, count_padding } => {
                let entries = window.entries_on(i, self.from);
                // Beyond the padding, where only a window of ceil mode reaches, nothing is counted.
                let inside = window.entries_in_padded(i, self.from);
                let count = if *count_padding { inside } else { entries.len() };
                entries.filter_map(|k| Some((window.at(i, k, self.from)?, 1.0 / count as f64))).collect()
            }
            Scheme::Sum { window } => {
                window.entries_on(i, self.from).filter_map(|k| Some((window.at(i, k, self.from)?, 1.0))).collect()
            }
            Scheme::AdaptiveAverage => {
                let places = adaptive(i, self.to, self.from);
                let count = places.len() as f64;
                places.map(|j| (j, 1.0 / count)).collect()
            }
            Scheme::Nearest { step, shift } => {
                Row::from_slice(&[((((i as f64 + shift) * step).floor() as usize).min(last), 1.0)])
            }
            Scheme::Linear { step, align_corners } => {
                let place = match align_corners {
                    true => i as f64 * step,
                    false => ((i as f64 + 0.5) * step - 0.5).max(0.0),
                };
                let below = (place.floor() as usize).min(last);
                let above = (below + 1).min(last);
                let weight = if above == below { 0.0 } else { place - below as f64 };
                match weight {
                    0.0 => Row::from_slice(&[(below, 1.0)]),
                    _ => Row::from_slice(&[(below, 1.0 - weight), (above, weight)]),
                }
            }
        }
    }
}

impl Resample {
    /// What is wrong with the scheme, which may come from a file: each entry that is made needs one that is read.
    #[inline]
    fn wrong(&self) -> Option<String> {
        match &self.scheme {
            Scheme::Average { window, .. } | Scheme::Sum { window } => {
                match [window.size, window.stride, window.dilation].contains(&0) {
                    true => Some(format!("size, stride and dilation of {window:?} must be at least 1")),
                    false => None,
                }
            }
            Scheme::Nearest { step, .. } | Scheme::Linear { step, .. } if !step.is_finite() => {
                Some(format!("entries {step} apart"))
            }
            _ if self.from == 0 && self.to > 0 => Some(format!("{} entries from none", self.to)),
            _ => None,
        }
    }

    /// The number of weights, without looking at each; of windows with padding, as if nothing lay there.
    #[inline]
    fn terms(&self) -> usize {
        match &self.scheme {
            Scheme::Average { window, .. } | Scheme::Sum { window } => {
                self.to.saturating_mul(window.size.min(self.from))
            }
            // Neighbouring windows share an entry unless one ends where the next begins.
            Scheme::AdaptiveAverage => (self.from.saturating_add(self.to)).saturating_sub(common(self.from, self.to)),
            Scheme::Nearest { .. } => self.to,
            Scheme::Linear { .. } => self.to.saturating_mul(2),
        }
    }
}

/// The greatest common divisor.
#[inline]
fn common(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common(b, a % b) }
}

impl Op for Resample {
    #[inline]
    fn name(&self) -> String {
        "resample".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        let Resample { axis, scheme, from, to, transposed } = self;
        let scheme = match scheme {
            Scheme::Average { .. } => "average",
            Scheme::Sum { .. } => "sum",
            Scheme::AdaptiveAverage => "adaptive average",
            Scheme::Nearest { .. } => "nearest",
            Scheme::Linear { .. } => "linear",
        };
        let transposed = if *transposed { ", transposed" } else { "" };
        format!("resample({}, axis {axis}, {scheme}, {from} to {to}{transposed})", args[0])
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let Resample { axis, from, to, transposed, .. } = *self;
        let (read, made) = if transposed { (to, from) } else { (from, to) };
        if let Some(wrong) = self.wrong() {
            return Err(Error::shape("resample", wrong));
        }
        match args[0].get(axis) {
            Some(n) if *n == read => Ok(args[0].with(axis, made)),
            _ => Err(Error::shape("resample", format!("axis {axis} of {} does not have length {read}", args[0]))),
        }
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, shape) = (&a[0], Tensor::shape(&a[0]));
        let made = if self.transposed { self.from } else { self.to };
        let blocks = product(&shape[..self.axis]);
        let width = product(&shape[self.axis + 1..]);
        check_bytes("resample", work([self.terms(), size_of::<(usize, usize, F)>()])).or_raise();
        let rows = (0..self.to).flat_map(|i| self.row(i).into_iter().map(move |(j, weight)| (i, j, weight)));
        let terms: Vec<(usize, usize, F)> = rows
            .map(|(i, j, weight)| {
                let (to, from) = if self.transposed { (j, i) } else { (i, j) };
                (to * width, from * width, F::from_f64(weight))
            })
            .collect();
        let (read_block, made_block) = (shape[self.axis] * width, made * width);
        if terms.len() > LONG * made {
            let mut sums = RunningSums::new(blocks * made_block);
            for (block, x) in x.data().chunks_exact(read_block.max(1)).enumerate() {
                for (to, from, weight) in &terms {
                    sums.add_each(block * made_block + to, width, |j| *weight * x[from + j]);
                }
            }
            return Tensor::from_parts(shape.with(self.axis, made), sums.values()).into();
        }
        let mut out = Buffer::filled(product(&[blocks, made, width]), F::zero());
        if !out.is_empty() {
            let images = x.data().chunks_exact(read_block.max(1)).zip(out.chunks_exact_mut(made_block));
            for (x, out) in images {
                for (to, from, weight) in &terms {
                    match width {
                        1 => out[*to] += *weight * x[*from],
                        _ => {
                            let x = &x[*from..*from + width];
                            out[*to..*to + width].iter_mut().zip(x).for_each(|(o, x)| *o += *weight * *x);
                        }
                    }
                }
            }
        }
        Tensor::from_parts(shape.with(self.axis, made), out).into()
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(Resample { transposed: !self.transposed, ..self.clone() }, &[Arg::Real(&g)]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d)]).real()
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        let beside = args[0].len_elements() / args[0][self.axis].max(1);
        work([2, beside, self.terms()])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, scheme: Scheme, from, to, x: &[usize]| {
            let op = Resample { axis, scheme, from, to, transposed: false };
            let y = x.iter().enumerate().map(|(k, n)| if k == axis { to } else { *n }).collect::<Shape>();
            [Case::of(op.clone()).real(x), Case::of(Resample { transposed: true, ..op }).real(y)]
        };
        let window = Window { size: 3, stride: 2, padding: 1, dilation: 1 };
        [
            case(2, Scheme::Average { window, count_padding: true }, 4, 3, &[2, 1, 4]),
            case(2, Scheme::Sum { window }, 4, 3, &[2, 1, 4]),
            case(1, Scheme::Average { window, count_padding: false }, 5, 3, &[2, 5, 3]),
            case(0, Scheme::AdaptiveAverage, 5, 3, &[5, 2]),
            case(2, Scheme::Nearest { step: 0.6, shift: 0.5 }, 3, 5, &[1, 2, 3]),
            case(2, Scheme::Linear { step: 0.75, align_corners: false }, 3, 4, &[1, 2, 3, 2]),
            case(0, Scheme::Linear { step: 0.5, align_corners: true }, 3, 5, &[3]),
            case(1, Scheme::AdaptiveAverage, 2, 3, &[0, 2]),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
