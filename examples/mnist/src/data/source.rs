//! Where the four files are: bundled in the binary, or in a folder.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::idx::{self, IdxError};
use super::{Digits, SIDE};
use crate::Result;

/// A file's published name, and the copy that is part of this binary.
struct Bundled {
    name: &'static str,
    gzip: &'static [u8],
}

/// Embedded, so that the binary runs from anywhere.
macro_rules! bundled {
    ($name:literal) => {
        Bundled {
            name: $name,
            gzip: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/", $name, ".gz")),
        }
    };
}
/// The training or the test images.
#[derive(Clone, Copy, Debug)]
pub enum Split {
    Train,
    Test,
}

impl Split {
    fn images(self) -> Bundled {
        match self {
            Split::Train => bundled!("train-images-idx3-ubyte"),
            Split::Test => bundled!("t10k-images-idx3-ubyte"),
        }
    }

    fn labels(self) -> Bundled {
        match self {
            Split::Train => bundled!("train-labels-idx1-ubyte"),
            Split::Test => bundled!("t10k-labels-idx1-ubyte"),
        }
    }
}

/// Where to read the digits.
#[derive(Clone, Debug)]
pub enum Source {
    /// The MNIST that is part of this binary.
    Bundled,
    /// A folder with files of the same names, with or without `.gz`.
    Directory(PathBuf),
}

impl Source {
    /// The bundled files unless there is a folder.
    pub fn new(directory: Option<&Path>) -> Self {
        match directory {
            Some(path) => Source::Directory(path.to_owned()),
            None => Source::Bundled,
        }
    }

    /// Reads the images and labels of one split and checks that they belong together.
    pub fn load(&self, split: Split) -> Result<Digits> {
        let (images_name, file) = self.open(&split.images())?;
        let pixels = idx::read_images(&images_name, file, SIDE)?;
        let (labels_name, file) = self.open(&split.labels())?;
        let labels = idx::read_labels(&labels_name, file)?;
        let images = pixels.len() / super::PIXELS;
        if images != labels.len() {
            let found = labels.len();
            return Err(IdxError::new(
                &labels_name,
                format!(
                    "expected {images} labels, one for each image of {images_name}, found {found}"
                ),
            )
            .into());
        }
        Ok(Digits { pixels, labels })
    }

    fn open(&self, file: &Bundled) -> Result<(String, Box<dyn Read>)> {
        match self {
            Source::Bundled => Ok((format!("bundled {}.gz", file.name), Box::new(file.gzip))),
            Source::Directory(directory) => {
                let zipped = directory.join(format!("{}.gz", file.name));
                let plain = directory.join(file.name);
                let path = if plain.exists() && !zipped.exists() {
                    plain
                } else {
                    zipped
                };
                let opened = File::open(&path)
                    .map_err(|error| format!("cannot open {}: {error}", path.display()))?;
                Ok((path.display().to_string(), Box::new(BufReader::new(opened))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use burn::data::dataset::Dataset;

    use super::*;
    use crate::data::PIXELS;
    use crate::data::idx::tests::{gzip, images, labels};

    /// A folder of its own for each test, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("mnist-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        fn write(self, name: &str, bytes: &[u8]) -> Self {
            fs::write(self.0.join(name), bytes).unwrap();
            self
        }

        fn load(&self) -> Result<Digits> {
            Source::new(Some(&self.0)).load(Split::Test)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn bundled_files_are_whole() {
        let counts = |split| {
            let digits = Source::Bundled.load(split).unwrap();
            let mut counts = [0; 10];
            digits
                .labels
                .iter()
                .for_each(|&label| counts[usize::from(label)] += 1);
            (digits.len(), counts[1], digits.labels[0])
        };
        assert_eq!(counts(Split::Train), (60_000, 6_742, 5));
        assert_eq!(counts(Split::Test), (10_000, 1_135, 7));
    }

    #[test]
    fn reads_a_folder_of_zipped_and_plain_files() {
        let folder = Folder::new("folder")
            .write(
                "t10k-images-idx3-ubyte",
                &images(&[[7; PIXELS], [9; PIXELS]]),
            )
            .write("t10k-labels-idx1-ubyte.gz", &gzip(&labels(&[3, 4])));
        let digits = folder.load().unwrap();
        assert_eq!((digits.len(), digits.get(1).unwrap().label), (2, 4));
        assert_eq!(digits.get(1).unwrap().pixels, [9; PIXELS]);
    }

    #[test]
    fn names_the_missing_file() {
        let folder = Folder::new("missing");
        let error = folder.load().unwrap_err().to_string();
        assert!(error.starts_with("cannot open "), "{error}");
        assert!(error.contains("t10k-images-idx3-ubyte.gz"), "{error}");
    }

    #[test]
    fn names_both_files_that_do_not_belong_together() {
        let folder = Folder::new("mismatch")
            .write(
                "t10k-images-idx3-ubyte",
                &images(&[[7; PIXELS], [9; PIXELS]]),
            )
            .write("t10k-labels-idx1-ubyte", &labels(&[3, 4, 5]));
        let error = folder.load().unwrap_err().to_string();
        let expected = "expected 2 labels, one for each image of ";
        assert!(
            error.contains(expected) && error.ends_with("found 3"),
            "{error}"
        );
        assert!(error.contains("t10k-images-idx3-ubyte"), "{error}");
        assert!(error.contains("t10k-labels-idx1-ubyte"), "{error}");
    }
}
