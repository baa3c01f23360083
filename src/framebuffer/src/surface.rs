// SPDX-License-Identifier: GPL-3.0-or-later
//! An open framebuffer: reads and writes rows of pixels.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;

use crate::device::{self, Mode, NoMode};
use crate::memory::Memory;
use crate::{Error, ErrorKind, Geometry};

/// How a surface is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// [`Surface::read_rows`] only; read permission is enough.
    Read,
    /// Also [`Surface::store`].
    ReadWrite,
}

/// An open framebuffer device, or a file used as one.
#[derive(Debug)]
pub struct Surface {
    path: PathBuf,
    file: File,
    access: Access,
    memory: Memory,
    geometry: Geometry,
    /// The mode of a device when it was mapped; `None` for a file.
    mode: Option<Mode>,
}

impl Surface {
    /// Opens the device or file at `path`.
    ///
    /// A device reports its own geometry. A file needs one in `file_geometry` and must be long enough for it.
    /// This function does not wait: a missing device or file is an [`ErrorKind::Missing`]. Opening a device
    /// for writing switches its display on.
    ///
    /// The first opened device installs a SIGBUS handler for the whole process, so that removing a device in
    /// use is an error and does not end the program. A program with its own handler keeps it by calling
    /// [`keep_sigbus_handler`](crate::keep_sigbus_handler).
    pub fn open(path: &Path, access: Access, file_geometry: Option<Geometry>) -> Result<Self, Error> {
        let name = path.display();
        let file = OpenOptions::new()
            .read(true)
            .write(access == Access::ReadWrite)
            // A FIFO given by mistake must be rejected without waiting.
            .custom_flags(OFlag::O_NONBLOCK.bits() | OFlag::O_NOCTTY.bits())
            .open(path)
            .map_err(|error| cannot_open(path, access, &error))?;
        let kind = file
            .metadata()
            .map_err(|error| Error::unusable(format!("cannot read the file type of {name}: {error}")))?
            .file_type();
        let (memory, geometry, mode) = if kind.is_char_device() {
            if file_geometry.is_some() {
                return Err(Error::unusable(format!(
                    "{name} is a device and reports its own geometry; do not give one"
                )));
            }
            if access == Access::ReadWrite {
                device::unblank(&file);
            }
            let mode = Mode::of(&file).map_err(|error| no_mode(path, error))?;
            let memory = Memory::map(&file, mode.memory_len, access).map_err(|error| {
                Error::unusable(format!("cannot map the {} bytes of {name}: {error}", mode.memory_len))
            })?;
            (memory, mode.geometry, Some(mode))
        } else if kind.is_file() {
            let geometry = file_geometry.ok_or_else(|| {
                Error::unusable(format!(
                    "{name} is a file, not a framebuffer device; give its geometry or another path"
                ))
            })?;
            let handle = file
                .try_clone()
                .map_err(|error| Error::unusable(format!("cannot open {name} a second time: {error}")))?;
            (Memory::File(handle), geometry, None)
        } else {
            return Err(Error::unusable(format!(
                "{name} is neither a framebuffer device nor a file; give the path of one"
            )));
        };
        let surface = Self { path: path.to_owned(), file, access, memory, geometry, mode };
        if mode.is_none() {
            surface.check_file(ErrorKind::Unusable)?;
        }
        Ok(surface)
    }

    /// The path that it was opened with.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size, stride and format when it was opened or last refreshed with [`Self::refresh`].
    #[must_use]
    pub const fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The open device and the number N of its `/dev/fbN`; `None` for a file.
    pub(crate) fn device(&self) -> Option<(&File, u64)> {
        let metadata = self.mode.and(self.file.metadata().ok())?;
        Some((&self.file, nix::sys::stat::minor(metadata.rdev())))
    }

    /// Waits until the driver has sent a whole frame to its screen, to avoid tearing. Returns false if the
    /// driver does not support this.
    #[must_use]
    pub fn wait_for_vsync(&self) -> bool {
        self.mode.is_some() && device::wait_for_vsync(&self.file)
    }

