//! Records one after the other from a stream of any length, in bounded memory: `{"Records": […]}` as CloudTrail delivers
//! them, an array of records, or a record per line.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::fields::Places;
use super::json::{self, Cut};

/// The most bytes of one record. CloudTrail's largest events have 1 MB.
pub(super) const LARGEST_RECORD: usize = 16 << 20;
const FIRST_BUFFER: usize = 256 << 10;

/// Opens a file; what is compressed with gzip (by its first bytes, not its name) is decompressed.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let mut file = BufReader::with_capacity(FIRST_BUFFER, File::open(path)?);
    let compressed = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// What a stream has next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// A record, whose text is [`RecordReader::record`].
    Record,
    /// Something that stands where a record should, but is none: why. Reading goes on behind it.
    Unread(String),
    /// The rest cannot be read: why.
    Failed(String),
    /// The end, where it should be.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between values: records, or objects that have `Records`.
    Top,
    /// Within a list of records.
    List {
        wrapped: bool,
    },
    /// Behind the list of an object that has `Records`.
    BehindList,
    Ended,
}

/// Reads records from a stream.
pub(super) struct RecordReader<R> {
    window: Window<R>,
    state: State,
    record: usize,
}

impl<R: Read> RecordReader<R> {
    /// Reads from a stream, with at most so many bytes per record.
    pub(super) fn new(stream: R, largest_record: usize) -> Self {
        Self { window: Window::new(stream, largest_record), state: State::Top, record: 0 }
    }

    /// The text of the record that [`Next::Record`] told of.
    pub(super) fn record(&self) -> &[u8] {
        self.window.text().get(..self.record).unwrap_or_default()
    }

    /// What comes next. The places of a record's fields are put into `places`.
    pub(super) fn next(&mut self, places: &mut Places) -> Next {
        self.window.consume(std::mem::take(&mut self.record));
        let next = self.step(places).unwrap_or_else(|error| Next::Failed(error.to_string()));
        if matches!(next, Next::Failed(_) | Next::End) {
            self.state = State::Ended;
        }
        next
    }

    fn step(&mut self, places: &mut Places) -> io::Result<Next> {
        loop {
            let first = self.window.first()?;
            match (self.state, first) {
                (State::Ended, _) | (State::Top, None) => return Ok(Next::End),
                (State::Top, Some(b'[')) => {
                    self.window.consume(1);
                    self.state = State::List { wrapped: false };
                }
                (State::Top, Some(b'{')) => match self.list_of_wrapper()? {
                    Some(length) => {
                        self.window.consume(length);
                        self.state = State::List { wrapped: true };
                    }
                    None => return self.read_record(places),
                },
                (State::Top, Some(_)) => return Ok(Next::Failed("it is no JSON of records".to_owned())),
                (State::List { .. }, Some(b'{')) => return self.read_record(places),
                (State::List { .. }, Some(b',')) => self.window.consume(1),
                (State::List { wrapped }, Some(b']')) => {
                    self.window.consume(1);
                    self.state = if wrapped { State::BehindList } else { State::Top };
                }
                (State::List { .. }, Some(_)) => {
                    return Ok(if self.window.skip_value(0)? {
                        Next::Unread("it is no object".to_owned())
                    } else {
                        Next::Failed("it ends within its list of records".to_owned())
                    });
                }
                (State::BehindList, Some(_)) => {
                    if !self.window.skip_value(1)? {
                        return Ok(Next::Failed("it ends before its last `}`".to_owned()));
                    }
                    self.state = State::Top;
                }
                (State::List { .. } | State::BehindList, None) => {
                    return Ok(Next::Failed("it ends within its list of records".to_owned()));
                }
            }
        }
    }

    /// If the object at hand begins with `"Records": [`, the length of that.
    fn list_of_wrapper(&mut self) -> io::Result<Option<usize>> {
        loop {
            let text = self.window.text();
            let mut at = 1;
            let mut complete = true;
            for part in [b"\"Records\"".as_slice(), b":", b"["] {
                at = json::skip_space(text, at);
                let rest = text.get(at..).unwrap_or_default();
                let length = rest.len().min(part.len());
                if rest.get(..length) != part.get(..length) {
                    return Ok(None);
                }
                complete &= length == part.len();
                at += length;
            }
            if complete {
                return Ok(Some(at));
            }
            if self.window.fill()? != Filled::More {
                return Ok(None);
            }
        }
    }

