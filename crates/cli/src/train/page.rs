//! `--report`: one page of a training, and while it goes on with `--live`.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use wengert::nn::{Epoch, History, Log, files};
use wengert::view::plot::{Series, curves};

use super::Error;

/// A page is written at most this often while training goes on, and reloads itself so many seconds after it was opened.
const AGAIN: Duration = Duration::from_secs(1);
const RELOAD: u64 = 2;

/// The look of the page, light and dark.
const STYLE: &str = include_str!("page.css");

/// A heading, and the HTML below it.
pub(super) type Section = (&'static str, String);

/// What is at the head of the page: how the training was asked for.
#[derive(Clone)]
pub(super) struct Head {
    /// The task.
    pub(super) title: String,
    /// Names and what they are.
    pub(super) facts: Vec<(&'static str, String)>,
}

impl Head {
    /// The head of a training of `title`: the command, the machine and more.
    pub(super) fn new(title: &str, more: Vec<(&'static str, String)>) -> Self {
        let command: Vec<String> = std::env::args().skip(1).map(|word| quoted(&word)).collect();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = format!("{} {}, {processors} processors", std::env::consts::OS, std::env::consts::ARCH);
        let version = env!("CARGO_PKG_VERSION").to_string();
        let facts = [("command", format!("wengert {}", command.join(" "))), ("machine", machine), ("version", version)];
        Head { title: title.into(), facts: facts.into_iter().chain(more).collect() }
    }

    /// Writes the page.
    pub(super) fn write(&self, path: &Path, sections: &[Section], reload: bool) -> Result<(), wengert::nn::Error> {
        files::write(path, self.html(sections, reload))
    }

    fn html(&self, sections: &[Section], reload: bool) -> String {
        let title = escape(&self.title);
        let reload =
            if reload { format!("<meta http-equiv=\"refresh\" content=\"{RELOAD}\">\n") } else { String::new() };
        let facts: String =
            self.facts.iter().map(|(name, is)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(is))).collect();
        let sections: String =
            sections.iter().map(|(name, html)| format!("<section>\n<h2>{name}</h2>\n{html}\n</section>\n")).collect();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n{reload}<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <h1>{title}</h1>\n<dl>\n{facts}</dl>\n{sections}</body>\n</html>\n"
        )
    }
}

/// Loss and metrics over the epochs, and how long they took.
pub(super) fn course(history: &History, score: &str) -> Section {
    let over = |name: &str, of: &dyn Fn(&Epoch) -> Option<f64>| {
        let points =
            history.epochs.iter().filter_map(|epoch| Some([epoch.number as f64, of(epoch)?])).collect::<Vec<_>>();
        (!points.is_empty()).then(|| Series { name: name.into(), points })
    };
    let plot = |what: &str| {
        let own = |epoch: &Epoch| match what {
            "loss" => Some(epoch.loss),
            _ => epoch.metrics.iter().find(|(name, _)| name == what).map(|(_, value)| *value),
        };
        let all = [
            over("training", &own),
            over("validation", &|epoch| epoch.validation.as_ref()?.get(what)),
            over("test", &|epoch| epoch.test.as_ref()?.get(what)),
        ];
        curves(&what.replace('_', " "), "epoch", &all.into_iter().flatten().collect::<Vec<_>>())
    };
    ("Course", format!("{}{}", plot("loss"), plot(score)))
}

/// Text as it is.
pub(super) fn preformatted(text: &str) -> String {
    format!("<pre>{}</pre>", escape(text))
}

/// A page that is written while a training goes on.
pub(super) struct Live {
    pub(super) head: Head,
    pub(super) path: PathBuf,
    pub(super) score: &'static str,
    /// What was seen last, for a page that says how it ended.
    pub(super) last: Rc<RefCell<Option<History>>>,
    written: Option<Instant>,
}

impl Live {
    pub(super) fn new(head: Head, path: PathBuf, score: &'static str) -> Self {
        Live { head, path, score, last: Rc::default(), written: None }
    }
}

impl Log for Live {
    fn epoch(&mut self, history: &History) -> Result<(), wengert::nn::Error> {
        *self.last.borrow_mut() = Some(history.clone());
        if self.written.is_some_and(|written| written.elapsed() < AGAIN) {
            return Ok(());
        }
        self.written = Some(Instant::now());
        let goes_on =
            ("Training", format!("<p>{} epochs are done; this page reloads itself.</p>", history.epochs.len()));
        self.head.write(&self.path, &[goes_on, course(history, self.score)], true)
    }
}

/// The last page of a training that ended with an error: it reloads no more, and says why.
pub(super) fn ended(
    head: &Head,
    path: &Path,
    last: &RefCell<Option<History>>,
    score: &str,
    error: &Error,
) -> Result<(), Error> {
    let mut sections = vec![("Training", format!("<p>It ended early: {}</p>", escape(&error.to_string())))];
    sections.extend(last.borrow().as_ref().map(|history| course(history, score)));
    Ok(head.write(path, &sections, false)?)
}

/// A word of a command as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./,=+:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Text in a page.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_what_it_is_given_and_no_more() {
        let head = Head { title: "a < b".into(), facts: vec![("command", "wengert <x>".into())] };
        let page = head.html(&[("Result", preformatted("1 & 2"))], false);
        assert!(page.contains("<h1>a &lt; b</h1>") && page.contains("wengert &lt;x&gt;") && page.contains("1 &amp; 2"));
        assert!(!page.contains("refresh") && head.html(&[], true).contains("http-equiv=\"refresh\" content=\"2\""));
    }

    #[test]
    fn words_can_be_typed_again() {
        for (word, typed) in [("--rate", "--rate"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''")] {
            assert_eq!(quoted(word), typed);
        }
    }
}
