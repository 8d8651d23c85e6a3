//! Records that wait on disk: in memory while they are few, else in a temporary file without a name, which is gone when the
//! process is, however it ends. They are compressed, and come back in any order.

use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Mutex, PoisonError};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::SpooledTempFile;

/// Compressed bytes that stay in memory.
const IN_MEMORY: usize = 8 << 20;

/// Where records wait.
#[derive(Debug)]
pub struct TemporaryRecords {
    file: Mutex<SpooledTempFile>,
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
        let mut encoder = BufWriter::new(DeflateEncoder::new(Vec::new(), Compression::fast()));
        serde_json::to_writer(&mut encoder, record)?;
        encoder.into_inner().map_err(io::IntoInnerError::into_error)?.finish().map(Self)
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
        Self { file: Mutex::new(SpooledTempFile::new(in_memory)), end: 0 }
    }

    /// Keeps a record.
    ///
    /// # Errors
    /// The disk is full or failing.
    pub fn put(&mut self, Packed(bytes): &Packed) -> io::Result<Place> {
        let file = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.end))?;
        file.write_all(bytes)?;
        let place = Place { at: self.end, length: bytes.len() };
        self.end = self.end.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(place)
    }

    /// A record that was put.
    ///
    /// # Errors
    /// The disk is failing.
    pub fn get<T: DeserializeOwned>(&self, place: Place) -> io::Result<T> {
        let mut bytes = vec![0; place.length];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(place.at))?;
            file.read_exact(&mut bytes)?;
        }
        let mut text = Vec::new();
        DeflateDecoder::new(bytes.as_slice()).read_to_end(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
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
            let mut kept = TemporaryRecords::after(in_memory);
            let places: Vec<Place> =
                records.iter().map(|record| kept.put(&Packed::of(record).unwrap()).unwrap()).collect();
            for (place, record) in places.iter().zip(records).rev() {
                assert_eq!(kept.get::<String>(*place).unwrap(), record);
            }
            let on_disk = kept.file.into_inner().unwrap().is_rolled();
            assert_eq!(on_disk, in_memory < IN_MEMORY);
        }
    }
}
