//! The files that the command reads and writes: none is another by mistake, none is half there, none is taken for what it is not.

use std::fs;

use crate::folder::{Folder, text};
use wengert::nn::{Details, data, save};
use wengert::prelude::*;

const GRAPH: [&str; 4] = ["graph", "x*x", "--at", "x=2"];

/// Every two of the files that a command is given, however the second is written.
#[test]
fn no_two_options_are_one_file() {
    let folder = Folder::new("files-pairs");
    let table: String = (0..30).map(|k| format!("{k},{}\n", k % 2)).collect();
    fs::write(folder.0.join("a"), format!("x,y\n{table}")).unwrap();
    fs::create_dir(folder.0.join("mnist")).unwrap();
    let set = "train-images-idx3-ubyte";
    fs::write(folder.0.join("mnist").join(set), "").unwrap();
    let train = |first: [&str; 2], second: [&str; 2]| -> Vec<String> {
        let all = [&["train", "xor", "--epochs", "1"][..], &first, &second].concat();
        all.into_iter().map(String::from).collect()
    };
    let mut table: Vec<(Vec<String>, String)> = Vec::new();
    for other in ["./a", "mnist/../a", "link", "again"] {
        for (k, one) in ["--save", "--checkpoint", "--log"].into_iter().enumerate() {
            for two in &["--save", "--checkpoint", "--log"][k + 1..] {
                table.push((
                    train([one, "a"], [two, other]),
                    format!("{one} a and {two} {other} are the same file; give two"),
                ));
            }
        }
        for (one, two) in [("--dot", "--svg"), ("--dot", "--save"), ("--svg", "--save")] {
            let args = [&GRAPH[..], &[one, "a", two, other]].concat().into_iter().map(String::from).collect();
            table.push((args, format!("{one} a and {two} {other} are the same file; give two files")));
        }
        for option in ["--save", "--checkpoint", "--log"] {
            let args = ["train", "csv", "a", "--target", "y", option, other].map(String::from).to_vec();
            table.push((args, format!("{option} {other} and FILE a are the same file; give two files")));
        }
    }
    let args = ["train", "mnist-784-30-10", "--data", "mnist", "--log", "mnist/train-images-idx3-ubyte"];
    table.push((args.map(String::from).to_vec(), "--log and --data are both mnist/train-images-idx3-ubyte".into()));
    #[cfg(unix)]
    std::os::unix::fs::symlink("a", folder.0.join("link")).unwrap();
    fs::hard_link(folder.0.join("a"), folder.0.join("again")).unwrap();
    let before = fs::read(folder.0.join("a")).unwrap();
    let args: Vec<Vec<&str>> = table.iter().map(|(args, _)| args.iter().map(String::as_str).collect()).collect();
    let table: Vec<(&[&str], &str)> =
        args.iter().map(Vec::as_slice).zip(table.iter().map(|(_, m)| m.as_str())).collect();
    folder.refuses(&table);
    assert_eq!(fs::read(folder.0.join("a")).unwrap(), before);
    // What is not there yet is compared too.
    folder.refuses(&[
        (&["train", "xor", "--save", "new.st", "--checkpoint", "./new.st"], "are the same file; give two files"),
        (&["train", "xor", "--checkpoint", "xor.safetensors"], "--save and --checkpoint are both xor.safetensors"),
        (&[&GRAPH[..], &["--down"]].concat(), "--down: nothing is drawn; add --dot FILE or --svg FILE"),
    ]);
}

