//! What most programs use: `use wengert_nn::prelude::*;` brings the engine's prelude too.

pub use wengert_derive::Parameters;
pub use wengert_tape::prelude::*;

pub use crate::data::{Augmentation, Dataset, Samples, Split, blobs, circles, digits, lines, moons, spirals, xor};
pub use crate::initialiser::Initialiser;
pub use crate::layers::{
    Activation, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool2d,
    AdaptiveMaxPool3d, AvgPool1d, AvgPool2d, AvgPool3d, BatchNorm, Cell, Conv1d, Conv2d, Conv3d, ConvTranspose1d,
    ConvTranspose2d, ConvTranspose3d, Dropout, Embedding, Flatten, GroupNorm, Impute, LayerNorm, Linear, MaxPool1d,
    MaxPool2d, MaxPool3d, Mlp, MultiHeadAttention, Perceptron, Positions, Recurrent, RecurrentState, Residual, RmsNorm,
    Sequential, Standardise, Whiten,
};
pub use crate::losses::{cross_entropy, half_squared_error, mse, sum_squared_error};
pub use crate::metrics::{
    Confusion, accuracy, binary_accuracy, mean_absolute_error, mean_squared_error, r_squared, top_k_accuracy,
};
pub use crate::module::{Layer, Module, Parameters, Reader};
pub use crate::optimisers::{
    Adadelta, Adagrad, Adam, AdamW, Averaged, Groups, Lbfgs, Lion, ModelGradients, Optimiser, RmsProp, Sgd,
    WeightAverage,
};
pub use crate::parameters;
pub use crate::random::{Generator, generator, stream};
pub use crate::saved::{Details, load, load_parameters, save};
pub use crate::schedules::{Constant, Cosine, Exponential, OnPlateau, OneCycle, Schedule, Steps, WarmUp};
pub use crate::summary::{summary, summary_of};
pub use crate::trainer::{
    CsvLog, Evaluation, Log, Monitor, ProgressBar, Shards, TensorBoardLog, Trainer, TrainingState, load_checkpoint,
    save_checkpoint,
};
pub use crate::training::Training;
