//! Disks that fail on order: one that is slow to sync or has become read-only, and one that is too small.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::harness::{Start, until};

/// A library between a bridge and its disk; `fsync_shim.c` says what it does.
pub struct Shim {
    folder: TempDir,
}

/// A file system of its own, of a fixed size, that only those see who start through [`Mount::door`].
///
/// A process that does nothing keeps its mount namespace open; the file system is gone when that ends, which it does
/// with the test, however the test ends.
pub struct Mount {
    at: PathBuf,
    keeper: Child,
    /// Whether the namespace belongs to a user namespace, as it has to when the tests do not run as root.
    user: bool,
}

/// Set where file systems cannot be mounted, to go without the tests that need it.
const WITHOUT_MOUNT: &str = "DINGBRIDGE_TESTS_WITHOUT_MOUNT";

/// Says that it is mounted.
const MOUNTED: &str = "mounted";

// === impl Shim ===

impl Shim {
    pub fn compile() -> Self {
        let folder = TempDir::new().expect("temporary folder");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bridge/fsync_shim.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(folder.path().join("shim.so")).arg(source).arg("-ldl");
        let compiled = compiler.output().expect("a C compiler, cc");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        Self { folder }
    }

    /// Puts it under a bridge.
    pub fn under(&self, start: Start) -> Start {
        let folder = self.folder.path().display().to_string();
        start.env("LD_PRELOAD", format!("{folder}/shim.so")).env("SHIM_FOLDER", folder)
    }

    /// How many syncs have begun, and how many have ended.
    pub fn syncs(&self) -> (usize, usize) {
        let written = std::fs::read(self.folder.path().join("syncs")).unwrap_or_default();
        let count = |what| written.iter().filter(|byte| **byte == what).count();
        (count(b'b'), count(b'e'))
    }

    /// Whether syncs wait.
    pub fn hold(&self, on: bool) {
        self.switch("hold", on);
    }

    /// Whether writes fail.
    pub fn read_only(&self, on: bool) {
        self.switch("read-only", on);
    }

    /// Waits until a sync has begun since that many had; under a hold, it waits too.
    pub async fn until_held(&self, begun_before: usize) {
        until("a sync to begin", || self.syncs().0 > begun_before).await;
    }

    fn switch(&self, name: &str, on: bool) {
        let path = self.folder.path().join(name);
        match on {
            true => std::fs::write(path, "").expect("switch it on"),
            false => std::fs::remove_file(path).expect("switch it off"),
        }
    }
}

// === impl Mount ===

impl Mount {
    /// Mounts so many MiB at `at`. `None` where that is impossible and the tests were told to go without.
    pub fn at(at: PathBuf, size_mib: usize) -> Option<Self> {
        std::fs::create_dir_all(&at).expect("a place to mount at");
        let mut reasons = String::new();
        for user in [false, true] {
            match Self::try_at(&at, size_mib, user) {
                Ok(mount) => return Some(mount),
                Err(reason) => reasons.push_str(&reason),
            }
        }
        let told = format!("a file system cannot be mounted here, neither as root nor in a user namespace: {reasons}");
        assert!(std::env::var_os(WITHOUT_MOUNT).is_some(), "{told}\nSet {WITHOUT_MOUNT}=1 to go without this test.");
        #[expect(clippy::disallowed_macros, reason = "whoever reads the test's output should know what was not tested")]
        {
            eprintln!("NOT TESTED: {told}");
        }
        None
    }

    fn try_at(at: &Path, size_mib: usize, user: bool) -> Result<Self, String> {
        let mount = format!("mount -t tmpfs -o size={size_mib}m tmpfs \"$0\" && echo {MOUNTED} && exec cat");
        let mut unshare = Command::new("unshare");
        unshare.args(if user { &["--user", "--map-root-user", "--mount"][..] } else { &["--mount"] });
        unshare.args(["sh", "-c", &mount]).arg(at);
        // It reads what never comes, and ends when the test does.
        unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut keeper = unshare.spawn().map_err(|error| format!("unshare: {error}"))?;
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        if line.trim() == MOUNTED {
            return Ok(Self { at: at.to_owned(), keeper, user });
        }
        let mut reason = String::new();
        keeper.stderr.take().expect("piped").read_to_string(&mut reason).expect("a reason");
        let _ = keeper.wait();
        Err(reason)
    }

    /// What a bridge is started through to see it.
    pub fn door(&self) -> Vec<String> {
        let mut words = vec!["nsenter".to_owned(), format!("--target={}", self.keeper.id()), "--mount".to_owned()];
        if self.user {
            words.extend(["--user".to_owned(), "--preserve-credentials".to_owned()]);
        }
        words
    }

    /// A file in it, as it is seen from outside.
    pub fn path(&self, name: &str) -> PathBuf {
        let inside = self.at.strip_prefix("/").expect("an absolute path");
        Path::new("/proc").join(self.keeper.id().to_string()).join("root").join(inside).join(name)
    }

    /// Leaves not one byte of room.
    pub fn fill(&self) {
        let mut filler = std::fs::File::options().create(true).append(true).open(self.path("filler")).expect("a file");
        for chunk in [1 << 20, 4 << 10, 1] {
            let bytes = vec![b'x'; chunk];
            loop {
                match filler.write(&bytes) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("cannot fill the disk: {error}"),
                }
            }
        }
    }

    /// Makes room again.
    pub fn free(&self) {
        std::fs::remove_file(self.path("filler")).expect("remove the filler");
    }

    /// Makes it read-only, or writable. Nobody may have files on it open for writing.
    pub fn remount(&self, options: &str) {
        let door = self.door();
        let mut mount = Command::new(&door[0]);
        mount.args(&door[1..]).args(["mount", "-o", &format!("remount,bind,{options}")]).arg(&self.at);
        assert!(mount.status().expect("mount").success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