/// What `graph` and `check` write is whole or not there, and keeps the mode of what it replaces and the links to it.
#[cfg(unix)]
#[test]
fn drawings_are_replaced_as_models_are() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new("files-drawings");
    let (file, link) = (folder.0.join("file"), folder.0.join("link"));
    symlink("file", &link).unwrap();
    for args in [
        &["graph", "x*x", "--at", "x=2", "--dot", "link"][..],
        &["graph", "x*x", "--at", "x=2", "--svg", "link"],
        &["graph", "x*x", "--at", "x=2", "--save", "link"],
        &["check", "x*x", "--at", "x=2", "--svg", "link"],
        &["train", "xor", "--epochs", "1", "--save", "link"],
    ] {
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(folder.0.join(".file.4000000000-1.tmp"), "half").unwrap();
        let output = folder.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640, "{args:?}");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && fs::read(&file).unwrap() != b"old", "{args:?}");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2, "{args:?}");
    }
    // A stream is written to, not replaced.
    let output = folder.run(&["graph", "x*x", "--at", "x=2", "--svg", "/dev/stdout"]);
    assert!(output.status.success() && text(&output.stdout).contains("<svg"), "{output:?}");
}

/// A script may always say `--resume`: the first time there is nothing to go on from.
#[test]
fn resuming_begins_where_there_is_nothing_yet() {
    let folder = Folder::new("files-resume");
    let args = ["train", "moons", "--epochs", "3", "--save"];
    folder.json(&[&args[..], &["straight"]].concat());
    let output = folder.run(&[&args[..], &["resumed", "--checkpoint", "c", "--resume"]].concat());
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.starts_with("--resume: there is no c yet; the training begins\n"), "{stderr}");
    let read = |name: &str| fs::read(folder.0.join(name)).unwrap();
    assert_eq!(read("straight"), read("resumed"));
    // But a link that leads nowhere is a mistake.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", folder.0.join("dangling")).unwrap();
        let message = "dangling: a link to nowhere, where there is nothing";
        folder.refuses(&[(&["train", "moons", "--checkpoint", "dangling", "--resume"], message)]);
    }
}

/// Neither a pipe that nobody writes to nor a device that never ends is waited for.
#[cfg(unix)]
#[test]
fn only_files_are_asked_about() {
    let folder = Folder::new("files-kinds");
    folder.json(&["train", "xor", "--epochs", "1"]);
    assert!(std::process::Command::new("mkfifo").arg(folder.0.join("pipe")).status().unwrap().success());
    for (path, what) in
        [("pipe", "pipe: this is a pipe and no file"), ("/dev/zero", "/dev/zero: this is a device and no file")]
    {
        folder.refuses(&[
            (&["predict", path, "x.csv"], what),
            (&["predict", "xor.safetensors", path], what),
            (&["train", "csv", path, "--target", "y"], what),
        ]);
    }
}

