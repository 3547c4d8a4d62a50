//! An operation of two closures: its value and its cotangents.

use std::any::Any as StdAny;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, OrRaise, caught};
use crate::reader::any_op::AnyOp;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::op::{Cotangents, Op, Value};
use crate::rule::operand::Listed;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

type Forward<F> = dyn Fn(&[Tensor<F>]) -> Tensor<F> + Send + Sync;
type Vjp<F> = dyn Fn(&Tensor<F>, &[Tensor<F>], &Tensor<F>) -> Vec<Tensor<F>> + Send + Sync;
type Jvp<F> = dyn Fn(usize, &Tensor<F>, &[Tensor<F>], &Tensor<F>) -> Tensor<F> + Send + Sync;

/// An operation given by closures on plain tensors: one for its value, one for its cotangents. It is a node like any other:
/// it has a name in pictures and errors, its gradients are checked by [`check_gradients`](crate::check_gradients), and it
/// is replayed.
///
/// | mode | needs |
/// | --- | --- |
/// | value, `backward`, `vjp`, `value_and_grad` | the two closures |
/// | `backward_recorded`: the gradient as a recorded value | the two closures |
/// | forward mode: `jvp` | [`with_jvp`](CustomOp::with_jvp) |
/// | differentiating the recorded gradient: `hessian`, `hvp` | rules over the algebra: an [`Op`] of its own file |
///
/// Where a closure is missing the message is that of [`Error::NoRule`]. On a tape of the other float type the numbers are
/// converted on the way in and out.
///
/// # Examples
/// ```
/// use wengert_tape::{CustomOp, prelude::*};
/// let cube = CustomOp::new("cube", |a: &[Tensor]| a[0].map(|x| x * x * x), |g, a, _y| {
///     vec![g * a[0].map(|x| 3.0 * x * x)]
/// });
/// let x0 = Tensor::from([2.0, -1.0]);
/// let (value, gradient) = value_and_grad(|x| cube.call(&[&x]).sum(), &x0)?;
/// assert_eq!((value, gradient.data()), (7.0, &[12.0, 3.0][..]));
/// check_gradients(|x: Var| cube.call(&[&x]).sum(), &x0)?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct CustomOp<F: Float = f64> {
    name: Arc<str>,
    forward: Arc<Forward<F>>,
    vjp: Arc<Vjp<F>>,
    jvp: Option<Arc<Jvp<F>>>,
    /// The shapes of results by those of the arguments, as far as they are known.
    shapes: Arc<Mutex<Vec<(Vec<Shape>, Shape)>>>,
}

impl<F: Float> fmt::Debug for CustomOp<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomOp({})", self.name)
    }
}

impl<F: Float> PartialEq for CustomOp<F> {
    /// Whether both are of the same closures.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.forward, &other.forward) && Arc::ptr_eq(&self.vjp, &other.vjp)
    }
}

/// How many shapes are remembered.
const REMEMBERED: usize = 16;

impl<F: Float> CustomOp<F> {
    /// An operation called `name`.
    ///
    /// `forward` computes the value from the arguments. `vjp` gets the cotangent of the value, the arguments and the value,
    /// and returns the cotangent of each argument, in its shape.
    ///
    /// The value must depend on the arguments alone, its shape on their shapes: the first time that shapes are met, `forward`
    /// is called once more. (Where shapes alone are known, as in a dry run of a model, it is then called with ones.)
    pub fn new(
        name: impl Into<String>,
        forward: impl Fn(&[Tensor<F>]) -> Tensor<F> + Send + Sync + 'static,
        vjp: impl Fn(&Tensor<F>, &[Tensor<F>], &Tensor<F>) -> Vec<Tensor<F>> + Send + Sync + 'static,
    ) -> Self {
        CustomOp {
            name: name.into().into(),
            forward: Arc::new(forward),
            vjp: Arc::new(vjp),
            jvp: None,
            shapes: Arc::default(),
        }
    }

