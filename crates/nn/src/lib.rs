//! Networks for `wengert`: layers, losses, optimisers, data, training and saved models.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod data;
mod description;
mod error;
pub mod files;
mod initialiser;
#[cfg(feature = "interrupt")]
mod interrupt;
mod layers;
mod losses;
mod metrics;
mod module;
mod optimisers;
pub mod prelude;
pub mod published;
mod random;
mod saved;
mod schedules;
mod summary;
pub mod textbook;
mod trainer;
mod training;

pub use description::Description;
pub use error::Error;
pub use initialiser::Initialiser;
#[cfg(feature = "interrupt")]
pub use interrupt::on_interrupt;
pub use layers::{
    Activation, Adaptive, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool1d,
    AdaptiveMaxPool2d, AdaptiveMaxPool3d, AvgPool1d, AvgPool2d, AvgPool3d, BatchNorm, Cell, Conv1d, Conv2d, Conv3d,
    ConvTranspose, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, Convolution, Dropout, Embedding, Flatten,
    GroupNorm, Impute, Largest, LayerNorm, Lessons, Linear, MaxPool1d, MaxPool2d, MaxPool3d, Mean, Mlp,
    MultiHeadAttention, Perceptron, Positions, Recurrent, RecurrentState, Residual, RmsNorm, Sequential, Sliding,
    Standardise, Taken, Whiten,
};
pub use losses::{cross_entropy, half_squared_error, mse, sum_squared_error};
pub use metrics::{
    Confusion, accuracy, binary_accuracy, mean_absolute_error, mean_squared_error, r_squared, top_k_accuracy,
};
pub use module::{ForwardOn, Layer, Module, Name, Parameters, Reader, Visit, VisitMut};
pub use optimisers::{
    Adadelta, Adagrad, Adam, AdamOf, AdamW, Averaged, Groups, Lbfgs, Lion, Minimum, ModelGradients, Optimiser,
    OptimiserState, ParameterGradients, RmsProp, Sgd, Step, WeightAverage,
};
pub use random::{Generator, generator, stream};
pub use saved::{Details, Loaded, load, load_parameters, save};
pub use schedules::{Constant, Cosine, Exponential, OnPlateau, OneCycle, Schedule, Steps, WarmUp};
pub use summary::{LayerSummary, Summary, summary, summary_of};
pub use trainer::{
    BatchGradients, CsvLog, Epoch, Evaluation, History, Log, Monitor, Progress, ProgressBar, Shards, TensorBoardLog,
    Trainer, TrainingState, Trouble, load_checkpoint, save_checkpoint,
};
pub use training::{Observed, Training};
pub use wengert_derive::Parameters;