/// A rate that is far too large breaks nothing and learns nothing.
#[test]
fn a_training_that_learns_nothing_says_so() {
    let folder = Folder::new("files-learned");
    let args = ["train", "xor", "--rate", "500"];
    let output = folder.run(&args);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(
        stderr.contains("\nxor: nothing was learned: ") && stderr.contains("another --rate than 500.0"),
        "{stderr}"
    );
    assert!(stdout.contains("\nlearned        nothing: one answer for all is as good\n"), "{stdout}");
    // It broke, which a script should notice; the model is there all the same.
    let whole = folder.run(&[&args[..], &["--json"]].concat());
    assert_eq!((output.status.code(), whole.status.code()), (Some(1), Some(1)));
    assert!(folder.0.join("xor.safetensors").exists());
    let report: serde_json::Value = serde_json::from_str(text(&whole.stdout).trim()).unwrap();
    let why: Vec<&str> = report["why"].as_array().unwrap().iter().map(|why| why.as_str().unwrap()).collect();
    assert!(why[0].starts_with("the loss is 0.5000 since epoch ") && why[0].contains("give a smaller rate"), "{why:?}");
    assert!(why[1..].iter().any(|why| why.contains("sigmoid %14 in layer 3: 1 of 1 units are saturated")), "{why:?}");
    assert!(
        stdout.contains("\nwhy            the loss is 0.5000") && stderr.contains("why it may be: "),
        "{stdout}{stderr}"
    );
    let dead = folder.run(&["train", "moons", "--rate", "300", "--epochs", "20"]);
    assert_eq!(dead.status.code(), Some(1));
    assert!(text(&dead.stdout).contains("16 of 16 units are dead: flat on all 256 samples"), "{dead:?}");
    // What is too slow, or too short, or no line can tell, did not break.
    for more in [&["--optimiser", "sgd", "--rate", "1e-6"][..], &["--epochs", "3"], &["--layers", "none"]] {
        let report = folder.json(&[&["train", "xor"], more].concat());
        assert_eq!(report["learned"], false, "{more:?}");
    }
    assert_eq!(
        (&report["learned"], report["test_accuracy"].as_f64().unwrap() <= 0.5),
        (&false.into(), true),
        "{report}"
    );
    for args in [&["train", "xor"][..], &["train", "moons", "--epochs", "5"]] {
        assert_eq!(folder.json(args)["learned"], true, "{args:?}");
        assert!(!text(&folder.run(args).stderr).contains("nothing was learned"), "{args:?}");
    }
    // A quantity that the mean tells as well, and classes of which one is told whatever is asked.
    let rows: String = (0..60).map(|k| format!("{},{}.5,{}\n", k % 2, k / 2 % 4, k / 2 % 3)).collect();
    fs::write(folder.0.join("t.csv"), format!("x,y,z\n{rows}")).unwrap();
    for target in ["y", "z"] {
        let args = ["train", "csv", "t.csv", "--target", target, "--without", if target == "y" { "z" } else { "y" }];
        assert_eq!(folder.json(&[&args[..], &["--epochs", "1", "--rate", "1e-9"]].concat())["learned"], false);
    }
}

/// A PNG file of grey pixels, packed without being made smaller.
fn png(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        let step = |crc: u32, byte: &u8| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
        };
        !bytes.iter().fold(!0, step)
    };
    let rows: Vec<u8> = pixels.chunks(width as usize).flat_map(|row| [&[0], row].concat()).collect();
    let (a, b) =
        rows.iter().fold((1_u32, 0_u32), |(a, b), x| ((a + u32::from(*x)) % 65521, (a + u32::from(*x) + b) % 65521));
    let length = rows.len() as u16;
    let data =
        [&[0x78, 1, 1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &rows, &(b << 16 | a).to_be_bytes()];
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", header), (b"IDAT", data.concat()), (b"IEND", Vec::new())] {
        let body = [&name[..], &data].concat();
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(&body);
        file.extend(crc(&body).to_be_bytes());
    }
    file
}

/// A model learned from ink of 16 and is asked about pictures, whose ink is 255.
#[test]
fn a_model_remembers_the_unit_of_its_inputs() {
    let folder = Folder::new("files-unit");
    folder.json(&["train", "digits", "--layers", "20", "--epochs", "5"]);
    let digits = data::digits::<f32>();
    let (mut wrong, count) = (0, 40);
    for n in 0..count {
        let ink = &digits.inputs().data()[n * 64..][..64];
        let bytes: Vec<u8> = ink.iter().map(|x| (x * 255.0 / 16.0).round() as u8).collect();
        fs::write(folder.0.join("digit.png"), png(8, 8, &bytes)).unwrap();
        let row: Vec<String> = ink.iter().map(f32::to_string).collect();
        fs::write(folder.0.join("digit.csv"), row.join(",") + "\n").unwrap();
        let [picture, numbers] =
            ["digit.png", "digit.csv"].map(|file| folder.json(&["predict", "digits.safetensors", file]));
        let outputs = |of: &serde_json::Value| -> Vec<f64> {
            of["outputs"][0].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
        };
        // A byte is right to half of 1/255; as 0…255 for 0…16 the outputs would differ by ten and more.
        wrong += usize::from(outputs(&picture).iter().zip(outputs(&numbers)).any(|(a, b)| (a - b).abs() > 0.2));
    }
    assert_eq!(wrong, 0, "of {count}");
    let idx = [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 8][..], &[255; 64]].concat();
    fs::write(folder.0.join("digit.idx"), idx).unwrap();
    fs::write(folder.0.join("far.csv"), format!("{}17\n", "0,".repeat(63))).unwrap();
    let model = "digits.safetensors";
    folder.refuses(&[
        (
            &["predict", model, "digit.idx"],
            "digit.idx: sample 1 has 255; the model learned from 0 for paper to 16 for ink",
        ),
        (&["predict", model, "far.csv"], "far.csv: sample 1 has 17; the model learned from 0 for paper to 16 for ink"),
    ]);
}

