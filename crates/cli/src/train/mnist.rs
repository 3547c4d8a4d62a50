//! `wengert train mnist-…`: the networks of the books, on MNIST from a folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};
use wengert::nn::data::mnist;
use wengert::nn::published::{Loss, Recipe, Run, Trained};
use wengert::nn::{Confusion, Details, load, save};
use wengert::prelude::*;

use super::explore::explore;
use super::follow::Follow;
use super::job::{RANGE, SUMS, outputs, same_bits};
use super::options::{Options, SEED};
use super::outcome::ACCURACY;
use super::page::{Head, Section, course, preformatted};
use super::seen::{Seen, image_of};
use super::tasks::commonest;
use super::why::{Why, why};
use super::{Error, destination, thousands};
use crate::output::duration;
use crate::{interrupt, output};

/// The book's pixels: from 0 for paper to 255/256 for ink.
const SCALE: f64 = 1.0 / 256.0;

#[derive(Args, Clone, Debug)]
pub(super) struct MnistArgs {
    /// The folder of MNIST's four files, or one with a folder `mnist` in it [default: the variable WENGERT_DATA]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What the help of the network of this name ends with.
pub(super) fn help(name: &str) -> String {
    let known = Recipe::ALL.into_iter().find(|recipe| recipe.name == name);
    let Recipe { source, published, epochs, .. } = known.unwrap_or_else(|| unreachable!("{name} is a recipe"));
    format!(
        "Without options this is\n  wengert train {name} --data $WENGERT_DATA --epochs {epochs} --seed {SEED}\nThe layers, the size \
         of batches, the rate, the decay and the optimiser are those of {source}, which publishes {published} %"
    )
}

impl MnistArgs {
    /// Trains the network of this name as its book does.
    pub(super) fn run(&self, name: &str, options: &Options) -> Result<ExitCode, Error> {
        let recipe = Recipe::named(name)?;
        if let Some(option) = options.given().first() {
            let message = format!("{option}: {name} is trained as its book says; leave the option out");
            return Err(Error::Arguments(message));
        }
        let variable = std::env::var_os("WENGERT_DATA").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let Some(folder) = self.data.clone().or(variable) else {
            let message = format!(
                "{name} needs MNIST: give --data DIR, or set WENGERT_DATA, with the folder of train-images-idx3-ubyte.gz and \
                 the other three files"
            );
            return Err(Error::Arguments(message));
        };
        let set = files_of(&folder);
        let read: Vec<(&str, &Path)> = set.iter().map(|path| ("--data", path.as_path())).collect();
        if options.live {
            return Err(Error::Arguments(format!(
                "--live: {name} is told on standard error as it goes on; leave --live out"
            )));
        }
        let path = destination(options, name, &read)?;
        let checkpoint = options.checkpoint().map_err(Error::Arguments)?;
        let data = mnist::<f32>(&folder, SCALE)?;
        output::say(&format!(
            "{name}: {}, published {} %; {} images to learn from, {} to validate with, {} held out to test with; seed {}, {} \
             threads",
            recipe.source,
            recipe.published,
            thousands(data.train.len()),
            thousands(data.validation.len()),
            thousands(data.test.len()),
            options.seed,
            options.threads(),
        ));
        let follow = Follow::new();
        let run = Run {
            seed: options.seed,
            threads: options.threads(),
            epochs: options.epochs,
            checkpoint,
            stop: Some(interrupt::flag()?),
            on_step: Some(Box::new(|progress| follow.step(progress))),
            on_epoch: Some(Box::new(|progress| follow.epoch(progress))),
        };
        let trained = recipe.run(&data, run);
        follow.end();
        let trained = trained?;
        // The fully connected networks take rows of numbers, the others images.
        let images: Shape = [1].into_iter().chain(data.test.input_shape().iter().copied()).collect();
        let test = match trained.model.output_shape(&images) {
            Ok(_) => data.test.clone(),
            Err(_) => data.test.flattened(),
        };
        save(&trained.model, &details(&recipe, options.seed, &test), &path)?;
        let answers = outputs(&trained.model, &test);
        same_bits(&answers, &outputs(&load::<f32>(&path)?.model, &test), &path)?;
        if let Some(page) = &options.explore {
            explore_recipe(&recipe, &trained.model, &test, page)?;
        }
        let confusion = Confusion::of_outputs(data.test.names(), data.test.targets(), &answers)?;
        if confusion.accuracy() <= commonest(&data.test) {
            output::say(&format!("{name}: nothing was learned: the network is no better than one answer for all"));
        }
        let learned = confusion.accuracy() > commonest(&data.test);
        let Why { reasons, broke } = if learned { Why::default() } else { why_recipe(&recipe, &trained, &test) };
        reasons.iter().for_each(|reason| output::say(&format!("{name}: why it may be: {reason}")));
        let report = Report { recipe, trained, confusion, options, model: path.display().to_string() };
        if let Some(page) = &options.report {
            report.page(&data.test, &test, page)?;
        }
        output::print(&if options.json { report.json(&data.test) } else { report.text() })?;
        Ok(ExitCode::from(u8::from(broke)))
    }
}

/// The page of the first test image, with the loss of the recipe.
fn explore_recipe(recipe: &Recipe, model: &Sequential<f32>, test: &Dataset<f32>, page: &Path) -> Result<(), Error> {
    match recipe.loss() {
        Loss::OneHot(loss) => explore(model, loss, &test.one_hot(), page),
        Loss::Class(loss) => explore(model, loss, test, page),
    }
}

/// Why a recipe learned nothing.
fn why_recipe(recipe: &Recipe, trained: &Trained, samples: &Dataset<f32>) -> Why {
    match recipe.loss() {
        Loss::OneHot(loss) => why(&trained.model, &loss, &samples.one_hot(), &trained.history),
        Loss::Class(loss) => why(&trained.model, &loss, samples, &trained.history),
    }
}

/// The files of the set, wherever one of them may be.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];
    let folders = [folder.to_path_buf(), folder.join("mnist")];
    let all = folders.iter().flat_map(|folder| {
        names.iter().flat_map(|name| ["", ".gz"].map(|end| folder.join(format!("{name}-ubyte{end}"))))
    });
    all.filter(|path| path.exists()).collect()
}

