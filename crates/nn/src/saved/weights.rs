//! What a saved model is built from.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use safetensors::SafeTensors;
use wengert_tape::{Float, Param, Shape, Tensor};

use super::file::decode;
use crate::description::Description;
use crate::error::Error;

/// The parameters of a file, each to be taken once.
#[derive(Debug)]
pub(crate) struct Weights<'a, F> {
    pub(super) file: &'a SafeTensors<'a>,
    /// What the names of the parameters begin with.
    pub(super) at: String,
    pub(super) taken: BTreeSet<String>,
    pub(super) float: PhantomData<F>,
}

impl<F: Float> Weights<'_, F> {
    /// The parameter of this name, which must have this shape.
    pub(crate) fn take(&mut self, name: &str, shape: &[usize]) -> Result<Tensor<F>, Error> {
        let name = format!("{}{name}", self.at);
        let error = |message: String| Error::shape(format!("parameter `{name}`"), message);
        let Ok(view) = self.file.tensor(&name) else {
            return Err(error("the file does not have it".into()));
        };
        if view.shape() != shape {
            return Err(error(format!("shape {:?} in the file, {shape:?} in the model", view.shape())));
        }
        let Some(numbers) = decode(view.dtype(), view.data()) else {
            return Err(error(format!("numbers of type {} in the file, {} in the model", view.dtype(), F::NAME)));
        };
        let tensor = Tensor::try_new(Shape::from(shape), numbers)?;
        self.taken.insert(name);
        Ok(tensor)
    }

    /// The parameter of this name, if the option of the same name says that there is one.
    pub(crate) fn take_if(
        &mut self,
        description: &Description,
        name: &str,
        shape: &[usize],
    ) -> Result<Option<Param<F>>, Error> {
        description.get_flag(name)?.then(|| self.take(name, shape).map(Param::new)).transpose()
    }

    /// Runs `f` on the parameters of part `position`.
    pub(crate) fn inside<T>(&mut self, position: usize, f: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.at.len();
        self.at.push_str(&format!("{position}."));
        let result = f(self);
        self.at.truncate(outer);
        result
    }
}
