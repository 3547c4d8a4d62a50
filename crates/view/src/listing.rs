//! A graph as text: one line for each node.

use std::fmt;

use wengert_tape::Float;

use crate::View;
use crate::numeral::Room;

/// A listing of more nodes than this is abridged.
const ABRIDGE_ABOVE: usize = 100;
/// How many nodes at each end of an abridged listing.
const ENDS: usize = 20;
/// Numbers in a listing.
const ROOM: Room = Room { digits: 6, width: 36 };

const HEADER: [&str; COLUMNS] = ["node", "operation", "formula", "shape", "value", "gradient", "line"];
const COLUMNS: usize = 7;
/// Columns of numbers: where one is negative, the others stand a place further right.
const NUMBERS: [usize; 2] = [4, 5];

impl<F: Float> fmt::Display for View<F> {
    /// One line for each node, in columns.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.shown();
        if shown.is_empty() {
            return writeln!(f, "nothing is recorded");
        }
        let left_out = if self.all || shown.len() <= ABRIDGE_ABOVE { 0 } else { shown.len() - 2 * ENDS };
        let (head, tail) = match left_out {
            0 => (&shown[..], &shown[..0]),
            _ => (&shown[..ENDS], &shown[ENDS + left_out..]),
        };
        let mut rows: Vec<[String; COLUMNS]> = head.iter().chain(tail).map(|index| self.row(*index)).collect();
        hang_signs(&mut rows);
        let width = |k: usize| {
            let filled = rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
            if filled == 0 { 0 } else { filled.max(HEADER[k].len()) }
        };
        let widths: [usize; COLUMNS] = std::array::from_fn(width);
        write_row(f, &HEADER, &widths)?;
        for (k, row) in rows.iter().enumerate() {
            if left_out > 0 && k == ENDS {
                writeln!(f, "…     {left_out} nodes left out; `all()` shows them")?;
            }
            write_row(f, &row.each_ref().map(String::as_str), &widths)?;
        }
        Ok(())
    }
}

impl<F: Float> View<F> {
    fn row(&self, index: usize) -> [String; COLUMNS] {
        let label = self.label(index, ROOM);
        let formula = match (label.name, label.formula) {
            (Some(name), formula) if formula.is_empty() => name,
            (Some(name), formula) => format!("{name} = {formula}"),
            (None, formula) => formula,
        };
        let line = if self.lines { label.line } else { String::new() };
        [label.id, label.operation, formula, label.shape, label.value, label.gradient.unwrap_or_default(), line]
    }
}

/// Where a number of a column is negative, the sign hangs and the numbers are aligned.
fn hang_signs(rows: &mut [[String; COLUMNS]]) {
    for k in NUMBERS {
        if rows.iter().any(|row| row[k].starts_with('-')) {
            for row in rows.iter_mut().filter(|row| !row[k].is_empty() && !row[k].starts_with('-')) {
                row[k].insert(0, ' ');
            }
        }
    }
}

/// A line; a column of width 0 is left out.
fn write_row(f: &mut fmt::Formatter<'_>, row: &[&str; COLUMNS], widths: &[usize; COLUMNS]) -> fmt::Result {
    let cells = row.iter().zip(widths).filter(|(_, width)| **width > 0);
    let line: Vec<String> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
    writeln!(f, "{}", line.join("  ").trim_end())
}
