//! A function of somebody else's, in any language: a program that reads a line of numbers and answers with a line.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The program as it runs. It ends with this.
pub(crate) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// The last question and its answer: value and gradient are asked for one after the other.
    last: Option<(Vec<f64>, f64, Vec<f64>)>,
    answers: usize,
    /// What went wrong first.
    pub(crate) error: Option<String>,
}

/// The longest line that is read.
const LONGEST: u64 = 1 << 28;

impl Program {
    pub(crate) fn start(path: &Path) -> Result<Self, String> {
        let mut child = Command::new(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("--program {}: cannot be run: {e}", path.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("--program: it has no input or output".into());
        };
        Ok(Program { child, input: Some(input), output: BufReader::new(output), last: None, answers: 0, error: None })
    }

    /// The value and the gradient at `x`. After an error they are NaN, and [`error`](Self::error) says why.
    pub(crate) fn at(&mut self, x: &[f64]) -> (f64, Vec<f64>) {
        if let Some((_, value, gradient)) = self.last.as_ref().filter(|(at, ..)| at == x) {
            return (*value, gradient.clone());
        }
        let answer = if self.error.is_none() { self.ask(x) } else { Err(String::new()) };
        match answer {
            Ok((value, gradient)) => {
                self.last = Some((x.to_vec(), value, gradient.clone()));
                (value, gradient)
            }
            Err(message) => {
                self.error.get_or_insert(message);
                (f64::NAN, vec![f64::NAN; x.len()])
            }
        }
    }

    fn ask(&mut self, x: &[f64]) -> Result<(f64, Vec<f64>), String> {
        // All digits, so that what is read is the same number.
        let question = x.iter().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(" ");
        let asked = match &mut self.input {
            Some(input) => writeln!(input, "{question}").and_then(|()| input.flush()),
            None => Ok(()),
        };
        let mut answer = String::new();
        let read = (&mut self.output).take(LONGEST).read_line(&mut answer);
        if asked.is_err() || answer.is_empty() {
            self.input = None;
            let end = self.child.wait().map_or_else(|e| e.to_string(), |status| status.to_string());
            return Err(format!("--program: it ended after {} answers ({end})", self.answers));
        }
        read.map_err(|e| format!("--program: its answer cannot be read: {e}"))?;
        let numbers: Vec<f64> = numbers(&answer)
            .map_err(|word| format!("--program: answer {} has `{word}`, which is no number", self.answers + 1))?;
        let due = x.len() + 1;
        if numbers.len() != due {
            return Err(format!(
                "--program: answer {} has {} numbers; due are {due}: the value, then a derivative for each of the {} numbers",
                self.answers + 1,
                numbers.len(),
                x.len()
            ));
        }
        self.answers += 1;
        Ok((numbers[0], numbers[1..].to_vec()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Most end when nothing more is asked; one that does not is ended.
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The numbers of a text, apart by white space or commas, or the first word that is none.
fn numbers(text: &str) -> Result<Vec<f64>, String> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|_| word.chars().take(40).collect())).collect()
}

/// The numbers in a file; `-` is standard input.
pub(crate) fn point(path: &Path) -> Result<Vec<f64>, String> {
    let read = match path.as_os_str() == "-" {
        true => {
            let mut text = String::new();
            std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).map(|_| text)
        }
        false => fs::read_to_string(path),
    };
    let text = read.map_err(|e| format!("--point {}: cannot be read: {e}", path.display()))?;
    numbers(&text).map_err(|word| format!("--point {}: `{word}` is no number", path.display()))
}

/// Names with shapes, such as `W1[5, 6], b1[6], c`: a name alone is one number.
pub(crate) fn blocks(text: &str) -> Result<Vec<(String, Vec<usize>)>, String> {
    let no_good = || format!("--blocks: `{text}` is no list of names with shapes, such as W1[5,6],b1[6]");
    let (mut found, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let end = rest.find([',', '[', ' ']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let (shape, behind) = match behind.trim_start().strip_prefix('[') {
            None => (Vec::new(), behind),
            Some(inside) => {
                let (lengths, behind) = inside.split_once(']').ok_or_else(no_good)?;
                let lengths = lengths.split(',').map(|n| n.trim().parse().map_err(|_| no_good()));
                (lengths.collect::<Result<_, _>>()?, behind)
            }
        };
        if name.is_empty() {
            return Err(no_good());
        }
        found.push((name.to_owned(), shape));
        rest = behind.trim_start().trim_start_matches(',').trim_start();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_names_with_shapes() {
        let found = blocks("W1[5, 6], b1[6] c,d[]").map_err(|e| e.contains("d[]"));
        assert_eq!(found, Err(true));
        let found = blocks(" W1[5,6], b1[6],c ").unwrap();
        assert_eq!(found, [("W1".into(), vec![5, 6]), ("b1".into(), vec![6]), ("c".into(), vec![])]);
        for wrong in ["[2]", "w[", "w[x]", ",w"] {
            assert!(blocks(wrong).is_err(), "{wrong}");
        }
    }
}
