//! Data from files: each format as others write it, and what is said about those that are damaged.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wengert_nn::data::{
    Column, Missing, NumpyArray, Table, image_folder, mnist, read_idx, read_npy, read_npz, read_png, write_npy,
};
use wengert_nn::prelude::*;

/// A folder of its own for each test, empty at its beginning.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("wengert-data-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn message<T: std::fmt::Debug>(result: Result<T, wengert_nn::Error>) -> String {
    result.unwrap_err().to_string()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn idx(shape: &[u32], bytes: &[u8]) -> Vec<u8> {
    let lengths = shape.iter().flat_map(|n| n.to_be_bytes());
    [0, 0, 8, shape.len() as u8].into_iter().chain(lengths).chain(bytes.iter().copied()).collect()
}

#[test]
fn a_set_of_four_idx_files() {
    let at = folder("idx");
    let images: Vec<u8> = (0..12 * 6).map(|k| k as u8).collect();
    fs::write(at.join("train-images-idx3-ubyte"), idx(&[12, 2, 3], &images)).unwrap();
    fs::write(at.join("train-labels-idx1-ubyte.gz"), gzipped(&idx(&[12], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])))
        .unwrap();
    fs::write(at.join("t10k-images-idx3-ubyte.gz"), gzipped(&idx(&[1, 2, 3], &[255, 0, 0, 0, 0, 128]))).unwrap();
    let name = at.join("t10k-labels-idx1-ubyte");
    assert_eq!(
        message(mnist::<f32>(&at, 1.0)),
        format!("{}: there is no such file, with or without .gz", name.display())
    );
    fs::write(&name, idx(&[1], &[7])).unwrap();
    let set = mnist::<f64>(&at, 1.0 / 256.0).unwrap();
    assert_eq!((set.train.len(), set.validation.len(), set.test.len()), (10, 2, 1));
    assert_eq!(set.validation.targets().data(), [0, 1]);
    assert_eq!(set.validation.inputs().data()[0], 60.0 / 256.0);
    assert_eq!(set.test.inputs().data(), [255.0 / 256.0, 0.0, 0.0, 0.0, 0.0, 0.5]);
    assert_eq!(set.test.inputs().shape(), &[1, 1, 2, 3]);

    // Images of another size.
    let other = at.join("t10k-images-idx3-ubyte.gz");
    let whole = fs::read(&other).unwrap();
    fs::write(&other, gzipped(&idx(&[1, 2, 2], &[0, 0, 0, 0]))).unwrap();
    let expected = "images of shape [1, 2, 2], those to learn from have [1, 2, 3]";
    assert_eq!(message(mnist::<f32>(&at, 1.0)), format!("{}: {expected}", other.display()));
    fs::write(&other, whole).unwrap();

    // Damage: a cut gzip stream, a class without a name, a missing file.
    let packed = gzipped(&idx(&[1], &[7]));
    fs::write(&name, &packed[..packed.len() - 9]).unwrap();
    let found = message(mnist::<f32>(&at, 1.0));
    assert!(found.starts_with(&format!("{}: ", name.display())), "{found}");
    fs::write(&name, idx(&[1], &[10])).unwrap();
    assert_eq!(message(mnist::<f32>(&at, 1.0)), format!("{}: data set: class 10 beside 10 names", name.display()));
    assert!(message(read_idx::<f32>(at.join("none"))).starts_with(&at.join("none").display().to_string()));
    fs::remove_dir_all(at).unwrap();
}