    fn read_record(&mut self, places: &mut Places) -> io::Result<Next> {
        loop {
            match places.find(self.window.text()) {
                Ok(length) => {
                    self.record = length;
                    return Ok(Next::Record);
                }
                Err(Cut::Malformed(why)) => return self.leave_out(why),
                Err(Cut::Incomplete) => match self.window.fill()? {
                    Filled::More => {}
                    Filled::End => return Ok(Next::Failed("it ends within a record".to_owned())),
                    Filled::Full => {
                        let most = self.window.largest;
                        return self.leave_out(&format!("it is larger than {most} bytes"));
                    }
                },
            }
        }
    }

    /// Goes on behind the object at hand.
    fn leave_out(&mut self, why: &str) -> io::Result<Next> {
        Ok(if self.window.skip_value(0)? {
            Next::Unread(why.to_owned())
        } else {
            Next::Failed(format!("a record is malformed ({why}), and its end was not found"))
        })
    }
}

/// UTF-8's, with which some editors begin a file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filled {
    More,
    End,
    Full,
}

/// The part of a stream that is in memory.
struct Window<R> {
    stream: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    largest: usize,
}

impl<R: Read> Window<R> {
    fn new(stream: R, largest: usize) -> Self {
        Self { stream, buffer: vec![0; FIRST_BUFFER.min(largest)], start: 0, end: 0, largest }
    }

    fn text(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn consume(&mut self, length: usize) {
        self.start = (self.start + length).min(self.end);
    }

    /// Reads more behind what is there.
    fn fill(&mut self) -> io::Result<Filled> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            if self.buffer.len() >= self.largest {
                return Ok(Filled::Full);
            }
            self.buffer.resize((self.buffer.len() * 2).min(self.largest), 0);
        }
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = loop {
            match self.stream.read(free) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += read;
        Ok(if read == 0 { Filled::End } else { Filled::More })
    }

    /// The first byte that is no white space (nor a byte order mark), without taking it.
    fn first(&mut self) -> io::Result<Option<u8>> {
        loop {
            let mut at = json::skip_space(self.text(), 0);
            let rest = self.text().get(at..).unwrap_or_default();
            if rest.starts_with(BYTE_ORDER_MARK) {
                at += BYTE_ORDER_MARK.len();
            } else if !rest.is_empty() && BYTE_ORDER_MARK.starts_with(rest) && self.fill()? == Filled::More {
                continue;
            }
            self.consume(at);
            match self.text().first().copied() {
                Some(first) if !first.is_ascii_whitespace() => return Ok(Some(first)),
                Some(_) => {}
                None if self.fill()? == Filled::End => return Ok(None),
                None => {}
            }
        }
    }

