//! The command in a folder of its own.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// A folder for the files of one test, in which the command runs.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for files");
        Folder(folder)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wengert"));
        command.current_dir(&self.0).env_remove("WENGERT_DATA").args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command runs")
    }

    /// The object that `--json` prints.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        assert!(output.status.success(), "{args:?}: {output:?}");
        let text = text(&output.stdout);
        serde_json::from_str(text.lines().last().unwrap_or_default())
            .unwrap_or_else(|e| panic!("{args:?}: {e}: {text}"))
    }
}

impl Folder {
    /// Runs each command, which must end with 2, nothing on standard output and one line on standard error that has the words.
    pub(crate) fn refuses(&self, table: &[(&[&str], &str)]) {
        let mut wrong = Vec::new();
        for (args, message) in table {
            let output = self.run(args);
            let stderr = text(&output.stderr);
            let one_line = stderr.lines().count() == 1 && stderr.starts_with("wengert: ") && stderr.contains(message);
            if output.status.code() != Some(2) || !one_line || !output.stdout.is_empty() {
                wrong.push(format!("{args:?}: {output:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is text")
}
