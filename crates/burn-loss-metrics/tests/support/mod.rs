//! What the metrics log, kept for the tests.

use std::sync::{Mutex, OnceLock};

pub struct Kept(Mutex<Vec<String>>);

impl log::Log for Kept {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

pub fn logger() -> &'static Kept {
    static KEPT: OnceLock<&Kept> = OnceLock::new();
    KEPT.get_or_init(|| {
        let kept: &Kept = Box::leak(Box::new(Kept(Mutex::default())));
        log::set_logger(kept).unwrap();
        log::set_max_level(log::LevelFilter::Warn);
        kept
    })
}

/// Whether a message starts so.
pub fn logged(start: &str) -> bool {
    let kept = logger().0.lock().unwrap();
    kept.iter().any(|message| message.starts_with(start))
}
