//! How much the caches hold.

use std::sync::OnceLock;

/// Where the system does not say.
const COMMON: usize = 8 << 20;

/// Bytes of the largest cache that a processor has.
pub fn largest() -> usize {
    static LARGEST: OnceLock<usize> = OnceLock::new();
    *LARGEST.get_or_init(|| read().unwrap_or(COMMON))
}

/// Linux says it of each level. Not `sysconf`: it adds up the caches of other processors, too.
fn read() -> Option<usize> {
    if cfg!(miri) {
        return None; // It opens no files.
    }
    let file = |level: usize| format!("/sys/devices/system/cpu/cpu0/cache/index{level}/size");
    let sizes = (0..5).filter_map(|level| std::fs::read_to_string(file(level)).ok());
    sizes.filter_map(|size| parse(&size)).max()
}

/// The bytes of such a size: a number of KiB.
fn parse(size: &str) -> Option<usize> {
    size.trim()
        .strip_suffix('K')?
        .parse::<usize>()
        .ok()?
        .checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        assert_eq!(parse("32768K\n"), Some(32 << 20));
        for none in ["", "K", "12", "12M", "99999999999999999999K"] {
            assert_eq!(parse(none), None, "{none}");
        }
        assert!(largest() >= 1 << 14);
    }
}
