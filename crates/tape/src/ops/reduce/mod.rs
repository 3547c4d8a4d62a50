//! Reductions: sums, means, extremes, norms, over all elements or along axes; and running ones.

pub(super) mod axes;
mod cumprod;
mod cumsum;
mod dot_of;
mod log_sum_exp;
mod log_sum_exp_of;
mod max_over;
pub(super) mod mean;
mod median;
mod min;
mod norm;
mod prod;
pub(super) mod recurrence;
mod root_mean_square;
pub(super) mod sum;
pub(super) mod sum_of;
mod sum_to;
mod variance;

family! {
    // file           operations          compositions      what users write
    axes:             []                  []                []
    cumprod:          [Cumprod]           []                [CumprodExt]
    cumsum:           [Cumsum]            []                [CumsumExt]
    dot_of:           [DotOf]             []                []
    log_sum_exp:      [LogSumExp]         [LogSumExpKeeping] [LogSumExpExt]
    log_sum_exp_of:   [LogSumExpOf]       []                []
    max_over:         [MaxOver]           []                [MaxOverExt]
    mean:             [MeanTo]            [MeanOver]        [MeanExt]
    median:           []                  [Median Quantile] [MedianExt]
    min:              []                  [MinOver]         [MinExt]
    norm:             []                  [NormOver]        [NormExt]
    prod:             [Prod ProdOfOthers] [ProdOver]        [ProdExt]
    recurrence:       [Recurrence]        []                []
    root_mean_square: [RootMeanSquare]    []                []
    sum:              []                  [SumOver]         [SumExt]
    sum_of:           [SumOf]             []                []
    sum_to:           [SumTo]             []                [SumToExt]
    variance:         []                  [VarOver StdOver] [VarianceExt]
}