/// Real MNIST, where the environment says where it is: the counts that its authors publish.
#[test]
fn mnist_is_what_its_authors_say() {
    let Some(data) = std::env::var_os("WENGERT_DATA") else { return };
    let set = mnist::<f32>(PathBuf::from(data), 1.0 / 255.0).unwrap();
    assert_eq!((set.train.len(), set.validation.len(), set.test.len()), (50_000, 10_000, 10_000));
    assert_eq!(set.train.targets().data()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(set.test.targets().data()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let count = |digit| set.test.targets().data().iter().filter(|k| **k == digit).count();
    assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(count), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
}

const FLOWERS: &str = "\u{feff}length, width ,colour,kind
1.5,2,red,rose
NA,3,\"blue, pale\",tulip
2.5,?,red,rose
3.5,4,,daisy
";

#[test]
fn a_table_has_types_and_missing_cells() {
    let table = Table::parse(FLOWERS).unwrap();
    assert_eq!(table.names(), ["length", "width", "colour", "kind"]);
    assert_eq!((table.len(), table.missing()), (4, 3));
    assert_eq!(table.column("length").unwrap(), &Column::Numbers(vec![Some(1.5), None, Some(2.5), Some(3.5)]));
    let colours = Column::Categories(vec![Some(1), Some(0), Some(1), None], vec!["blue, pale".into(), "red".into()]);
    assert_eq!(table.column("colour").unwrap(), &colours);

    let data = table.classes::<f64>("kind", Missing::Nan).unwrap();
    assert_eq!(data.names(), ["daisy", "rose", "tulip"]);
    assert_eq!(data.targets().data(), [1, 2, 1, 0]);
    let expected = [[1.5, 2.0, 0.0, 1.0], [f64::NAN, 3.0, 1.0, 0.0], [2.5, f64::NAN, 0.0, 1.0], [3.5, 4.0, 0.0, 0.0]];
    let same = |a: &f64, b: &f64| a == b || a.is_nan() && b.is_nan();
    assert!(data.inputs().data().iter().zip(expected.as_flattened()).all(|(a, b)| same(a, b)), "{}", data.inputs());
    let encoding = table.encoding(&["kind"]).unwrap();
    assert_eq!(encoding.names(), ["length", "width", "colour=blue, pale", "colour=red"]);

    let numbers = Table::parse("a,b\n1,3\n2,5\n").unwrap();
    assert_eq!(numbers.numbers::<f64>("b", Missing::Refuse).unwrap().targets(), &Tensor::from([[3.0], [5.0]]));
    assert_eq!(numbers.classes::<f64>("b", Missing::Refuse).unwrap().names(), ["3", "5"]);
}

#[test]
fn what_a_table_does_not_hold_is_named() {
    let table = Table::parse(FLOWERS).unwrap();
    for (found, expected) in [
        (
            message(table.classes::<f64>("kind", Missing::Refuse)),
            "table: line 3, column `length`: the cell is missing (`NA`)",
        ),
        (
            message(table.classes::<f64>("colour", Missing::Nan)),
            "table: line 5, column `colour`: the cell is missing (``)",
        ),
        (
            message(table.classes::<f64>("length", Missing::Nan)),
            "table: column `length` holds the number 1.5, which is no class",
        ),
        (message(table.numbers::<f64>("kind", Missing::Nan)), "table: column `kind` does not hold numbers"),
        (
            message(table.classes::<f64>("species", Missing::Nan)),
            "table: there is no column `species`; there are `length`, `width`, `colour`, `kind`",
        ),
        (message(Table::parse("a,b\n")), "table: there are no rows"),
        (message(Table::parse("a,a\n1,2\n")), "table: two columns are called `a`"),
    ] {
        assert_eq!(found, expected);
    }
    let found = message(Table::parse("a,b\n1,2\n3\n"));
    assert!(found.contains("line: 3") && found.contains("found record with 1 fields"), "{found}");

    let encoding = table.encoding(&["kind"]).unwrap();
    for (text, expected) in [
        (
            "length,width,colour\n1,2,green\n",
            "table: column `colour` holds `green`, which is none of `blue, pale`, `red`",
        ),
        ("length,width\n1,2\n", "table: there is no column `colour`; there are `length`, `width`"),
        ("length,width,colour\n1,2,7\n", "table: column `colour` holds `7`, which is none of `blue, pale`, `red`"),
        ("length,width,colour\n1,x,red\n", "table: line 2, column `width`: `x` is no number"),
        ("length,width,colour\n1,2,NA\n", "table: line 2, column `colour`: the cell is missing (`NA`)"),
    ] {
        let other = Table::parse(text).unwrap();
        assert_eq!(message(encoding.encode::<f64>(&other, Missing::Refuse)), expected);
    }
}

/// Tables as programs write them: other separators, a mark of the byte order, commas at the ends of lines.
#[test]
fn separators_and_marks() {
    let expected = Table::parse("a,b\n1.5,x y\n2,z\n").unwrap();
    for text in [
        "a;b\n1.5;x y\n2;z\n",
        "a\tb\r\n1.5\tx y\r\n2\tz\r\n",
        "\u{feff}a,b\n1.5,x y\n2,z\n",
        "a,b,,\n1.5,x y,,\n2,z,,\n",
    ] {
        assert_eq!(Table::parse(text).unwrap(), expected, "{text:?}");
    }
    let european = Table::parse("a;b\n1,5;x, y\n-2;z\n").unwrap();
    assert_eq!(european.column("a").unwrap(), &Column::Numbers(vec![Some(1.5), Some(-2.0)]));
    assert_eq!(
        european.column("b").unwrap(),
        &Column::Categories(vec![Some(0), Some(1)], vec!["x, y".into(), "z".into()])
    );
    assert!(matches!(Table::parse("a\tb\n1,500\t2\n").unwrap().column("a"), Ok(Column::Categories(..))));
    // The line of a cell, whatever ends lines, after lines that hold nothing and cells that hold several.
    for text in ["a,b\n\n\"x\ny\",1\n,2\n", "a,b\r\n\r\n\"x\r\ny\",1\r\n,2\r\n", "a,b\r\r\"x\ry\",1\r,2\r"] {
        let found = message(Table::parse(text).unwrap().numbers::<f64>("b", Missing::Refuse));
        assert_eq!(found, "table: line 5, column `a`: the cell is missing (``)", "{text:?}");
    }
    // A name, or a cell, makes a column.
    assert_eq!(Table::parse("a,b,\n1,2,\n1,2,3\n").unwrap().names(), ["a", "b", ""]);
    assert_eq!(Table::parse("a,b,c\n1,2,\n1,2,\n").unwrap().names(), ["a", "b", "c"]);
}

/// A cell that is no number among many that are is a mistake and no word; few words may be numbers.
#[test]
fn a_mistake_among_numbers_is_named() {
    let table = |odd: &str, kinds: usize| {
        let rows: String =
            (0..60).map(|k| format!("{},{}\n", if k == 7 { odd.into() } else { (k % kinds).to_string() }, k)).collect();
        Table::parse(&format!("x,y\n{rows}")).unwrap()
    };
    for odd in ["inf", "12a", "$5", "-"] {
        let expected = format!("table: line 9, column `x`: `{odd}` is no number");
        assert_eq!(message(table(odd, 50).encoding(&["y"])), expected);
        assert_eq!(message(table(odd, 50).numbers::<f32>("x", Missing::Refuse)), expected);
    }
    let words = table("king", 10);
    let encoding = words.encoding(&["y"]).unwrap();
    assert_eq!(encoding.width(), 11);
    // Of a table in which all of these words are numbers.
    let rows = encoding.encode::<f32>(&Table::parse("x\n3\n0\n").unwrap(), Missing::Refuse).unwrap();
    assert_eq!((rows[[0, 3]], rows[[1, 0]], rows.data().iter().sum::<f32>()), (1.0, 1.0, 2.0));
    let beyond = Table::parse("x,y\n1,2\n-1e300,2\n").unwrap();
    let expected = "table: line 3, column `x`: -1e300 is beyond the largest number of type f32";
    assert_eq!(message(beyond.numbers::<f32>("y", Missing::Refuse)), expected);
    assert_eq!(message(beyond.numbers::<f32>("x", Missing::Refuse)), expected);
    assert!(beyond.numbers::<f64>("y", Missing::Refuse).is_ok());
}

#[test]
fn a_table_from_a_file() {
    let at = folder("csv");
    let path = at.join("flowers.csv");
    fs::write(&path, "1,a\n2,b\n").unwrap();
    assert_eq!(Table::read_without_header(&path).unwrap().names(), ["1", "2"]);
    fs::write(&path, "x,y\n1,a\n?,b\n").unwrap();
    let expected = format!("{}: line 3, column `x`: the cell is missing (`?`)", path.display());
    assert_eq!(message(Table::read(&path).unwrap().classes::<f32>("y", Missing::Refuse)), expected);
    fs::remove_dir_all(at).unwrap();
}

/// Every array that NumPy wrote (`tests/reference/numpy_files.py`), stored and packed.
#[test]
fn numpys_files() {
    let at = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/numpy");
    let contents: Value = serde_json::from_str(&fs::read_to_string(at.join("contents.json")).unwrap()).unwrap();
    for file in ["stored.npz", "packed.npz"] {
        let arrays = read_npz(at.join(file)).unwrap();
        assert_eq!(arrays.len(), contents.as_object().unwrap().len());
        for (name, array) in &arrays {
            let expected = &contents[name];
            let list = |name: &str| expected[name].as_array().unwrap().iter().map(|x| x.as_f64().unwrap());
            let data: Vec<f64> = list("data").collect();
            let shape: Vec<usize> = list("shape").map(|n| n as usize).collect();
            let found = array.numbers::<f64>();
            assert_eq!((found.data(), found.shape().to_vec()), (&data[..], shape), "{file} {name}");
            assert_eq!(array.classes().is_some(), expected["whole"].as_bool().unwrap(), "{file} {name}");
        }
    }
    let NumpyArray::Numbers(fortran) = read_npy(at.join("fortran.npy")).unwrap() else { panic!("whole numbers") };
    assert_eq!(fortran, Tensor::arange(24).reshape([2, 3, 4]));
    let found = message(read_npy(at.join("text.npy")));
    assert!(found.contains("text.npy: ") && found.contains("`U2`"), "{found}");

    let here = folder("numpy");
    for shape in [vec![], vec![0], vec![5], vec![2, 3], vec![2, 1, 3]] {
        let x = Tensor::<f32>::randn(shape, &mut generator(1));
        write_npy(here.join("x.npy"), &x).unwrap();
        assert_eq!(read_npy(here.join("x.npy")).unwrap().numbers::<f32>(), x);
    }
    // Any cut, and any changed byte of the packed arrays, is found out.
    let whole = fs::read(at.join("packed.npz")).unwrap();
    for cut in [0, 21, whole.len() / 2, whole.len() - 1] {
        fs::write(here.join("cut.npz"), &whole[..cut]).unwrap();
        assert!(message(read_npz(here.join("cut.npz"))).contains("cut.npz: "));
    }
    for at in (60..200).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        fs::write(here.join("changed.npz"), changed).unwrap();
        // Nothing may panic; a change of what nobody reads (a time, an extra field) may go unnoticed.
        let _ = read_npz(here.join("changed.npz"));
    }
    fs::remove_dir_all(here).unwrap();
}

fn write_png(path: &Path, colour: png::ColorType, [width, height]: [u32; 2], bytes: &[u8]) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), width, height);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(bytes).unwrap();
}

