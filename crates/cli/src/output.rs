//! Standard output and standard error. Nobody reading on is no error; anything else that stops output is.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

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

/// `12 s`, `3 min 20 s`, `2 h 5 min`
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_at_a_glance() {
        let table = [(0.04, "0.0 s"), (9.46, "9.5 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3725.0, "1 h 2 min")];
        for (seconds, expected) in table {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), expected);
        }
    }
}