/// What a model's file says is understood, or refused.
#[test]
fn models_that_cannot_answer_say_so() {
    let folder = Folder::new("files-models");
    let write = |name: &str, weight: f32, more: &[(&str, &str)]| {
        let mut model = Sequential::<f32>::new().then(Linear::new(2, 2, &mut generator(1)));
        model.parameters_mut()[0].1.value_mut().data_mut()[1] = weight;
        let details = [("input", "[2]"), ("classes", "[\"a\",\"b\"]")].into_iter().chain(more.iter().copied());
        let details: Details = details.map(|(name, text)| (name.to_string(), text.to_string())).collect();
        save(&model, &details, folder.0.join(name)).unwrap();
    };
    write("nan", f32::NAN, &[]);
    write("inf", f32::NEG_INFINITY, &[]);
    write("large", 3e38, &[]);
    write("scale", 1.0, &[("scale", "much")]);
    write("range", 1.0, &[("range", "[16, 0]")]);
    write("classes", 1.0, &[("classes", "[\"a\",\"b\",\"c\"]")]);
    write("good", 1.0, &[]);
    fs::write(folder.0.join("rows.csv"), "1,2\n3,400\n").unwrap();
    fs::write(folder.0.join("words.csv"), "a,1\n").unwrap();
    fs::write(folder.0.join("same.csv"), "1,a\n2,a\n").unwrap();
    fs::write(folder.0.join("image.png"), png(2, 1, &[0, 255])).unwrap();
    let broken = "its training broke, and there is nothing to ask it";
    folder.refuses(&[
        (&["predict", "nan", "rows.csv"], &format!("nan: parameter `0.weight` holds NaN: {broken}")),
        (&["predict", "inf", "rows.csv"], &format!("inf: parameter `0.weight` holds -inf: {broken}")),
        (&["predict", "large", "rows.csv"], "rows.csv: the network's answer to sample 1 is inf"),
        (&["predict", "scale", "rows.csv"], "scale: the file says the scale much, which cannot be understood"),
        (&["predict", "range", "rows.csv"], "range: the file says the range [16, 0], which cannot be understood"),
        (&["predict", "classes", "rows.csv"], "classes: the file names 3 classes, and its network has 2 outputs"),
        (&["predict", "good", "words.csv"], "words.csv: column 1 holds words; the model wants numbers"),
        (&["predict", "good", "same.csv"], "same.csv: column 2 holds words; the model wants numbers"),
        (&["predict", "good", "image.png"], "good: the file does not say which numbers paper and ink are"),
    ]);
    assert_eq!(folder.json(&["predict", "good", "rows.csv"])["samples"], 2);
}

/// A small file with a model that would fill the machine: one line, at once, and no panic of many.
#[test]
fn models_that_ask_for_too_much_say_so() {
    let folder = Folder::new("files-large");
    let model = Sequential::<f32>::new().then(AdaptiveAvgPool2d::new([100_000, 100_000]));
    let details = [("input", "[1,2,2]"), ("classes", "[]"), ("range", "[0,1]")];
    let details: Details = details.into_iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    save(&model, &details, folder.0.join("large")).unwrap();
    fs::write(folder.0.join("rows.csv"), "0,1,0,1\n").unwrap();
    let mut command = folder.command(&["predict", "large", "rows.csv"]);
    let output = command.env_remove("RUST_BACKTRACE").env("WENGERT_MAX_BYTES", "1G").output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
    assert!(
        stderr.starts_with("wengert: ") && stderr.contains("takes 40000000000 bytes, more than the 1073741824"),
        "{stderr}"
    );
}

