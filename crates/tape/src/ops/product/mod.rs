//! Products of matrices and what is made of them.

mod attention;
mod bilinear;
mod dot;
mod einsum;
mod matmul;

family! {
    // file    operations                 compositions      what users write
    attention: [Attention AttentionInput] []                [AttentionExt]
    bilinear:  []                         [Bilinear]        [bilinear]
    dot:       []                         [Dot Outer]       [DotExt]
    einsum:    []                         [Einsum]          [einsum]
    matmul:    [MatMul]                   [MatMulOfVectors] [MatMulExt]
}
