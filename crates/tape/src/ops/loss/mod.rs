//! Losses: how far values are from their targets.

mod absolute_error;
mod bce_with_logits;
mod cross_entropy;
mod hinge;
mod huber;
mod kl_div;
pub(super) mod reduction;
mod smooth_l1;
mod softmax_cross_entropy;
mod squared_error;

family! {
    // file                operations                                     compositions                              what users write
    absolute_error:        [AbsoluteError]                                []                                        [AbsoluteErrorExt]
    bce_with_logits:       [BceWithLogits]                                [WeightedBceWithLogits BceWithLogitsTimes] [BceWithLogitsExt]
    cross_entropy:         []                                             [CrossEntropyOfClasses NllLoss SoftCrossEntropy SoftCrossEntropyWith] [CrossEntropy CrossEntropyExt]
    hinge:                 [Hinge]                                        [HingeEmbeddingLoss MultiMarginLoss]      [HingeExt]
    huber:                 [Huber]                                        []                                        [HuberExt]
    kl_div:                [KlDiv KlDivOfLog]                             []                                        [KlDivExt]
    reduction:             []                                             []                                        [Reduction]
    smooth_l1:             [SmoothL1]                                     [SmoothL1Loss]                            [SmoothL1Ext]
    softmax_cross_entropy: [SoftmaxCrossEntropy SoftmaxCrossEntropyInput] []                                        []
    squared_error:         [SquaredError]                                 []                                        [SquaredErrorExt]
}
