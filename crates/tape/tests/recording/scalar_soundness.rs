//! Tapes are found through thread-locals: whatever is done to them in whatever order, a handle finds its own tape or a
//! named error.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use wengert_tape::prelude::*;

type Open = fn() -> Tape;
const KINDS: [Open; 2] = [Tape::new, Tape::gradient_only];

fn message<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => "no panic".into(),
        Err(e) => e.downcast_ref::<String>().cloned().unwrap_or_else(|| (*e.downcast::<&str>().unwrap()).into()),
    }
}

/// d(x·z)/dx = z, by numbers that are nodes on both kinds of tape.
fn check(x: Scalar, z: Scalar) {
    let g = (x * z).backward();
    assert_eq!((g[x], g[z]), (z.value(), x.value()));
}

#[test]
fn no_two_tapes_ever_share_a_key() {
    // A handle of one tape is foreign or stale on every other, though ids repeat.
    let worker = || {
        let mut handles = Vec::new();
        let mut tape = Tape::new();
        for _ in 0..1500 {
            handles.push(tape.scalar(1.0));
            tape.clear();
        }
        handles
    };
    let threads: Vec<_> = (0..3).map(|_| std::thread::spawn(worker)).collect();
    let handles: Vec<Scalar> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
    let keys: HashSet<String> = handles.iter().map(|x| format!("{:?}", Var::from(*x))).collect();
    assert_eq!(keys.len(), 1, "all have the same id, and differ by their keys alone");
    let tape = Tape::new();
    let own = tape.scalar(1.0);
    for x in handles {
        assert_eq!(message(|| own + x).split(':').next(), Some("foreign tape"));
        assert_eq!(message(|| x.backward()).split(':').next(), Some("foreign thread"));
    }
}

#[test]
fn nested_tapes() {
    for outer_kind in KINDS {
        for inner_kind in KINDS {
            let outer = outer_kind();
            let (x, z) = (outer.scalar(2.0), outer.scalar(3.0));
            let mut y = x * z;
            for depth in 0..200 {
                let inner = inner_kind();
                let (a, b) = (inner.scalar(f64::from(depth)), inner.scalar(7.0));
                y += x * z; // the outer tape, while the inner one lives
                check(a, b);
                y += z * x;
            }
            assert_eq!(y.backward()[x], 401.0 * 3.0);
        }
    }
}

#[test]
fn tapes_leaked_swapped_and_dropped_out_of_order() {
    for open in KINDS {
        let mut tapes: Vec<Tape> = (0..20).map(|_| open()).collect();
        let handles: Vec<(Scalar, Scalar)> =
            tapes.iter().enumerate().map(|(k, t)| (t.scalar(k as f64 + 1.0), t.scalar(10.0 + k as f64))).collect();
        tapes.swap(0, 13);
        tapes.swap(5, 19);
        std::mem::forget(tapes.remove(4)); // the tape of handle 4
        handles.iter().for_each(|(x, z)| check(*x, *z));
        drop(tapes.remove(12)); // the tape of handle 0, now at 13, moved down by one
        drop(tapes.remove(0)); // the tape of handle 13
        for (k, (x, z)) in handles.iter().enumerate() {
            match k {
                0 | 13 => assert!(message(|| *x * *z).starts_with("stale handle"), "{k}"),
                _ => check(*x, *z),
            }
        }
        tapes.reverse();
        drop(tapes);
        check(handles[4].0, handles[4].1); // leaked, and still there
        assert!(message(|| handles[7].0.backward()).starts_with("stale handle"));
    }
}

#[test]
fn a_panic_between() {
    for open in KINDS {
        let outer = open();
        let (x, z) = (outer.scalar(2.0), outer.scalar(3.0));
        let before = x * z;
        let (count, handle) = (outer.len(), Cell::new(None));
        let failed = message(|| {
            let inner = open();
            let a = inner.scalar(1.0);
            handle.set(Some(a * inner.scalar(4.0)));
            let _more = x * z;
            panic!("in the middle");
        });
        assert_eq!(failed, "in the middle");
        assert!(message(|| handle.get().unwrap().backward()).starts_with("stale handle"), "dropped while unwinding");
        assert_eq!(outer.len(), count + 1);
        assert_eq!((before * before).backward()[x], 2.0 * 6.0 * 3.0);
        // An iterator that panics in the middle of a sum
        let sum = message(|| (0..10).map(|k| if k == 6 { panic!("at 6") } else { x * z }).sum::<Scalar>());
        assert_eq!(sum, "at 6");
        check(x, z);
    }
}

/// Takes part in the end of its thread: multiplies, opens a tape, and drops the one that it holds.
struct AtTheEnd {
    held: RefCell<Option<(Tape, Scalar, Scalar)>>,
    report: RefCell<Option<mpsc::Sender<Vec<String>>>>,
}

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        let held = self.held.take();
        let found = held.as_ref().map_or(Vec::new(), |(_, x, z)| {
            vec![
                message(|| *x * *z),
                message(|| x.backward()),
                message(|| [*x, *z, *x].iter().sum::<Scalar>()),
                message(Tape::new),
                message(|| Tape::gradient_only::<f64>().scalar(1.0)),
            ]
        });
        drop(held);
        if let Some(report) = self.report.take() {
            report.send(found).unwrap();
        }
    }
}

thread_local! {
    static AT_THE_END: AtTheEnd = const { AtTheEnd { held: RefCell::new(None), report: RefCell::new(None) } };
}

/// A destructor that runs while the thread ends finds its tape, or a named error: never freed memory.
#[test]
fn handles_used_while_a_thread_ends() {
    for open in KINDS {
        for own_first in [true, false] {
            let (sender, receiver) = mpsc::channel();
            std::thread::spawn(move || {
                // The order in which the destructors are registered decides which runs first.
                if own_first {
                    AT_THE_END.with(|_| {});
                }
                let tape = open();
                let (x, z) = (tape.scalar(2.0), tape.scalar(3.0));
                let mut y = x;
                for _ in 0..5000 {
                    y *= z;
                }
                AT_THE_END.with(|a| {
                    *a.held.borrow_mut() = Some((tape, y, z));
                    *a.report.borrow_mut() = Some(sender);
                });
            })
            .join()
            .unwrap();
            let found = receiver.recv().unwrap();
            assert_eq!(found.len(), 5);
            let ending = "the thread is ending: its tapes are gone";
            assert!(found.iter().all(|m| m == ending) || found.iter().all(|m| m == "no panic"), "{found:?}");
        }
    }
}

/// Two threads record at once, each on its own tapes, and get what one would.
#[test]
fn threads_do_not_meet() {
    let gradient = |open: Open| {
        let mut tape = open();
        let mut all = Vec::new();
        for round in 0..20 {
            let x = tape.scalars(&[1.0 + f64::from(round), 0.5]);
            let y = (0..5000).fold(x[0], |y, _| (y * x[1]).sin() + x[0]);
            all.push(y.backward()[x[0]]);
            tape.clear();
        }
        all
    };
    for open in KINDS {
        let alone = gradient(open);
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(move || gradient(open))).collect();
        threads.into_iter().for_each(|t| assert_eq!(t.join().unwrap(), alone));
    }
}
