//! Sums of products by Einstein's convention, contracted pair by pair in a good order.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::{Axes, DiagonalExt, MatMulExt, PermuteExt, ReshapeExt, SumExt};
use crate::rule::algebra::{Algebra, Args, shapes_of};
use crate::rule::case::{Case, Function};
use crate::rule::operand::Listed;
use crate::shape::Shape;
use crate::tensor::sizes::signed;

/// The name of an axis: a letter, or an axis that `...` stands for, counted from the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Ellipsis(usize),
    Letter(char),
}

/// At most this many operands are ordered by looking at every order.
const EXHAUSTIVE: usize = 8;

/// The names of the operands' axes, of the result's, and the length of each.
struct Plan {
    operands: Vec<Vec<Label>>,
    output: Vec<Label>,
    lengths: Vec<(Label, usize)>,
}

#[inline]
fn wrong(message: String) -> Error {
    Error::shape("einsum", message)
}

/// The letters before and after `...`, and whether it is there.
#[inline]
fn split(term: &str, all: &str) -> Result<(Vec<char>, Vec<char>, bool), Error> {
    let letters = |part: &str| {
        let mut found = Vec::new();
        for c in part.chars().filter(|c| *c != ' ') {
            if !c.is_ascii_alphabetic() {
                return Err(wrong(format!("`{c}` in `{all}` is not a letter, `,`, `...` or `->`")));
            }
            found.push(c);
        }
        Ok(found)
    };
    match term.split_once("...") {
        None => Ok((letters(term)?, Vec::new(), false)),
        Some((before, after)) => Ok((letters(before)?, letters(after)?, true)),
    }
}

impl Plan {
    #[inline]
    fn new(equation: &str, shapes: &[Shape]) -> Result<Plan, Error> {
        let (inputs, output) = match equation.split_once("->") {
            Some((inputs, output)) => (inputs, Some(output)),
            None => (equation, None),
        };
        let terms: Vec<&str> = inputs.split(',').collect();
        if terms.len() != shapes.len() {
            return Err(wrong(format!("`{equation}` names {} operands, {} are given", terms.len(), shapes.len())));
        }
        let mut plan = Plan { operands: Vec::new(), output: Vec::new(), lengths: Vec::new() };
        for (term, shape) in terms.iter().zip(shapes) {
            let (before, after, ellipsis) = split(term, equation)?;
            let named = before.len() + after.len();
            if named > shape.rank() || !ellipsis && named < shape.rank() {
                return Err(wrong(format!("`{}` names {named} axes of an operand of shape {shape}", term.trim())));
            }
            let rest = shape.rank() - named;
            let labels: Vec<Label> = before
                .into_iter()
                .map(Label::Letter)
                .chain((0..rest).rev().map(Label::Ellipsis))
                .chain(after.into_iter().map(Label::Letter))
                .collect();
            for (label, n) in labels.iter().zip(shape.iter()) {
                plan.note(*label, *n, equation)?;
            }
            plan.operands.push(labels);
        }
        plan.output = plan.output_labels(output, equation)?;
        Ok(plan)
    }

    /// An axis of length 1 broadcasts against a longer one of its name.
    #[inline]
    fn note(&mut self, label: Label, n: usize, equation: &str) -> Result<(), Error> {
        match self.lengths.iter_mut().find(|(l, _)| *l == label) {
            None => self.lengths.push((label, n)),
            Some((_, known)) if *known == n || n == 1 => {}
            Some((_, known)) if *known == 1 => *known = n,
            Some((_, known)) => {
                let name = match label {
                    Label::Letter(c) => c.to_string(),
                    Label::Ellipsis(k) => format!("axis {k} from the end of `...`"),
                };
                return Err(wrong(format!("{name} in `{equation}` has lengths {known} and {n}")));
            }
        }
        Ok(())
    }

