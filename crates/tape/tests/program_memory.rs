//! A run of a program asks for no memory.

#![allow(unsafe_code)] // an allocator is unsafe by its trait; this one hands on to the system's

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use wengert_tape::prelude::*;
use wengert_tape::{Program, with_threads};

/// The system's allocator, which counts what this thread asks for.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: what is asked of it is asked of the system.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: likewise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often memory is asked for in so many runs.
fn allocations(program: &mut Program<f32>, runs: usize) -> usize {
    with_threads(1, || {
        (0..3).for_each(|_| program.run().unwrap());
        let before = COUNT.get();
        (0..runs).for_each(|_| program.run().unwrap());
        COUNT.get() - before
    })
}

#[test]
fn a_step_of_training_asks_for_no_memory() {
    let tape = Tape::of::<f32>();
    let x = tape.input(Tensor::<f32>::linspace(-1.0, 1.0, 10 * 50).reshape([10, 50]));
    let shapes = [[50, 30], [30, 10]];
    let w = shapes.map(|[i, o]| tape.var(Tensor::<f32>::linspace(-0.1, 0.1, i * o).reshape([i, o])));
    let b = shapes.map(|[_, o]| tape.var(Tensor::<f32>::zeros([o])));
    let a = w.iter().zip(&b).fold(x, |a, (w, b)| (a.matmul(*w) + *b).sigmoid());
    let loss = (a - 0.5).square().sum() / 10.0;
    let g = loss.backward_recorded();
    let leaves = [w, b].concat();
    let next: Vec<Var<f32>> = leaves.iter().map(|p| *p - g[*p] * 0.5).collect();
    let mut program = Program::of([&[loss], &next[..]].concat()).unwrap();
    leaves.iter().enumerate().for_each(|(k, p)| program.carry(k + 1, *p).unwrap());
    let first = with_threads(1, || program.run().map(|()| program.output(0).item()).unwrap());
    // the library of matrix products packs its operands into memory of its own: twice for each
    let products = program.explain().matches("matmul").count();
    let count = allocations(&mut program, 100);
    assert!(count <= 200 * products, "{count} times for {products} products\n{}", program.explain());
    assert!(program.output(0).item() < first);
}

#[test]
fn formulas_ask_for_no_memory() {
    let tape = Tape::of::<f32>();
    let x = tape.var(Tensor::<f32>::linspace(-1.0, 1.0, 100_000).reshape([1000, 100]));
    let row = tape.var(Tensor::<f32>::linspace(0.0, 1.0, 100));
    let y = (x * row).tanh().sum_over(1).exp().sum();
    let g = y.backward_recorded();
    let mut program = Program::of([y, g[x], g[row]]).unwrap();
    // what is cut into parts lists them: few, whatever the size
    let count = allocations(&mut program, 100);
    assert!(count <= 100 * 40, "{count}\n{}", program.explain());
    let (a, b) = (tape.scalar(1.0), tape.scalar(2.0));
    let y = (0..1000).fold(a, |y, _| (y * b).sin() + a);
    let g = y.backward_recorded();
    let mut program = Program::of([y, g[a], g[b]]).unwrap();
    assert_eq!(allocations(&mut program, 1000), 0);
}
