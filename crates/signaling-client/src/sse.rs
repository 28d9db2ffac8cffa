//! Server-sent events out of bytes, however the network cut them (WHATWG HTML, section 9.2.6).

/// Longer than any event: a `hello` with four participants and eight who wait is about 70 KiB.
const MAX_EVENT_BYTES: usize = 256 * 1024;

/// One event. Its name is not kept: the JSON says what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// The event's own `id:`.
    pub(crate) id: Option<u64>,
    /// Its `data:` lines, joined by line feeds.
    pub(crate) data: Vec<u8>,
}

/// More than [`MAX_EVENT_BYTES`] without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventTooLong;

/// Takes bytes as they come and gives events as they are whole.
#[derive(Debug, Default)]
pub(crate) struct SseParser {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed after it ends no second line.
    after_return: bool,
    started: bool,
    id: Option<u64>,
    data: Option<Vec<u8>>,
}

impl SseParser {
    /// Takes some bytes; the events that are whole now, in their order.
    ///
    /// # Errors
    /// If an event grows beyond all measure; the parser is of no use after that.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<SseEvent>, EventTooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let second_half_of_line_end = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            match byte {
                _ if second_half_of_line_end => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    events.extend(self.take_line(&line));
                }
                _ => self.line.push(byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, Vec::len) > MAX_EVENT_BYTES {
                return Err(EventTooLong);
            }
        }
        Ok(events)
    }

    fn take_line(&mut self, mut line: &[u8]) -> Option<SseEvent> {
        if !std::mem::replace(&mut self.started, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            let id = self.id.take();
            return self.data.take().map(|data| SseEvent { id, data });
        }
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            },
            b"id" => self.id = std::str::from_utf8(value).ok().and_then(|id| id.parse().ok()),
            // `event` is in the data too, `retry` is ours to decide, a line that begins with a colon is a comment.
            _ => {}
        }
        None
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Vec<SseEvent> {
        SseParser::default().push(text.as_bytes()).unwrap()
    }

    fn event(id: Option<u64>, data: &str) -> SseEvent {
        SseEvent { id, data: data.as_bytes().to_vec() }
    }

    const STREAM: &str = ": here\n\nid: 1\nevent: hello\ndata: {\"a\":\n data: 1}\ndata:2\n\n: beat\r\n\r\nid:2\r\ndata: \u{e4}x\r\n\r\n\
                          event: nothing\n\nid: 3\rdata\rretry: 5\r\rdata: last\n\n";

    fn of_stream() -> Vec<SseEvent> {
        vec![event(Some(1), "{\"a\":\n2"), event(Some(2), "\u{e4}x"), event(Some(3), ""), event(None, "last")]
    }

    #[test]
    fn every_line_end_every_field_and_comments_are_read() {
        assert_eq!(parse(STREAM), of_stream());
        assert_eq!(parse("\u{feff}data: x\n\n"), [event(None, "x")]);
    }

    #[test]
    fn an_event_that_is_not_whole_waits() {
        assert_eq!(parse("id: 7\ndata: {\"kind\":\"bye\"}\n"), []);
        assert_eq!(parse("id: 7\ndata: x\n\nid: 8\ndata: y"), [event(Some(7), "x")]);
    }

    #[test]
    fn an_id_that_is_no_number_is_none() {
        assert_eq!(parse("id: x\ndata: a\n\nid: -1\ndata: b\n\n"), [event(None, "a"), event(None, "b")]);
    }

    #[test]
    fn a_stream_that_never_ends_its_event_is_given_up() {
        let mut parser = SseParser::default();
        let line = vec![b'x'; 64 * 1024];
        let fed = (0..5).map(|_| parser.push(&line)).find(Result::is_err);
        assert_eq!(fed, Some(Err(EventTooLong)));
        let mut parser = SseParser::default();
        let lines = b"data: xxxxxxxxxxxxxxxx\n".repeat(20_000);
        assert_eq!(parser.push(&lines), Err(EventTooLong));
    }

    proptest! {
        #[test]
        fn however_the_network_cuts_it_the_events_are_the_same(mut cuts in prop::collection::vec(0..STREAM.len(), 0..20)) {
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let mut parser = SseParser::default();
            let mut events = Vec::new();
            for pair in cuts.windows(2) {
                events.extend(parser.push(&STREAM.as_bytes()[pair[0]..pair[1]]).unwrap());
            }
            prop_assert_eq!(events, of_stream());
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = SseParser::default().push(&bytes);
        }
    }
}