/// A bad value is explained by the help of the subcommand that it was given to.
#[test]
fn the_help_is_of_the_subcommand() {
    Folder::new("files-help").refuses(&[
        (&["train", "xor", "--rate", "x"], "; see wengert train xor --help"),
        (&["train", "--rate", "x", "moons"], "; see wengert train moons --help"),
        (&["train", "csv", "a.csv", "--target", "y", "--as", "x"], "; see wengert train csv --help"),
        (&["check", "x", "--order", "3"], "; see wengert check --help"),
        (&["experiment", "speed", "--seconds", "0"], "; see wengert experiment speed --help"),
        (&["predict", "--jsn"], "; see wengert predict"),
    ]);
}

/// What was made of the columns of a table is said, and whatever should not be one can be left out.
#[test]
fn columns_are_spoken_of() {
    let folder = Folder::new("files-columns");
    let row = |k: usize| {
        let (price, card) = (1000 + 7 * k, ["king".to_string(), (k % 5).to_string()][k % 2].clone());
        format!("{k},{},\"{},{:03}\", \"{} %\",{card},{}\n", k + 1, price / 1000, price % 1000, k % 9, k % 2)
    };
    let rows: String = (0..60).map(row).collect();
    fs::write(folder.0.join("t.csv"), format!(",id,price,share,card,kind\n{rows}")).unwrap();
    let args = ["train", "csv", "t.csv", "--target", "kind", "--epochs", "2"];
    let stderr = text(&folder.run(&args).stderr);
    for line in [
        "csv: `kind` from 3 columns of numbers; of words `card` (6 different)",
        "csv: the first column, which has no name and numbers the rows, is left out",
        "csv: column `price`: `1,000` is read as 1000",
        "csv: column `share`: `0 %` is read as 0",
        "csv: column `id` counts the rows; --without id leaves it out",
        "csv: column `card` is taken for words: 5 of its 6 are numbers, `king` is none",
    ] {
        assert!(stderr.lines().any(|found| found == line), "{line}: {stderr}");
    }
    let stderr = text(&folder.run(&[&args[..], &["--without", "id", "--without", "card"]].concat()).stderr);
    assert!(stderr.contains("csv: `kind` from 2 columns of numbers\n") && !stderr.contains("`id`"), "{stderr}");
    // The model asks for what it learned from alone.
    fs::write(folder.0.join("one.csv"), "share,price\n5 %,\"1,100\"\n").unwrap();
    assert_eq!(folder.json(&["predict", "t.safetensors", "one.csv"])["samples"], 1);

    let comma = |k: usize| if k == 7 { "1x5;1\n".to_string() } else { format!("{k},5;{}\n", k % 2) };
    let commas: String = (0..60).map(comma).collect();
    fs::write(folder.0.join("commas.csv"), format!("x;y\n{commas}")).unwrap();
    fs::write(folder.0.join("inf.csv"), "x,y\n1,a\n2,b\ninf,a\n").unwrap();
    folder.refuses(&[
        (&["train", "csv", "commas.csv", "--target", "y"], "commas.csv: line 9, column `x`: `1x5` is no number"),
        (&["train", "csv", "inf.csv", "--target", "y"], "inf.csv: line 4, column `x`: `inf` is no number"),
        (&["train", "csv", "t.csv", "--target", "kind", "--without", "kind"], "--without kind is the target"),
        (&["train", "csv", "t.csv", "--target", "kind", "--without", "no"], "t.csv: there is no column `no`"),
    ]);
}
