//! Bytes into lines, with memory bounded. stdio speaks one JSON message a line; a line longer than
//! `LONGEST` is let go up to its newline and reported, so that the next one is read as usual.

pub(super) const LONGEST: usize = 8 * 1024 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Text(Vec<u8>),
    TooLong,
}

#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    skipping: bool,
}

impl Lines {
    /// Takes what was read and hands on each line that it completes.
    pub(super) fn feed(&mut self, chunk: &[u8], mut line: impl FnMut(Line)) {
        for piece in chunk.split_inclusive(|&byte| byte == b'\n') {
            let (text, ended) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            if !self.skipping {
                if self.held.len() + text.len() > LONGEST {
                    // A new buffer, because clearing would keep eight megabytes for good.
                    self.held = Vec::new();
                    self.skipping = true;
                    line(Line::TooLong);
                } else {
                    self.held.extend_from_slice(text);
                }
            }
            if ended {
                let text = std::mem::take(&mut self.held);
                if !std::mem::take(&mut self.skipping) && !is_blank(&text) {
                    line(Line::Text(text));
                }
            }
        }
    }

    /// The last line, where the input ended without a newline.
    pub(super) fn finish(self) -> Option<Line> {
        (!self.skipping && !is_blank(&self.held)).then_some(Line::Text(self.held))
    }
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<Line> {
        let mut splitter = Lines::default();
        let mut found = Vec::new();
        for chunk in chunks {
            splitter.feed(chunk, |line| found.push(line));
        }
        found.extend(splitter.finish());
        found
    }

    fn text(text: &str) -> Line {
        Line::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn splits_wherever_the_chunks_fall() {
        let whole = b"{\"a\":1}\r\n\n  \n{\"b\":2}\n{\"c\":3}";
        let expected = vec![text("{\"a\":1}\r"), text("{\"b\":2}"), text("{\"c\":3}")];
        assert_eq!(lines(&[whole]), expected);
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(lines(&bytes), expected);
    }

    #[test]
    fn a_giant_line_is_reported_once_and_the_next_one_is_whole() {
        let mib = vec![b'x'; 1024 * 1024];
        let mut chunks: Vec<&[u8]> = vec![&mib; 20];
        chunks.push(b"\nnext\n");
        assert_eq!(lines(&chunks), vec![Line::TooLong, text("next")]);
    }

    #[test]
    fn the_longest_line_still_passes() {
        let longest = vec![b'x'; LONGEST];
        assert_eq!(lines(&[&longest, b"\n"]), vec![Line::Text(longest.clone())]);
        assert_eq!(lines(&[&longest, b"x", b"\nnext"]), vec![Line::TooLong, text("next")]);
    }
}
