//! The text of a table: its separator, its quotes, its lines.

use std::borrow::Cow;

/// The separator that a first line `sep=;` says, as Excel writes it, and the text with nothing in that line.
pub(super) fn said(text: &[u8]) -> Option<(u8, &[u8])> {
    let [separator, rest @ ..] = text.strip_prefix(b"sep=")? else { return None };
    let is_line = rest.starts_with(b"\n") || rest.starts_with(b"\r\n");
    (is_line && b",;\t".contains(separator)).then_some((*separator, rest))
}

/// What stands between the cells: a comma, or if the first line has none, a semicolon or tab if it has one. What stands between
/// quotes is part of a cell.
pub(super) fn separator(text: &[u8]) -> u8 {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut is_quoted = false;
    let outside = |byte: &&u8| {
        is_quoted ^= **byte == b'"';
        !is_quoted
    };
    let outside: Vec<u8> = line.iter().filter(outside).copied().collect();
    [b',', b';', b'\t'].into_iter().find(|byte| outside.contains(byte)).unwrap_or(b',')
}

/// The text without the blanks that some programs write between a separator and a quote.
///
/// # Errors
/// If a quote is opened and never closed: everything behind it would be one cell.
pub(super) fn unspaced(text: &[u8], separator: u8) -> Result<Cow<'_, [u8]>, String> {
    let is_blank = |byte: u8| byte == b' ' || byte == b'\t' && separator != b'\t';
    let (mut kept, mut from) = (Vec::new(), 0);
    let (mut at, mut line) = (0, 1_usize);
    let mut begins = true;
    while at < text.len() {
        if begins {
            let first = text[at..].iter().position(|byte| !is_blank(*byte)).map_or(text.len(), |n| at + n);
            if text.get(first) == Some(&b'"') {
                kept.extend_from_slice(&text[from..at]);
                from = first;
                let end = closing(&text[first + 1..])
                    .ok_or_else(|| format!("line {line}: a quote is opened and never closed"))?;
                line += text[first..first + 1 + end].iter().filter(|byte| **byte == b'\n').count();
                at = first + 2 + end;
                begins = false;
                continue;
            }
        }
        let ends_line = text[at] == b'\n' || text[at] == b'\r';
        line += usize::from(text[at] == b'\n');
        begins = ends_line || text[at] == separator;
        at += 1;
    }
    kept.extend_from_slice(&text[from..]);
    Ok(if kept.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(kept) })
}

/// Where the quote is that closes a cell: two in a row stand for one inside it.
fn closing(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].iter().position(|byte| *byte == b'"')?;
        match text.get(at + 1) {
            Some(b'"') => at += 2,
            _ => return Some(at),
        }
    }
}

/// Counts lines up to places that come one after another. The reader's own count is behind where empty lines are passed over,
/// and by one where lines end with two bytes.
pub(super) struct LineOf<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> LineOf<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        LineOf { text, at: 0, line: 1 }
    }

    /// The line of the first byte from `place` on that ends no line.
    pub(super) fn of(&mut self, place: usize) -> u64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_before_quotes() {
        for (text, expected) in [
            ("a, \"b, c\" ,d\n  \"e\",f\n", "a,\"b, c\" ,d\n\"e\",f\n"),
            ("a,\"b \"\" , \"\"c\",d\n", "a,\"b \"\" , \"\"c\",d\n"),
            ("a, b \"c\",d\n", "a, b \"c\",d\n"),
        ] {
            assert_eq!(unspaced(text.as_bytes(), b','), Ok(Cow::Borrowed(expected.as_bytes())), "{text}");
        }
        let open = "a,b\n\"x\ny\",1\n\"2,3\n4,5\n";
        assert_eq!(unspaced(open.as_bytes(), b','), Err("line 4: a quote is opened and never closed".into()));
        assert_eq!(separator(b"\"a,b\";c\n1;2\n"), b';');
    }

    #[test]
    fn a_first_line_may_say_the_separator() {
        assert_eq!(said(b"sep=;\na;b\n"), Some((b';', &b"\na;b\n"[..])));
        assert_eq!(said(b"sep=\t\r\na\tb\n"), Some((b'\t', &b"\r\na\tb\n"[..])));
        for other in ["sep=;x\n", "sep=,", "sep,b\n1,2\n", "sep=|\na|b\n"] {
            assert_eq!(said(other.as_bytes()), None, "{other}");
        }
        let table = crate::data::Table::parse("sep=;\na;b\n1,5;x\n2,5;\n").unwrap();
        assert_eq!((table.len(), table.names()), (2, &["a".to_string(), "b".into()][..]));
        let error = table.classes::<f64>("b", crate::data::Missing::Refuse).unwrap_err();
        assert_eq!(error.to_string(), "table: line 4, column `b`: the cell is missing (``)");
    }
}
