//! Convolutions, pooling and resampling: a window that slides over axes of space.

mod arg_max_pool;
pub(super) mod average_pool;
pub(super) mod conv;
mod conv_input;
mod conv_transpose;
mod conv_weight;
mod convolution;
mod fold;
mod interpolate;
pub(super) mod max_pool;
mod per_axis;
pub(super) mod pool;
mod resample;
pub(super) mod unfold;

family! {
    // file         operations   compositions                      what users write
    arg_max_pool:   [ArgMaxPool] []                                [ArgMaxPoolExt]
    average_pool:   []           [AveragePool AdaptiveAveragePool] [AveragePoolExt]
    conv:           [Conv]       []                                [Padding Conv ConvExt]
    conv_input:     [ConvInput]  []                                []
    conv_transpose: []           [ConvTranspose]                   [ConvTransposeExt]
    conv_weight:    [ConvWeight] []                                []
    convolution:    []           [Convolution DepthwiseConv]       [ConvolutionExt]
    fold:           [Fold]       []                                []
    interpolate:    []           [Interpolate InterpolateBy]       [Interpolation InterpolateExt]
    max_pool:       []           [MaxPool AdaptiveMaxPool]         [MaxPoolExt]
    per_axis:       []           []                                []
    pool:           []           []                                [Pool]
    resample:       [Resample]   []                                []
    unfold:         [Unfold]     []                                [UnfoldExt]
}
