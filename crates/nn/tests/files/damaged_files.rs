//! Damage: every file that ends too early and every file with one bit changed is refused by name, or read as what it says.
//! Claims: what a file says of its size is held against its bytes before memory is asked for.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use wengert_nn::Error;
use wengert_nn::data::{
    Missing, NumpyArray, Table, read_idx, read_idx_classes, read_npy, read_npz, read_png, write_npy,
};
use wengert_nn::prelude::*;

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("wengert-damaged-{name}-{}", std::process::id()))
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A PNG file of these parts.
fn png(parts: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in parts {
        let body = [&name[..], data].concat();
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(&body);
        file.extend(crc32fast::hash(&body).to_be_bytes());
    }
    file
}

fn png_header(width: u32, height: u32, depth: u8, colours: u8) -> (&'static [u8; 4], Vec<u8>) {
    (b"IHDR", [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colours, 0, 0, 0]].concat())
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Two pixels of a palette, the first of which is seen through.
fn small_png() -> Vec<u8> {
    png(&[
        png_header(2, 1, 8, 3),
        (b"PLTE", vec![255, 0, 0, 0, 255, 0]),
        (b"tRNS", vec![51]),
        (b"IDAT", zlib(&[0, 0, 1])),
        (b"IEND", Vec::new()),
    ])
}

/// A member of a zip file as its maker wants it to be.
struct Packed<'a> {
    name: &'a str,
    /// In the list, if it is not the name.
    listed: &'a str,
    size: u32,
    data: Vec<u8>,
    crc: u32,
    /// Where it is said to be, if that is not where it is.
    at: Option<u32>,
}

fn packed<'a>(name: &'a str, bytes: &[u8]) -> Packed<'a> {
    let (size, crc) = (bytes.len() as u32, crc32fast::hash(bytes));
    Packed { name, listed: name, size, data: deflated(bytes), crc, at: None }
}

fn zip(members: &[Packed<'_>]) -> Vec<u8> {
    let (mut file, mut list) = (Vec::new(), Vec::new());
    for Packed { name, listed, size, data, crc, at } in members {
        let place = at.unwrap_or(file.len() as u32);
        let common = |name: &str| {
            let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
            common.extend(crc.to_le_bytes());
            common.extend((data.len() as u32).to_le_bytes());
            common.extend(size.to_le_bytes());
            common.extend((name.len() as u16).to_le_bytes());
            common.extend([0, 0]);
            common
        };
        if at.is_none() {
            file.extend(b"PK\x03\x04");
            file.extend(common(name));
            file.extend(name.as_bytes());
            file.extend(data);
        }
        list.extend(b"PK\x01\x02\x14\x00");
        list.extend(common(listed));
        list.extend([0; 10]);
        list.extend(place.to_le_bytes());
        list.extend(listed.as_bytes());
    }
    let begin = file.len() as u32;
    file.extend(&list);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([(members.len() as u16).to_le_bytes(), (members.len() as u16).to_le_bytes()].concat());
    file.extend((list.len() as u32).to_le_bytes());
    file.extend(begin.to_le_bytes());
    file.extend([0, 0]);
    file
}

fn npy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

fn idx(kind: u8, shape: &[u32], bytes: &[u8]) -> Vec<u8> {
    let lengths = shape.iter().flat_map(|n| n.to_be_bytes());
    [0, 0, kind, shape.len() as u8].into_iter().chain(lengths).chain(bytes.iter().copied()).collect()
}

fn small_model() -> Sequential<f32> {
    Sequential::new().then(Linear::new(2, 1, &mut generator(1))).then(Activation::LeakyRelu { slope: 0.25 })
}

fn bits(model: &impl Parameters<f32>) -> Vec<u32> {
    model.parameters().iter().flat_map(|(_, p)| p.value().to_vec()).map(f32::to_bits).collect()
}

fn training(path: &Path) -> Trainer<'_, f32, f32> {
    Trainer::new(mse).epochs(1).checkpoint(path).resume(true)
}

/// What was read, as text: the same text is the same reading.
type Reading = fn(&Path) -> Result<String, Error>;