    #[inline]
    fn output_labels(&self, output: Option<&str>, equation: &str) -> Result<Vec<Label>, Error> {
        let mut ellipsis: Vec<Label> =
            self.lengths.iter().map(|(l, _)| *l).filter(|l| matches!(l, Label::Ellipsis(_))).collect();
        ellipsis.sort_unstable_by(|a, b| b.cmp(a));
        let Some(output) = output else {
            // Letters that occur once, in alphabetical order.
            let all = self.operands.iter().flatten();
            let once = |l: &Label| all.clone().filter(|other| *other == l).count() == 1;
            let mut letters: Vec<Label> =
                all.clone().copied().filter(|l| matches!(l, Label::Letter(_)) && once(l)).collect();
            letters.sort_unstable();
            ellipsis.extend(letters);
            return Ok(ellipsis);
        };
        let (before, after, dots) = split(output, equation)?;
        let mut labels: Vec<Label> = before.into_iter().map(Label::Letter).collect();
        if dots {
            labels.extend(ellipsis);
        }
        labels.extend(after.into_iter().map(Label::Letter));
        for (k, label) in labels.iter().enumerate() {
            let Label::Letter(c) = label else { continue };
            if !self.lengths.iter().any(|(l, _)| l == label) {
                return Err(wrong(format!("`{c}` of the result of `{equation}` is in no operand")));
            }
            if labels[..k].contains(label) {
                return Err(wrong(format!("`{c}` occurs twice in the result of `{equation}`")));
            }
        }
        Ok(labels)
    }

    #[inline]
    fn length(&self, label: Label) -> usize {
        self.lengths.iter().find(|(l, _)| *l == label).map_or(1, |(_, n)| *n)
    }

    #[inline]
    fn size(&self, labels: &[Label]) -> f64 {
        labels.iter().map(|l| self.length(*l) as f64).product()
    }
}

/// An operand on its way: a value and the names of its axes, no two equal.
struct Term<A> {
    value: A,
    labels: Vec<Label>,
}

impl<A: Algebra> Term<A> {
    /// Takes the diagonal of axes of one name, and drops axes of length 1 that broadcast.
    #[track_caller]
    fn new(value: &A, labels: &[Label], plan: &Plan) -> Self {
        let mut term = Term { value: value.clone(), labels: labels.to_vec() };
        let shape = value.shape();
        let stays = |k: usize| shape[k] == plan.length(labels[k]);
        if !(0..shape.rank()).all(stays) {
            let kept: Vec<usize> = (0..shape.rank()).filter(|k| stays(*k)).collect();
            term.value = ReshapeExt::reshape(value, kept.iter().map(|k| shape[*k]).collect::<Shape>());
            term.labels = kept.iter().map(|k| labels[*k]).collect();
        }
        while let Some((first, second)) = repeated(&term.labels) {
            let label = term.labels[first];
            term.value = term.value.diagonal_of(0, signed(first), signed(second));
            term.labels.remove(second);
            term.labels.remove(first);
            term.labels.push(label);
        }
        term
    }

    /// Sums over the axes that nothing else needs.
    #[track_caller]
    fn summed(self, needed: impl Fn(&Label) -> bool) -> Self {
        let gone: Vec<usize> = (0..self.labels.len()).filter(|k| !needed(&self.labels[*k])).collect();
        if gone.is_empty() {
            return self;
        }
        let labels = self.labels.iter().copied().filter(|l| needed(l)).collect();
        Term { value: self.value.sum_over(Axes::from(&gone[..])), labels }
    }

    /// The axes in another order.
    #[track_caller]
    fn ordered(&self, labels: &[Label]) -> A {
        let place = |l: &Label| self.labels.iter().position(|k| k == l);
        let axes: Vec<usize> = labels.iter().filter_map(place).collect();
        if axes.iter().copied().eq(0..axes.len()) {
            return self.value.clone();
        }
        self.value.permute(&axes[..])
    }

    /// The axes as a batch of matrices: those of `batch`, then all of `rows` as one and all of `columns` as one. What
    /// lies in the other order is a transposed view.
    #[track_caller]
    fn matrices(&self, batch: &[Label], rows: &[Label], columns: &[Label], plan: &Plan) -> A {
        let length = |labels: &[Label]| labels.iter().map(|l| plan.length(*l)).collect::<Shape>().len_elements();
        let mut lengths: Vec<usize> = batch.iter().map(|l| plan.length(*l)).collect();
        let swapped = [batch, columns, rows].concat();
        if self.labels == swapped && !rows.is_empty() && !columns.is_empty() {
            lengths.extend([length(columns), length(rows)]);
            return ReshapeExt::reshape(&self.value, lengths).t();
        }
        lengths.extend([length(rows), length(columns)]);
        ReshapeExt::reshape(&self.ordered(&[batch, rows, columns].concat()), lengths)
    }
}

