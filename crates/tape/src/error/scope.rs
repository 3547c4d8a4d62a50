//! What the user called, for errors and graphs to say: the method, the layer, the line.
//!
//! A line is passed on by `#[track_caller]`. That ends where a function is called through a pointer, and a method that is
//! made of others knows its name, which they do not: both are noted here while the call lasts.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, Location};
use std::rc::Rc;

use super::{Error, Raised, reraise};

/// A place in the source.
pub(crate) type Line = &'static Location<'static>;

thread_local! {
    /// The method that the user called, if it is made of others.
    static CALLED: Cell<Option<&'static str>> = const { Cell::new(None) };
    /// The layers inside which the thread is: `encoder.0`.
    static LAYER: RefCell<Option<Rc<str>>> = const { RefCell::new(None) };
    /// Where a value with a tangent was asked for an operation: what its forward rule records comes from there.
    static ASKED: Cell<Option<Line>> = const { Cell::new(None) };
    /// Where calls through a pointer are, a file or the beginning of its path, and the line that led there.
    static POINTER: Cell<Option<(&'static str, Line)>> = const { Cell::new(None) };
}

/// While it lives, errors are raised in the name of a method and nodes are recorded at the line that called it; of methods
/// that call each other, the first.
pub(crate) struct Called {
    before: Option<&'static str>,
    _line: Asked,
}

/// Has errors raised in the name of this method, and nodes recorded at the line of its caller, while the result lives.
#[track_caller]
pub(crate) fn called(name: &'static str) -> Called {
    let before = CALLED.get();
    CALLED.set(before.or(Some(name)));
    Called { before, _line: asked_at(Location::caller()) }
}

impl Drop for Called {
    fn drop(&mut self) {
        CALLED.set(self.before);
    }
}

/// The method that the user called, if it is made of others.
pub(crate) fn name() -> Option<&'static str> {
    CALLED.get()
}

/// While it lives, the thread is inside a layer: [`layer`].
#[derive(Debug)]
pub struct InLayer(Option<Rc<str>>);

/// Says that what follows, as long as the result lives, happens inside a layer of this name: errors and graphs name it
/// beside the line. Inside another it is a part of that: `encoder.0`.
///
/// Containers of layers do so by position; a model of one's own may do so by the name of a field.
///
/// # Examples
/// ```
/// use wengert_tape::{GraphView, layer, prelude::*};
/// let tape = Tape::new();
/// let x = tape.var(Tensor::from([1.0, 2.0]));
/// let y = {
///     let _inside = layer("encoder");
///     x.tanh()
/// };
/// let graph = GraphView::of_var(y.sum())?;
/// assert_eq!(graph.nodes[1].layer.as_deref(), Some("encoder"));
/// assert_eq!(graph.nodes[2].layer, None);
/// # Ok::<(), Error>(())
/// ```
#[must_use = "the layer ends where this is dropped"]
pub fn layer(name: impl std::fmt::Display) -> InLayer {
    InLayer(LAYER.with_borrow_mut(|path| {
        let inside: Rc<str> = match path {
            Some(outer) => format!("{outer}.{name}").into(),
            None => name.to_string().into(),
        };
        path.replace(inside)
    }))
}

impl Drop for InLayer {
    fn drop(&mut self) {
        // While the thread ends there is nothing to put back.
        let _ = LAYER.try_with(|path| path.replace(self.0.take()));
    }
}

/// The layer inside which the thread is.
pub(crate) fn layer_path() -> Option<Rc<str>> {
    LAYER.try_with(|path| path.borrow().clone()).ok().flatten()
}

/// While it lives, what forward rules record comes from one line.
pub(crate) struct Asked(Option<Line>);

/// Has what is recorded while the result lives come from this line, but inside another call of this.
pub(crate) fn asked_at(caller: Line) -> Asked {
    let before = ASKED.get();
    ASKED.set(before.or(Some(line_of_user(caller))));
    Asked(before)
}

impl Drop for Asked {
    fn drop(&mut self) {
        ASKED.set(self.0);
    }
}

/// The user's line for that of a caller, which may be where one of our files calls through a pointer.
pub(crate) fn line_of_user(caller: Line) -> Line {
    match (ASKED.get(), POINTER.get()) {
        (Some(line), _) => line,
        (None, Some((files, line))) if is_in(files, caller) => line,
        _ => caller,
    }
}

/// Whether an error at this line would name one of our files, and not the user's.
pub(crate) fn is_behind_pointer(caller: Line) -> bool {
    POINTER.get().is_some_and(|(files, _)| is_in(files, caller))
}

/// Whether a line is in one of these files, or in the one of the standard library that calls a function which is given as a
/// value: `Trainer::new(cross_entropy)`.
fn is_in(files: &str, line: Line) -> bool {
    #[track_caller]
    fn called_from() -> Line {
        Location::caller()
    }
    let function: &dyn Fn() -> Line = &called_from;
    line.file().starts_with(files) || line.file() == function().file()
}

/// Runs a part of what [`through_pointer`] runs on another thread: what it records has that `line`, and its errors go on to
/// who waits for the thread, without a word here.
#[doc(hidden)]
pub fn from_line<T>(files: &'static str, line: &'static Location<'static>, call: impl FnOnce() -> T) -> T {
    struct Guard(Option<(&'static str, Line)>);
    impl Drop for Guard {
        fn drop(&mut self) {
            POINTER.set(self.0);
        }
    }
    let _guard = Guard(POINTER.replace(Some((files, line))));
    call()
}

/// Runs `call`, which calls a function through a pointer in `files`, where the line of the caller ends: what it records has
/// the line of the caller of this function, and its errors are raised there.
#[doc(hidden)]
#[track_caller]
pub fn through_pointer<T>(files: &'static str, call: impl FnOnce() -> T) -> T {
    let line = line_of_user(Location::caller());
    // As in `caught`, the tape is whole wherever an error is raised.
    match panic::catch_unwind(AssertUnwindSafe(|| from_line(files, line, call))) {
        Ok(value) => value,
        Err(payload) => match payload.downcast::<Raised>() {
            Ok(raised) => reraise(*raised),
            Err(other) => panic::resume_unwind(other),
        },
    }
}

impl Error {
    /// Gives this error the name of what the user called, and the layer.
    pub(crate) fn name_as_called(&mut self) {
        if let Some(name) = name()
            && let Error::Shape { op, .. }
            | Error::NoRule { op, .. }
            | Error::Singular { op, .. }
            | Error::NoDerivative { op, .. }
            | Error::TooLarge { op, .. } = self
        {
            name.clone_into(op);
        }
        if let Some(layer) = layer_path()
            && let Error::Shape { message, .. }
            | Error::NoRule { message, .. }
            | Error::Singular { message, .. }
            | Error::NoDerivative { message, .. }
            | Error::Argument(message) = self
        {
            // An error that was returned and is raised again has it already.
            let place = format!(" (in layer {layer})");
            if !message.ends_with(&place) {
                *message += &place;
            }
        }
    }
}
