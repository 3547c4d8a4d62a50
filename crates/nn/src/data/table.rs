//! Tables from CSV files: columns with types, missing cells, and data sets made of them.

mod cells;
mod encoding;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use csv::ReaderBuilder;
use wengert_tape::{Float, Tensor};

use super::Dataset;
use super::convert::narrow;
use crate::error::Error;
use crate::files;
use cells::{MISSING, Reading, Style, no_number};
pub use encoding::Encoding;
use text::{LineOf, said, separator, unspaced};

/// A column with more different words than this is looked at twice: is it one of numbers, or are there too many?
const FEW_WORDS: usize = 20;
/// More different words than this are never told apart.
const MOST_WORDS: usize = 1000;
/// Of so many names, messages show the first.
const SHOWN: usize = 20;

/// A table with a name and a type for each column.
///
/// A column whose cells are all numbers, but for missing ones, is a column of numbers; any other holds categories. A cell
/// is missing where it is empty or says `NA`, `N/A`, `<NA>`, `#N/A`, `NaN`, `null`, `none` or `?`. Cells are separated by
/// commas; where the first line has none, by its semicolons or tabs, or as a first line `sep=;` says. A column without a name and without a cell, as a comma at
/// the end of each line makes it, is none; nor is a first column without a name (or called `Unnamed: 0`) of whole numbers that
/// are all different: the index that pandas writes.
///
/// A number may have commas between thousands (`1,234.5`), or a comma before its fraction (`1,5`, `1.234,5`), a `%` behind it,
/// which is left out (`5 %` is 5), and a minus of U+2212. What a comma is, the whole column says; where it does not, as in `1,234`, it
/// stands between thousands if commas separate cells, and before a fraction if semicolons do. [`remarks`](Table::remarks) says what
/// was read otherwise than it is written.
///
/// # Examples
/// ```
/// use wengert_nn::data::{Missing, Table};
/// let table = Table::parse("length,colour,kind\n1.5,red,cat\n2.5,blue,dog\nNA,red,dog\n")?;
/// assert_eq!((table.len(), table.names()), (3, &["length".into(), "colour".into(), "kind".into()][..]));
///
/// let error = table.classes::<f32>("kind", Missing::Refuse).unwrap_err();
/// assert_eq!(error.to_string(), "table: line 4, column `length`: the cell is missing (`NA`)");
/// // As NaN, for a layer that puts the mean of the training samples in its place.
/// let data = table.classes::<f32>("kind", Missing::Nan)?;
/// assert_eq!((data.inputs().shape(), data.targets().data()), (&[3, 3].into(), &[0, 1, 1][..]));
/// assert_eq!(data.inputs().data()[..3], [1.5, 0.0, 1.0]); // the length, and whether it is blue or red
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    path: Option<PathBuf>,
    names: Vec<String>,
    /// Where each name is.
    places: BTreeMap<String, usize>,
    columns: Vec<Column>,
    /// What is wrong with each column, were it one of numbers.
    odd: Vec<Option<Odd>>,
    remarks: Vec<String>,
    /// The line of the file at which each row begins.
    lines: Vec<u64>,
    /// The texts of missing cells, by row and column.
    missing: Vec<(usize, usize, String)>,
}

/// A column of a table; `None` stands for a missing cell.
///
/// # Examples
/// ```
/// use wengert_nn::data::{Column, Table};
/// let table = Table::parse("length,colour\n1.5,red\n,blue\n2.5,red\n")?;
/// assert_eq!(table.column("length")?, &Column::Numbers(vec![Some(1.5), None, Some(2.5)]));
/// let words = ["blue", "red"].map(String::from).to_vec();
/// assert_eq!(table.column("colour")?, &Column::Categories(vec![Some(1), Some(0), Some(1)], words));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Positions in a sorted list of categories, and that list.
    Categories(Vec<Option<usize>>, Vec<String>),
}

