//! Formulas of many nodes as one listing: each step once, numbers that follow from numbers computed at once, registers used again.

use std::collections::HashMap;

use crate::kernels::fused::{Function, Listing, Over, Source, Step, Under};
use crate::kernels::tile::whole_power;
use crate::kernels::vector::{Binary, Unary};
use crate::rule::number::Num;
use crate::rule::real::Real;
use crate::rule::written::{Formula, Term};
use crate::shape::Shape;
use crate::tensor::float::Float;

/// A listing that is being written. Until it is done each step has a register of its own.
pub(super) struct Writer<F> {
    listing: Listing<F>,
    known: HashMap<(Function, [Source; 3]), Source>,
    numbers: HashMap<u64, u32>,
}

impl<F: Float> Writer<F> {
    pub(super) fn new(shape: Shape) -> Self {
        let listing = Listing {
            shape,
            steps: Vec::new(),
            numbers: Vec::new(),
            registers: 0,
            under: Under::new(),
            outputs: Vec::new(),
            sums: Vec::new(),
        };
        Writer { listing, known: HashMap::new(), numbers: HashMap::new() }
    }

    /// An operand of a shape.
    pub(super) fn operand(&mut self, shape: &Shape) -> Source {
        self.listing.under.push(&self.listing.shape, shape);
        Source::Operand(self.listing.under.len() as u32 - 1)
    }

    /// A number.
    pub(super) fn number(&mut self, x: F) -> Source {
        let numbers = &mut self.listing.numbers;
        Source::Number(*self.numbers.entry(Float::to_f64(x).to_bits()).or_insert_with(|| {
            numbers.push(x);
            numbers.len() as u32 - 1
        }))
    }

    /// Lets the value of a source be written to the next output.
    pub(super) fn output(&mut self, source: Source) {
        self.listing.outputs.push(source);
    }

    /// Lets a source be summed to the next sum.
    pub(super) fn sum(&mut self, source: Source, over: Over) {
        self.listing.sums.push((source, over));
    }

    /// A formula of operands.
    pub(super) fn formula(&mut self, formula: &Formula, operands: &[Source]) -> Source {
        let mut terms: Vec<Source> = Vec::with_capacity(formula.terms.len());
        for term in &formula.terms {
            let source = match term {
                Term::Argument(k) => operands[*k],
                Term::Number(x) => self.number(Num(F::zero()).number(*x).0),
                Term::Value => unreachable!("a value is not made of itself"),
                Term::Apply(name, of) => self.apply(name, of, &terms, formula),
            };
            terms.push(source);
        }
        terms[terms.len() - 1]
    }

    fn apply(&mut self, name: &str, of: &[usize], terms: &[Source], formula: &Formula) -> Source {
        let fixed = |k: usize| match formula.terms[of[k]] {
            Term::Number(x) => x,
            _ => unreachable!("{name}: a fixed exponent or order is a number"),
        };
        match name {
            "powi" => self.whole_power(terms[of[0]], fixed(1) as i32),
            "polygamma" => self.step(Function::Polygamma(fixed(1) as u32), [terms[of[0]]; 3]),
            "powf" => self.step(Function::Binary(Binary::Pow), [terms[of[0]], terms[of[1]], terms[of[0]]]),
            "select" => {
                let all = [0, 1, 2].map(|k| terms[of[k]]);
                let single = all.iter().all(|source| self.is_single(*source));
                let all = if single { all } else { all.map(|source| self.repeated(source)) };
                self.step(Function::Select, all)
            }
            _ => match (unary(name), binary(name)) {
                (Some(f), _) => self.step(Function::Unary(f), [terms[of[0]]; 3]),
                (_, Some(f)) => self.step(Function::Binary(f), [terms[of[0]], terms[of[1]], terms[of[0]]]),
                _ => unreachable!("{name}: a function that no formula has"),
            },
        }
    }

    fn whole_power(&mut self, x: Source, n: i32) -> Source {
        let one = self.number(F::one());
        let y = whole_power(x, n, |a, b| self.step(Function::Binary(Binary::Mul), [a, b, a])).unwrap_or(one);
        if n < 0 { self.step(Function::Binary(Binary::Div), [one, y, one]) } else { y }
    }

    fn is_single(&self, source: Source) -> bool {
        match source {
            Source::Single(_) | Source::Number(_) => true,
            Source::Register(_) => false,
            Source::Operand(operand) => self.listing.under.is_single(operand as usize),
        }
    }

    /// A source with as many numbers as there are.
    fn repeated(&mut self, source: Source) -> Source {
        if self.is_single(source) { self.written(Function::Repeat, [source; 3], false) } else { source }
    }

    fn step(&mut self, function: Function, from: [Source; 3]) -> Source {
        if let Some(same) = self.simpler(function, from) {
            return same;
        }
        let single = from.iter().all(|source| self.is_single(*source));
        self.written(function, from, single)
    }

