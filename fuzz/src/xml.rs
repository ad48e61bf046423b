//! Whether a text is well-formed XML, as far as pictures and reports need it: legal characters, tags in pairs, quoted
//! attributes, entities that exist.

/// Panics where it is not. Of HTML, `<!DOCTYPE html>` and `<meta ..>` pass.
pub fn assert_well_formed(text: &str) {
    if let Some(illegal) = text.chars().find(|character| !is_legal(*character)) {
        panic!("an illegal character, {illegal:?}");
    }
    let mut open = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        assert_text(&rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag has an end");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('!') || tag.starts_with("meta ") {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "tags come in pairs");
            continue;
        }
        let (inner, is_empty) = match tag.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (tag, false),
        };
        let (name, attributes) = inner.split_once([' ', '\n']).unwrap_or((inner, ""));
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == ':';
        assert!(
            !name.is_empty() && name.chars().all(is_name),
            "a tag's name: {name:?}"
        );
        assert_attributes(attributes);
        if !is_empty {
            open.push(name);
        }
    }
    assert_text(rest);
    assert!(open.is_empty(), "left open: {open:?}");
}

/// What XML 1.0 allows.
fn is_legal(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
    )
}

/// Text without tags: every `&` starts an entity.
fn assert_text(text: &str) {
    for part in text.split('&').skip(1) {
        let name = part.split_once(';').map(|(name, _)| name);
        let known = |name| matches!(name, "amp" | "lt" | "gt" | "quot" | "apos" | "#39");
        assert!(name.is_some_and(known), "an entity: &{part:?}");
    }
}

/// `name="value"`, again and again.
fn assert_attributes(mut rest: &str) {
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return;
        }
        let (name, value) = rest.split_once("=\"").expect("an attribute has a value");
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == ':';
        assert!(name.chars().all(is_name), "an attribute's name: {name:?}");
        let (value, after) = value.split_once('"').expect("a value has an end");
        assert_text(value);
        assert!(
            after.is_empty() || after.starts_with(char::is_whitespace),
            "one value"
        );
        rest = after;
    }
}
