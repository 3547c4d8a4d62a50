//! What a cell of a table says: a number, something that was meant as one, or a word.

/// What stands in a cell where nothing was measured, in any case.
pub(super) const MISSING: [&str; 9] = ["", "na", "n/a", "<na>", "#n/a", "nan", "null", "none", "?"];

/// What a cell says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reading {
    Number(f64),
    /// A number as the rest of the column does not have them, or one that is none: why.
    Odd(String),
    Word,
}

/// How the numbers of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    comma: Comma,
    /// With a `%` behind them.
    percent: bool,
}

/// What a comma in a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comma {
    /// There is none.
    Nothing,
    /// The mark before the fraction; points stand between thousands then.
    Mark,
    /// Between thousands.
    Thousands,
    /// It may be either.
    Unclear,
}

impl Style {
    /// The style of a column whose file has this separator.
    ///
    /// `1,234.5` and `1,234,567` have commas between thousands, `1,5` and `1.234,5` before the fraction; `1,234` alone says
    /// nothing. It is 1234 where commas separate cells, for who writes fractions with a comma separates cells otherwise, and
    /// 1.234 where semicolons do.
    pub(super) fn of<'a>(cells: impl Iterator<Item = &'a str>, separator: u8) -> Self {
        let (mut thousands, mut marks, mut either) = (0, 0, 0);
        let (mut percents, mut others) = (0, 0);
        for cell in cells {
            let (body, percent) = bare(cell);
            if !looks_like_a_number(&body) {
                continue;
            }
            *(if percent { &mut percents } else { &mut others }) += 1;
            match (is_grouped(&body, ',', '.'), body.matches(',').count(), body.contains('.')) {
                (_, 0, _) => {}
                (true, 1, false) => either += 1,
                (true, ..) => thousands += 1,
                (false, 1, _) if with_mark(&body).is_some() => marks += 1,
                _ => {}
            }
        }
        let comma = match (thousands, marks, either, separator) {
            (0, 0, 0, _) => Comma::Nothing,
            (0, 0, _, b',') | (1.., 0, ..) => Comma::Thousands,
            (0, 0, _, b';') | (0, _, 0, _) | (0, 1.., _, b';' | b'\t') => Comma::Mark,
            (_, _, _, _) if thousands > marks => Comma::Thousands,
            (1.., ..) if marks > thousands => Comma::Mark,
            _ => Comma::Unclear,
        };
        Style { comma, percent: percents > others }
    }

    /// What a cell of the column says.
    pub(super) fn read(self, cell: &str) -> Reading {
        let (body, percent) = bare(cell);
        let number = match self.comma {
            Comma::Mark if is_grouped(&body, '.', ',') || body.contains(',') => with_mark(&body),
            Comma::Thousands if is_grouped(&body, ',', '.') => body.replace(',', "").parse().ok(),
            Comma::Unclear if is_grouped(&body, ',', '.') => {
                let (thousands, mark) = (body.replace(',', ""), body.replacen(',', ".", 1));
                return Reading::Odd(format!("`{cell}` may be {thousands} or {mark}; write it without the comma"));
            }
            _ => body.parse::<f64>().ok(),
        };
        match number {
            None => Reading::Word,
            Some(x) if !x.is_finite() && body.contains(|c: char| c.is_ascii_digit()) => {
                Reading::Odd(format!("`{cell}` is beyond the largest number"))
            }
            Some(x) if !x.is_finite() => Reading::Odd(no_number(cell)),
            Some(_) if percent && !self.percent => Reading::Odd(format!("`{cell}` has a % where others have none")),
            Some(_) if !percent && self.percent => Reading::Odd(format!("`{cell}` has no % where others have one")),
            Some(x) => Reading::Number(x),
        }
    }

    /// What there is to say of a cell that is a number, but is not written as every program writes it.
    pub(super) fn remark(self, cell: &str, separator: u8) -> Option<String> {
        let plain = |text: &str| text.parse::<f64>().is_ok();
        let is_usual = plain(cell) || separator == b';' && plain(&cell.replacen(',', ".", 1));
        match self.read(cell) {
            Reading::Number(x) if !is_usual || self.comma == Comma::Mark && cell.parse() != Ok(x) && plain(cell) => {
                Some(format!("`{cell}` is read as {x}"))
            }
            _ => None,
        }
    }
}

/// What is said of a cell that should be a number.
pub(super) fn no_number(cell: &str) -> String {
    format!("`{cell}` is no number")
}

