//! Logs of epochs in files: CSV, and TensorBoard's events.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::history::{Epoch, History};
use crate::error::Error;
use crate::files;

/// What is told of each epoch as it ends.
///
/// # Examples
/// ```
/// use wengert_nn::{Error, History};
/// use wengert_nn::prelude::*;
/// struct Lines;
/// impl Log for Lines {
///     fn epoch(&mut self, history: &History) -> Result<(), Error> {
///         println!("{} {}", history.epochs.len(), history.loss());
///         Ok(())
///     }
/// }
/// let mut model = Mlp::<f64>::new(&[2, 4, 1], Activation::Sigmoid, &mut generator(1));
/// let mut trainer = Trainer::new(mse).epochs(3).metric("accuracy", binary_accuracy);
/// trainer = trainer.log(Lines);
/// trainer.train(&mut model, &mut Adam::new(0.05), &xor())?;
/// # Ok::<(), Error>(())
/// ```
pub trait Log {
    /// A training begins, or goes on.
    ///
    /// # Errors
    /// If it cannot be written. Training ends then.
    fn begin(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// The epochs so far; the last one has just ended.
    ///
    /// # Errors
    /// If it cannot be written. Training ends then.
    fn epoch(&mut self, history: &History) -> Result<(), Error>;
}

/// The numbers of an epoch by name: the rate, then loss and metrics of training, validation and test, then seconds.
fn numbers(epoch: &Epoch) -> Vec<(String, f64)> {
    let mut all = vec![("rate".to_string(), epoch.rate), ("loss".to_string(), epoch.loss)];
    all.extend(epoch.metrics.iter().cloned());
    for (part, evaluation) in [("validation", &epoch.validation), ("test", &epoch.test)] {
        if let Some(evaluation) = evaluation {
            all.push((format!("{part} loss"), evaluation.loss));
            all.extend(evaluation.metrics.iter().map(|(name, value)| (format!("{part} {name}"), *value)));
        }
    }
    all.push(("seconds".to_string(), epoch.seconds));
    all
}

/// A CSV file with a line for each epoch. It is written as a whole each time, so that it is whole whenever somebody looks,
/// and holds each epoch once after a training that was resumed.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let path = std::env::temp_dir().join("wengert-doc-log.csv");
/// let mut model = Mlp::<f64>::new(&[2, 4, 1], Activation::Sigmoid, &mut generator(1));
/// let mut trainer = Trainer::new(mse).epochs(3).log(CsvLog::new(&path));
/// trainer.train(&mut model, &mut Adam::new(0.05), &xor())?;
/// let text = std::fs::read_to_string(&path).unwrap();
/// assert!(text.starts_with("epoch,rate,loss,seconds\n1,0.05,") && text.lines().count() == 4);
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CsvLog {
    path: PathBuf,
}

impl CsvLog {
    /// A log in this file, which is replaced.
    pub fn new(path: impl AsRef<Path>) -> Self {
        CsvLog { path: path.as_ref().into() }
    }
}

impl Log for CsvLog {
    fn epoch(&mut self, history: &History) -> Result<(), Error> {
        let mut text = String::new();
        for epoch in &history.epochs {
            let numbers = numbers(epoch);
            if text.is_empty() {
                text += "epoch";
                numbers.iter().for_each(|(name, _)| text += &format!(",{}", quoted(name)));
                text.push('\n');
            }
            text += &epoch.number.to_string();
            numbers.iter().for_each(|(_, value)| text += &format!(",{value}"));
            text.push('\n');
        }
        files::write(&self.path, text)
    }
}

/// A name as a cell of a CSV file.
fn quoted(name: &str) -> String {
    match name.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", name.replace('"', "\"\"")),
        false => name.to_string(),
    }
}

