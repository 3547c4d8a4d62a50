//! Data sets: embedded, from files, made by code; split, augmented, and cut into batches.

mod ahead;
mod augmentation;
mod batches;
mod convert;
mod dataset;
mod digits;
mod idx;
#[cfg(feature = "png")]
mod images;
mod made;
mod numpy;
mod samples;
#[cfg(feature = "csv")]
mod table;
mod zip;

pub use ahead::{Ahead, ahead};
pub use augmentation::{Augmentation, shifted};
pub use batches::Batches;
pub(crate) use batches::order;
pub(crate) use convert::{brain, half};
pub use dataset::{Dataset, Split};
pub use digits::digits;
pub use idx::{Mnist, mnist, read_idx, read_idx_classes};
#[cfg(feature = "png")]
pub use images::{image_folder, read_png};
pub use made::{blobs, circles, lines, moons, spirals, xor};
pub use numpy::{NumpyArray, read_npy, read_npz, write_npy};
pub use samples::{Batch, OnTape, Samples};
#[cfg(feature = "csv")]
pub use table::{Column, Encoding, Missing, Table};