/// The first cell of a column that is no number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Odd {
    row: usize,
    /// Why it is none.
    why: String,
    /// Whether the other cells say that it should be one.
    is_mistake: bool,
}

/// What becomes of missing cells among the inputs. A missing target is always refused.
///
/// # Examples
/// ```
/// use wengert_nn::data::{Missing, Table};
/// let table = Table::parse("length,kind\n1.5,cat\nNA,dog\n")?;
/// assert!(table.classes::<f64>("kind", Missing::Refuse).is_err());
/// assert!(table.classes::<f64>("kind", Missing::Nan)?.inputs().data()[1].is_nan());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The first of them is an error.
    Refuse,
    /// NaN, and zeros for every category.
    Nan,
}

impl Table {
    /// Reads a CSV file whose first line holds the names of the columns.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, has no rows, or has rows of different lengths or columns of the same name.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_file(path.as_ref(), true)
    }

    /// Reads a CSV file without names; the columns are called `1`, `2`, …
    ///
    /// # Errors
    /// As [`read`](Table::read).
    pub fn read_without_header(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_file(path.as_ref(), false)
    }

    fn from_file(path: &Path, header: bool) -> Result<Self, Error> {
        let table = Self::from_bytes(&files::read(path)?, header).map_err(|e| Error::file(path, e))?;
        Ok(Table { path: Some(path.into()), ..table })
    }

    /// Reads text as [`read`](Table::read) reads a file.
    ///
    /// # Errors
    /// [`Error::Shape`] where `read` returns [`Error::File`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::from_bytes(text.as_bytes(), true).map_err(|e| Error::shape("table", e))
    }

    fn from_bytes(bytes: &[u8], header: bool) -> Result<Self, String> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err("this is text in UTF-16; save it as UTF-8".into());
        }
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let (separator, text) = said(text).unwrap_or_else(|| (separator(text), text));
        let text = &*unspaced(text, separator)?;
        let mut reader =
            ReaderBuilder::new().has_headers(header).delimiter(separator).trim(csv::Trim::All).from_reader(text);
        let named: Vec<String> = match header {
            true => reader.headers().map_err(|e| e.to_string())?.iter().map(String::from).collect(),
            false => Vec::new(),
        };
        let (mut rows, mut lines, mut line) = (Vec::new(), Vec::new(), LineOf::new(text));
        for record in reader.records() {
            let record = record.map_err(|e| e.to_string())?;
            lines.push(line.of(record.position().map_or(0, |position| position.byte() as usize)));
            rows.push(record);
        }
        let Some(first) = rows.first() else {
            return Err("there are no rows".into());
        };
        let names = if header { named } else { (1..=first.len()).map(|k| k.to_string()).collect() };
        let is_column = |k: &usize| !names[*k].is_empty() || rows.iter().any(|record| !record[*k].is_empty());
        let mut kept: Vec<usize> = (0..names.len()).filter(is_column).collect();
        let mut remarks = Vec::new();
        if header && kept.len() > 1 && kept[0] == 0 && is_index(&names[0], rows.iter().map(|record| &record[0])) {
            kept.remove(0);
            remarks.push("the first column, which has no name and numbers the rows, is left out".into());
        }
        let names: Vec<String> = kept.iter().map(|k| names[*k].clone()).collect();
        let mut places = BTreeMap::new();
        for (k, name) in names.iter().enumerate() {
            if places.insert(name.clone(), k).is_some() {
                return Err(format!("two columns are called `{name}`"));
            }
        }
        let (mut columns, mut odd, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for (k, place) in kept.into_iter().enumerate() {
            let mut cells = Vec::with_capacity(rows.len());
            for (row, record) in rows.iter().enumerate() {
                let cell = &record[place];
                let is_missing = MISSING.contains(&cell.to_ascii_lowercase().as_str());
                if is_missing {
                    missing.push((row, k, cell.to_string()));
                }
                cells.push((!is_missing).then_some(cell));
            }
            let (column, first_odd, remark) = typed(&cells, separator);
            remarks.extend(remark.map(|remark| format!("column `{}`: {remark}", names[k])));
            columns.push(column);
            odd.push(first_odd);
        }
        missing.sort();
        Ok(Table { path: None, names, places, columns, odd, remarks, lines, missing })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The column of this name.
    ///
    /// # Errors
    /// If there is none; the message lists those that there are.
    pub fn column(&self, name: &str) -> Result<&Column, Error> {
        let found = self.places.get(name);
        found
            .map(|k| &self.columns[*k])
            .ok_or_else(|| self.error(format!("there is no column `{name}`; there are {}", quoted(&self.names))))
    }

    /// What was read otherwise than it is written, in sentences: numbers such as `1,234` and `5 %`, an index that was left out.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::data::Table;
    /// let table = Table::parse("price,share\n\"1,234\",5 %\n7,6 %\n")?;
    /// assert_eq!(table.remarks(), ["column `price`: `1,234` is read as 1234", "column `share`: `5 %` is read as 5"]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The number of missing cells.
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    /// The columns of words, but this one, of which too much differs from row to row for anything to be learned from it,
    /// such as names and dates: more than 20 different words, which are more than half of the cells or more than 1,000, and
    /// not nearly all of them numbers.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::data::Table;
    /// let rows: String = (0..50).map(|k| format!("flower {k},{},{}\n", k % 7, ["red", "blue"][k % 2])).collect();
    /// let table = Table::parse(&format!("name,leaves,colour\n{rows}"))?;
    /// assert_eq!(table.scattered("colour"), [("name", 50)]);
    /// assert_eq!(table.without(&["name"])?.names(), ["leaves", "colour"]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn scattered(&self, but: &str) -> Vec<(&str, usize)> {
        let all = self.names.iter().zip(&self.columns).zip(&self.odd);
        all.filter_map(|((name, column), odd)| match column {
            Column::Categories(cells, words) if name != but && !is_mistake(odd) => {
                let present = cells.iter().flatten().count();
                let is_scattered = words.len() > FEW_WORDS && (2 * words.len() > present || words.len() > MOST_WORDS);
                is_scattered.then_some((name.as_str(), words.len()))
            }
            _ => None,
        })
        .collect()
    }

    /// The same table without these columns.
    ///
    /// # Errors
    /// If there is no column of one of these names.
    pub fn without(&self, names: &[&str]) -> Result<Self, Error> {
        names.iter().try_for_each(|name| self.column(name).map(drop))?;
        let left: BTreeSet<&str> = names.iter().copied().collect();
        let kept: Vec<usize> = (0..self.names.len()).filter(|k| !left.contains(self.names[*k].as_str())).collect();
        let places: BTreeMap<usize, usize> = kept.iter().copied().zip(0..).collect();
        let missing = self.missing.iter();
        let missing = missing.filter_map(|(row, k, text)| Some((*row, *places.get(k)?, text.clone())));
        Ok(Table {
            path: self.path.clone(),
            names: kept.iter().map(|k| self.names[*k].clone()).collect(),
            places: kept.iter().zip(0..).map(|(k, place)| (self.names[*k].clone(), place)).collect(),
            columns: kept.iter().map(|k| self.columns[*k].clone()).collect(),
            odd: kept.iter().map(|k| self.odd[*k].clone()).collect(),
            remarks: self.remarks.clone(),
            lines: self.lines.clone(),
            missing: missing.collect(),
        })
    }

    /// A data set of classes: the column `target` holds them, all other columns are inputs as [`Encoding`] says. Classes
    /// are named by their cells; a column of whole numbers can be a target too.
    ///
    /// # Errors
    /// If there is no such column, a target is missing or not a class, or an input is missing and refused.
    pub fn classes<F: Float>(&self, target: &str, missing: Missing) -> Result<Dataset<F>, Error> {
        let inputs = self.encoding(&[target])?.encode(self, missing)?;
        let (cells, names) = match self.column(target)? {
            Column::Categories(cells, names) => (cells.clone(), names.clone()),
            Column::Numbers(numbers) => {
                let whole = |x: &f64| x.fract() == 0.0 && x.abs() < 1e15;
                if let Some(x) = numbers.iter().flatten().find(|x| !whole(x)) {
                    let message = format!("column `{target}` holds the number {x}, which is no class");
                    return Err(self.error(message));
                }
                let all: BTreeSet<i64> = numbers.iter().flatten().map(|x| *x as i64).collect();
                let places: BTreeMap<i64, usize> = all.iter().copied().zip(0..).collect();
                let place = |x: f64| places.get(&(x as i64)).copied();
                (numbers.iter().map(|x| x.and_then(place)).collect(), all.iter().map(i64::to_string).collect())
            }
        };
        let classes = self.present(target, &cells)?.into_iter().map(|k| k as i64).collect::<Vec<i64>>();
        Dataset::of_classes(inputs, classes.into(), names)
    }

    /// A data set of numbers: the column `target`, as `[n, 1]`, beside the inputs.
    ///
    /// # Errors
    /// If there is no such column, it does not hold numbers, or a cell is missing that must not be.
    pub fn numbers<F: Float>(&self, target: &str, missing: Missing) -> Result<Dataset<F, F>, Error> {
        let inputs = self.encoding(&[target])?.encode(self, missing)?;
        let cells = match self.column(target)? {
            Column::Numbers(cells) => cells,
            Column::Categories(..) => {
                return Err(match self.mistake(target) {
                    Some(mistake) => mistake,
                    None => self.error(format!("column `{target}` does not hold numbers")),
                });
            }
        };
        let cells = self.present(target, cells)?;
        let numbers = cells.into_iter().enumerate().map(|(row, x)| self.narrowed(row, target, x));
        let numbers = numbers.collect::<Result<Vec<F>, Error>>()?;
        Dataset::new(inputs, Tensor::new([self.len(), 1], numbers))
    }

    /// How the columns but these become numbers.
    ///
    /// # Errors
    /// If there is no column of one of these names, or no other. If a cell of a column should be a number and is none: of more
    /// than 20 different words nine of ten are numbers, or all words are or were meant as such (`inf`). If a column has more
    /// than 1,000 different words.
    pub fn encoding(&self, but: &[&str]) -> Result<Encoding, Error> {
        but.iter().try_for_each(|name| self.column(name).map(drop))?;
        let kept = self.names.iter().zip(&self.columns).filter(|(name, _)| !but.contains(&name.as_str()));
        let mut columns = Vec::new();
        for (name, column) in kept {
            if let Some(mistake) = self.mistake(name) {
                return Err(mistake);
            }
            columns.push(match column {
                Column::Numbers(_) => (name.clone(), Vec::new()),
                Column::Categories(_, words) if words.len() > MOST_WORDS => {
                    let count = words.len();
                    let why =
                        format!("column `{name}` has {count} different words, and at most {MOST_WORDS} are told apart");
                    return Err(self.error(format!("{why}; leave it out")));
                }
                Column::Categories(_, words) => (name.clone(), words.clone()),
            });
        }
        match columns.is_empty() {
            true => Err(self.error("there is no column for inputs".into())),
            false => Ok(Encoding::of(columns)),
        }
    }

    /// The cells of a column of which none may be missing.
    fn present<T: Copy>(&self, name: &str, cells: &[Option<T>]) -> Result<Vec<T>, Error> {
        let cell = |(row, cell): (usize, &Option<T>)| cell.ok_or_else(|| self.missing_at(row, name));
        cells.iter().enumerate().map(cell).collect()
    }

    /// A number of the table in the type of the data.
    fn narrowed<F: Float>(&self, row: usize, name: &str, x: f64) -> Result<F, Error> {
        narrow(x).map_err(|why| self.error(format!("line {}, column `{name}`: {why}", self.lines[row])))
    }

    /// The cell of a column that should be a number and is none, if there is one.
    fn mistake(&self, name: &str) -> Option<Error> {
        let odd = &self.odd[*self.places.get(name)?];
        is_mistake(odd).then(|| self.no_number(name))
    }

    /// The first cell of a column of words that is no number.
    fn no_number(&self, name: &str) -> Error {
        match self.places.get(name).and_then(|k| self.odd[*k].as_ref()) {
            Some(Odd { row, why, .. }) => self.error(format!("line {}, column `{name}`: {why}", self.lines[*row])),
            None => self.error(format!("column `{name}` does not hold numbers")),
        }
    }

    fn missing_at(&self, row: usize, name: &str) -> Error {
        let is_it = |(r, column, _): &&(usize, usize, String)| *r == row && self.names[*column] == name;
        let text = self.missing.iter().find(is_it).map_or("", |(_, _, text)| text);
        self.error(format!("line {}, column `{name}`: the cell is missing (`{text}`)", self.lines[row]))
    }

    fn error(&self, message: String) -> Error {
        match &self.path {
            Some(path) => Error::file(path, message),
            None => Error::shape("table", message),
        }
    }
}

