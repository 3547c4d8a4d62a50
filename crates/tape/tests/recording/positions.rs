//! Positions along an axis, as NumPy and PyTorch take them.

use wengert_tape::prelude::*;

/// NumPy 2.4.6: `take_along_axis(x, index, axis)` for `x = arange(1, 13).reshape(3, 4)`.
#[test]
fn negative_positions_count_from_the_end() {
    let x = Tensor::from([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]]);
    let along_rows = x.gather(1, Tensor::from([[-1, 0], [-4, 2], [3, -2]]));
    assert_eq!(along_rows, Tensor::from([[4.0, 1.0], [5.0, 7.0], [12.0, 11.0]]));
    let along_columns = x.gather(0, Tensor::from([[-1, 0, -3, 1], [1, -2, 2, -1]]));
    assert_eq!(along_columns, Tensor::from([[9.0, 2.0, 3.0, 8.0], [5.0, 6.0, 11.0, 12.0]]));

    // The gradient is added at the places that were taken: each once, but the last of the first row twice.
    let tape = Tape::new();
    let v = tape.var(x.clone());
    let y = (v.gather(1, Tensor::from([[-1, 3, 0]])) * Tensor::from([[2.0, 3.0, 5.0]])).sum();
    assert_eq!(y.backward()[v], Tensor::from([[5.0, 0.0, 0.0, 5.0], [0.0; 4], [0.0; 4]]));
    for wrong in [-5, 4] {
        let refused = std::panic::catch_unwind(|| x.gather(1, Tensor::from([[wrong]]))).unwrap_err();
        let expected = format!("gather: position {wrong} on axis 1, which has length 4");
        assert_eq!(refused.downcast_ref::<String>(), Some(&expected));
    }
}

/// What PyTorch's documentation of `scatter_` and `scatter_add_` says: `self[i][index[i][j]] = src[i][j]` for every place of the
/// index, whose axes may be shorter than those of the source.
#[test]
fn a_source_may_be_longer_than_its_positions() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    let source = tape.var(Tensor::from([[10.0, 11.0, 12.0], [20.0, 21.0, 22.0], [30.0, 31.0, 32.0]]));
    let y = x.scatter(1, Tensor::from([[2, 0], [1, 1]]), source);
    assert_eq!(y.value(), Tensor::from([[11.0, 2.0, 10.0], [4.0, 21.0, 6.0]]));
    let gradients = (y * Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).sum().backward();
    assert_eq!(gradients[x], Tensor::from([[0.0, 2.0, 0.0], [4.0, 0.0, 6.0]]));
    // Of two that are written to one place the last gets the gradient; what has no position gets none.
    assert_eq!(gradients[source], Tensor::from([[3.0, 1.0, 0.0], [0.0, 5.0, 0.0], [0.0; 3]]));

    let y = source.scatter_add([2, 3], 1, Tensor::from([[2, 0], [1, -2]]));
    assert_eq!(y.value(), Tensor::from([[11.0, 0.0, 10.0], [0.0, 41.0, 0.0]]));
    let gradients = (y * Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).sum().backward();
    assert_eq!(gradients[source], Tensor::from([[3.0, 1.0, 0.0], [5.0, 5.0, 0.0], [0.0; 3]]));
    // Positions for more than there is are refused as before.
    let short = Tensor::<f64>::zeros([1, 1]);
    let message = std::panic::catch_unwind(|| short.scatter_add([2, 3], 1, Tensor::from([[2, 0]]))).unwrap_err();
    assert!(
        message.downcast_ref::<String>().unwrap().contains("scatter_add: [1, 1] numbers for positions of shape [1, 2]")
    );
}
