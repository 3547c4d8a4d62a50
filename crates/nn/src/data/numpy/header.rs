//! The header of a `.npy` file: a dictionary as Python writes it, with three entries.

use std::fmt;
use std::io::Read;

use crate::files::room;

/// NumPy has at most so many axes.
const MOST_AXES: usize = 64;
/// No header is longer: NumPy reads none that is.
const LONGEST: u64 = 1 << 20;

/// What a header says.
pub(super) struct Header {
    pub(super) kind: Kind,
    /// The bytes of a number.
    pub(super) width: usize,
    /// Whether the most significant byte is the first.
    pub(super) big: bool,
    /// Whether the first axis runs fastest.
    pub(super) fortran: bool,
    pub(super) shape: Vec<usize>,
    /// The number of bytes that follow.
    pub(super) data: u64,
}

/// What the numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Float,
    Signed,
    Unsigned,
    Truth,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Float => "f",
            Kind::Signed => "i",
            Kind::Unsigned => "u",
            Kind::Truth => "b",
        })
    }
}

impl Header {
    /// Reads the header of a file of so many bytes.
    pub(super) fn read(from: &mut impl Read, length: u64) -> Result<Self, String> {
        let mut take = |n: u64| -> Result<Vec<u8>, String> {
            let mut bytes = room(n)?;
            bytes.resize(n as usize, 0);
            from.read_exact(&mut bytes).map_err(|_| "the file ends within its header")?;
            Ok(bytes)
        };
        if length < 8 || take(6)? != b"\x93NUMPY" {
            return Err("not a NumPy file: it does not begin with \\x93NUMPY".into());
        }
        let version = take(2)?;
        let width = match version[..] {
            [1, 0] => 2,
            [2 | 3, 0] => 4,
            _ => {
                return Err(format!("version {}.{} of the format; there are 1.0, 2.0 and 3.0", version[0], version[1]));
            }
        };
        let size = take(width)?.iter().rev().fold(0, |size, byte| size << 8 | u64::from(*byte));
        let data = length.checked_sub(8 + width + size).ok_or("the file ends within its header")?;
        if size > LONGEST {
            return Err(format!("a header of {size} bytes; NumPy reads at most {LONGEST}"));
        }
        let text = String::from_utf8(take(size)?).map_err(|_| "the header is no text")?;
        Self::parse(&text, data).ok_or_else(|| format!("the header says {}", text.trim()))?
    }

    /// What the text of a header says; `None` if it is no dictionary of three such entries, an error if it is and no array of
    /// numbers.
    fn parse(text: &str, data: u64) -> Option<Result<Self, String>> {
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim_start();
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        while !rest.is_empty() {
            let (key, after) = quoted(rest)?;
            let value = after.trim_start().strip_prefix(':')?.trim_start();
            let is_new = match key {
                "descr" => match quoted(value) {
                    Some((kind, after)) => {
                        rest = after;
                        descr.replace(kind).is_none()
                    }
                    None => return Some(Err(format!("a type that is no plain number: {value}"))),
                },
                "fortran_order" => {
                    let (order, after) = [("True", true), ("False", false)]
                        .into_iter()
                        .find_map(|(word, order)| Some((order, value.strip_prefix(word)?)))?;
                    rest = after;
                    fortran.replace(order).is_none()
                }
                "shape" => {
                    let (inside, after) = value.strip_prefix('(')?.split_once(')')?;
                    rest = after;
                    shape.replace(lengths(inside)?).is_none()
                }
                _ => return None,
            };
            rest = rest.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(more) => more.trim_start(),
                None if rest.is_empty() => rest,
                None => return None,
            };
            if !is_new {
                return None;
            }
        }
        let (kind, fortran, shape) = (descr?, fortran?, shape?);
        if shape.len() > MOST_AXES {
            return Some(Err(format!("{} axes; NumPy has at most {MOST_AXES}", shape.len())));
        }
        Some(number(kind).map(|(kind, width, big)| Header { kind, width, big, fortran, shape, data }))
    }
}

