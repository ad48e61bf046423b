//! The IDX format: a big-endian header with a magic number and the sizes, then plain bytes.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::CLASSES;

/// Unsigned bytes in three dimensions: images, rows, columns.
const IMAGES_MAGIC: u32 = 0x0803;
/// Unsigned bytes in one dimension: labels.
const LABELS_MAGIC: u32 = 0x0801;
/// What a gzip file starts with.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A file that is not what it should be.
#[derive(Debug)]
pub struct IdxError {
    file: String,
    problem: String,
}

impl IdxError {
    pub fn new(file: &str, problem: impl Into<String>) -> Self {
        IdxError {
            file: file.to_owned(),
            problem: problem.into(),
        }
    }
}

impl Display for IdxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.problem)
    }
}

impl Error for IdxError {}

/// Reads the pixels of all images, which must be squares of `side` pixels.
pub fn read_images(name: &str, file: impl Read, side: usize) -> Result<Vec<u8>, IdxError> {
    let mut file = IdxReader::new(name, file)?;
    let [count, rows, columns] = file.header(IMAGES_MAGIC, "images")?;
    if [rows as usize, columns as usize] != [side, side] {
        let problem =
            format!("expected images of {side} x {side} pixels, found {rows} x {columns}");
        return Err(IdxError::new(name, problem));
    }
    let bytes = u64::from(count) * (side * side) as u64;
    file.body(
        bytes,
        &format!("pixels ({count} images of {rows} x {columns})"),
    )
}

/// Reads the labels, which must be digits.
pub fn read_labels(name: &str, file: impl Read) -> Result<Vec<u8>, IdxError> {
    let mut file = IdxReader::new(name, file)?;
    let [count] = file.header(LABELS_MAGIC, "labels")?;
    let labels = file.body(u64::from(count), "labels")?;
    match labels
        .iter()
        .position(|&label| usize::from(label) >= CLASSES)
    {
        None => Ok(labels),
        Some(index) => {
            let found = labels[index];
            let problem = format!("expected labels from 0 to 9, found {found} as label {index}");
            Err(IdxError::new(name, problem))
        }
    }
}

struct IdxReader<'a> {
    name: &'a str,
    bytes: Box<dyn Read + 'a>,
}

impl<'a> IdxReader<'a> {
    fn new(name: &'a str, file: impl Read + 'a) -> Result<Self, IdxError> {
        let mut file = BufReader::new(file);
        // One read may give fewer bytes than there are.
        let mut start = Vec::new();
        file.by_ref()
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut start)
            .map_err(|error| IdxError::new(name, error.to_string()))?;
        let is_zipped = start == GZIP_MAGIC;
        let file = Cursor::new(start).chain(file);
        // Several members in one file are one stream to gunzip; bytes after the last are an error here.
        let bytes: Box<dyn Read + 'a> = match is_zipped {
            true => Box::new(MultiGzDecoder::new(file)),
            false => Box::new(file),
        };
        Ok(IdxReader { name, bytes })
    }

    /// The sizes after the magic number.
    fn header<const D: usize>(&mut self, magic: u32, what: &str) -> Result<[u32; D], IdxError> {
        let found = self.word(what)?;
        if found != magic {
            let problem = format!(
                "expected an IDX file of {what} (magic number {magic:#010x}), found magic number {found:#010x}"
            );
            return Err(IdxError::new(self.name, problem));
        }
        let mut sizes = [0; D];
        for size in &mut sizes {
            *size = self.word(what)?;
        }
        if sizes[0] == 0 {
            return Err(IdxError::new(
                self.name,
                format!("expected at least one of {what}, found 0"),
            ));
        }
        Ok(sizes)
    }

    fn word(&mut self, what: &str) -> Result<u32, IdxError> {
        let mut word = [0; 4];
        self.bytes.read_exact(&mut word).map_err(|error| {
            let problem = match error.kind() {
                io::ErrorKind::UnexpectedEof => "found a file that is cut short".to_owned(),
                _ => format!("found {error}"),
            };
            IdxError::new(
                self.name,
                format!("expected the header of an IDX file of {what}, {problem}"),
            )
        })?;
        Ok(u32::from_be_bytes(word))
    }

    /// Everything after the header, which must be `expected` bytes.
    fn body(&mut self, expected: u64, what: &str) -> Result<Vec<u8>, IdxError> {
        // Grows with what is there, so that a header that lies allocates nothing; the byte too much shows that the
        // file goes on, and makes gzip check its checksum.
        let mut body = Vec::new();
        let end = self
            .bytes
            .by_ref()
            .take(expected + 1)
            .read_to_end(&mut body);
        let found = body.len() as u64;
        let problem = match end {
            Ok(_) if found == expected => return Ok(body),
            Ok(_) if found > expected => "found more".to_owned(),
            Err(error) if found >= expected => format!("found a bad end of the gzip file: {error}"),
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                format!("found {found} and then {error}")
            }
            _ => format!("found {found}: the file is cut short"),
        };
        Err(IdxError::new(
            self.name,
            format!("expected {expected} bytes of {what}, {problem}"),
        ))
    }
}

