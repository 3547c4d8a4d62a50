//! Policy gradients (Williams 1992): a network learns to balance a pole on a cart from nothing but how long it stood.

use wengert::prelude::*;

/// Place and speed of the cart, angle and speed of the pole, a fiftieth of a second after a push to one side.
fn pushed([x, v, angle, turn]: [f32; 4], force: f32) -> [f32; 4] {
    let (sin, cos) = angle.sin_cos();
    let push = (force + 0.05 * turn * turn * sin) / 1.1;
    let twist = (9.8 * sin - cos * push) / (0.5 * (4.0 / 3.0 - 0.1 * cos * cos / 1.1));
    [x + 0.02 * v, v + 0.02 * (push - 0.05 * twist * cos / 1.1), angle + 0.02 * turn, turn + 0.02 * twist]
}

fn main() {
    let rng = &mut generator(1);
    let mut policy = Mlp::<f32>::new(&[4, 64, 2], Activation::Tanh, rng).output(Activation::Identity);
    let (mut optimiser, mut length) = (Adam::new(5e-3), 0.0);
    for _ in 0..600 {
        let mut state = [(); 4].map(|()| Tensor::<f32>::rand([], rng).item() * 0.1 - 0.05);
        let (mut states, mut actions, tape) = (vec![], vec![], Tape::of::<f32>());
        while state[0].abs() < 2.4 && state[2].abs() < 0.2095 && states.len() < 500 {
            let action = policy.forward(&Tensor::from([state])).softmax(-1).multinomial(1, true, rng).item();
            states.push(state);
            actions.push([action]);
            state = pushed(state, [-10.0, 10.0][action as usize]);
        }
        length = 0.95 * length + 0.05 * states.len() as f32;
        let returns: Tensor<f32> = (1..=states.len()).rev().map(|n| 100.0 - 100.0 * 0.99_f32.powi(n as i32)).collect();
        let better = (&returns - returns.mean()) / (returns.std_over(0, 0.0) + 1e-6);
        let outputs = policy.forward(&tape.input(Tensor::from(states)));
        let likely = outputs.log_softmax(-1).gather(1, Tensor::from(actions)).squeeze(1);
        optimiser.step(&mut policy, &(likely * &-better).mean().backward());
    }
    println!("it stands {length:.0} of 500 steps");
    assert!(length > 300.0);
}