fn is_mistake(odd: &Option<Odd>) -> bool {
    odd.as_ref().is_some_and(|odd| odd.is_mistake)
}

/// Whether these are the cells of the index that pandas and R write as a first column: whole numbers, all different.
fn is_index<'a>(name: &str, cells: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = BTreeSet::new();
    let is_new = |cell: &str| cell.parse::<u64>().is_ok_and(|number| seen.insert(number));
    ["", "Unnamed: 0"].contains(&name) && cells.into_iter().all(is_new)
}

/// A column of numbers if all cells are, and else of categories; the first cell that is no number; and what there is to say of
/// how numbers are written.
fn typed(cells: &[Option<&str>], separator: u8) -> (Column, Option<Odd>, Option<String>) {
    let style = Style::of(cells.iter().flatten().copied(), separator);
    let readings: Vec<Option<Reading>> = cells.iter().map(|cell| cell.map(|cell| style.read(cell))).collect();
    let count = |is: fn(&Reading) -> bool| readings.iter().flatten().filter(|reading| is(reading)).count();
    let numbers = count(|reading| matches!(reading, Reading::Number(_)));
    let words = count(|reading| matches!(reading, Reading::Word));
    let present = cells.iter().flatten().count();
    if numbers == present {
        let number = |reading: &Option<Reading>| if let Some(Reading::Number(x)) = reading { Some(*x) } else { None };
        let remark = cells.iter().flatten().find_map(|cell| style.remark(cell, separator));
        return (Column::Numbers(readings.iter().map(number).collect()), None, remark);
    }
    let categories: BTreeSet<&str> = cells.iter().flatten().copied().collect();
    let places: BTreeMap<&str, usize> = categories.iter().copied().zip(0..).collect();
    let is_mistake = words == 0 || categories.len() > FEW_WORDS && 10 * numbers >= 9 * present;
    let odd = cells.iter().zip(&readings).enumerate().find_map(|(row, (cell, reading))| {
        let why = match reading.as_ref()? {
            Reading::Number(_) => return None,
            Reading::Odd(why) => why.clone(),
            Reading::Word => no_number(cell.unwrap_or_default()),
        };
        Some(Odd { row, why, is_mistake })
    });
    let column = Column::Categories(
        cells.iter().map(|cell| cell.and_then(|cell| places.get(cell).copied())).collect(),
        categories.iter().map(|category| category.to_string()).collect(),
    );
    (column, odd, None)
}

/// The names, the first of them if there are many.
fn quoted(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len() - shown.len();
    shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}