#[cfg(test)]
pub mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    pub fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn file(header: &[u32], body: &[u8]) -> Vec<u8> {
        let header = header.iter().flat_map(|word| word.to_be_bytes());
        header.chain(body.iter().copied()).collect()
    }

    pub fn images(images: &[[u8; 784]]) -> Vec<u8> {
        file(&[0x803, images.len() as u32, 28, 28], images.as_flattened())
    }

    pub fn labels(labels: &[u8]) -> Vec<u8> {
        file(&[0x801, labels.len() as u32], labels)
    }

    /// Three images of 2 x 2 pixels.
    fn small() -> Vec<u8> {
        file(&[0x803, 3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    }

    fn images_error(bytes: &[u8]) -> String {
        read_images("f", bytes, 2).unwrap_err().to_string()
    }

    fn labels_error(bytes: &[u8]) -> String {
        read_labels("f", bytes).unwrap_err().to_string()
    }

    #[test]
    fn reads_plain_and_zipped_files() {
        let pixels: Vec<u8> = (1..=12).collect();
        assert_eq!(read_images("f", &small()[..], 2).unwrap(), pixels);
        assert_eq!(read_images("f", &gzip(&small())[..], 2).unwrap(), pixels);
        assert_eq!(
            read_labels("f", &gzip(&labels(&[0, 9]))[..]).unwrap(),
            [0, 9]
        );
    }

    /// A pipe hands out what is there, which may be a byte.
    #[test]
    fn reads_files_that_come_byte_by_byte() {
        struct OneByOne<'a>(&'a [u8]);
        impl Read for OneByOne<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let count = buffer.len().min(1);
                self.0.read(&mut buffer[..count])
            }
        }
        let pixels: Vec<u8> = (1..=12).collect();
        for file in [small(), gzip(&small())] {
            assert_eq!(read_images("f", OneByOne(&file), 2).unwrap(), pixels);
        }
    }

    #[test]
    fn refuses_another_magic_number() {
        assert_eq!(
            images_error(&labels(&[1, 2])),
            "f: expected an IDX file of images (magic number 0x00000803), found magic number 0x00000801"
        );
        assert_eq!(
            labels_error(b"a text file"),
            "f: expected an IDX file of labels (magic number 0x00000801), found magic number 0x61207465"
        );
    }

    #[test]
    fn refuses_another_size_of_images() {
        let wide = file(&[0x803, 1, 2, 3], &[0; 6]);
        assert_eq!(
            images_error(&wide),
            "f: expected images of 2 x 2 pixels, found 2 x 3"
        );
    }

    #[test]
    fn refuses_an_empty_set() {
        assert_eq!(
            images_error(&file(&[0x803, 0, 2, 2], &[])),
            "f: expected at least one of images, found 0"
        );
        assert_eq!(
            labels_error(&file(&[0x801, 0], &[])),
            "f: expected at least one of labels, found 0"
        );
    }

    #[test]
    fn refuses_a_header_that_is_cut_short() {
        let expected =
            "f: expected the header of an IDX file of images, found a file that is cut short";
        assert_eq!(images_error(&small()[..15]), expected);
        assert_eq!(images_error(&[]), expected);
        assert_eq!(images_error(&gzip(&small()[..7])), expected);
        assert_eq!(images_error(&gzip(&small())[..12]), expected);
    }

    #[test]
    fn refuses_a_body_that_is_cut_short() {
        let bytes = small();
        assert_eq!(
            images_error(&bytes[..bytes.len() - 1]),
            "f: expected 12 bytes of pixels (3 images of 2 x 2), found 11: the file is cut short"
        );
        assert_eq!(
            labels_error(&file(&[0x801, 4_000_000_000], &[1])),
            "f: expected 4000000000 bytes of labels, found 1: the file is cut short"
        );
    }

    #[test]
    fn refuses_gzip_that_is_cut_short() {
        // Bytes that do not compress, so that cutting the file cuts the pixels.
        let noise = (0..4 * 3000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8);
        let zipped = gzip(&file(&[0x803, 3000, 2, 2], &noise.collect::<Vec<_>>()));
        let error = images_error(&zipped[..zipped.len() / 2]);
        assert!(
            error.starts_with("f: expected 12000 bytes of pixels (3000 images of 2 x 2), found "),
            "{error}"
        );
        assert!(error.ends_with(": the file is cut short"), "{error}");

        let error = images_error(&zipped[..zipped.len() - 3]);
        assert!(
            error.contains("found a bad end of the gzip file"),
            "{error}"
        );
    }

    #[test]
    fn refuses_gzip_that_is_damaged() {
        let mut zipped = gzip(&small());
        let checksum = zipped.len() - 8;
        zipped[checksum] ^= 1;
        let error = images_error(&zipped);
        assert!(
            error.contains("found a bad end of the gzip file: corrupt gzip stream"),
            "{error}"
        );
    }

    #[test]
    fn refuses_gzip_that_is_damaged_before_its_end() {
        let mut zipped = gzip(&small());
        // The method; gzip knows one.
        zipped[2] = 7;
        assert_eq!(
            images_error(&zipped),
            "f: expected the header of an IDX file of images, found invalid gzip header"
        );

        // After a block that is stored as it is, and longer than what is unpacked at once, one of a kind that there is not.
        let stored = file(&[0x803, 10_000, 2, 2], &[7; 40_000]);
        let length = (stored.len() as u16).to_le_bytes();
        let mut zipped = gzip(&[])[..10].to_vec();
        zipped.push(0);
        zipped.extend(length);
        zipped.extend(length.map(|byte| !byte));
        zipped.extend(stored);
        zipped.push(0b111);
        let error = images_error(&zipped);
        assert!(
            error.starts_with("f: expected 40000 bytes of pixels (10000 images of 2 x 2), found "),
            "{error}"
        );
        assert!(
            error.ends_with(" and then corrupt deflate stream"),
            "{error}"
        );
    }

    /// A disk or a network that breaks off.
    #[test]
    fn tells_why_a_file_cannot_be_read() {
        struct BreaksOff<'a>(&'a [u8]);
        impl Read for BreaksOff<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                match self.0.read(buffer)? {
                    0 => Err(io::Error::other("the disk is gone")),
                    count => Ok(count),
                }
            }
        }
        let bytes = small();
        for (read, expected) in [
            (0, "f: the disk is gone"),
            (
                10,
                "f: expected the header of an IDX file of images, found the disk is gone",
            ),
            (
                20,
                "f: expected 12 bytes of pixels (3 images of 2 x 2), found 4 and then the disk is gone",
            ),
        ] {
            let error = read_images("f", BreaksOff(&bytes[..read]), 2).unwrap_err();
            assert_eq!(error.to_string(), expected, "after {read} bytes");
        }
    }

    #[test]
    fn refuses_bytes_after_the_end() {
        let mut bytes = small();
        bytes.push(0);
        assert_eq!(
            images_error(&bytes),
            "f: expected 12 bytes of pixels (3 images of 2 x 2), found more"
        );
        assert_eq!(
            images_error(&gzip(&bytes)),
            "f: expected 12 bytes of pixels (3 images of 2 x 2), found more"
        );

        let mut zipped = gzip(&small());
        zipped.extend(b"junk");
        assert!(images_error(&zipped).contains("found a bad end of the gzip file"));
    }

    #[test]
    fn refuses_labels_that_are_no_digits() {
        assert_eq!(
            labels_error(&labels(&[0, 9, 10, 11])),
            "f: expected labels from 0 to 9, found 10 as label 2"
        );
    }
}