    /// What gives the same numbers without a step.
    fn simpler(&mut self, function: Function, [a, b, _]: [Source; 3]) -> Option<Source> {
        let number = |source: Source| match source {
            Source::Number(number) => Some(self.listing.numbers[number as usize]),
            _ => None,
        };
        let (x, y) = (number(a), number(b));
        match function {
            Function::Binary(Binary::Mul) if y == Some(F::one()) => Some(a),
            Function::Binary(Binary::Mul) if x == Some(F::one()) => Some(b),
            Function::Binary(Binary::Div) if y == Some(F::one()) => Some(a),
            Function::Binary(f) => {
                let (x, y) = (x?, y?);
                let mut z = [F::zero()];
                F::binary(f, &[x], &[y], &mut z);
                Some(self.number(z[0]))
            }
            Function::Unary(f) => {
                let mut z = [F::zero()];
                F::unary(f, &[x?], &mut z);
                Some(self.number(z[0]))
            }
            _ => None,
        }
    }

    fn written(&mut self, function: Function, from: [Source; 3], single: bool) -> Source {
        let listing = &mut self.listing;
        *self.known.entry((function, from)).or_insert_with(|| {
            let to = listing.steps.len() as u32;
            listing.steps.push(Step { function, from, to, single });
            if single { Source::Single(to) } else { Source::Register(to) }
        })
    }

    /// The listing, with as few registers as its order allows.
    pub(super) fn done(self) -> Listing<F> {
        let mut listing = self.listing;
        let count = listing.steps.len();
        // the step after which a register is free; what is written or summed is so at the end
        let mut last = vec![0; count];
        let register = |source: Source| match source {
            Source::Register(register) | Source::Single(register) => Some(register as usize),
            _ => None,
        };
        for (k, step) in listing.steps.iter().enumerate() {
            step.from.iter().filter_map(|source| register(*source)).for_each(|from| last[from] = k);
        }
        let kept = listing.outputs.iter().copied().chain(listing.sums.iter().map(|(source, _)| *source));
        kept.filter_map(register).for_each(|from| last[from] = count);
        let used: Vec<bool> = (0..count).map(|k| last[k] > k).collect();
        let (mut free, mut place): (Vec<u32>, Vec<u32>) = (Vec::new(), vec![0; count]);
        let at = |source: Source, place: &[u32]| match source {
            Source::Register(register) => Source::Register(place[register as usize]),
            Source::Single(register) => Source::Single(place[register as usize]),
            other => other,
        };
        let mut steps = Vec::with_capacity(count);
        for (k, step) in listing.steps.iter().enumerate().filter(|(k, _)| used[*k]) {
            let to = free.pop().unwrap_or_else(|| {
                listing.registers += 1;
                listing.registers as u32 - 1
            });
            place[k] = to;
            steps.push(Step { from: step.from.map(|source| at(source, &place)), to, ..*step });
            let mut freed: Vec<usize> = step.from.iter().filter_map(|source| register(*source)).collect();
            freed.sort_unstable();
            freed.dedup();
            free.extend(freed.into_iter().filter(|from| last[*from] == k).map(|from| place[from]));
        }
        listing.steps = steps;
        listing.outputs.iter_mut().for_each(|source| *source = at(*source, &place));
        listing.sums.iter_mut().for_each(|(source, _)| *source = at(*source, &place));
        listing
    }
}

macro_rules! named {
    ($(#[$about:meta])* $reader:ident $type:ident: $($name:literal $function:ident)*) => {
        $(#[$about])*
        fn $reader(name: &str) -> Option<$type> {
            match name {
                $($name => Some($type::$function),)*
                _ => None,
            }
        }
    };
}

named! {
    /// The function of one number with this name in a formula.
    unary Unary:
    "neg" Neg "abs" Abs "sqrt" Sqrt "exp" Exp "exp_m1" ExpM1 "ln" Ln "ln_1p" Ln1p "sigmoid" Sigmoid "tanh" Tanh "sin" Sin "cos" Cos
    "erf" Erf "erfc" Erfc "floor" Floor "ceil" Ceil "round" Round "trunc" Trunc "exp2" Exp2 "log2" Log2 "log10" Log10 "cbrt" Cbrt
    "tan" Tan "asin" Asin "acos" Acos "atan" Atan "sinh" Sinh "cosh" Cosh "asinh" Asinh "acosh" Acosh "atanh" Atanh
    "erfinv" Erfinv "lgamma" Lgamma
}

named! {
    /// The function of two numbers with this name in a formula.
    binary Binary:
    "add" Add "sub" Sub "mul" Mul "div" Div "chain" Chain "pow" Pow "lt" Lt "le" Le "eq" Eq "atan2" Atan2 "fmod" Fmod
    "hypot" Hypot
}
