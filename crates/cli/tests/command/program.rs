//! `wengert check --program`: a gradient in another language.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::folder::{Folder, text};

/// A two-layer network's square, in Python and in C; `FAULT` stands where the derivative by `b` is.
const PYTHON: &str = r#"#!/usr/bin/env python3
import math, sys
for line in sys.stdin:
    w, b, v = (float(x) for x in line.split())
    a = math.tanh(0.7 * w + b)
    y = v * a
    d = 2 * y * v * (1 - a * a)
    print(y * y, 0.7 * d, d * FAULT, 2 * y * a, flush=True)
"#;

const C: &str = r#"
#include <math.h>
#include <stdio.h>
int main(void) {
    double w, b, v;
    while (scanf("%lf %lf %lf", &w, &b, &v) == 3) {
        double a = tanh(0.7 * w + b), y = v * a, d = 2 * y * v * (1 - a * a);
        printf("%.17g %.17g %.17g %.17g\n", y * y, 0.7 * d, d * FAULT, 2 * y * a);
        fflush(stdout);
    }
    return 0;
}
"#;

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|done| done.status.success())
}

/// A script that can be run.
fn script(folder: &Folder, name: &str, source: &str) {
    let path = folder.0.join(name);
    fs::write(&path, source).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it can be run");
}

#[test]
fn python_and_c_are_checked_like_our_own() {
    let folder = Folder::new("program");
    let mut programs = Vec::new();
    for (name, fault) in [("right", "1"), ("wrong", "2")] {
        if has("python3") {
            script(&folder, &format!("{name}.py"), &PYTHON.replace("FAULT", fault));
            programs.push((format!("./{name}.py"), name));
        }
        if has("cc") {
            let source = format!("{name}.c");
            fs::write(folder.0.join(&source), C.replace("FAULT", fault)).expect("a file");
            let compiled = Command::new("cc").current_dir(&folder.0).args(["-o", name, &source, "-lm"]).status();
            assert!(compiled.expect("cc runs").success());
            programs.push((format!("./{name}"), name));
        }
    }
    if programs.is_empty() {
        eprintln!("skipped: there is neither python3 nor cc");
    }
    fs::write(folder.0.join("point.txt"), "0.4, -0.2\n1.5\n").expect("a file");
    for (program, name) in programs {
        let done = folder.run(&["check", "--program", &program, "--point", "point.txt", "--blocks", "w,b, v[1]"]);
        let said = text(&done.stdout);
        if name == "right" {
            assert_eq!(done.status.code(), Some(0), "{program}: {said}{}", text(&done.stderr));
            assert!(said.contains("d/dw") && said.contains("derivatives: 3 pass"), "{said}");
        } else {
            assert_eq!(done.status.code(), Some(1), "{program}: {said}{}", text(&done.stderr));
            assert!(said.contains("wrong: b; right: w, v"), "{said}");
        }
        let done = folder.run(&["check", "--program", &program, "--at", "w=0.4,b=-0.2,v=3/2", "--json"]);
        assert!(text(&done.stdout).contains("\"name\":\"d/dv\""), "{}", text(&done.stdout));
    }
}

#[test]
fn a_program_that_answers_badly_is_told_so_in_one_line() {
    let folder = Folder::new("program-bad");
    script(&folder, "words", "#!/bin/sh\nwhile read line; do echo 1 two; done\n");
    script(&folder, "few", "#!/bin/sh\nwhile read line; do echo 1 2; done\n");
    script(&folder, "ends", "#!/bin/sh\nread line; echo 1 2 3; exit 3\n");
    script(&folder, "nothing", "#!/bin/sh\nexit 0\n");
    let table = [
        ("words", "answer 1 has `two`, which is no number"),
        ("few", "answer 1 has 2 numbers; due are 3"),
        ("ends", "it ended after 1 answers (exit status: 3)"),
        ("nothing", "it ended after 0 answers"),
        ("missing", "cannot be run"),
    ];
    for (name, said) in table {
        let done = folder.run(&["check", "--program", &format!("./{name}"), "--at", "x=1,y=2"]);
        let error = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{name}: {error}");
        assert!(error.contains(said) && error.lines().count() == 1, "{name}: {error}");
    }
    let done = folder.run(&["check", "--program", "./few"]);
    assert!(text(&done.stderr).contains("--at x=0.5,y=1, or --point FILE"), "{}", text(&done.stderr));
    let done = folder.run(&["check", "--program", "./few", "--at", "x=1,y=2", "--blocks", "w[3]"]);
    assert!(!done.status.success());
}
