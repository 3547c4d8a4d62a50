//! Models, checkpoints and data in files, whole and damaged.

mod augmentation;
mod checkpoints;
mod damaged_files;
mod data;
mod data_files;
mod files;
mod killed;
mod loops;
mod saved;
