//! Normalisation along axes: by mean and variance, by the sum of exponentials, by length.

pub(super) mod batch_norm;
mod cosine_similarity;
mod group_norm;
mod layer_norm;
mod log_softmax;
mod normalise;
pub(super) mod softmax;

family! {
    // file            operations                 compositions              what users write
    batch_norm:        []                         [BatchNorm BatchNormWith] [BatchNormExt]
    cosine_similarity: []                         [CosineSimilarity]        [CosineSimilarityExt]
    group_norm:        []                         [GroupNorm]               [GroupNormExt]
    layer_norm:        []                         [LayerNorm RmsNorm]       [LayerNormExt]
    log_softmax:       [LogSoftmax]               []                        [LogSoftmaxExt]
    normalise:         [Normalise NormaliseInput] []                        [NormaliseExt]
    softmax:           [Softmax]                  []                        [SoftmaxExt]
}
