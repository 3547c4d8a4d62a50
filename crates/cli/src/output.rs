//! Standard output and standard error. Nobody reading on is no error; anything else that stops output is.

use std::io::{self, Write};
use std::process::ExitCode;

/// Prints a text as it is.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(io::Error::new(e.kind(), format!("standard output: cannot be written: {e}")))
        }
        _ => Ok(()),
    }
}

/// Tells the person at the terminal. What cannot be told is lost: there is no other place for it.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Says in one line why the command ends without what was asked for.
pub(crate) fn fail(message: &str) -> ExitCode {
    say(&format!("wengert: {}", message.lines().collect::<Vec<_>>().join(" ")));
    ExitCode::from(2)
}