    /// Whether another program, such as the compositor of a desktop, uses the display, so that this surface
    /// is not visible. False for a file.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.mode.is_some() && device::has_master(&self.file)
    }

    /// Follows the driver when it pans, and checks that the surface is still usable.
    ///
    /// Call this before each frame that is read or written. [`ErrorKind::Lost`] means that the device was
    /// removed or has another mode, or that the file was deleted or truncated; open it again.
    pub fn refresh(&mut self) -> Result<(), Error> {
        let Some(opened) = &mut self.mode else {
            return self.check_file(ErrorKind::Lost);
        };
        let lost = |what: String| Error::new(ErrorKind::Lost, format!("{} {what}", self.path.display()));
        match Mode::of(&self.file) {
            Ok(now) if opened.is_panned(&now) => {
                *opened = now;
                self.geometry = now.geometry;
                Ok(())
            }
            Ok(now) => Err(lost(format!("changed its mode from {} to {}", self.geometry, now.geometry))),
            Err(NoMode::Request(error)) => Err(lost(format!("no longer responds: {}", error.desc()))),
            Err(NoMode::Unusable(error)) => Err(lost(format!("changed its mode: {error}"))),
        }
    }

    fn check_file(&self, kind: ErrorKind) -> Result<(), Error> {
        let name = self.path.display();
        let metadata = self
            .file
            .metadata()
            .map_err(|error| Error::new(kind, format!("cannot read the length of {name}: {error}")))?;
        let needed = self.geometry.memory_bytes() as u64;
        if metadata.len() < needed {
            return Err(Error::new(
                kind,
                format!("{name} has {} bytes, but {} needs {needed}", metadata.len(), self.geometry),
            ));
        }
        if metadata.nlink() == 0 {
            return Err(Error::new(kind, format!("{name} was deleted")));
        }
        Ok(())
    }

    /// Copies visible rows, starting at row `y`, into `rows` without padding.
    ///
    /// Memory is read once in ascending order, which is fastest for uncached video memory.
    ///
    /// # Panics
    /// If `rows` is not a whole number of rows, or the surface has fewer rows after `y`.
    pub fn read_rows(&self, y: usize, rows: &mut [u8]) -> Result<(), Error> {
        let geometry = &self.geometry;
        let row_bytes = geometry.row_bytes();
        let count = rows.len() / row_bytes;
        assert!(
            rows.len() == count * row_bytes && y + count <= geometry.height(),
            "{} bytes from row {y} on are not whole rows of {geometry}",
            rows.len()
        );
        let result = if geometry.stride() == row_bytes {
            self.memory.read(geometry.row_start(y), rows)
        } else {
            let mut rows = rows.chunks_exact_mut(row_bytes).enumerate();
            rows.try_for_each(|(row, bytes)| self.memory.read(geometry.row_start(y + row), bytes))
        };
        result.map_err(|error| self.lost(&error))
    }

    /// Writes the pixels in `bytes` into row `y`, starting at pixel `x`. No other byte is written or read.
    ///
    /// # Panics
    /// If the pixels are not whole or exceed the row, or the surface is not open with [`Access::ReadWrite`].
    pub fn store(&mut self, x: usize, y: usize, bytes: &[u8]) -> Result<(), Error> {
        let geometry = &self.geometry;
        let start = x * geometry.format().bytes_per_pixel();
        assert!(self.access == Access::ReadWrite, "{} is open for reading only", self.path.display());
        assert!(
            y < geometry.height()
                && start + bytes.len() <= geometry.row_bytes()
                && bytes.len().is_multiple_of(geometry.format().bytes_per_pixel()),
            "{} bytes from pixel {x} of row {y} on exceed {geometry}",
            bytes.len()
        );
        let start = geometry.row_start(y) + start;
        self.memory.store(start, bytes).map_err(|error| self.lost(&error))
    }

    /// Claims the surface for this process, so that other processes that call this fail. The claim ends with
    /// the surface.
    ///
    /// [`ErrorKind::InUse`] names the process that has the claim. The claim is a POSIX record lock on the
    /// device or file; the kernel releases it whenever the process ends. Such a lock also ends when this
    /// process closes another descriptor of the same device.
    ///
    /// # Panics
    /// If the surface is not open with [`Access::ReadWrite`].
    pub fn claim(&self) -> Result<(), Error> {
        assert!(self.access == Access::ReadWrite, "{} is open for reading only", self.path.display());
        let name = self.path.display();
        let mut lock = libc::flock {
            l_type: libc::F_WRLCK as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        match fcntl(&self.file, FcntlArg::F_SETLK(&lock)) {
            Ok(_) => Ok(()),
            Err(Errno::EACCES | Errno::EAGAIN) => {
                let owner = match fcntl(&self.file, FcntlArg::F_GETLK(&mut lock)) {
                    Ok(_) if lock.l_pid > 0 => format!("process {}", lock.l_pid),
                    // It ended in between, or belongs to another PID namespace.
                    _ => "another process".to_owned(),
                };
                Err(Error::new(ErrorKind::InUse, format!("{owner} already writes to {name}; stop it first")))
            }
            Err(error) => Err(Error::unusable(format!("cannot lock {name}: {}", error.desc()))),
        }
    }

    /// Whether both are the same device or file, so that writing to one changes the other.
    pub fn is_same(&self, other: &Self) -> Result<bool, Error> {
        let identity = |surface: &Self| {
            let metadata = surface.file.metadata().map_err(|error| surface.lost(&error))?;
            // Two device nodes with the same number are one device.
            Ok(match surface.mode {
                Some(_) => (true, metadata.rdev(), 0),
                None => (false, metadata.dev(), metadata.ino()),
            })
        };
        Ok(identity(self)? == identity(other)?)
    }

    fn lost(&self, error: &io::Error) -> Error {
        Error::new(ErrorKind::Lost, format!("lost {}: {error}", self.path.display()))
    }
}

