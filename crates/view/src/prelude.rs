//! What most programs use: `use wengert_view::prelude::*;`

pub use crate::{ReportExt, ViewExt};
