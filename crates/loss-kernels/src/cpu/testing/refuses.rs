//! Calls that have to panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Asserts that a call panics with a message that holds these words.
#[track_caller]
pub(crate) fn refuses<R>(words: &str, call: impl FnOnce() -> R) {
    let call = AssertUnwindSafe(|| drop(call()));
    let Err(payload) = catch_unwind(call) else {
        panic!("expected a panic that says {words:?}");
    };
    let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
    let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
    let message = message.expect("the payload is a message");
    assert!(message.contains(words), "no {words:?} in {message:?}");
}