/// Each kind of file: a small one, and how it is read: wholly where a checksum tells every change, else how much there is.
fn kinds() -> Vec<(&'static str, Vec<u8>, Reading)> {
    let path = file("made");
    let written = |write: &dyn Fn(&Path)| {
        write(&path);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        bytes
    };
    let numbers = Tensor::from([[1.5, -2.0, 0.1], [1e300, 0.0, 7.0]]);
    let array = written(&|path| write_npy(path, &numbers).unwrap());
    let whole = npy("<i2", "(3,)", &[1, 0, 2, 0, 255, 255]);
    let details = Details::from([("task".to_string(), "t".to_string())]);
    vec![
        ("png", small_png(), |path| Ok(format!("{:?}", read_png::<f32>(path)?))),
        ("npz", zip(&[packed("a.npy", &array), packed("b.npy", &whole)]), |path| Ok(format!("{:?}", read_npz(path)?))),
        ("idx.gz", gzipped(&idx(8, &[2, 2], &[1, 2, 3, 4])), |path| Ok(format!("{:?}", read_idx::<f32>(path)?))),
        // Without a checksum there is as much in it as before.
        ("npy", array, |path| match read_npy(path)? {
            NumpyArray::Numbers(t) => Ok(t.len().to_string()),
            NumpyArray::Whole(t) => Ok(t.len().to_string()),
        }),
        ("idx", idx(13, &[2], &[63, 128, 0, 0, 64, 0, 0, 0]), |path| {
            let _ = read_idx_classes(path);
            Ok(read_idx::<f64>(path)?.len().to_string())
        }),
        ("csv", b"a,b,kind\n1.5,\"x\ny\",no\r\n-2e3, \"1,234\",yes\n,NA,no\n".to_vec(), |path| {
            let table = Table::read(path)?;
            let _ = Table::read_without_header(path);
            let _ = table.numbers::<f32>("a", Missing::Nan);
            Ok(table.classes::<f32>("kind", Missing::Nan)?.len().to_string())
        }),
        ("model", written(&|path| save(&small_model(), &details, path).unwrap()), |path| {
            let mut model = small_model();
            let details = load_parameters(&mut model, path);
            let loaded = load::<f32>(path)?;
            // Both read it, or neither.
            Ok(format!(
                "{:?} {:?} {:?} {:?} {:?}",
                bits(&model),
                details?,
                bits(&loaded.model),
                loaded.details,
                loaded.model
            ))
        }),
        (
            "checkpoint",
            written(&|path| {
                training(path).train(&mut small_model(), &mut Sgd::new(0.1).momentum(0.9), &xor()).map(drop).unwrap();
            }),
            |path| {
                let (mut model, mut optimiser) = (small_model(), Sgd::new(0.1).momentum(0.9));
                training(path).train(&mut model, &mut optimiser, &xor())?;
                Ok(format!("{:?} {:?}", bits(&model), Optimiser::<f32>::state(&optimiser, &model)))
            },
        ),
    ]
}