/// Two places of one label.
#[inline]
fn repeated(labels: &[Label]) -> Option<(usize, usize)> {
    (0..labels.len()).find_map(|k| Some((k, k + 1 + labels[k + 1..].iter().position(|l| *l == labels[k])?)))
}

/// The product of two terms, summed over what neither the result nor another term needs.
#[track_caller]
fn contract<A: Algebra>(a: Term<A>, b: Term<A>, needed: &dyn Fn(&Label) -> bool, plan: &Plan) -> Term<A> {
    let a = a.summed(|l| needed(l) || b.labels.contains(l));
    let b = b.summed(|l| needed(l) || a.labels.contains(l));
    let shared = |l: &&Label| b.labels.contains(l);
    let of = |labels: &[Label], keep: &dyn Fn(&&Label) -> bool| -> Vec<Label> {
        labels.iter().filter(|l| keep(l)).copied().collect()
    };
    let batch = of(&a.labels, &|l| shared(l) && needed(l));
    let inner = of(&a.labels, &|l| shared(l) && !needed(l));
    let left = of(&a.labels, &|l| !shared(l));
    let right = of(&b.labels, &|l| !a.labels.contains(l));
    let labels = [&batch[..], &left, &right].concat();
    let product = if inner.is_empty() {
        // Nothing is summed: the product of two tensors that broadcast.
        let length = |labels: &[Label], present: bool| -> Vec<usize> {
            labels.iter().map(|l| if present { plan.length(*l) } else { 1 }).collect()
        };
        let x = ReshapeExt::reshape(
            &a.ordered(&[&batch[..], &left].concat()),
            [length(&batch, true), length(&left, true), length(&right, false)].concat(),
        );
        let y = ReshapeExt::reshape(
            &b.ordered(&[&batch[..], &right].concat()),
            [length(&batch, true), length(&left, false), length(&right, true)].concat(),
        );
        x * y
    } else {
        a.matrices(&batch, &left, &inner, plan).matmul(b.matrices(&batch, &inner, &right, plan))
    };
    let lengths: Vec<usize> = labels.iter().map(|l| plan.length(*l)).collect();
    Term { value: ReshapeExt::reshape(&product, lengths), labels }
}

/// The order in which operands are contracted, as pairs of places in a list to whose end each product is appended and
/// from which the pair is taken: for up to eight operands the one with the fewest multiplications, else the cheapest
/// pair first.
#[inline]
fn order(plan: &Plan) -> Vec<(usize, usize)> {
    let n = plan.operands.len();
    let mut terms: Vec<Vec<Label>> = plan.operands.clone();
    terms.iter_mut().for_each(|t| {
        t.sort_unstable();
        t.dedup();
    });
    if n > EXHAUSTIVE {
        return greedy(plan, terms);
    }
    // The cheapest way to the product of each set of operands.
    let full = (1usize << n) - 1;
    let labels_of = |set: usize| -> Vec<Label> {
        let within = |k: &usize| set >> k & 1 == 1;
        let outside: Vec<&Label> = (0..n).filter(|k| !within(k)).flat_map(|k| &terms[k]).chain(&plan.output).collect();
        let mut all: Vec<Label> = (0..n).filter(within).flat_map(|k| terms[k].iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|l| set.count_ones() == 1 || outside.contains(&l));
        all
    };
    let labels: Vec<Vec<Label>> = (0..=full).map(labels_of).collect();
    let mut best: Vec<(f64, usize)> = vec![(0.0, 0); full + 1];
    for set in 1..=full {
        if set.count_ones() < 2 {
            continue;
        }
        best[set] = (f64::INFINITY, 0);
        let mut part = (set - 1) & set;
        while part > 0 {
            let rest = set & !part;
            if part < rest {
                let cost = best[part].0 + best[rest].0 + product_cost(plan, &labels[part], &labels[rest]);
                if cost < best[set].0 {
                    best[set] = (cost, part);
                }
            }
            part = (part - 1) & set;
        }
    }
    let mut pairs = Vec::new();
    let mut list: Vec<usize> = (0..n).map(|k| 1 << k).collect();
    // The splits from the whole down, carried out from the parts up.
    let mut splits = vec![full];
    let mut k = 0;
    while k < splits.len() {
        let (set, part) = (splits[k], best[splits[k]].1);
        if set.count_ones() > 1 {
            splits.extend([part, set & !part]);
        }
        k += 1;
    }
    for set in splits.into_iter().rev().filter(|set| set.count_ones() > 1) {
        let part = best[set].1;
        let place = |list: &[usize], set: usize| list.iter().position(|s| *s == set).unwrap_or(0);
        let (i, j) = (place(&list, part), place(&list, set & !part));
        pairs.push((i.min(j), i.max(j)));
        list.remove(i.max(j));
        list.remove(i.min(j));
        list.push(set);
    }
    pairs
}

