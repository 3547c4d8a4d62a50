//! What a program promises its user.

use wengert_tape::prelude::*;
use wengert_tape::{Program, Replay, with_threads};

/// A small network and its gradients.
fn network(tape: &Tape<f64>) -> (Var, [Var; 2], Vec<Var>) {
    let x = tape.input(Tensor::linspace(-1.0, 1.0, 12).reshape([4, 3]));
    let w = tape.var(Tensor::linspace(0.5, -0.5, 6).reshape([3, 2]));
    let b = tape.var(Tensor::from([0.1, -0.2]));
    let loss = (x.matmul(w) + b).tanh().powi(2).mean();
    let g = loss.backward_recorded();
    (x, [w, b], vec![loss, g[w], g[b]])
}

#[test]
fn a_program_gives_what_a_replay_gives() {
    let tape = Tape::new();
    let (x, [w, _], outputs) = network(&tape);
    let replay = Replay::of(outputs[0]).unwrap();
    let mut program = Program::of(outputs).unwrap();
    let (x1, w1) = (Tensor::linspace(2.0, -1.0, 12).reshape([4, 3]), Tensor::linspace(-1.0, 2.0, 6).reshape([3, 2]));
    program.set(x, x1.clone()).unwrap();
    program.set(w, w1.clone()).unwrap();
    program.run().unwrap();
    let at = |leaf: Var| replay.position(leaf).unwrap();
    let moved = replay.with(&[(at(x), x1), (at(w), w1)]).unwrap();
    assert!((program.output(0).item() - moved.output().item()).abs() < 1e-15);
    let gradient = moved.cotangents(Tensor::from(1.0))[at(w)].clone().unwrap();
    let found = program.output(1);
    assert!(found.data().iter().zip(gradient.data()).all(|(a, b)| (a - b).abs() < 1e-15));
}