#[test]
fn every_cut_and_every_changed_bit() {
    let mut wrong = Vec::new();
    for (name, whole, read) in kinds() {
        let path = file(name);
        fs::write(&path, &whole).unwrap();
        let expected = read(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut try_bytes = |what: String, bytes: &[u8], cut: bool| {
            fs::write(&path, bytes).unwrap();
            match read(&path) {
                Err(Error::File { path: named, .. }) if named == path => {}
                // Rows may be gone, and classes of one kind may be two.
                Ok(_) if name == "csv" => {}
                Ok(found) if !cut && found == expected => {}
                other => wrong.push(format!("{name}, {what}: {other:?}")),
            }
        };
        (0..whole.len()).for_each(|n| try_bytes(format!("the first {n} bytes"), &whole[..n], true));
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                try_bytes(format!("bit {bit} of byte {at}"), &bytes, false);
            }
        }
        fs::remove_file(&path).unwrap();
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

fn refused<T: std::fmt::Debug>(name: &str, bytes: &[u8], read: impl Fn(&Path) -> Result<T, Error>) -> String {
    let path = file(name);
    fs::write(&path, bytes).unwrap();
    let message = read(&path).unwrap_err().to_string();
    fs::remove_file(&path).unwrap();
    message.strip_prefix(&format!("{}: ", path.display())).unwrap_or_else(|| panic!("{message}")).to_string()
}

#[test]
fn pictures_that_claim_too_much() {
    let pixels = |bytes: &[u8]| (b"IDAT", zlib(bytes));
    let end = (b"IEND", Vec::new());
    let huge = png(&[png_header(200_000, 200_000, 8, 0), pixels(&[]), end.clone()]);
    assert!(huge.len() < 80);
    let expected = format!("damaged: {} packed bytes cannot hold the 40000200000 that are claimed", huge.len());
    assert_eq!(refused("huge.png", &huge, |path| read_png::<f32>(path)), expected);
    // Transparency is not something to do without.
    let mut changed = small_png();
    let at = changed.windows(4).position(|part| part == b"tRNS").unwrap();
    changed[at + 5] ^= 1;
    let message = refused("trns.png", &changed, |path| read_png::<f32>(path));
    assert!(message.contains("CRC"), "{message}");
}

#[test]
fn archives_that_claim_too_much() {
    let small = npy("<f8", "(1,)", &[0; 8]);
    let read = |bytes: &[u8]| refused("claims.npz", bytes, |path| read_npz(path));
    // Of one member's bytes, many members.
    let twice = Packed { listed: "b.npy", at: Some(0), ..packed("b.npy", &small) };
    let message = read(&zip(&[packed("a.npy", &small), twice]));
    assert_eq!(message, "b.npy: damaged: what stands before its bytes is of another member");
    let twice = Packed { at: Some(0), ..packed("a.npy", &small) };
    assert_eq!(read(&zip(&[packed("a.npy", &small), twice])), "damaged: two members are called a.npy");

    let claims = Packed { size: 1 << 30, ..packed("a.npy", &small) };
    let bytes = claims.data.len();
    let expected = format!("a.npy: damaged: {bytes} packed bytes cannot hold the 1073741824 that are claimed");
    assert_eq!(read(&zip(&[claims])), expected);
    // The list may say as much as it wants: the array has its own header.
    let bomb = [small.clone(), vec![0; 1 << 20]].concat();
    let message = read(&zip(&[packed("a.npy", &bomb)]));
    assert_eq!(message, "a.npy: 1048584 bytes of data, [1] of `f8` has another number");
    // More is packed than the list says.
    let more = Packed { size: small.len() as u32, ..packed("a.npy", &bomb) };
    let message = read(&zip(&[more]));
    assert_eq!(message, "a.npy: damaged: its checksum or its length is not what the file says");
    let huge = npy("|u1", "(1099511627776,)", &[0; 8]);
    let message = read(&zip(&[packed("a.npy", &huge)]));
    assert_eq!(message, "a.npy: 8 bytes of data, [1099511627776] of `u1` has another number");
    let wraps = npy("<f8", "(4294967296, 4294967296)", &[]);
    let message = refused("wraps.npy", &wraps, |path| read_npy(path));
    assert_eq!(message, "0 bytes of data, [4294967296, 4294967296] of `f8` has another number");
}

/// Two members whose bytes overlap, though their names do not.
#[test]
fn members_that_share_bytes() {
    let small = npy("<f8", "(1,)", &[0; 8]);
    // A whole second member stands within what the first one is said to be.
    let second = zip(&[packed("b.npy", &small)]);
    let length = 30 + 5 + deflated(&small).len();
    let first = Packed { data: second[..length].to_vec(), size: 10, ..packed("a.npy", &[]) };
    let within = Packed { at: Some(30 + 5), ..packed("b.npy", &small) };
    let message = refused("shared.npz", &zip(&[first, within]), |path| read_npz(path));
    assert_eq!(message, "damaged: two members have the same bytes");
}

#[test]
fn packed_numbers_that_claim_too_much() {
    let read = |bytes: &[u8]| refused("claims.gz", bytes, |path| read_idx::<f32>(path));
    let bytes = gzipped(&idx(8, &[1 << 20, 1 << 12], &[]));
    let expected = format!("damaged: {} packed bytes cannot hold the 4294967296 that are claimed", bytes.len());
    assert_eq!(read(&bytes), expected);
    let bomb = gzipped(&idx(8, &[3], &[0; 1 << 20]));
    assert_eq!(read(&bomb), "more than 3 bytes follow the header, [3] has 3 numbers of 1");
    let short = gzipped(&idx(8, &[3], &[0]));
    assert_eq!(read(&short), "1 bytes follow the header, [3] has 3 numbers of 1");
    // Several members are one file, as gzip itself takes them.
    let whole = idx(8, &[4], &[1, 2, 3, 4]);
    let parts = [gzipped(&whole[..6]), gzipped(&whole[6..10]), gzipped(&whole[10..])].concat();
    let path = file("parts.gz");
    fs::write(&path, parts).unwrap();
    assert_eq!(read_idx::<f32>(&path).unwrap(), Tensor::from([1.0, 2.0, 3.0, 4.0]));
    fs::remove_file(path).unwrap();
}

/// What a number of a file is, it stays, or it is refused.
#[test]
fn numbers_are_not_bent() {
    let floats = |numbers: &[f64]| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_be_bytes()).collect();
        idx(14, &[numbers.len() as u32], &bytes)
    };
    let classes = |numbers: &[f64]| refused("bent.idx", &floats(numbers), |path| read_idx_classes(path));
    assert_eq!(classes(&[1.0, 1.5]), "number 2: 1.5 is no whole number of at most 2^53");
    assert_eq!(classes(&[f64::NAN]), "number 1: NaN is no whole number of at most 2^53");
    assert_eq!(classes(&[3.0, 2.0, 1e300]), "number 3: 1e300 is no whole number of at most 2^53");
    let message = refused("bent.idx", &floats(&[0.0, -1e308]), |path| read_idx::<f32>(path));
    assert_eq!(message, "number 2: -1e308 is beyond the largest number of type f32");
    let truth = npy("|b1", "(2,)", &[1, 2]);
    assert_eq!(refused("bent.npy", &truth, |path| read_npy(path)), "the truth value 2, which is neither 0 nor 1");
    let array = NumpyArray::Numbers(Tensor::from([1e39]));
    let message = array.try_numbers::<f32>().unwrap_err().to_string();
    assert_eq!(message, "array: number 1: 1e39 is beyond the largest number of type f32");
}