fn details(recipe: &Recipe, seed: u64, test: &Dataset<f32>) -> Details {
    let entries = [
        ("task", recipe.name.to_string()),
        ("seed", seed.to_string()),
        ("input", json!(test.input_shape().to_vec()).to_string()),
        ("classes", json!(test.names()).to_string()),
        ("scale", SCALE.to_string()),
        (RANGE, json!([0, 255]).to_string()),
        ("outputs", if recipe.softmax { SUMS } else { "activated" }.to_string()),
    ];
    entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

/// What came of a recipe.
struct Report<'a> {
    recipe: Recipe,
    trained: Trained,
    confusion: Confusion,
    options: &'a Options,
    model: String,
}

impl Report<'_> {
    /// The test accuracy of the model that was kept, and of the last epoch's.
    fn accuracies(&self) -> (f64, Option<f64>) {
        (self.confusion.accuracy(), self.trained.test_accuracy().map(|(_, last)| last))
    }

    /// The accuracy on the validation images of the model that was kept.
    fn validated(&self) -> Option<f64> {
        self.trained.history.best_epoch()?.validation.as_ref()?.get("accuracy")
    }

    /// Writes the page of the training: `images` are the test images, and `test` the same as the network takes them.
    fn page(&self, images: &Dataset<f32>, test: &Dataset<f32>, path: &Path) -> Result<(), Error> {
        let Report { recipe, trained, options, .. } = self;
        let facts = vec![
            ("seed", options.seed.to_string()),
            ("source", format!("{}, published {} %", recipe.source, recipe.published)),
            ("threads", options.threads().to_string()),
        ];
        let classes = test.targets().data().iter().map(|class| *class as usize).collect();
        let (model, image) = (&trained.model, image_of(&images.input_shape()));
        let sections = match recipe.loss() {
            Loss::OneHot(loss) => Seen::new(model, &loss, &test.one_hot(), classes, images.names(), image).sections(),
            Loss::Class(loss) => Seen::new(model, &loss, test, classes, images.names(), image).sections(),
        };
        let result = [("Result", preformatted(&self.text())), course(&trained.history, ACCURACY)];
        let sections: Vec<Section> = result.into_iter().chain(sections).collect();
        Ok(Head::new(recipe.name, facts).write(path, &sections, false)?)
    }

    fn text(&self) -> String {
        let Report { recipe, trained, confusion, model, .. } = self;
        let (best, last) = self.accuracies();
        let history = &trained.history;
        let epoch =
            history.best.map_or(String::new(), |epoch| format!(", of the epoch that was best on validation: {epoch}"));
        let last = last.map_or(String::new(), |last| format!("\nlast epoch     {:.2} %", 100.0 * last));
        let validated =
            self.validated().map_or(String::new(), |share| format!("\nvalidation     {:.2} %", 100.0 * share));
        format!(
            "rows: what it is; columns: what the network says\n{confusion}\n\ntest accuracy  {:.2} %{epoch}{validated}{last}\n\
             published      {} % ({})\ntraining       loss {:.4} in the last of {} epochs, {}{}\n\
             model          {model} (read back: the same outputs, bit for bit)\n",
            100.0 * best,
            recipe.published,
            recipe.source,
            history.loss(),
            history.epochs.len(),
            duration(std::time::Duration::from_secs_f64(history.seconds)),
            if history.stopped { ", stopped" } else { "" },
        )
    }

    fn json(&self, test: &Dataset<f32>) -> String {
        let Report { recipe, trained, options, model, .. } = self;
        let (best, last) = self.accuracies();
        let history = &trained.history;
        let entries = [
            ("task", recipe.name.into()),
            ("test_accuracy", json!(best)),
            ("last_test_accuracy", json!(last)),
            ("validation_accuracy", json!(self.validated())),
            ("best_epoch", json!(history.best)),
            ("test_samples", test.len().into()),
            ("published", json!((100.0 * recipe.published).round() / 1e4)),
            ("train_loss", json!(history.loss())),
            ("epochs", history.epochs.len().into()),
            ("stopped", history.stopped.into()),
            ("seconds", json!(history.seconds)),
            ("parameters", trained.model.parameter_count().into()),
            ("model", model.as_str().into()),
            ("seed", options.seed.into()),
            ("threads", options.threads().into()),
        ];
        let object: Map<String, Value> = entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
        format!("{}\n", Value::Object(object))
    }
}