/// A program outlives its tape, and two threads run one, each with its own memory.
#[test]
fn a_program_survives_its_tape_and_is_shared() {
    let (program, expected) = {
        let tape = Tape::new();
        let (_, _, outputs) = network(&tape);
        let expected: Vec<Tensor> = outputs.iter().map(Var::value).collect();
        (Program::of(outputs).unwrap(), expected)
    };
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (mut program, expected) = (program.clone(), expected.clone());
            std::thread::spawn(move || {
                for _ in 0..50 {
                    program.run().unwrap();
                    let same = |(k, expected): (usize, &Tensor)| {
                        program.output(k).data().iter().zip(expected.data()).all(|(a, b)| (a - b).abs() < 1e-15)
                    };
                    assert!(expected.iter().enumerate().all(same));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let tape = Tape::new();
    let (x, [w, b], outputs) = network(&tape);
    let mut program = Program::of(outputs).unwrap();
    let there = Tape::new();
    let foreign = there.var(Tensor::from(1.0));
    let other = tape.var(Tensor::from(1.0));
    let message = |result: Result<(), Error>| result.unwrap_err().to_string();
    assert_eq!(
        message(program.set(x, Tensor::from([1.0, 2.0]))),
        "set: the leaf has shape [4, 3], given [2]; record the program again"
    );
    assert_eq!(
        message(program.set_numbers(w, &[1.0, 2.0])),
        "set_numbers: the leaf has shape [3, 2], given are 2 numbers"
    );
    assert!(matches!(program.set(foreign, 1.0), Err(Error::ForeignTape)));
    assert!(message(program.set(other, 1.0)).contains("set: the program has no such leaf"));
    assert_eq!(message(program.carry(0, w)), "carry: the leaf has shape [3, 2], output 0 []");
    assert_eq!(message(program.carry(9, w)), "carry: there is no output 9; the program has 3");
    program.carry(1, w).unwrap();
    assert_eq!(message(program.carry(1, w)), "carry: the leaf is another output's already");
    program.carry(2, b).unwrap();
    let none: [Var; 0] = [];
    assert!(matches!(Program::of(none), Err(Error::NotConnected { .. })));
    assert!(matches!(Program::of([x, foreign]), Err(Error::ForeignTape)));
    let fast = Tape::gradient_only::<f64>();
    let y = fast.scalar(1.0).exp();
    assert!(matches!(Program::of([y]), Err(Error::NoGraph { .. })));
    tape_is_gone();
}

fn tape_is_gone() {
    let y = {
        let tape = Tape::new();
        tape.var(Tensor::from(1.0)).exp()
    };
    assert!(matches!(Program::of([y]), Err(Error::StaleHandle)));
}

/// What an operation refuses is an error of the run, after which everything still works.
#[test]
fn a_run_that_fails_leaves_the_program_usable() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([1.0, 2.0, 3.0]));
    let at = tape.input(Tensor::from([0_i64, 2]));
    let y = x.index_select(0, at).sum();
    let mut program = Program::of([y, y.backward_recorded()[x]]).unwrap();
    program.set(at, Tensor::from([0_i64, 7])).unwrap();
    let error = program.run().unwrap_err().to_string();
    assert!(error.starts_with("index_select"), "{error}");
    program.set(at, Tensor::from([1_i64, 1])).unwrap();
    program.run().unwrap();
    assert_eq!((program.output(0).item(), program.output(1).data()), (4.0, &[0.0, 2.0, 0.0][..]));
}

/// Steps of gradient descent with momentum, in place and not, as they are on a tape.
#[test]
fn what_is_carried_is_the_next_runs_beginning() {
    let (rate, momentum) = (0.1, 0.9);
    let start = Tensor::from([3.0, -2.0]);
    let tape = Tape::new();
    let (w, m) = (tape.var(start.clone()), tape.input(Tensor::from([0.0, 0.0])));
    let loss = (w * w * Tensor::from([1.0, 0.5])).sum();
    let next_m = m * momentum + loss.backward_recorded()[w];
    let mut program = Program::of([loss, w - next_m * rate, next_m]).unwrap();
    program.carry(1, w).unwrap();
    program.carry(2, m).unwrap();
    let (mut w, mut m) = (start.to_vec(), vec![0.0, 0.0]);
    let mut kept = Vec::new();
    for _ in 0..20 {
        program.run().unwrap();
        let loss = w[0] * w[0] + 0.5 * w[1] * w[1];
        assert!((program.output(0).item() - loss).abs() <= 1e-12 * loss);
        for (k, slope) in [2.0, 1.0].into_iter().enumerate() {
            m[k] = m[k] * momentum + slope * w[k];
            w[k] -= m[k] * rate;
        }
        assert!(program.output(1).data().iter().zip(&w).all(|(a, b)| (a - b).abs() < 1e-12));
        // what was handed out is not written over by later runs
        kept.push((program.output(1), w.clone()));
    }
    let same = |(tensor, expected): &(Tensor, Vec<f64>)| {
        tensor.data().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12)
    };
    assert!(kept.iter().all(same));
    // two leaves that change places
    let (a, b) = (tape.var(Tensor::from(1.0)), tape.var(Tensor::from(2.0)));
    let sum = a + b * 10.0;
    let mut program = Program::of([sum, a, b]).unwrap();
    program.carry(2, a).unwrap();
    program.carry(1, b).unwrap();
    let found: Vec<f64> = (0..3).map(|_| program.run().map(|()| program.output(0).item()).unwrap()).collect();
    assert_eq!(found, [21.0, 12.0, 21.0]);
}

/// A value that was given is the user's, and is not written to.
#[test]
fn what_was_given_is_not_changed() {
    let tape = Tape::new();
    let w = tape.var(Tensor::from([1.0, 2.0]));
    let mut program = Program::of([w * 2.0]).unwrap();
    program.carry(0, w).unwrap();
    let given = Tensor::from([5.0, 7.0]);
    program.set(w, given.clone()).unwrap();
    (0..3).for_each(|_| program.run().unwrap());
    assert_eq!((given.data(), w.value().data()), (&[5.0, 7.0][..], &[1.0, 2.0][..]));
    assert_eq!(program.output(0).data(), [40.0, 56.0]);
}

