//! The members of a zip file: what `numpy.savez` and `savez_compressed` write.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;

use flate2::read::DeflateDecoder;

use crate::files::honest;

/// A member of a zip file, as the list at the end of the file has it.
pub(super) struct Member<'a> {
    pub(super) name: String,
    /// The number of its bytes when they are unpacked.
    pub(super) size: u64,
    /// What they hash to.
    checksum: u32,
    method: usize,
    packed: &'a [u8],
}

impl<'a> Member<'a> {
    /// Reads the member with `f`, which gets its unpacked bytes, and checks that these were all of them and whole.
    pub(super) fn read<T>(&self, f: impl FnOnce(&mut dyn Read, u64) -> Result<T, String>) -> Result<T, String> {
        let from: Box<dyn Read + 'a> = match self.method {
            0 => Box::new(self.packed),
            8 => Box::new(DeflateDecoder::new(self.packed)),
            other => return Err(format!("packed by method {other}; there are 0 and 8")),
        };
        let mut from = Summed { from, hasher: crc32fast::Hasher::new() };
        let result = f(&mut from, self.size)?;
        let more = from.from.read(&mut [0]).map_err(|e| e.to_string())?;
        match more == 0 && from.hasher.finalize() == self.checksum {
            true => Ok(result),
            false => Err("damaged: its checksum or its length is not what the file says".into()),
        }
    }
}

/// A reader that sums up what was read.
struct Summed<'a> {
    from: Box<dyn Read + 'a>,
    hasher: crc32fast::Hasher,
}

impl Read for Summed<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(to)?;
        self.hasher.update(&to[..n]);
        Ok(n)
    }
}

/// The members of a zip file, none of which is unpacked yet. No two of them share a byte or a name, and each has the name and
/// the method that stand before its bytes too.
pub(super) fn members(bytes: &[u8]) -> Result<Vec<Member<'_>>, String> {
    let file = Bytes(bytes);
    let end = file.end()?;
    let (count, list, mut entry) =
        (file.short(end + 10)?, file.long(end + 12)? as usize, file.long(end + 16)? as usize);
    if file.short(end + 8)? != count || entry.checked_add(list) != Some(end) {
        return Err(broken());
    }
    let (mut members, mut taken, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
    for _ in 0..count {
        let (member, place, next) = file.member(entry)?;
        if !names.insert(member.name.clone()) {
            return Err(format!("damaged: two members are called {}", member.name));
        }
        members.push(member);
        taken.push(place);
        entry = next;
    }
    if entry != end {
        return Err(broken());
    }
    taken.sort_by_key(|place: &Range<usize>| place.start);
    let before_list = taken.last().is_none_or(|place| place.end <= end - list);
    match before_list && taken.windows(2).all(|pair| pair[0].end <= pair[1].start) {
        true => Ok(members),
        false => Err("damaged: two members have the same bytes".into()),
    }
}

fn broken() -> String {
    "not a whole zip file".into()
}

/// The bytes of a zip file, of which nothing is taken for granted.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn at(&self, from: usize, n: usize) -> Result<&'a [u8], String> {
        from.checked_add(n).and_then(|to| self.0.get(from..to)).ok_or_else(broken)
    }

    fn short(&self, from: usize) -> Result<usize, String> {
        self.at(from, 2).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])))
    }

    fn long(&self, from: usize) -> Result<u32, String> {
        self.at(from, 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    /// Where the last part of the file begins, which says where the list of members is: with a comment, that part ends the file.
    fn end(&self) -> Result<usize, String> {
        let is_end = |at: &usize| {
            self.0[*at..].starts_with(b"PK\x05\x06") && self.short(at + 20).is_ok_and(|n| at + 22 + n == self.0.len())
        };
        let last = self.0.len().checked_sub(22).ok_or_else(broken)?;
        (0..=last).rev().take(1 << 16).find(is_end).ok_or_else(broken)
    }

    /// The member whose entry in the list is here, the place of it and what stands before it, and where the next entry is.
    fn member(&self, entry: usize) -> Result<(Member<'a>, Range<usize>, usize), String> {
        if self.at(entry, 4)? != b"PK\x01\x02" {
            return Err(broken());
        }
        let [flags, method] = [8, 10].map(|k| self.short(entry + k));
        let [checksum, packed, size, local] = [16, 20, 24, 42].map(|k| self.long(entry + k));
        let [name, extra, comment] = [28, 30, 32].map(|k| self.short(entry + k));
        let (flags, method, checksum, packed, size, local) = (flags?, method?, checksum?, packed?, size?, local?);
        let (name_length, extra, comment) = (name?, extra?, comment?);
        if [packed, size, local].contains(&u32::MAX) {
            return Err("a zip file of more than 4 GiB".into());
        }
        let name = self.at(entry + 46, name_length)?;
        let text = String::from_utf8(name.to_vec()).map_err(|_| "damaged: the name of a member is no text")?;
        if flags & 1 != 0 {
            return Err(format!("{text}: it is encrypted"));
        }
        let local = local as usize;
        let same = self.at(local, 4)? == b"PK\x03\x04"
            && self.short(local + 8)? == method
            && self.short(local + 26)? == name_length
            && self.at(local + 30, name_length)? == name;
        if !same {
            return Err(format!("{text}: damaged: what stands before its bytes is of another member"));
        }
        let begin = local + 30 + name_length + self.short(local + 28)?;
        let stored = self.at(begin, packed as usize)?;
        match method {
            0 if size != packed => return Err(format!("{text}: damaged: {packed} bytes cannot be {size}")),
            8 => honest(u128::from(size), stored.len()).map_err(|message| format!("{text}: {message}"))?,
            _ => {}
        }
        let member = Member { name: text, size: u64::from(size), checksum, method, packed: stored };
        Ok((member, local..begin + packed as usize, entry + 46 + name_length + extra + comment))
    }
}