#[test]
fn images_of_a_folder() {
    let at = folder("png");
    assert_eq!(message(image_folder::<f32>(&at)), format!("{}: no folder in it holds a PNG file", at.display()));
    for class in ["dogs", "cats"] {
        fs::create_dir(at.join(class)).unwrap();
    }
    write_png(&at.join("cats/a.png"), png::ColorType::Grayscale, [3, 2], &[0, 51, 102, 153, 204, 255]);
    write_png(&at.join("dogs/b.PNG"), png::ColorType::Grayscale, [3, 2], &[255; 6]);
    fs::write(at.join("dogs/notes.txt"), "not an image").unwrap();
    let data = image_folder::<f64>(&at).unwrap();
    assert_eq!((data.names(), data.targets().data()), (&["cats".into(), "dogs".into()][..], &[0, 1][..]));
    assert_eq!(data.inputs().shape(), &[2, 1, 2, 3]);
    let expected = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
    assert!(data.inputs().data().iter().zip(expected).all(|(p, e)| (p - e).abs() < 1e-15));

    let colours = at.join("colours.png");
    write_png(&colours, png::ColorType::Rgb, [1, 2], &[255, 0, 51, 0, 255, 102]);
    let image = read_png::<f64>(&colours).unwrap();
    assert_eq!((image.shape(), image.data()), (&[3, 2, 1].into(), &[1.0, 0.0, 0.0, 1.0, 0.2, 0.4][..]));

    fs::copy(&colours, at.join("dogs/c.png")).unwrap();
    assert!(message(image_folder::<f64>(&at)).contains("c.png: an image of shape [3, 2, 1], "));
    fs::write(at.join("dogs/c.png"), b"no image").unwrap();
    assert!(message(image_folder::<f64>(&at)).contains("c.png: "));
    fs::remove_dir_all(at).unwrap();
}