/// The multiplications of a product: one for each value of all names in it.
#[inline]
fn product_cost(plan: &Plan, a: &[Label], b: &[Label]) -> f64 {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all.dedup();
    plan.size(&all)
}

#[inline]
fn greedy(plan: &Plan, mut terms: Vec<Vec<Label>>) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    while terms.len() > 1 {
        let all = (0..terms.len()).flat_map(|i| (i + 1..terms.len()).map(move |j| (i, j)));
        let cost = |(i, j): (usize, usize)| product_cost(plan, &terms[i], &terms[j]);
        let Some((i, j)) = all.min_by(|a, b| cost(*a).total_cmp(&cost(*b))) else { break };
        let (b, a) = (terms.remove(j), terms.remove(i));
        let mut product = [a, b].concat();
        product.sort_unstable();
        product.dedup();
        product.retain(|l| plan.output.contains(l) || terms.iter().any(|t| t.contains(l)));
        terms.push(product);
        pairs.push((i, j));
    }
    pairs
}

/// The sum of products that an equation describes, by Einstein's convention: `"ij,jk->ik"` is the matrix product.
///
/// Each operand's axes are named by letters, of either case; an axis that the result does not name is summed over. A
/// letter twice in one operand takes a diagonal. `...` stands for any number of axes, which broadcast; without `->` the
/// result has the axes of `...` and then the letters that occur once, in alphabetical order. An axis of length 1
/// broadcasts. All as in PyTorch, where `...` that the result does not name is summed over, too.
///
/// The operands are multiplied pair by pair, as matrix products; up to eight in the order of fewest multiplications,
/// more by the cheapest pair first.
///
/// # Panics
/// If the equation does not fit the operands.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// let x = Tensor::from([10.0, 1.0]);
/// assert_eq!(einsum("ij,j->i", &[&a, &x]).data(), [12.0, 34.0]);
/// assert_eq!(einsum("ii", &[&a]).item(), 5.0); // the trace
/// assert_eq!(einsum("i,ij,j", &[&x, &a, &x]).item(), 154.0);
/// ```
#[track_caller]
pub fn einsum<A: Algebra>(equation: &str, operands: &[impl Listed<A>]) -> A {
    let _called = called("einsum");
    let operands: Vec<&A> = operands.iter().map(|x| x.listed()).collect();
    let shapes = shapes_of(&operands);
    let plan = Plan::new(equation, &shapes).or_raise();
    let mut terms: Vec<Term<A>> = Vec::with_capacity(operands.len());
    for (x, labels) in operands.iter().zip(&plan.operands) {
        terms.push(Term::new(*x, labels, &plan));
    }
    for (i, j) in order(&plan) {
        let (b, a) = (terms.remove(j), terms.remove(i));
        let needed = |l: &Label| plan.output.contains(l) || terms.iter().any(|t| t.labels.contains(l));
        let product = contract(a, b, &needed, &plan);
        terms.push(product);
    }
    let last = terms.swap_remove(0).summed(|l| plan.output.contains(l));
    last.ordered(&plan.output)
}

/// [`einsum`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Einsum(&'static str);

