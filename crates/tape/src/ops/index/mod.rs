//! Operations that read or write at positions or where a mask holds, and those that find positions.

mod arg_max;
mod arg_min;
mod arg_sort;
mod class_targets;
pub(super) mod gather;
mod index_add;
mod index_select;
mod last_writes;
mod masked_fill;
mod masked_scatter;
pub(super) mod masked_select;
mod one_hot;
mod reshape_positions;
mod scatter;
mod scatter_add;
mod sort;

family! {
    // file         operations      compositions        what users write
    arg_max:        [ArgMax]        []                  [ArgMaxExt]
    arg_min:        [ArgMin]        []                  [ArgMinExt]
    arg_sort:       [ArgSort]       []                  [ArgSortExt]
    class_targets:  [ClassTargets]  []                  []
    gather:         [Gather]        []                  [GatherExt]
    index_add:      [IndexAdd]      []                  [IndexAddExt]
    index_select:   [IndexSelect]   [Embedding EmbeddingPadded Sliding] [IndexSelectExt]
    last_writes:    [LastWrites]    []                  []
    masked_fill:    []              [MaskedFill]        [MaskedFillExt]
    masked_scatter: [MaskedScatter] []                  []
    masked_select:  [MaskedSelect]  []                  [MaskedSelectExt]
    one_hot:        [OneHot]        []                  [one_hot]
    reshape_positions: [ReshapePositions] []            [ReshapePositionsExt]
    scatter:        [Scatter]       []                  [ScatterExt]
    scatter_add:    [ScatterAdd]    []                  [ScatterAddExt]
    sort:           []              [Sort TopK]         [SortExt]
}
