//! What is shown for somebody to paste into a terminal: text from elsewhere stays one word there.

/// One word for a POSIX shell, whatever is in it.
pub fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