    /// The operation with a rule for forward mode: `jvp(k, d, arguments, value)` is the part of the value's tangent that
    /// comes from the tangent `d` of argument `k`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::{CustomOp, prelude::*};
    /// let cube = CustomOp::new("cube", |a: &[Tensor]| a[0].map(|x| x * x * x), |g, a, _y| {
    ///     vec![g * a[0].map(|x| 3.0 * x * x)]
    /// })
    /// .with_jvp(|_k, d, a, _y| d * a[0].map(|x| 3.0 * x * x));
    /// let (value, tangent) = jvp(|x: Var| cube.call(&[&x]), &Tensor::from([2.0]), &Tensor::from([0.5]))?;
    /// assert_eq!((value.item(), tangent.item()), (8.0, 6.0));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn with_jvp(
        self,
        jvp: impl Fn(usize, &Tensor<F>, &[Tensor<F>], &Tensor<F>) -> Tensor<F> + Send + Sync + 'static,
    ) -> Self {
        CustomOp { jvp: Some(Arc::new(jvp)), ..self }
    }

    /// The value of the operation at some arguments: plain, recorded, or with tangents.
    ///
    /// # Panics
    /// If there are no arguments, or a closure does.
    #[track_caller]
    pub fn call<A: Algebra>(&self, args: &[impl Listed<A>]) -> A {
        let args: Vec<Arg<'_, A>> = args.iter().map(|a| Arg::Real(a.listed())).collect();
        A::apply(AnyOp::new(self.clone()), &args).real()
    }

    /// The cotangents of all arguments, which have the arguments' shapes.
    fn cotangents(&self, g: &Tensor<F>, a: &[Tensor<F>], y: &Tensor<F>) -> Vec<Tensor<F>> {
        let cotangents = (self.vjp)(g, a, y);
        let shapes = |all: &[Tensor<F>]| all.iter().map(|t| t.shape().clone()).collect::<Vec<_>>();
        let (found, expected) = (shapes(&cotangents), shapes(a));
        if found != expected {
            let message =
                format!("its vjp returns cotangents of shapes {found:?} for arguments of shapes {expected:?}");
            Error::shape(&*self.name, message).raise()
        }
        cotangents
    }

    /// The shape of the value by those of the arguments: as it was, or as `find` finds it.
    fn shape_by(&self, args: &[&Shape], find: impl FnOnce() -> Result<Shape, Error>) -> Result<Shape, Error> {
        let given: Vec<Shape> = args.iter().map(|s| (*s).clone()).collect();
        let known = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, result)) = known.iter().find(|(shapes, _)| *shapes == given) {
            return Ok(result.clone());
        }
        drop(known);
        let result = find()?;
        let mut known = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == REMEMBERED {
            known.remove(0);
        }
        known.push((given, result.clone()));
        Ok(result)
    }

    /// Refuses what a closure gave in another shape than it has to.
    fn expect(&self, what: &str, found: &Shape, expected: &Shape) {
        if found != expected {
            let message =
                format!("{what} of shape {found} where {expected} is due, by the shapes of the arguments alone");
            Error::shape(&*self.name, message).raise()
        }
    }

    fn not_twice(&self) -> ! {
        self.missing(
            "its rule is a closure, which cannot be differentiated again",
            "for second derivatives, such as a `hessian`, write the operation's rules over the algebra, as docs/add-an-op.md shows",
        )
    }

    fn missing(&self, what: &str, advice: &str) -> ! {
        Error::NoRule { op: self.name.to_string(), message: format!("{what}; {advice}") }.raise()
    }
}

/// Tensors of one float type as those of another.
fn cast<F: Float, G: Float>(a: Args<'_, Tensor<F>>) -> Vec<Tensor<G>> {
    (0..a.len()).map(|k| a[k].cast()).collect()
}

/// A value as one of another type, if both types are the same.
fn same<T: 'static, U: Clone + 'static>(value: &T) -> Option<U> {
    (value as &dyn StdAny).downcast_ref::<U>().cloned()
}