/// A file of events for TensorBoard in a folder: each number of an epoch under its name.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let folder = std::env::temp_dir().join("wengert-doc-tensorboard");
/// let mut model = Mlp::<f64>::new(&[2, 4, 1], Activation::Sigmoid, &mut generator(1));
/// let mut trainer = Trainer::new(mse).epochs(3).metric("accuracy", binary_accuracy);
/// trainer = trainer.log(TensorBoardLog::new(&folder)?);
/// trainer.train(&mut model, &mut Adam::new(0.05), &xor())?;
/// assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1); // `tensorboard --logdir` shows it
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Debug)]
pub struct TensorBoardLog {
    path: PathBuf,
    file: File,
    told: usize,
}

impl TensorBoardLog {
    /// A new file of events in this folder, which is made if there is none. A training that is resumed writes another one;
    /// TensorBoard reads them all.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be written.
    pub fn new(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(|e| Error::file(folder, e.to_string()))?;
        let seconds = now();
        let path = folder.join(format!("events.out.tfevents.{seconds:.6}.{}", std::process::id()));
        let file = File::create_new(&path).map_err(|e| Error::file(&path, e.to_string()))?;
        let mut log = TensorBoardLog { path, file, told: 0 };
        log.write(&event(seconds, 0, &bytes(3, b"brain.Event:2")))?;
        Ok(log)
    }

    fn write(&mut self, event: &[u8]) -> Result<(), Error> {
        self.file.write_all(&record(event)).map_err(|e| Error::file(&self.path, e.to_string()))
    }
}

impl Log for TensorBoardLog {
    /// Another training is another file: its epochs have the numbers of the first again.
    fn begin(&mut self) -> Result<(), Error> {
        if self.told > 0
            && let Some(folder) = self.path.parent()
        {
            *self = TensorBoardLog::new(folder)?;
        }
        Ok(())
    }

    fn epoch(&mut self, history: &History) -> Result<(), Error> {
        for epoch in history.epochs.iter().filter(|epoch| epoch.number > self.told).collect::<Vec<_>>() {
            let value = |(name, value): (String, f64)| {
                let simple = [&[2 << 3 | 5][..], &(value as f32).to_le_bytes()].concat();
                bytes(1, &[bytes(1, name.as_bytes()), simple].concat())
            };
            let summary: Vec<u8> = numbers(epoch).into_iter().flat_map(value).collect();
            self.write(&event(now(), epoch.number as u64, &bytes(5, &summary)))?;
            self.told = epoch.number;
        }
        Ok(())
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// An event in the protocol buffers' encoding: the time is field 1, the step field 2.
fn event(seconds: f64, step: u64, rest: &[u8]) -> Vec<u8> {
    [&[1 << 3 | 1][..], &seconds.to_le_bytes(), &[2 << 3], &varint(step), rest].concat()
}

/// A field of bytes.
fn bytes(field: u8, data: &[u8]) -> Vec<u8> {
    [&[field << 3 | 2][..], &varint(data.len() as u64), data].concat()
}

/// A whole number in groups of seven bits, the least first.
fn varint(mut n: u64) -> Vec<u8> {
    let mut all = Vec::new();
    while n > 0x7f {
        all.push(n as u8 | 0x80);
        n >>= 7;
    }
    all.push(n as u8);
    all
}

/// A record: its length, a checksum of that, the data, a checksum of them.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(&length).to_le_bytes(), data, &masked(data).to_le_bytes()].concat()
}

/// The checksum CRC-32C, turned and shifted, as the format wants it.
fn masked(data: &[u8]) -> u32 {
    castagnoli(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn castagnoli(data: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 })
    };
    !data.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, B.4, and the check value of CRC-32C.
    #[test]
    fn checksums_are_those_of_the_standard() {
        for (data, expected) in [
            (b"123456789".to_vec(), 0xe306_9283),
            (vec![0; 32], 0x8a91_36aa),
            (vec![0xff; 32], 0x62a8_ab43),
            ((0..32).collect(), 0x46dd_794e),
        ] {
            assert_eq!(castagnoli(&data), expected);
        }
    }

    #[test]
    fn whole_numbers_and_names() {
        assert_eq!(varint(1), [1]);
        assert_eq!(varint(300), [0xac, 2]); // the example of the encoding's own documentation
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }
}
