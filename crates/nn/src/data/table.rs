//! Tables from CSV files: columns with types, missing cells, and data sets made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use csv::ReaderBuilder;
use serde_json::{Value, json};
use wengert_tape::{Float, Tensor};

use super::Dataset;
use crate::error::Error;

/// What stands in a cell where nothing was measured, in any case.
const MISSING: [&str; 7] = ["", "na", "n/a", "nan", "null", "none", "?"];
/// A column with more different words than this is looked at twice: is it one of numbers, or are there too many?
const FEW_WORDS: usize = 20;
/// More different words than this are never told apart.
const MOST_WORDS: usize = 1000;
/// Of so many names, messages show the first.
const SHOWN: usize = 20;

/// A table with a name and a type for each column.
///
/// A column whose cells are all numbers, but for missing ones, is a column of numbers; any other holds categories. A cell
/// is missing where it is empty or says `NA`, `N/A`, `NaN`, `null`, `none` or `?`. Cells are separated by commas; where the
/// first line has none, by its semicolons or tabs; between semicolons a number may have a comma for its point. A column without a name and without a cell, as a comma at the end of
/// each line makes it, is none.
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
    columns: Vec<Column>,
    /// The line of the file at which each row begins.
    lines: Vec<u64>,
    /// The texts of missing cells, by row and column.
    missing: Vec<(usize, usize, String)>,
}

/// A column of a table; `None` stands for a missing cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Positions in a sorted list of categories, and that list.
    Categories(Vec<Option<usize>>, Vec<String>),
}