impl<F: Float> Op for CustomOp<F> {
    fn name(&self) -> String {
        self.name.to_string()
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let ones = || args.iter().map(|s| Tensor::full((*s).clone(), F::one())).collect::<Vec<_>>();
        self.shape_by(args, || caught(|| Ok((self.forward)(&ones()).shape().clone()))).map_err(|e| Error::NoRule {
            op: self.name.to_string(),
            message: format!(
                "the shape of its value is not known before it was applied to numbers of these shapes, and it refuses ones: {e}"
            ),
        })
    }

    fn shape_of<G: Float>(&self, a: Args<'_, Tensor<G>>, shapes: &[&Shape]) -> Result<Shape, Error> {
        self.shape_by(shapes, || caught(|| Ok((self.forward)(&cast(a)).shape().clone())))
    }

    fn forward<G: Float>(&self, a: Args<'_, Tensor<G>>) -> Value<G> {
        let args = cast(a);
        let value = (self.forward)(&args);
        let shapes: Vec<&Shape> = args.iter().map(Tensor::shape).collect();
        let known = self.shape_by(&shapes, || Ok(value.shape().clone())).or_raise();
        self.expect("its forward returns a value", value.shape(), &known);
        value.cast::<G>().into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        let args: Vec<Arg<'_, A>> =
            [&g].into_iter().chain((0..a.len()).map(|k| &a[k])).chain([y]).map(Arg::Real).collect();
        A::apply(AnyOp::new(Rule { of: self.clone(), arg, forward_mode: false }), &args).real()
    }

    fn vjps<A: Algebra>(&self, need: &[usize], g: &A, a: Args<'_, A>, y: &A) -> Option<Cotangents<A>> {
        // On plain numbers of the closures' type one call gives all.
        let args: Vec<Tensor<F>> = (0..a.len()).map(|k| same(&a[k])).collect::<Option<_>>()?;
        let all = self.cotangents(&same::<A, Tensor<F>>(g)?, &args, &same::<A, Tensor<F>>(y)?);
        need.iter().map(|k| same(&all[*k])).collect()
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        if self.jvp.is_none() {
            self.missing(
                "it has no rule for forward mode",
                "give it one with `with_jvp`, or use reverse mode; a second derivative, such as a `hessian`, needs rules over the \
                 algebra instead, as docs/add-an-op.md shows",
            );
        }
        let args: Vec<Arg<'_, A>> =
            [&d].into_iter().chain((0..a.len()).map(|k| &a[k])).chain([y]).map(Arg::Real).collect();
        A::apply(AnyOp::new(Rule { of: self.clone(), arg, forward_mode: true }), &args).real()
    }
}

/// What a closure says of one argument, as an operation: the cotangent of the argument, or the value's tangent. Its
/// arguments are the cotangent or tangent, the operation's arguments, and the value.
#[derive(Clone, Debug, PartialEq)]
struct Rule<F: Float> {
    of: CustomOp<F>,
    arg: usize,
    forward_mode: bool,
}

impl<F: Float> Op for Rule<F> {
    fn name(&self) -> String {
        format!("{}_{}{}", self.of.name, if self.forward_mode { "jvp" } else { "vjp" }, self.arg)
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        // The tangent is the value's, the cotangent the argument's.
        let of = if self.forward_mode { args.len() - 1 } else { self.arg + 1 };
        Ok(args[of].clone())
    }

    fn forward<G: Float>(&self, a: Args<'_, Tensor<G>>) -> Value<G> {
        let all: Vec<Tensor<F>> = cast(a);
        let ([first, args @ ..], y) = (&all[..all.len() - 1], &all[all.len() - 1]) else {
            unreachable!("a cotangent or tangent comes first")
        };
        match (&self.of.jvp, self.forward_mode) {
            (Some(jvp), true) => {
                let tangent = jvp(self.arg, first, args, y);
                self.of.expect("its jvp returns a tangent", tangent.shape(), y.shape());
                tangent.cast::<G>().into()
            }
            _ => self.of.cotangents(first, args, y)[self.arg].cast::<G>().into(),
        }
    }

    fn vjp<A: Algebra>(&self, _arg: usize, _g: A, _a: Args<'_, A>, _y: &A) -> A {
        self.of.not_twice()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, _d: A, _a: Args<'_, A>, _y: &A) -> A {
        self.of.not_twice()
    }
}
