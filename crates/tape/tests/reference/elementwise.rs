//! Operations that act element by element, comparisons and masks.

use wengert_tape::prelude::*;

use crate::{Row, real};

pub(crate) const TABLE: &[Row] = &[("exp", |_, x| real(x.real(0).exp()))];