/// What becomes of missing cells among the inputs. A missing target is always refused.
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
        let path = path.as_ref();
        let file = File::open(path).map_err(|e| Error::file(path, e.to_string()))?;
        Self::from_reader(file, true)
            .map(|table| Table { path: Some(path.into()), ..table })
            .map_err(|e| Error::file(path, e))
    }

    /// Reads a CSV file without names; the columns are called `1`, `2`, …
    ///
    /// # Errors
    /// As [`read`](Table::read).
    pub fn read_without_header(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|e| Error::file(path, e.to_string()))?;
        Self::from_reader(file, false)
            .map(|table| Table { path: Some(path.into()), ..table })
            .map_err(|e| Error::file(path, e))
    }

    /// Reads text as [`read`](Table::read) reads a file.
    ///
    /// # Errors
    /// [`Error::Shape`] where `read` returns [`Error::File`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::from_reader(text.as_bytes(), true).map_err(|e| Error::shape("table", e))
    }

    fn from_reader(mut from: impl Read, header: bool) -> Result<Self, String> {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        let separator = separator(text);
        let mut reader =
            ReaderBuilder::new().has_headers(header).delimiter(separator).trim(csv::Trim::All).from_reader(text);
        let named: Vec<String> = match header {
            true => reader.headers().map_err(|e| e.to_string())?.iter().map(String::from).collect(),
            false => Vec::new(),
        };
        let (mut rows, mut lines, mut line) = (Vec::new(), Vec::new(), LineOf { text, at: 0, line: 1 });
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
        let places: Vec<usize> = (0..names.len()).filter(is_column).collect();
        let names: Vec<String> = places.iter().map(|k| names[*k].clone()).collect();
        let mut seen = BTreeSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(format!("two columns are called `{name}`"));
        }
        let mut missing = Vec::new();
        let mut column = |(k, place): (usize, &usize)| {
            let cells: Vec<Option<&str>> = rows
                .iter()
                .enumerate()
                .map(|(row, record)| {
                    let cell = &record[*place];
                    let is_missing = MISSING.contains(&cell.to_ascii_lowercase().as_str());
                    if is_missing {
                        missing.push((row, k, cell.to_string()));
                    }
                    (!is_missing).then_some(cell)
                })
                .collect();
            typed(&cells, if separator == b';' { number_with_comma } else { number })
        };
        let columns = places.iter().enumerate().map(&mut column).collect();
        missing.sort();
        Ok(Table { path: None, names, columns, lines, missing })
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
        let found = self.names.iter().position(|n| n == name);
        found
            .map(|k| &self.columns[k])
            .ok_or_else(|| self.error(format!("there is no column `{name}`; there are {}", quoted(&self.names))))
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
        let scattered = |(name, column): (&'_ String, &Column)| match column {
            Column::Categories(cells, words) if name != but && !column.is_nearly_numbers() => {
                let present = cells.iter().flatten().count();
                words.len() > FEW_WORDS && (2 * words.len() > present || words.len() > MOST_WORDS)
            }
            _ => false,
        };
        let words = |column: &Column| if let Column::Categories(_, words) = column { words.len() } else { 0 };
        let all = self.names.iter().zip(&self.columns).filter(|(name, column)| scattered((name, column)));
        all.map(|(name, column)| (name.as_str(), words(column))).collect()
    }

    /// The same table without these columns.
    ///
    /// # Errors
    /// If there is no column of one of these names.
    pub fn without(&self, names: &[&str]) -> Result<Self, Error> {
        names.iter().try_for_each(|name| self.column(name).map(drop))?;
        let kept: Vec<usize> = (0..self.names.len()).filter(|k| !names.contains(&self.names[*k].as_str())).collect();
        let missing = self.missing.iter().filter_map(|(row, column, text)| {
            let column = kept.iter().position(|k| k == column)?;
            Some((*row, column, text.clone()))
        });
        Ok(Table {
            path: self.path.clone(),
            names: kept.iter().map(|k| self.names[*k].clone()).collect(),
            columns: kept.iter().map(|k| self.columns[*k].clone()).collect(),
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
            column if column.is_nearly_numbers() => return Err(self.no_number(target, column)),
            _ => return Err(self.error(format!("column `{target}` does not hold numbers"))),
        };
        let cells = self.present(target, cells)?;
        let numbers = cells.into_iter().enumerate().map(|(row, x)| self.narrowed(row, target, x));
        let numbers = numbers.collect::<Result<Vec<F>, Error>>()?;
        Dataset::new(inputs, Tensor::new([self.len(), 1], numbers))
    }

    /// How the columns but these become numbers.
    ///
    /// # Errors
    /// If there is no column of one of these names, or no other, or one with more than 20 different words of which nine of ten
    /// are numbers: the first cell that is none is a mistake, and named.
    pub fn encoding(&self, but: &[&str]) -> Result<Encoding, Error> {
        but.iter().try_for_each(|name| self.column(name).map(drop))?;
        let kept = self.names.iter().zip(&self.columns).filter(|(name, _)| !but.contains(&name.as_str()));
        if let Some((name, column)) = kept.clone().find(|(_, column)| column.is_nearly_numbers()) {
            return Err(self.no_number(name, column));
        }
        let columns: Vec<(String, Vec<String>)> = kept
            .map(|(name, column)| match column {
                Column::Numbers(_) => (name.clone(), Vec::new()),
                Column::Categories(_, categories) => (name.clone(), categories.clone()),
            })
            .collect();
        match columns.is_empty() {
            true => Err(self.error("there is no column for inputs".into())),
            false => Ok(Encoding { columns }),
        }
    }

    /// The cells of a column of which none may be missing.
    fn present<T: Copy>(&self, name: &str, cells: &[Option<T>]) -> Result<Vec<T>, Error> {
        let cell = |(row, cell): (usize, &Option<T>)| cell.ok_or_else(|| self.missing_at(row, name));
        cells.iter().enumerate().map(cell).collect()
    }

    /// A number of the table in the type of the data.
    fn narrowed<F: Float>(&self, row: usize, name: &str, x: f64) -> Result<F, Error> {
        let narrow = F::from_f64(x);
        match Float::to_f64(narrow).is_finite() || !x.is_finite() {
            true => Ok(narrow),
            false => Err(self.error(format!(
                "line {}, column `{name}`: {x:e} is beyond the largest number of type {}",
                self.lines[row],
                F::NAME
            ))),
        }
    }

    /// The first cell of a column of words that is no number.
    fn no_number(&self, name: &str, column: &Column) -> Error {
        let Column::Categories(cells, words) = column else {
            return self.error(format!("column `{name}` does not hold numbers"));
        };
        let odd: Vec<bool> = words.iter().map(|word| number(word).is_none()).collect();
        let first = cells.iter().enumerate().find_map(|(row, cell)| cell.filter(|k| odd[*k]).map(|k| (row, k)));
        let (row, word) = first.unwrap_or_default();
        self.error(format!("line {}, column `{name}`: `{}` is no number", self.lines[row], words[word]))
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

impl Column {
    /// Whether these are many words, nearly all of which are numbers.
    fn is_nearly_numbers(&self) -> bool {
        let Column::Categories(cells, words) = self else { return false };
        let numbers: Vec<bool> = words.iter().map(|word| number(word).is_some()).collect();
        let (present, right) = cells.iter().flatten().fold((0, 0), |(n, m), k| (n + 1, m + usize::from(numbers[*k])));
        words.len() > FEW_WORDS && 10 * right >= 9 * present
    }
}

/// What stands between the cells: a comma, or if the first line has none, a semicolon or tab if it has one.
fn separator(text: &[u8]) -> u8 {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|byte| line.contains(byte)).unwrap_or(b',')
}

/// Counts lines up to places that come one after another. The reader's own count is behind where empty lines are passed over,
/// and by one where lines end with two bytes.
struct LineOf<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl LineOf<'_> {
    /// The line of the first byte from `place` on that ends no line.
    fn of(&mut self, place: usize) -> u64 {
        while let Some(byte) = self.text.get(self.at) {
            let ends = *byte == b'\n' || *byte == b'\r' && self.text.get(self.at + 1) != Some(&b'\n');
            if self.at >= place && !b"\r\n".contains(byte) {
                break;
            }
            (self.at, self.line) = (self.at + 1, self.line + u64::from(ends));
        }
        self.line
    }
}

