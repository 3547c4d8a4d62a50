//! Products of matrices and what is made of them.

mod attention;
mod bilinear;
mod dot;
mod einsum;
pub(super) mod masked_product;
mod matmul;

family! {
    // file         operations                 compositions      what users write
    attention:      [Attention AttentionInput] []                [AttentionExt]
    bilinear:       []                         [Bilinear]        [bilinear]
    dot:            []                         [Dot Outer]       [DotExt]
    einsum:         []                         [Einsum]          [einsum]
    masked_product: [MaskedProduct]            []                []
    matmul:         [MatMul]                   [MatMulOfVectors] [MatMulExt]
}
