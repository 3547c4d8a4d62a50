//! JSON as the page reads it.

use std::fmt::Write;

/// A string in quotes, safe within a page: no `<` ends its script.
pub(super) fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_control() || ['<', '\u{2028}', '\u{2029}'].contains(&c) => {
                let _ = write!(quoted, "\\u{:04x}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// A list of what is JSON already.
pub(super) fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(","))
}

/// An object of fields whose values are JSON already.
pub(super) fn object<'a>(fields: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("{}:{value}", string(name))).collect();
    format!("{{{}}}", fields.join(","))
}

/// A value, or null.
pub(super) fn or_null<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or("null".into(), |value| value.to_string())
}

/// Attributes of an operation from their `Debug` form: `Conv { stride: [2, 2], padding: Same }` is
/// `{"stride": [2, 2], "padding": "Same"}`. `None` for what has another form.
pub(super) fn attributes(debug: &str) -> Option<String> {
    let mut rest = debug;
    let value = value(&mut rest)?;
    rest.trim().is_empty().then_some(value)
}

/// The value at the beginning of a `Debug` text, which is taken off it.
fn value(rest: &mut &str) -> Option<String> {
    *rest = rest.trim_start();
    let end = rest.find(|c: char| !(c.is_alphanumeric() || "_.-+".contains(c))).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    if word.is_empty() {
        return match rest.chars().next()? {
            '[' => sequence(rest, '[', ']'),
            '(' => sequence(rest, '(', ')'),
            '"' => {
                let end = rest[1..].find('"')? + 2;
                let (text, after) = rest.split_at(end);
                *rest = after;
                Some(text.into())
            }
            _ => None,
        };
    }
    *rest = after;
    if let Ok(number) = word.parse::<f64>() {
        return Some(if number.is_finite() && !word.starts_with('+') { word.into() } else { string(word) });
    }
    let trimmed = rest.trim_start();
    match (word, trimmed.chars().next()) {
        ("true" | "false", _) => Some(word.into()),
        ("None", _) => Some("null".into()),
        ("Some", Some('(')) => sequence(rest, '(', ')').map(|one| one[1..one.len() - 1].to_string()),
        (_, Some('{')) => fields(rest),
        (_, Some('(')) => sequence(rest, '(', ')'),
        _ => Some(string(word)),
    }
}

fn sequence(rest: &mut &str, open: char, close: char) -> Option<String> {
    *rest = rest.trim_start().strip_prefix(open)?;
    let mut items = Vec::new();
    loop {
        *rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(close) {
            *rest = after;
            return Some(list(items));
        }
        items.push(value(rest)?);
        *rest = rest.trim_start().strip_prefix(',').unwrap_or(rest);
    }
}

fn fields(rest: &mut &str) -> Option<String> {
    *rest = rest.trim_start().strip_prefix('{')?;
    let mut fields = Vec::new();
    loop {
        *rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            *rest = after;
            return Some(format!("{{{}}}", fields.join(",")));
        }
        let (name, after) = rest.split_once(':')?;
        *rest = after;
        fields.push(format!("{}:{}", string(name.trim()), value(rest)?));
        *rest = rest.trim_start().strip_prefix(',').unwrap_or(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_from_their_debug_form() {
        let table = [
            ("Tanh", Some("\"Tanh\"")),
            ("Permute { axes: [1, 0] }", Some("{\"axes\":[1,0]}")),
            ("SumTo { shape: Shape([2, 3]) }", Some("{\"shape\":[[2,3]]}")),
            (
                "Pad { value: -1.5, side: Some((1, 2)), of: None, on: true }",
                Some("{\"value\":-1.5,\"side\":[1,2],\"of\":null,\"on\":true}"),
            ),
            ("Norm { p: inf }", Some("{\"p\":\"inf\"}")),
            ("{broken", None),
        ];
        for (debug, json) in table {
            assert_eq!(attributes(debug).as_deref(), json, "{debug}");
        }
    }

    #[test]
    fn no_text_ends_the_script() {
        assert_eq!(string("</script>\n\"\\"), "\"\\u003c/script>\\u000a\\\"\\\\\"");
    }
}
