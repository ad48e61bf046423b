//! The reader of IDX files of the `mnist` example, of any bytes, plain and gzipped, in pieces of any size.
//!
//! A file is read if, and only if, it unpacks to a header and exactly as many bytes as that says; labels are below 10.

#![no_main]

use std::io::{self, Read, Write};

use burn_loss_fuzz::source::Source;
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

#[path = "../../examples/mnist/src/data/idx.rs"]
mod idx;

/// What the reader takes from the module around it.
const CLASSES: usize = 10;

fuzz_target!(|bytes: &[u8]| {
    let mut source = Source::new(bytes);
    let side = source.size(0, 30);
    let piece = source.size(1, 40);
    if source.flag() {
        return check(source.rest(), side, piece);
    }
    let (images, zipped) = (source.flag(), source.flag());
    let level = source.size(0, 9) as u32;
    let [change, at] = [source.size(0, 7), source.any() as usize];
    let body = source.rest();
    let mut file = if images {
        pixels(body, side)
    } else {
        labels(body)
    };
    if zipped {
        file = gzip(&file, level);
    }
    change_at(&mut file, change, at);
    check(&file, side, piece);
});

/// A file of as many images as there are bytes for.
fn pixels(body: &[u8], side: usize) -> Vec<u8> {
    let count = body.len().checked_div(side * side).unwrap_or(3);
    let header = [0x0803, count, side, side].map(|word| (word as u32).to_be_bytes());
    [header.as_flattened(), &body[..count * side * side]].concat()
}

/// A file of labels, most of which are digits.
fn labels(body: &[u8]) -> Vec<u8> {
    let header = [0x0801, body.len()].map(|word| (word as u32).to_be_bytes());
    let digit = |byte: &u8| if *byte == 255 { 10 } else { byte % 10 };
    header
        .as_flattened()
        .iter()
        .copied()
        .chain(body.iter().map(digit))
        .collect()
}

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

/// Damages a file, or leaves it as it is.
fn change_at(file: &mut Vec<u8>, change: usize, at: usize) {
    let at = at % file.len();
    match change {
        0 => file[at] ^= 1 << (at % 8),
        1 => file.truncate(at),
        2 => file.push(at as u8),
        3 => file.extend_from_within(..),
        _ => {}
    }
}

fn check(file: &[u8], side: usize, piece: usize) {
    let pieces = || Pieces { file, piece };
    let unpacked = unpacked(file).ok();
    let body = |words: usize, magic: u32| {
        let (header, body) = unpacked.as_deref()?.split_at_checked(4 * words)?;
        let mut header = header
            .as_chunks::<4>()
            .0
            .iter()
            .map(|word| u32::from_be_bytes(*word));
        let is_right = header.next() == Some(magic);
        let count = header.next().filter(|count| is_right && *count > 0)?;
        header
            .all(|found| found as usize == side)
            .then_some((count as usize, body))
    };
    let images = body(4, 0x0803).filter(|(count, body)| body.len() == count * side * side);
    let read = idx::read_images("images", pieces(), side).ok();
    assert_eq!(read.as_deref(), images.map(|(_, body)| body));

    let is_digit = |label: &u8| usize::from(*label) < CLASSES;
    let labels =
        body(2, 0x0801).filter(|(count, body)| body.len() == *count && body.iter().all(is_digit));
    let read = idx::read_labels("labels", pieces()).ok();
    assert_eq!(read.as_deref(), labels.map(|(_, body)| body));
}

/// All bytes of a file, unpacked if they are packed.
fn unpacked(file: &[u8]) -> io::Result<Vec<u8>> {
    if !file.starts_with(&[0x1f, 0x8b]) {
        return Ok(file.to_vec());
    }
    let mut bytes = Vec::new();
    MultiGzDecoder::new(file).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A file that hands out a few bytes at a time.
struct Pieces<'a> {
    file: &'a [u8],
    piece: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.piece.min(buffer.len());
        self.file.read(&mut buffer[..count])
    }
}