/// Large work in parts: sums of all, of rows and of columns taken on the way, on any number of threads to the bit.
#[test]
fn large_work_is_cut_by_its_size() {
    let tape = Tape::of::<f32>();
    let x = tape.var(Tensor::<f32>::linspace(-2.0, 2.0, 700 * 130).reshape([700, 130]));
    let row = tape.var(Tensor::<f32>::linspace(0.5, 1.5, 130));
    let y = (x * row).sin();
    let outputs = [y.sum(), y.sum_over(0), y.sum_over(1), y.sum().backward_recorded()[row]];
    let expected = outputs.map(|y| y.value());
    let run = |threads: usize| {
        let mut program = Program::of(outputs).unwrap();
        with_threads(threads, || program.run().unwrap());
        (0..4).map(|k| program.output(k)).collect::<Vec<_>>()
    };
    let one = run(1);
    for (found, expected) in one.iter().zip(&expected) {
        let size = expected.data().iter().fold(1.0_f32, |size, x| size.max(x.abs()));
        assert!(found.data().iter().zip(expected.data()).all(|(a, b)| (a - b).abs() <= 1e-4 * size));
    }
    let bits = |all: &[Tensor<f32>]| all.iter().flat_map(|x| x.to_vec()).map(f32::to_bits).collect::<Vec<_>>();
    assert!([2, 3, 8].iter().all(|threads| bits(&run(*threads)) == bits(&one)));
}

/// Numbers, too: a formula of scalars with its gradient.
#[test]
fn formulas_of_numbers_are_programs() {
    let tape = Tape::new();
    let (a, b) = (tape.scalar(2.0), tape.scalar(-3.0));
    let y = [a * b, (a - b).tanh(), a / b, b.powi(3)].into_iter().sum::<Scalar>();
    let g = y.backward_recorded();
    let mut program = Program::of([y, g[a], g[b]]).unwrap();
    for (x, z) in [(2.0, -3.0), (0.5, 0.25), (-1.0, 4.0)] {
        program.set(a, x).unwrap();
        program.set(b, z).unwrap();
        program.run().unwrap();
        let there = Tape::new();
        let (a, b) = (there.scalar(x), there.scalar(z));
        let y = [a * b, (a - b).tanh(), a / b, b.powi(3)].into_iter().sum::<Scalar>();
        let g = y.backward();
        for (found, expected) in [(0, y.value()), (1, g[a]), (2, g[b])] {
            assert!((program.output(found).item() - expected).abs() < 1e-12 * (1.0 + expected.abs()));
        }
    }
    assert!(program.explain().contains("operations on []"), "{}", program.explain());
}

/// A formula that was recorded for one sample gives on many what it gives on each, to the bit, with its gradient.
#[test]
fn samples_side_by_side_are_what_each_is_alone() {
    let tape = Tape::new();
    let [s, k, t] = [100.0, 95.0, 0.5].map(|x| tape.scalar(x));
    let width = t.sqrt() * 0.2;
    let d = ((s / k).ln() + t * 0.02) / width;
    let price = s * ((d * 0.7).erf() + 1.0) - k * (-t * 0.03).exp();
    let g = price.backward_recorded();
    let one = Program::of([price, g[s], g[t]]).unwrap();
    let n = 1000;
    let mut many = one.over(n, [s, t]).unwrap();
    let (spots, times) = (Tensor::linspace(80.0, 120.0, n), Tensor::linspace(0.1, 2.0, n));
    many.set(s, spots.clone()).unwrap();
    many.set(t, times.clone()).unwrap();
    many.run().unwrap();
    let mut one = one;
    for i in (0..n).step_by(37) {
        one.set(s, spots.data()[i]).unwrap();
        one.set(t, times.data()[i]).unwrap();
        one.run().unwrap();
        for output in 0..3 {
            assert_eq!(many.output(output).data()[i].to_bits(), one.output(output).item().to_bits());
        }
    }
    let message = |result: Result<Program, Error>| result.unwrap_err().to_string();
    assert_eq!(message(one.over(0, [s])), "over: there are no samples");
    let x = tape.var(Tensor::from([1.0, 2.0]));
    let whole = Program::of([x.sum()]).unwrap();
    let expected = "over: what depends on the leaves must be numbers, and something has shape [2]";
    assert_eq!(message(whole.over(2, [x])), expected);
}