/// What stands between two quotes of either kind, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| ['\'', '"'].contains(c))?;
    text[1..].split_once(quote)
}

/// The lengths between the brackets of a shape.
fn lengths(inside: &str) -> Option<Vec<usize>> {
    let inside = inside.trim();
    let list = inside.strip_suffix(',').unwrap_or(inside);
    let length = |text: &str| {
        // Python 2 wrote an L behind a long number.
        let digits = text.trim();
        let digits = digits.strip_suffix('L').unwrap_or(digits);
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    };
    match list.is_empty() {
        true => Some(Vec::new()),
        false => list.split(',').map(length).collect(),
    }
}

/// What a type says: what it is, its width, and whether the most significant byte is the first.
fn number(text: &str) -> Result<(Kind, usize, bool), String> {
    let refused = || {
        format!(
            "type `{}`; there are f2, f4, f8, i1 to i8, u1 to u8 and b1",
            text.trim_start_matches(['<', '>', '|', '='])
        )
    };
    let (order, name) = text.split_at_checked(1).ok_or("an empty type")?;
    let (kind, width) = match name {
        "f2" => (Kind::Float, 2),
        "f4" => (Kind::Float, 4),
        "f8" => (Kind::Float, 8),
        "i1" => (Kind::Signed, 1),
        "i2" => (Kind::Signed, 2),
        "i4" => (Kind::Signed, 4),
        "i8" => (Kind::Signed, 8),
        "u1" => (Kind::Unsigned, 1),
        "u2" => (Kind::Unsigned, 2),
        "u4" => (Kind::Unsigned, 4),
        "u8" => (Kind::Unsigned, 8),
        "b1" => (Kind::Truth, 1),
        _ => return Err(refused()),
    };
    match order {
        "<" | "=" => Ok((kind, width, false)),
        ">" => Ok((kind, width, true)),
        "|" if width == 1 => Ok((kind, width, false)),
        _ => Err(format!("type `{text}`, whose order of bytes is none of <, > and |")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Result<(Vec<usize>, bool), String>> {
        Some(Header::parse(text, 0)?.map(|header| (header.shape, header.fortran)))
    }

    #[test]
    fn headers_as_others_write_them() {
        let whole = Some(Ok((vec![3, 4], false)));
        for text in [
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }   \n",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,4)}",
            "{'shape': (3L, 4L), 'fortran_order': False, 'descr': '<f8'}",
            "{\"descr\": \"<f8\", \"fortran_order\": False, \"shape\": (3, 4)}",
        ] {
            assert_eq!(parse(text), whole, "{text}");
        }
        assert_eq!(parse("{'descr': '|u1', 'fortran_order': True, 'shape': (5,), }"), Some(Ok((vec![5], true))));
        assert_eq!(parse("{'descr': '|b1', 'fortran_order': True, 'shape': ()}"), Some(Ok((vec![], true))));
    }

    #[test]
    fn headers_that_are_none() {
        for text in [
            "",
            "{}",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': Falsf, 'shape': (3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3;)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (+3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'shape': (4,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': 1}",
            "{'descr': '<f8' 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        for (kind, expected) in [
            ("<U2", "type `U2`; there are f2, f4, f8, i1 to i8, u1 to u8 and b1"),
            ("<f16", "type `f16`; there are f2, f4, f8, i1 to i8, u1 to u8 and b1"),
            ("|f8", "type `|f8`, whose order of bytes is none of <, > and |"),
            ("xf8", "type `xf8`, whose order of bytes is none of <, > and |"),
            ("", "an empty type"),
        ] {
            let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (3,)}}");
            assert_eq!(parse(&text), Some(Err(expected.into())));
        }
        let records = "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,)}";
        assert!(parse(records).unwrap().unwrap_err().starts_with("a type that is no plain number: [('a', '<f8')]"));
    }
}