/// Where this test runs itself with little to ask for.
const LITTLE: &str = "WENGERT_TEST_LITTLE";

#[test]
fn child_with_little() {
    if std::env::var_os(LITTLE).is_none() {
        return;
    }
    // 100,000 bytes may be asked for: in each of these files 8 kB or less become more.
    let zeros = vec![0; 100_000];
    let array = npy("|u1", "(100000,)", &zeros);
    let message = refused("little.npz", &zip(&[packed("a.npy", &array)]), |path| read_npz(path));
    assert!(message.starts_with("what is packed in it: takes 100"), "{message}");
    let small = npy("|u1", "(20000,)", &zeros[..20_000]);
    let message = refused("little.npy", &small, |path| read_npy(path));
    // The engine's own words.
    let end = wengert_tape::check_bytes("x", 160_000).unwrap_err().to_string();
    let end = end.strip_prefix("x").unwrap();
    assert!(end.starts_with(": takes 160000 bytes, more than the 100000 that one call may ask for"), "{end}");
    assert_eq!(message, format!("an array of this shape{end}"));
    let message = refused("little.gz", &gzipped(&idx(8, &[32_000], &zeros[..32_000])), |path| read_idx::<f32>(path));
    assert_eq!(message, format!("an array of these lengths{end}"));
    let picture = png(&[png_header(100, 80, 1, 0), (b"IDAT", zlib(&[0; 14 * 80])), (b"IEND", Vec::new())]);
    let message = refused("little.png", &picture, |path| read_png::<f32>(path));
    assert_eq!(message, format!("an image of this size{end}"));
    let message = refused("little.csv", &vec![b'a'; 160_000], |path| Table::read(path));
    assert_eq!(message, format!("the file{end}"));
    let rows: String = (0..200).map(|k| format!("w{k},{}\n", k % 2)).collect();
    let table = Table::parse(&format!("word,kind\n{rows}")).unwrap();
    let message = table.classes::<f32>("kind", Missing::Refuse).unwrap_err().to_string();
    assert_eq!(message, format!("table: 200 rows of 200 inputs{end}"));
}

#[test]
fn nothing_asks_for_more_than_it_may() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "damaged_files::child_with_little", "--nocapture"])
        .env(LITTLE, "1")
        .env("WENGERT_MAX_BYTES", "100000")
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
}

/// Work in proportion to the table: it was in proportion to the square of its columns.
#[test]
fn wide_and_wordy_tables() {
    let columns = 40_000;
    let names: Vec<String> = (0..columns).map(|k| format!("c{k}")).collect();
    let row = |x: usize| vec![x.to_string(); columns].join(",");
    let text = format!("{},kind\n{},a\n{},b\n{},a\n", names.join(","), row(1), row(2), row(3));
    let table = Table::parse(&text).unwrap();
    let data = table.classes::<f32>("kind", Missing::Refuse).unwrap();
    assert_eq!((data.inputs().shape(), data.inputs().data()[columns]), (&[3, columns].into(), 2.0));
    let left: Vec<&str> = names[1..].iter().map(String::as_str).collect();
    assert_eq!(table.without(&left).unwrap().names(), ["c0", "kind"]);

    let rows: String = (0..100_000).map(|k| format!("w{k},{},{k}\n", k % 2)).collect();
    let table = Table::parse(&format!("word,kind,x\n{rows}")).unwrap();
    let message = table.classes::<f32>("kind", Missing::Refuse).unwrap_err().to_string();
    let expected = "table: column `word` has 100000 different words, and at most 1000 are told apart; leave it out";
    assert_eq!(message, expected);
    assert_eq!(table.without(&["word"]).unwrap().classes::<f32>("kind", Missing::Refuse).unwrap().len(), 100_000);
}
