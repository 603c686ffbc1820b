//! The storage folder: who may use it, and what is kept back for the day the disk is full.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::OpenError;

/// Held locked while a bridge uses the folder: two would each pace for themselves.
const LOCK: &str = "lock";

/// Given up when the disk is full, so that what was accepted can still be delivered and settled.
const BALLAST: &str = "ballast";

/// Room for what has been committed and is not in the database yet to get there, which makes the write-ahead log's room
/// usable again, and for the commits of a hundred deliveries until the next time.
pub(super) const BALLAST_BYTES: usize = 4 << 20;

/// The right to use a storage folder; given back when dropped, also by a crash.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

// === impl Folder ===

impl Folder {
    /// Makes the folder when it is missing and takes the right to use it.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        fs::create_dir_all(path).map_err(OpenError::Folder)?;
        let lock = File::create(path.join(LOCK)).map_err(OpenError::Folder)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
            Err(TryLockError::Error(error)) => Err(OpenError::Folder(error)),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the ballast unless it is there. Fails when there is no room for it.
    pub(super) fn fill_ballast(&self) -> io::Result<()> {
        let path = self.path.join(BALLAST);
        if path.metadata().is_ok_and(|metadata| metadata.len() == BALLAST_BYTES as u64) {
            return Ok(());
        }
        // Bytes that no file system can store for nothing.
        let mut bytes = vec![0; BALLAST_BYTES];
        fastrand::Rng::new().fill(&mut bytes);
        let filled = File::create(&path).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        });
        if filled.is_err() {
            let _ = fs::remove_file(&path);
        }
        filled
    }

    /// Gives the ballast up.
    pub(super) fn release_ballast(&self) {
        let _ = fs::remove_file(self.path.join(BALLAST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_may_use_it() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let first = Folder::take(folder.path()).expect("free");
        assert!(matches!(Folder::take(folder.path()), Err(OpenError::InUse)));
        drop(first);
        Folder::take(folder.path()).expect("free again");
    }

    #[test]
    fn the_ballast_is_made_released_and_made_again() {
        let temporary = tempfile::tempdir().expect("temporary folder");
        let folder = Folder::take(temporary.path()).expect("free");
        for _ in 0..2 {
            folder.fill_ballast().expect("room");
            assert_eq!(fs::metadata(temporary.path().join(BALLAST)).expect("there").len(), BALLAST_BYTES as u64);
            folder.release_ballast();
            assert!(!temporary.path().join(BALLAST).exists());
        }
    }
}