    /// Goes behind the value at hand, or, within `depth` objects, behind the end of the outermost, without keeping it.
    /// False if the stream ends before.
    fn skip_value(&mut self, mut depth: usize) -> io::Result<bool> {
        let (mut in_string, mut escaped, mut scalar) = (false, false, false);
        loop {
            for at in 0..self.text().len() {
                let byte = self.text().get(at).copied().unwrap_or_default();
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if in_string => escaped = true,
                    b'"' => in_string = !in_string,
                    _ if in_string => continue,
                    b'{' | b'[' => {
                        depth += 1;
                        continue;
                    }
                    b'}' | b']' if depth > 0 => depth -= 1,
                    b',' | b'}' | b']' if scalar => {
                        self.consume(at);
                        return Ok(true);
                    }
                    _ if depth == 0 => {
                        scalar = true;
                        continue;
                    }
                    _ => continue,
                }
                if depth == 0 && !in_string && !escaped && !scalar {
                    self.consume(at + 1);
                    return Ok(true);
                }
            }
            self.consume(usize::MAX - self.start);
            if self.fill()? == Filled::End {
                return Ok(false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// Gives one byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn all(text: &[u8], largest: usize) -> Vec<String> {
        let read = |mut reader: RecordReader<Box<dyn Read>>| {
            let (mut places, mut found) = (Places::default(), Vec::new());
            loop {
                let next = reader.next(&mut places);
                match &next {
                    Next::Record => found.push(String::from_utf8(reader.record().to_vec()).unwrap()),
                    Next::Unread(why) => found.push(format!("unread: {why}")),
                    Next::Failed(why) => found.push(format!("failed: {why}")),
                    Next::End => break,
                }
            }
            found
        };
        let whole = read(RecordReader::new(Box::new(io::Cursor::new(text.to_vec())), largest));
        let dripped = text.to_vec();
        let dripping =
            read(RecordReader::new(Box::new(Drip(Box::leak(dripped.into_boxed_slice()))), largest));
        assert_eq!(whole, dripping, "the same however it arrives");
        whole
    }

    #[test]
    fn every_form_of_records_is_read() {
        let records = ["{\"a\":\"}]\"}", "{\"b\":[1,2]}"];
        for text in [
            "{\"Records\":[{\"a\":\"}]\"},{\"b\":[1,2]}]}",
            " { \"Records\" : [ {\"a\":\"}]\"} , {\"b\":[1,2]} ] , \"more\": {\"x\": \"]\"} } \n",
            "[{\"a\":\"}]\"},\n{\"b\":[1,2]}]",
            "{\"a\":\"}]\"}\n{\"b\":[1,2]}\n",
            "\u{feff}{\"Records\":[{\"a\":\"}]\"}]}\n{\"Records\":[{\"b\":[1,2]}]}",
        ] {
            assert_eq!(all(text.as_bytes(), 1 << 20), records, "{text}");
        }
        assert_eq!(all(b"", 1 << 20), [""; 0]);
        assert_eq!(all(b"{\"Records\":[]}", 1 << 20), [""; 0]);
    }

    #[test]
    fn b13_a_malformed_record_is_left_out_and_the_others_are_read() {
        let text = br#"{"Records":[{"a":1},{"b" 2},{"c":3},7,"x",null,{"d":4}]}"#;
        assert_eq!(
            all(text, 1 << 20),
            [
                "{\"a\":1}",
                "unread: expected `:`",
                "{\"c\":3}",
                "unread: it is no object",
                "unread: it is no object",
                "unread: it is no object",
                "{\"d\":4}"
            ]
        );
    }

    #[test]
    fn b13_what_is_cut_off_fails_after_the_records_before_it() {
        let text = br#"{"Records":[{"a":1},{"b":2}]}"#;
        assert_eq!(all(&text[..25], 1 << 20), ["{\"a\":1}", "failed: it ends within a record"]);
        assert_eq!(all(&text[..19], 1 << 20), ["{\"a\":1}", "failed: it ends within its list of records"]);
        assert_eq!(all(&text[..28], 1 << 20).last().unwrap(), "failed: it ends within its list of records");
        assert_eq!(all(b"hello", 1 << 20), ["failed: it is no JSON of records"]);
        assert_eq!(all(b"{\"Records\":[{\"a\":\"open}]}", 1 << 20), ["failed: it ends within a record"]);
    }

    #[test]
    fn b13_a_record_larger_than_the_buffer_is_left_out_in_bounded_memory() {
        let text = format!("[{{\"a\":\"{}\"}},{{\"b\":2}}]", "x".repeat(1 << 16));
        assert_eq!(all(text.as_bytes(), 1 << 12), ["unread: it is larger than 4096 bytes", "{\"b\":2}"]);
        let endless = io::repeat(b'x').take(1 << 24);
        let mut reader =
            RecordReader::new(io::Cursor::new(b"{\"Records\":[{\"a\":\"".to_vec()).chain(endless), 1 << 12);
        assert!(matches!(reader.next(&mut Places::default()), Next::Failed(_)));
        assert!(reader.window.buffer.len() <= 1 << 12);
    }
}
