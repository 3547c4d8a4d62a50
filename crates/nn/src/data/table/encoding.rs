//! How the columns of a table become the inputs of a network.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wengert_tape::{Float, Tensor};

use super::{Column, Missing, Table, quoted};
use crate::error::Error;
use crate::files::affordable;

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
    pub(super) fn of(columns: Vec<(String, Vec<String>)>) -> Self {
        Encoding { columns }
    }

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
    /// If a column is missing, holds another type or an unknown category, or a cell is missing and refused; if there is no
    /// memory for so many inputs.
    pub fn encode<F: Float>(&self, table: &Table, missing: Missing) -> Result<Tensor<F>, Error> {
        let (width, mut at) = (self.width(), 0);
        let bytes = table.len() as u128 * width as u128 * size_of::<F>() as u128;
        let what = format!("{} rows of {width} inputs", table.len());
        affordable(bytes, &what).map_err(|message| table.error(message))?;
        let mut inputs = Tensor::zeros([table.len(), width]);
        // Row by row, so that the first missing cell of the file is the one that is named.
        let columns = self.columns.iter().map(|(name, _)| table.column(name)).collect::<Result<Vec<_>, _>>()?;
        let unknown = |name: &str, category: &str, categories: &[String]| {
            table.error(format!("column `{name}` holds `{category}`, which is none of {}", quoted(categories)))
        };
        let known = |name: &str, categories: &[String], all: &[String]| -> Result<Vec<usize>, Error> {
            let places: BTreeMap<&String, usize> = categories.iter().zip(0..).collect();
            let place = |category: &String| places.get(category).copied();
            all.iter().map(|category| place(category).ok_or_else(|| unknown(name, category, categories))).collect()
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
                    let places = places_of_numbers(categories);
                    for ((row, input), cell) in rows.zip(cells) {
                        match cell {
                            Some(x) => {
                                let place = places.get(&key(*x));
                                let place = place.ok_or_else(|| unknown(name, &x.to_string(), categories))?;
                                input[at + place] = F::one();
                            }
                            None => note(row),
                        }
                    }
                }
                Column::Categories(..) => return Err(table.no_number(name)),
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

/// Which category a number is, however it is written: as `1`, `1.0` or `01`. Of two that are the same number, that which is
/// written as numbers usually are.
fn places_of_numbers(categories: &[String]) -> BTreeMap<u64, usize> {
    let mut places = BTreeMap::new();
    for (k, category) in categories.iter().enumerate() {
        let Ok(x) = category.parse::<f64>() else { continue };
        if *category == x.to_string() {
            places.insert(key(x), k);
        } else {
            places.entry(key(x)).or_insert(k);
        }
    }
    places
}

/// The bits of a number, those of 0 for −0.
fn key(x: f64) -> u64 {
    (x + 0.0).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A column of words of which some are numbers, asked about a table in which all are.
    #[test]
    fn words_that_are_numbers_are_found_however_they_are_written() {
        let learned = "code,kind\n1.0,x\n01234,y\n2.50,x\n-0,y\n1e3,x\nred,y\n";
        let encoding = Table::parse(learned).unwrap().encoding(&["kind"]).unwrap();
        let names = encoding.names();
        for (cell, expected) in [
            ("1.0", "1.0"),
            ("1", "1.0"),
            ("01234", "01234"),
            ("2.50", "2.50"),
            ("0", "-0"),
            ("1000", "1e3"),
            ("red", "red"),
        ] {
            let row =
                encoding.encode::<f64>(&Table::parse(&format!("code\n{cell}\n")).unwrap(), Missing::Refuse).unwrap();
            let place = names.iter().position(|name| *name == format!("code={expected}")).unwrap();
            let expected: Vec<f64> = (0..names.len()).map(|k| f64::from(u8::from(k == place))).collect();
            assert_eq!(row.data(), expected, "{cell}");
        }
        let error = encoding.encode::<f64>(&Table::parse("code\n7\n").unwrap(), Missing::Refuse).unwrap_err();
        assert!(error.to_string().contains("holds `7`, which is none of"), "{error}");
        // Of two that are one number, the usual text.
        let both = Table::parse("code,kind\n1.0,x\n1,y\nred,x\n").unwrap().encoding(&["kind"]).unwrap();
        assert_eq!(
            both.encode::<f64>(&Table::parse("code\n1\n").unwrap(), Missing::Refuse).unwrap().data(),
            [1.0, 0.0, 0.0]
        );
    }
}
