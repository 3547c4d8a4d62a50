//! micrograd, from PyPI, in a virtual environment under `target/`. It has sums, products, powers and the rectifier.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::workloads::{Mlp, Product, Rosenbrock, Workload};

const VERSION: &str = "micrograd==0.1.0";

/// The interpreter of an environment that has micrograd, made on the first run.
pub fn prepare() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/micrograd");
    let python = folder.join("bin/python3");
    let has = |python: &Path| {
        let probe = Command::new(python).args(["-c", "import micrograd"]).stderr(Stdio::null()).status();
        probe.is_ok_and(|s| s.success())
    };
    if !has(&python) {
        let made = Command::new("python3").args(["-m", "venv"]).arg(&folder).status();
        let installed = made.and_then(|_| {
            Command::new(&python).args(["-m", "pip", "install", "--quiet", "--no-deps", VERSION]).status()
        });
        if !installed.is_ok_and(|s| s.success()) || !has(&python) {
            eprintln!("micrograd is left out: no Python, or no package index");
            return None;
        }
    }
    Some(python)
}

/// Nanoseconds for each elementary operation; nothing for a workload that it cannot do.
///
/// Its sweep recurses, which rules out the long ones.
pub fn measure(python: &Path, workload: &str) -> Option<f64> {
    let numbers = |x: &[f64]| x.iter().map(|x| format!("{x:?}")).collect::<Vec<_>>().join(" ");
    let (operations, input) = match workload {
        "S1" => {
            let mlp = Mlp::moons();
            let points = mlp.points().iter().map(|(p, label)| format!("\n{:?} {:?} {label:?}", p[0], p[1]));
            (mlp.operations(), numbers(mlp.at()) + &points.collect::<String>())
        }
        "S2" => (4_000, numbers(Rosenbrock::new(1_000).at())),
        "S3-product" => (1_000, numbers(Product::new(1_000).at())),
        _ => return None,
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("micrograd_workloads.py");
    let mut child = Command::new(python)
        .arg(script)
        .arg(workload)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("an interpreter that ran before");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("room in the pipe");
    let output = child.wait_with_output().expect("the script's output");
    let seconds: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().ok()?;
    Some(seconds * 1e9 / operations as f64)
}