/// A cell without a percent sign, with the minus that programs write, and whether there was a percent sign.
fn bare(cell: &str) -> (String, bool) {
    let (body, percent) = cell.strip_suffix('%').map_or((cell, false), |body| (body.trim_end(), true));
    (body.replace('\u{2212}', "-"), percent)
}

fn looks_like_a_number(body: &str) -> bool {
    let allowed = |c: char| c.is_ascii_digit() || ".,+-eE".contains(c);
    body.chars().all(allowed) && body.contains(|c: char| c.is_ascii_digit())
}

/// Whether the digits before the fraction stand in groups of three: with ',' and '.', as in `1,234` and `1,234,567.8`.
fn is_grouped(body: &str, group: char, mark: char) -> bool {
    let body = body.strip_prefix(['-', '+']).unwrap_or(body);
    let (whole, fraction) = body.split_once(mark).unwrap_or((body, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(group);
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.peekable();
    (1..=3).contains(&first.len())
        && are_digits(first)
        && !first.starts_with('0')
        && rest.peek().is_some()
        && rest.all(|group| group.len() == 3 && are_digits(group))
        && are_digits(fraction)
}

/// A number with a comma before its fraction, and perhaps points between thousands.
fn with_mark(body: &str) -> Option<f64> {
    let text = if is_grouped(body, '.', ',') { body.replace('.', "") } else { body.into() };
    (text.matches(',').count() + text.matches('.').count() <= 1).then(|| text.replacen(',', ".", 1).parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[&str], separator: u8) -> Vec<Result<f64, String>> {
        let style = Style::of(cells.iter().copied(), separator);
        let one = |cell: &&str| match style.read(cell) {
            Reading::Number(x) => Ok(x),
            Reading::Odd(why) => Err(why),
            Reading::Word => Err(no_number(cell)),
        };
        cells.iter().map(one).collect()
    }

    #[test]
    fn numbers_as_people_write_them() {
        let table: &[(u8, &[&str], &[f64])] = &[
            (b',', &["1", "-2.5", "+3e2", ".5", "5."], &[1.0, -2.5, 300.0, 0.5, 5.0]),
            (b',', &["1,234", "-12,345,678.5", "7"], &[1234.0, -12345678.5, 7.0]),
            (b',', &["1,5", "-0,25", "1.234,5"], &[1.5, -0.25, 1234.5]),
            (b',', &["5 %", "-7.5%", "100 %"], &[5.0, -7.5, 100.0]),
            (b',', &["\u{2212}3", "1e\u{2212}2"], &[-3.0, 0.01]),
            (b';', &["1,5", "1,234", "2", "1.000,5", "1.234"], &[1.5, 1.234, 2.0, 1000.5, 1234.0]),
            (b';', &["1.234", "1.5"], &[1.234, 1.5]),
            (b';', &["1,234,567", "1"], &[1234567.0, 1.0]),
            (b'\t', &["1,5", "1,234"], &[1.5, 1.234]),
            (b'\t', &["1,234.5"], &[1234.5]),
        ];
        for (separator, cells, expected) in table {
            let found: Result<Vec<f64>, String> = read(cells, *separator).into_iter().collect();
            assert_eq!(found.as_deref(), Ok(*expected), "{cells:?}");
        }
    }

    #[test]
    fn what_is_odd_is_said() {
        for (separator, cells, expected) in [
            (b',', &["1", "inf"][..], "`inf` is no number"),
            (b',', &["1", "-infinity"], "`-infinity` is no number"),
            (b',', &["1", "1e400"], "`1e400` is beyond the largest number"),
            (b',', &["5 %", "6 %", "7"], "`7` has no % where others have one"),
            (b',', &["5 %", "6", "7"], "`5 %` has a % where others have none"),
            (b',', &["1,5", "1,234"], "`1,234` may be 1234 or 1.234; write it without the comma"),
            (b'\t', &["1,234", "7"], "`1,234` may be 1234 or 1.234; write it without the comma"),
            (b';', &["1,5", "2,5", "1x5"], "`1x5` is no number"),
            (b';', &["1,5", "2,5", "1,2,3"], "`1,2,3` is no number"),
            (b',', &["1", "12 345"], "`12 345` is no number"),
        ] {
            let found: Vec<String> = read(cells, separator).into_iter().filter_map(Result::err).collect();
            assert!(found.contains(&expected.to_string()), "{cells:?}: {found:?}");
        }
    }
}
