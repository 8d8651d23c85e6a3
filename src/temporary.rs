//! Records that wait on disk: in memory while they are few, else in a temporary file without a name, which is gone when the
//! process is, however it ends. They are compressed, and come back in any order.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::SpooledTempFile;

/// Compressed bytes that stay in memory.
const IN_MEMORY: usize = 8 << 20;

/// Where records wait.
#[derive(Debug)]
pub struct TemporaryRecords(Mutex<File>);

#[derive(Debug)]
struct File {
    file: SpooledTempFile,
    end: u64,
}

/// Where one of them is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    at: u64,
    length: usize,
}

/// A record, compressed.
#[derive(Debug)]
pub struct Packed(Vec<u8>);

impl Packed {
    /// Compresses a record.
    ///
    /// # Errors
    /// The JSON writer refused a value.
    pub fn of(record: &(impl Serialize + ?Sized)) -> io::Result<Self> {
        Ok(Self(compress_prepend_size(&serde_json::to_vec(record)?)))
    }

    /// Compresses a text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self(compress_prepend_size(text.as_bytes()))
    }
}

impl Default for TemporaryRecords {
    fn default() -> Self {
        Self::after(IN_MEMORY)
    }
}

impl TemporaryRecords {
    /// Records of which no more than so many bytes stay in memory.
    fn after(in_memory: usize) -> Self {
        Self(Mutex::new(File { file: SpooledTempFile::new(in_memory), end: 0 }))
    }

    /// Keeps a record.
    ///
    /// # Errors
    /// The disk is full or failing.
    pub fn put(&self, Packed(bytes): &Packed) -> io::Result<Place> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Place { at: kept.end, length: bytes.len() };
        kept.file.seek(SeekFrom::Start(place.at))?;
        kept.file.write_all(bytes)?;
        kept.end = kept.end.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(place)
    }

    /// A record that was put.
    ///
    /// # Errors
    /// The disk is failing.
    pub fn get<T: DeserializeOwned>(&self, place: Place) -> io::Result<T> {
        Ok(serde_json::from_slice(&self.bytes(place)?)?)
    }

    /// A text that was put.
    ///
    /// # Errors
    /// The disk is failing.
    pub fn text(&self, place: Place) -> io::Result<String> {
        String::from_utf8(self.bytes(place)?).map_err(io::Error::other)
    }

    fn bytes(&self, place: Place) -> io::Result<Vec<u8>> {
        let mut packed = vec![0; place.length];
        {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.file.seek(SeekFrom::Start(place.at))?;
            kept.file.read_exact(&mut packed)?;
        }
        decompress_size_prepended(&packed).map_err(io::Error::other)
    }

    /// What is read at each of these places, in their order. All processors read ahead of who takes it, each by one place.
    pub fn each<T: Send + 'static>(
        self: &Arc<Self>,
        places: Vec<Place>,
        read: fn(&Self, Place) -> io::Result<T>,
    ) -> impl Iterator<Item = io::Result<T>> {
        let (count, places) = (places.len(), Arc::new(places));
        let readers = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(count);
        let mut started: Vec<Receiver<io::Result<T>>> = Vec::new();
        for reader in 0..readers {
            let (sender, receiver) = mpsc::sync_channel(0);
            let (kept, places) = (Arc::clone(self), Arc::clone(&places));
            let own = move || {
                for place in places.iter().skip(reader).step_by(readers) {
                    // Nobody takes it any more: what is left is not wanted.
                    if sender.send(read(&kept, *place)).is_err() {
                        break;
                    }
                }
            };
            match thread::Builder::new().name("unpack".to_owned()).spawn(own) {
                Ok(_) => started.push(receiver),
                Err(_) => break,
            }
        }
        let kept = Arc::clone(self);
        (0..count).map(move |number| {
            let receiver = started.get(number % readers.max(1));
            // Where a reader could not be started, or broke, its places are read here.
            let ahead = receiver.and_then(|receiver| receiver.recv().ok());
            ahead
                .or_else(|| places.get(number).map(|place| read(&kept, *place)))
                .unwrap_or_else(|| Err(io::Error::other("there is no such place")))
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn records_come_back_whether_in_memory_or_on_disk() {
        for in_memory in [0, 50, IN_MEMORY] {
            let records = ["one", "of some length, and different from the others", "three"];
            let kept = TemporaryRecords::after(in_memory);
            let places: Vec<Place> =
                records.iter().map(|record| kept.put(&Packed::of(record).unwrap()).unwrap()).collect();
            for (place, record) in places.iter().zip(records).rev() {
                assert_eq!(kept.get::<String>(*place).unwrap(), record);
            }
            let on_disk = kept.0.into_inner().unwrap().file.is_rolled();
            assert_eq!(on_disk, in_memory < IN_MEMORY);
        }
    }

    #[test]
    fn what_is_read_ahead_comes_in_order_and_one_that_cannot_be_read_ends_no_other() {
        let kept = Arc::new(TemporaryRecords::default());
        let mut places: Vec<Place> =
            (0..50).map(|number: u32| kept.put(&Packed::text(&number.to_string())).unwrap()).collect();
        let texts = |places: &[Place]| -> Vec<Option<String>> {
            kept.each(places.to_vec(), TemporaryRecords::text).map(Result::ok).collect()
        };
        let expected: Vec<Option<String>> = (0..50).map(|number| Some(number.to_string())).collect();
        assert_eq!(texts(&places), expected);
        assert_eq!(
            kept.each(places.clone(), TemporaryRecords::text).take(3).count(),
            3,
            "the rest is not wanted"
        );
        let beyond = Place { at: kept.0.lock().unwrap().end, length: 10 };
        places.insert(20, beyond);
        let read = texts(&places);
        assert_eq!(
            (read.len(), read[19].as_deref(), &read[20], read[21].as_deref()),
            (51, Some("19"), &None, Some("20"))
        );
        assert!(texts(&[]).is_empty());
    }

    #[test]
    fn a_reader_that_breaks_is_stood_in_for() {
        fn breaks_elsewhere(kept: &TemporaryRecords, place: Place) -> io::Result<String> {
            assert_ne!(thread::current().name(), Some("unpack"), "a defect");
            kept.text(place)
        }
        let kept = Arc::new(TemporaryRecords::default());
        let places = ["a", "b", "c"].map(|text| kept.put(&Packed::text(text)).unwrap());
        let read: Vec<String> = kept.each(places.to_vec(), breaks_elsewhere).map(Result::unwrap).collect();
        assert_eq!(read, ["a", "b", "c"]);
    }
}