/// How many elements a result has may depend on values: another number of them is an error, and not another's memory.
#[test]
fn a_result_of_another_shape_is_refused() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([1.0, -2.0, 3.0]));
    let y = x.masked_select(x.greater(0.0)).sum();
    let mut program = Program::of([y]).unwrap();
    program.set(x, Tensor::from([-1.0, 5.0, 6.0])).unwrap();
    program.run().unwrap();
    assert_eq!(program.output(0).item(), 11.0);
    program.set(x, Tensor::from([1.0, 5.0, 6.0])).unwrap();
    let message = program.run().unwrap_err().to_string();
    assert_eq!(message, "masked_select: the mask holds at 3 elements, not at 2 as when recorded");
    program.set(x, Tensor::from([1.0, 5.0, -6.0])).unwrap();
    program.run().unwrap();
    assert_eq!(program.output(0).item(), 6.0);
}

/// More than there is room for is an error; sums of many columns hold no more than what is summed.
#[test]
fn memory_is_asked_for_within_reason() {
    let tape = Tape::new();
    let x = tape.scalar(1.0);
    let program = Program::of([x.exp()]).unwrap();
    for samples in [1 << 40, 1 << 60, usize::MAX] {
        let error = program.over(samples, [x]).unwrap_err().to_string();
        assert!(error.contains("bytes") || error.contains("addressed"), "{error}");
    }
    let wide = tape.var(Tensor::full([2, 300_000], 0.5));
    let columns = (wide * 2.0).sum_over(0);
    let mut program = Program::of([columns]).unwrap();
    program.run().unwrap();
    assert!(program.output(0).data().iter().all(|sum| *sum == 2.0));
    // nothing at all
    let none = tape.var(Tensor::<f64>::zeros([0, 3]));
    let mut program = Program::of([(none * 2.0).sum_over(0), none.exp()]).unwrap();
    program.run().unwrap();
    assert_eq!((program.output(0).data(), program.output(1).len()), (&[0.0; 3][..], 0));
}

/// What a leaf is given counts, also where it would be carried a value, and whether it is written over in place or not.
#[test]
fn what_is_given_after_a_run_is_not_carried_away() {
    let tape = Tape::new();
    for in_place in [true, false] {
        let w = tape.var(Tensor::from([1.0, 2.0]));
        let next = w * 2.0;
        // read once more after its successor is there, it cannot be written over
        let others = if in_place { vec![next] } else { vec![next, (next.sum() * w).sum()] };
        let mut program = Program::of(others).unwrap();
        program.carry(0, w).unwrap();
        program.run().unwrap();
        program.run().unwrap();
        assert_eq!(program.output(0).data(), [4.0, 8.0]);
        program.set(w, Tensor::from([10.0, 20.0])).unwrap();
        program.run().unwrap();
        assert_eq!(program.output(0).data(), [20.0, 40.0], "in place: {in_place}");
        program.set_numbers(w, &[3.0, 4.0]).unwrap();
        program.run().unwrap();
        assert_eq!(program.output(0).data(), [6.0, 8.0], "in place: {in_place}");
        program.run().unwrap();
        assert_eq!(program.output(0).data(), [12.0, 16.0], "in place: {in_place}");
    }
    // of two that change places one is given a value: the other still gets what it was
    let (a, b) = (tape.var(Tensor::from(1.0)), tape.var(Tensor::from(2.0)));
    let mut program = Program::of([a + b * 10.0, a, b]).unwrap();
    program.carry(2, a).unwrap();
    program.carry(1, b).unwrap();
    program.run().unwrap();
    program.set(a, Tensor::from(7.0)).unwrap();
    program.run().unwrap();
    assert_eq!(program.output(0).item(), 17.0);
}
