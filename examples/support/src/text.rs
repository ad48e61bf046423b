//! The bundled book, as paragraphs and as sentences.

/// *Alice's Adventures in Wonderland*; `data/README.md` says where it is from.
const BOOK: &str = include_str!("../data/alice.txt");

/// The book's prose, a paragraph a line; without verses and headings.
pub fn paragraphs() -> impl Iterator<Item = String> {
    prose(BOOK)
}

/// The sentences of the book's prose.
pub fn sentences() -> impl Iterator<Item = String> {
    paragraphs().flat_map(|paragraph| cut(&paragraph))
}

/// What is between empty lines, in one line each; without verses and headings, which are indented throughout.
fn prose(book: &str) -> impl Iterator<Item = String> {
    let is_prose = |paragraph: &&str| {
        let mut lines = paragraph.lines().filter(|line| !line.is_empty());
        let indent = |line: &str| line.len() - line.trim_start().len();
        lines.next().is_some_and(|first| indent(first) <= 2) && lines.all(|line| indent(line) == 0)
    };
    let one_line = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    book.split("\n\n").filter(is_prose).map(one_line)
}

/// Cuts after a full stop, a question mark or an exclamation mark and the quotation mark behind it.
fn cut(paragraph: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    for word in paragraph.split(' ') {
        let sentence = sentences.last_mut().expect("there is always one");
        if !sentence.is_empty() {
            sentence.push(' ');
        }
        sentence.push_str(word);
        let closing = word.trim_end_matches(['\'', ')']);
        if closing.ends_with(['.', '!', '?']) {
            sentences.push(String::new());
        }
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_sentences() {
        let cut = cut("`Well!' thought Alice. (Which was likely true.) Down, down");
        assert_eq!(
            cut,
            [
                "`Well!'",
                "thought Alice.",
                "(Which was likely true.)",
                "Down, down"
            ]
        );
    }

    #[test]
    fn the_book_is_read() {
        let text: Vec<String> = sentences().collect();
        assert!(text.contains(&"Would the fall NEVER come to an end!".to_owned()));
        assert!(!text.iter().any(|text| text.contains("CHAPTER")));
        let (paragraphs, letters) = paragraphs().fold((0, 0), |(count, letters), paragraph| {
            (count + 1, letters + paragraph.len())
        });
        assert!((500..1000).contains(&paragraphs), "{paragraphs} paragraphs");
        assert!((100_000..148_000).contains(&letters), "{letters} letters");
    }
}