fn number(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|x: &f64| x.is_finite())
}

fn number_with_comma(cell: &str) -> Option<f64> {
    number(cell).or_else(|| number(&cell.replacen(',', ".", 1)))
}

/// A column of numbers if all cells are, and else of categories.
fn typed(cells: &[Option<&str>], number: fn(&str) -> Option<f64>) -> Column {
    if cells.iter().flatten().all(|cell| number(cell).is_some()) {
        return Column::Numbers(cells.iter().map(|cell| cell.and_then(number)).collect());
    }
    let categories: BTreeSet<&str> = cells.iter().flatten().copied().collect();
    let places: BTreeMap<&str, usize> = categories.iter().copied().zip(0..).collect();
    Column::Categories(
        cells.iter().map(|cell| cell.and_then(|cell| places.get(cell).copied())).collect(),
        categories.iter().map(|category| category.to_string()).collect(),
    )
}

/// The names, the first of them if there are many.
fn quoted(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len() - shown.len();
    shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

/// How columns become the numbers of an input: a number as it is, a category as a row of zeros with a 1 at its place. A
/// model that learned from one table is asked about another through the encoding of the first.
///
/// # Examples
/// ```
/// use wengert_nn::data::{Encoding, Missing, Table};
/// let encoding = Table::parse("a,b,kind\n1,x,no\n2,y,yes\n")?.encoding(&["kind"])?;
/// let again = Encoding::from_text(&encoding.to_text())?;
/// let other = Table::parse("b,a\ny,7\n")?;
/// assert_eq!(again.encode::<f32>(&other, Missing::Refuse)?.data(), [7.0, 0.0, 1.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// The name of each column, and its categories; none for numbers.
    columns: Vec<(String, Vec<String>)>,
}

impl Encoding {
    /// The number of numbers in an input.
    pub fn width(&self) -> usize {
        self.columns.iter().map(|(_, categories)| categories.len().max(1)).sum()
    }

    /// The names of the numbers in an input: of the column, or `column=category`.
    pub fn names(&self) -> Vec<String> {
        let of = |(name, categories): &(String, Vec<String>)| match categories.is_empty() {
            true => vec![name.clone()],
            false => categories.iter().map(|category| format!("{name}={category}")).collect(),
        };
        self.columns.iter().flat_map(of).collect()
    }

