//! A writer that lets no secret out which this process holds. Each write is a whole line, or a whole event of the
//! log: a secret is never in two of them.

use std::io::{self, Write};

use crate::secrets::held;

pub(super) struct Filtered<W>(pub(super) W);

impl<W: Write> Write for Filtered<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match held::without(bytes) {
            Some(clean) => self.0.write_all(&clean)?,
            None => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::secrets::held::Held;

    #[test]
    fn what_is_written_has_no_secret_in_it() {
        let _held = Held::new(Arc::new("held-while-a-line-is-written".into()));
        let mut out = Vec::new();
        writeln!(Filtered(&mut out), "a held-while-a-line-is-written b").unwrap();
        Filtered(&mut out).write_all(b"plain\n").unwrap();
        assert_eq!(out, b"a [removed] b\nplain\n");
    }
}
