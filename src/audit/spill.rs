//! Where the results of judged accounts wait for the reports: in memory while they are few, else in a temporary file
//! without a name, which is gone when the process is, however it ends.
//!
//! Each account is two compressed pieces, its results and its cells, so that a report reads only what it shows. The index
//! is all that stays in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Mutex, PoisonError};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::SpooledTempFile;

use crate::score::assessment::ResultRecord;
use crate::score::{Chunks, Records};
use crate::simulate::Cell;

/// Compressed bytes that stay in memory: the results of some hundred accounts.
const IN_MEMORY: usize = 8 << 20;

/// Records of accounts, on disk.
#[derive(Debug)]
pub struct Spill {
    file: Mutex<SpooledTempFile>,
    end: u64,
    results: BTreeMap<String, Piece>,
    cells: BTreeMap<String, Piece>,
}

/// Where a piece is.
#[derive(Debug, Clone, Copy)]
struct Piece {
    at: u64,
    length: usize,
}

/// Records of one account, compressed.
#[derive(Debug)]
pub struct Packed {
    results: Vec<u8>,
    cells: Vec<u8>,
}

impl Packed {
    /// Compresses an account's records; empty for none.
    ///
    /// # Errors
    /// The JSON writer refused a value.
    pub fn of(results: &[ResultRecord], cells: &[Cell]) -> io::Result<Self> {
        Ok(Self { results: packed(results)?, cells: packed(cells)? })
    }
}

fn packed<T: Serialize>(records: &[T]) -> io::Result<Vec<u8>> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let mut encoder = io::BufWriter::new(DeflateEncoder::new(Vec::new(), Compression::fast()));
    serde_json::to_writer(&mut encoder, records)?;
    encoder.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
}

impl Default for Spill {
    fn default() -> Self {
        Self {
            file: Mutex::new(SpooledTempFile::new(IN_MEMORY)),
            end: 0,
            results: BTreeMap::new(),
            cells: BTreeMap::new(),
        }
    }
}

impl Spill {
    /// Keeps an account's records.
    ///
    /// # Errors
    /// The disk is full or failing.
    pub fn put(&mut self, account: &str, packed: &Packed) -> io::Result<()> {
        for (piece, index) in [(&packed.results, &mut self.results), (&packed.cells, &mut self.cells)] {
            if piece.is_empty() {
                continue;
            }
            let file = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(self.end))?;
            file.write_all(piece)?;
            index.insert(account.to_owned(), Piece { at: self.end, length: piece.len() });
            self.end = self.end.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, piece: Piece) -> io::Result<Vec<T>> {
        let mut bytes = vec![0; piece.length];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(piece.at))?;
            file.read_exact(&mut bytes)?;
        }
        let mut text = Vec::new();
        DeflateDecoder::new(bytes.as_slice()).read_to_end(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }
}

impl Records for Spill {
    fn results(&self) -> Chunks<'_, ResultRecord> {
        Box::new(self.results.values().map(|piece| self.read(*piece).map(Cow::Owned)))
    }

    fn cells(&self) -> Chunks<'_, Cell> {
        Box::new(self.cells.values().map(|piece| self.read(*piece).map(Cow::Owned)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::catalogue::{Severity, Status};
    use crate::score::assessment::examples::result;

    #[test]
    fn accounts_come_back_in_order_whether_in_memory_or_on_disk() {
        for size in [1, 200_000] {
            let mut spill = Spill::default();
            let of = |account: u64| {
                let mut record = result("bucket-not-public", Severity::High, Status::Fail, "one");
                record.account_id = format!("{account:012}");
                // Random enough not to be compressed away.
                record.message = (0..size).map(|n| char::from(33 + (n * n * 7919 + n / 3) as u8 % 90)).collect();
                record
            };
            for account in [3, 1, 2] {
                let record = of(account);
                let packed = Packed::of(std::slice::from_ref(&record), &[]).unwrap();
                for _ in 0..20 {
                    spill.put(&record.account_id, &packed).unwrap();
                }
            }
            let read: Vec<ResultRecord> = spill.results().flat_map(|chunk| chunk.unwrap().into_owned()).collect();
            assert_eq!(read, [of(1), of(2), of(3)]);
            assert_eq!(spill.cells().count(), 0);
        }
    }
}