    /// The inputs `[n, width]` of a table. Columns are found by name; others are not looked at.
    ///
    /// # Errors
    /// If a column is missing, holds another type or an unknown category, or a cell is missing and refused.
    pub fn encode<F: Float>(&self, table: &Table, missing: Missing) -> Result<Tensor<F>, Error> {
        let (width, mut at) = (self.width(), 0);
        let mut inputs = Tensor::zeros([table.len(), width]);
        // Row by row, so that the first missing cell of the file is the one that is named.
        let columns = self.columns.iter().map(|(name, _)| table.column(name)).collect::<Result<Vec<_>, _>>()?;
        let known = |name: &str, categories: &[String], all: &[String]| -> Result<Vec<usize>, Error> {
            let places: BTreeMap<&String, usize> = categories.iter().zip(0..).collect();
            let place = |category: &String| {
                places.get(category).copied().ok_or_else(|| {
                    table.error(format!("column `{name}` holds `{category}`, which is none of {}", quoted(categories)))
                })
            };
            all.iter().map(place).collect()
        };
        let mut absent: Option<(usize, &str)> = None;
        for ((name, categories), column) in self.columns.iter().zip(columns) {
            let mut note = |row: usize| {
                if absent.is_none_or(|(first, _)| row < first) {
                    absent = Some((row, name));
                }
            };
            let rows = inputs.data_mut().chunks_exact_mut(width).enumerate();
            match column {
                Column::Numbers(cells) if categories.is_empty() => {
                    for ((row, input), cell) in rows.zip(cells) {
                        input[at] = match cell {
                            Some(x) => table.narrowed(row, name, *x)?,
                            None => {
                                note(row);
                                F::nan()
                            }
                        };
                    }
                }
                // A column of which every cell is missing has no type of its own.
                Column::Numbers(cells) if cells.iter().all(Option::is_none) => (0..cells.len()).for_each(note),
                Column::Categories(cells, all) if !categories.is_empty() => {
                    let places = known(name, categories, all)?;
                    for ((row, input), cell) in rows.zip(cells) {
                        match cell {
                            Some(k) => input[at + places[*k]] = F::one(),
                            None => note(row),
                        }
                    }
                }
                // Words that are numbers, where the table that was learned from had others too.
                Column::Numbers(cells) => {
                    let words: Vec<String> = cells.iter().flatten().map(f64::to_string).collect();
                    let mut places = known(name, categories, &words)?.into_iter();
                    for ((row, input), cell) in rows.zip(cells) {
                        match cell.and_then(|_| places.next()) {
                            Some(place) => input[at + place] = F::one(),
                            None => note(row),
                        }
                    }
                }
                Column::Categories(..) => return Err(table.no_number(name, column)),
            }
            at += categories.len().max(1);
        }
        match absent {
            Some((row, name)) if missing == Missing::Refuse => Err(table.missing_at(row, name)),
            _ => Ok(inputs),
        }
    }

    /// This encoding as text, to be kept beside a model.
    pub fn to_text(&self) -> String {
        let column = |(name, categories): &(String, Vec<String>)| json!({ "name": name, "categories": categories });
        self.columns.iter().map(column).collect::<Value>().to_string()
    }

    /// The encoding that [`to_text`](Encoding::to_text) wrote.
    ///
    /// # Errors
    /// [`Error::Parse`] if it is something else.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let column = |value: &Value| {
            let categories = value["categories"].as_array()?.iter().map(|c| Some(c.as_str()?.to_string()));
            Some((value["name"].as_str()?.to_string(), categories.collect::<Option<Vec<String>>>()?))
        };
        let value: Option<Value> = serde_json::from_str(text).ok();
        let columns = value.as_ref().and_then(Value::as_array).and_then(|all| all.iter().map(column).collect());
        columns.map(|columns| Encoding { columns }).ok_or_else(|| Error::parse(text, "an encoding of columns"))
    }
}