impl Function for Einsum {
    const NAME: &'static str = "einsum";
    const TEXT: &'static str = "Σ of products, by the names of the axes";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        einsum(self.0, &(0..a.len()).map(|k| &a[k]).collect::<Vec<_>>())
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |equation, operands: &[&[usize]]| {
            (Einsum(equation), operands.iter().fold(Case::function(), |case, x| case.real(*x)))
        };
        vec![
            case("ij,jk->ik", &[&[2, 3], &[3, 5]]),
            case("ji,kj->ik", &[&[3, 2], &[5, 3]]),
            case("ij->j", &[&[2, 3]]),
            case("ba", &[&[2, 3]]),
            case("ii->i", &[&[3, 3]]),
            case("iji->j", &[&[3, 2, 3]]),
            case("ii", &[&[3, 3]]),
            case("i,j", &[&[2], &[3]]),
            case("ij,ij->", &[&[2, 3], &[2, 3]]),
            case("bij,bjk->bik", &[&[2, 3, 5], &[2, 5, 1]]),
            case("...ij,...jk", &[&[2, 1, 3, 2], &[5, 2, 3]]),
            case("i...,i->...", &[&[3, 2, 5], &[3]]),
            case("...->", &[&[2, 3]]),
            case("ij,jk,kl->il", &[&[2, 3], &[3, 5], &[5, 2]]),
            case("bhid,bhjd->bhij", &[&[1, 2, 3, 5], &[1, 2, 2, 5]]),
            case("ai,aij,aj->a", &[&[2, 3], &[2, 3, 5], &[2, 5]]),
            case("ij,ij->ij", &[&[2, 1], &[1, 3]]),
            case("Ab,cA->bc", &[&[2, 3], &[5, 2]]),
            case("ij,jk->ik", &[&[2, 0], &[0, 3]]),
            case(",i->i", &[&[], &[3]]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    #[test]
    fn what_does_not_fit_is_named() {
        let table: &[(&str, &[&[usize]], &str)] = &[
            ("ij,jk->ik", &[&[2, 3]], "`ij,jk->ik` names 2 operands, 1 are given"),
            ("ij->i", &[&[2, 3, 4]], "`ij` names 2 axes of an operand of shape [2, 3, 4]"),
            ("ij,jk->ik", &[&[2, 3], &[4, 5]], "j in `ij,jk->ik` has lengths 3 and 4"),
            (
                "...i,...i->...",
                &[&[2, 3], &[4, 3]],
                "axis 0 from the end of `...` in `...i,...i->...` has lengths 2 and 4",
            ),
            ("ij->k", &[&[2, 3]], "`k` of the result of `ij->k` is in no operand"),
            ("ij->ii", &[&[2, 3]], "`i` occurs twice in the result of `ij->ii`"),
            ("i1->i", &[&[2, 3]], "`1` in `i1->i` is not a letter, `,`, `...` or `->`"),
        ];
        for (equation, shapes, message) in table {
            let shapes: Vec<Shape> = shapes.iter().map(|s| Shape::from(*s)).collect();
            let error = Plan::new(equation, &shapes).err().unwrap();
            assert_eq!(error.to_string(), format!("einsum: {message}"));
        }
    }

    #[test]
    fn the_order_has_the_fewest_multiplications() {
        // A chain of matrices: 10×100, 100×5, 5×50. From the left 10·100·5 + 10·5·50, from the right ten times that.
        let shapes = [[10, 100], [100, 5], [5, 50]].map(Shape::from);
        let plan = Plan::new("ij,jk,kl->il", &shapes).unwrap();
        assert_eq!(order(&plan), [(0, 1), (0, 1)]);
        let shapes = [[50, 5], [5, 100], [100, 10]].map(Shape::from);
        let plan = Plan::new("ij,jk,kl->il", &shapes).unwrap();
        assert_eq!(order(&plan), [(1, 2), (0, 1)]);
    }

    #[test]
    fn many_operands_are_contracted_too() {
        let x = Tensor::from([[1.0, 2.0], [0.0, 1.0]]);
        let product = einsum("ab,bc,cd,de,ef,fg,gh,hi,ij->aj", &[&x; 9]);
        assert_eq!(product, Tensor::from([[1.0, 18.0], [0.0, 1.0]]));
    }
}
