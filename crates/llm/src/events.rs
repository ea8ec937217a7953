//! Streamed answers taken apart: events of `text/event-stream`, and JSON lines.

use crate::LlmError;

/// Longest event.
const MOST_BYTES: usize = 1 << 20;
/// Most events of an answer.
const MOST_EVENTS: usize = 200_000;

/// How a stream is cut into events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    Events,
    /// One JSON document a line.
    Lines,
}

/// Takes pieces of a body and hands out the data of events.
#[derive(Debug)]
pub(crate) struct Events {
    framing: Framing,
    line: Vec<u8>,
    data: String,
    has_data: bool,
    seen: usize,
    after_return: bool,
}

impl Events {
    pub(crate) const fn new(framing: Framing) -> Self {
        Self {
            framing,
            line: Vec::new(),
            data: String::new(),
            has_data: false,
            seen: 0,
            after_return: false,
        }
    }

    /// The events that end in this piece.
    ///
    /// # Errors
    /// One is too long, there are too many, or one is no UTF-8.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Vec<String>, LlmError> {
        let mut out = Vec::new();
        for byte in piece {
            let follows = std::mem::take(&mut self.after_return);
            match byte {
                b'\n' if follows => {}
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    self.line_ends(&mut out)?;
                }
                other => self.line.push(*other),
            }
            if self.line.len() + self.data.len() > MOST_BYTES {
                return Err(LlmError::TooLarge { why: format!("an event of {MOST_BYTES} bytes") });
            }
        }
        Ok(out)
    }

    /// What stands at the end without a line end; JSON lines may lack the last one.
    pub(crate) fn finish(&mut self) -> Result<Vec<String>, LlmError> {
        let mut out = Vec::new();
        if self.framing == Framing::Lines {
            self.line_ends(&mut out)?;
        }
        Ok(out)
    }

    fn line_ends(&mut self, out: &mut Vec<String>) -> Result<(), LlmError> {
        let line = std::mem::take(&mut self.line);
        let line =
            String::from_utf8(line).map_err(|_| LlmError::shape("stream", "a line is no UTF-8"))?;
        match self.framing {
            Framing::Lines if line.trim().is_empty() => Ok(()),
            Framing::Lines => self.event(line, out),
            Framing::Events if line.is_empty() && self.has_data => {
                self.has_data = false;
                let data = std::mem::take(&mut self.data);
                self.event(data, out)
            }
            Framing::Events => {
                self.field(line.strip_prefix('\u{feff}').unwrap_or(&line));
                Ok(())
            }
        }
    }

    /// Fields but `data` say nothing that the data does not.
    fn field(&mut self, line: &str) {
        let Some(("data", value)) = line.split_once(':') else { return };
        if self.has_data {
            self.data.push('\n');
        }
        self.has_data = true;
        self.data.push_str(value.strip_prefix(' ').unwrap_or(value));
    }

    fn event(&mut self, data: String, out: &mut Vec<String>) -> Result<(), LlmError> {
        self.seen += 1;
        if self.seen > MOST_EVENTS {
            return Err(LlmError::TooLarge { why: format!("more than {MOST_EVENTS} events") });
        }
        out.push(data);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = ": hello\n\nevent: a\ndata: {\"x\":1}\n\ndata:two\r\ndata: lines\r\n\r\ndata: [DONE]\r\rdata: cut";

    #[test]
    fn events_lines_and_their_ends() {
        let got = Events::new(Framing::Events).push(TEXT.as_bytes()).unwrap();
        assert_eq!(got, ["{\"x\":1}", "two\nlines", "[DONE]"]);
        let mut lines = Events::new(Framing::Lines);
        assert_eq!(lines.push(b"{}\n\n{\"a\":1}\r\n{\"b\"").unwrap(), ["{}", "{\"a\":1}"]);
        assert_eq!(lines.push(b":2}").unwrap(), Vec::<String>::new());
        assert_eq!(lines.finish().unwrap(), ["{\"b\":2}"]);
        assert!(Events::new(Framing::Events).push(&b"x".repeat(MOST_BYTES + 2)).is_err());
        assert!(Events::new(Framing::Lines).push(&b"1\n".repeat(MOST_EVENTS + 1)).is_err());
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_pieces_end(cuts in prop::collection::vec(0..TEXT.len(), 0..6)) {
            let mut events = Events::new(Framing::Events);
            let mut cuts = cuts;
            cuts.push(TEXT.len());
            cuts.sort_unstable();
            let (mut out, mut at) = (Vec::new(), 0);
            for cut in cuts {
                out.extend(events.push(&TEXT.as_bytes()[at..cut]).unwrap());
                at = cut;
            }
            prop_assert_eq!(out, ["{\"x\":1}", "two\nlines", "[DONE]"]);
        }
    }
}
