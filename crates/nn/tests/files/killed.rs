//! A test that runs itself in a process of its own, which is killed again and again.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Starts the test `name` with `path` in the variable `variable`, and kills it after a time that grows with each attempt, so that it
/// gets to its end on a slow machine too. Calls `look` after each kill; the answer is how many there were, one at least.
pub(crate) fn again_and_again(name: &str, variable: &str, path: &Path, mut look: impl FnMut()) -> u64 {
    for kills in 0..1000 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", name])
            .env(variable, path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(2000 + (kills + 1) * 1700));
        if child.try_wait().unwrap().is_some_and(|status| status.success()) {
            assert!(kills > 0, "it ended before it was killed once");
            return kills;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        look();
    }
    1000
}
