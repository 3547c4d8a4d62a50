//! Operations that lay elements out anew: shapes, axes, pieces and copies. They compute nothing.

mod broadcast_to;
mod concat;
mod diagonal;
mod expand;
mod flip;
mod meshgrid;
mod pad;
mod permute;
mod repeat;
mod reshape;
mod roll;
mod slice;
mod split;
pub(super) mod squeeze;
mod stack;
mod triangle;

family! {
    // file       operations      compositions                    what users write
    broadcast_to: [BroadcastTo]   []                              [BroadcastToExt]
    concat:       [Concat]        []                              [concat]
    diagonal:     []              [Diagonal DiagEmbed Trace]      [DiagonalExt]
    expand:       []              [Expand]                        [ExpandExt]
    flip:         [Flip]          []                              [FlipExt]
    meshgrid:     []              [Meshgrid]                      [meshgrid]
    pad:          []              [Pad]                           [PadMode PadExt Widths]
    permute:      [Permute]       [Transpose MoveAxis]            [PermuteExt]
    repeat:       []              [Repeat Tile RepeatInterleave]  [RepeatExt]
    reshape:      [Reshape]       [Flatten]                       [ReshapeExt]
    roll:         []              [Roll]                          [RollExt]
    slice:        [Slice Unslice] [SliceStep At]                  [SliceExt]
    split:        []              [Split Chunk Narrow SplitSizes] [SplitExt]
    squeeze:      []              [Squeeze Unsqueeze SqueezeAll]  [SqueezeExt]
    stack:        []              [Stack]                         [stack]
    triangle:     []              [Tril Triu]                     [TriangleExt]
}