fn cannot_open(path: &Path, access: Access, error: &io::Error) -> Error {
    let name = path.display();
    match error.raw_os_error().map(Errno::from_raw) {
        // The node of an unplugged or not yet loaded driver fails with ENODEV or ENXIO.
        Some(Errno::ENOENT | Errno::ENODEV | Errno::ENXIO) => {
            Error::new(ErrorKind::Missing, format!("{name} does not exist"))
        }
        Some(Errno::EACCES | Errno::EPERM) => {
            let deed = match access {
                Access::Read => "read",
                Access::ReadWrite => "write to",
            };
            Error::unusable(format!(
                "no permission to {deed} {name}; run as root or as a member of its group (usually video)"
            ))
        }
        _ => Error::unusable(format!("cannot open {name}: {error}")),
    }
}

fn no_mode(path: &Path, error: NoMode) -> Error {
    let name = path.display();
    match error {
        NoMode::Request(Errno::ENODEV) => Error::new(ErrorKind::Missing, format!("{name} does not exist")),
        NoMode::Request(error) => Error::unusable(format!(
            "{name} is not a framebuffer: cannot read its mode ({}); \
             give the path of one, for example /dev/fb0",
            error.desc()
        )),
        NoMode::Unusable(error) => Error::unusable(format!("cannot use {name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct StandIn {
        directory: tempfile::TempDir,
        path: PathBuf,
    }

    /// A file of `length` bytes with the repeating values 0 to 255.
    fn stand_in(length: usize) -> StandIn {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("fb");
        fs::write(&path, (0..length).map(|byte| byte as u8).collect::<Vec<_>>()).expect("written");
        StandIn { directory, path }
    }

    fn geometry(text: &str) -> Geometry {
        text.parse().expect("a geometry")
    }

    fn open_error(path: &Path, geometry: Option<Geometry>) -> (ErrorKind, String) {
        let Err(error) = Surface::open(path, Access::Read, geometry) else {
            panic!("{} was opened", path.display());
        };
        (error.kind(), error.to_string())
    }

    #[test]
    fn reads_rows_without_padding() {
        let file = stand_in(64);
        let padded = Surface::open(&file.path, Access::Read, Some(geometry("2x3x16:10@5"))).expect("open");
        let mut rows = [0; 8];
        padded.read_rows(1, &mut rows).expect("read");
        assert_eq!(rows, [15, 16, 17, 18, 25, 26, 27, 28]);
        let unpadded = Surface::open(&file.path, Access::Read, Some(geometry("2x3x16@1"))).expect("open");
        unpadded.read_rows(1, &mut rows).expect("read");
        assert_eq!(rows, [5, 6, 7, 8, 9, 10, 11, 12]);
    }

    #[test]
    fn changes_only_stored_bytes() {
        let file = stand_in(40);
        let mut surface =
            Surface::open(&file.path, Access::ReadWrite, Some(geometry("3x3x24:12@2"))).expect("open");
        surface.store(1, 2, &[101, 102, 103]).expect("stored");
        surface.store(0, 0, &[]).expect("nothing stored");
        let mut expected: Vec<u8> = (0..40).collect();
        expected[2 + 24 + 3..][..3].copy_from_slice(&[101, 102, 103]);
        assert_eq!(fs::read(&file.path).expect("read"), expected);
    }

    #[test]
    #[should_panic(expected = "exceed 3x3")]
    fn panics_beyond_the_row() {
        let file = stand_in(40);
        let mut surface =
            Surface::open(&file.path, Access::ReadWrite, Some(geometry("3x3x24:12"))).expect("open");
        let _ = surface.store(2, 0, &[0; 6]);
    }

    #[test]
    fn rejects_other_files_with_a_reason() {
        let file = stand_in(40);
        let small = Some(geometry("2x2x32"));
        let (kind, sentence) = open_error(&file.directory.path().join("none"), small);
        assert_eq!(kind, ErrorKind::Missing);
        assert!(sentence.ends_with("none does not exist"), "{sentence}");

        for (path, geometry, part) in [
            (file.path.as_path(), None, "is a file, not a framebuffer device"),
            (
                &file.path,
                Some(geometry("4x4x24")),
                "has 40 bytes, but 4x4, 24 bits per pixel, stride 12 needs 48",
            ),
            (file.directory.path(), small, "is neither a framebuffer device nor a file"),
            (Path::new("/dev/null"), None, "/dev/null is not a framebuffer"),
            (Path::new("/dev/null"), small, "reports its own geometry"),
        ] {
            let (kind, sentence) = open_error(path, geometry);
            assert_eq!(kind, ErrorKind::Unusable, "{sentence}");
            assert!(sentence.contains(part), "{sentence}");
        }

        let fifo = file.directory.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRUSR).expect("a FIFO");
        assert!(open_error(&fifo, small).1.contains("is neither"), "without waiting");
    }

    #[test]
    fn a_truncated_or_deleted_file_is_lost() {
        let file = stand_in(64);
        let mut surface =
            Surface::open(&file.path, Access::ReadWrite, Some(geometry("4x4x32"))).expect("open");
        surface.refresh().expect("still there");
        fs::write(&file.path, [0; 63]).expect("cut");
        let error = surface.refresh().expect_err("cut short");
        assert_eq!(error.kind(), ErrorKind::Lost);
        assert!(error.to_string().contains("has 63 bytes, but"), "{error}");
        assert_eq!(surface.read_rows(3, &mut [0; 16]).expect_err("cut short").kind(), ErrorKind::Lost);

        fs::write(&file.path, [0; 64]).expect("whole again");
        surface.refresh().expect("there again");
        fs::remove_file(&file.path).expect("deleted");
        assert!(surface.refresh().expect_err("deleted").to_string().ends_with("was deleted"));
    }

    #[test]
    fn two_names_of_a_file_are_the_same_surface() {
        let file = stand_in(64);
        let link = file.directory.path().join("link");
        std::os::unix::fs::symlink(&file.path, &link).expect("a link");
        let other = file.directory.path().join("other");
        fs::write(&other, [0; 64]).expect("written");
        let [a, b, c] = [&file.path, &link, &other]
            .map(|path| Surface::open(path, Access::Read, Some(geometry("4x4x32"))).expect("open"));
        assert!(a.is_same(&b).expect("an answer"));
        assert!(!a.is_same(&c).expect("an answer"));
    }

    #[test]
    fn a_claim_excludes_other_processes() {
        // fbcp's tests cover another process, with a second fbcp.
        let file = stand_in(64);
        let surface = Surface::open(&file.path, Access::ReadWrite, Some(geometry("4x4x32"))).expect("open");
        surface.claim().expect("claimed");
        surface.claim().expect("claimed by the same process");
        let locks = fs::read_to_string("/proc/locks").expect("the kernel's list");
        let mine = format!("WRITE {} ", std::process::id());
        assert!(locks.lines().any(|line| line.contains("POSIX") && line.contains(&mine)), "{locks}");
    }
}
