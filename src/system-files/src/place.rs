// SPDX-License-Identifier: GPL-3.0-or-later
//! A file name in a directory that only root and the caller can change.

mod back_up;
mod directory;
mod links;
mod read;
mod write;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RenameFlags, Stat, StatVfsMountFlags, fstatvfs, open, openat,
    renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

pub use links::resolved;
pub use read::Found;

use crate::access::{Access, set_access};
use crate::error::{Error, Operation};
use crate::replacement::{self, Name};
use crate::root::in_root;

/// A file name in a directory that only root and the caller can change. The file need not exist.
#[derive(Debug)]
pub struct Place {
    directory: File,
    name: OsString,
    /// For messages.
    path: PathBuf,
}

impl Place {
    /// The place with this `path` on the machine whose root is at `root`. Its directory must exist.
    pub fn below(root: &Path, path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let shown = in_root(root, path);
        let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
            return Err(Error::NoName(shown));
        };
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let mut at = root.to_owned();
        let mut directory = checked(open(root, flags, Mode::empty()), &at)?;
        for component in parent.components() {
            match component {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => {
                    at.push(name);
                    directory =
                        checked(openat(&directory, name, flags | OFlags::NOFOLLOW, Mode::empty()), &at)?;
                }
                _ => return Err(Error::ParentInPath(shown)),
            }
        }
        Ok(Self { directory, name: name.to_owned(), path: shown })
    }

    /// Its path, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Another name in the same directory.
    pub fn beside(&self, name: impl AsRef<OsStr>) -> Result<Self, Error> {
        let name = name.as_ref();
        let directory = self.directory.try_clone().map_err(self.failed(Operation::Open))?;
        Ok(Self { directory, name: name.to_owned(), path: self.path.with_file_name(name) })
    }

    /// Whether anything has that name, even a dangling link.
    pub fn exists(&self) -> Result<bool, Error> {
        match self.stat() {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.failed(Operation::Look)(error)),
        }
    }

    /// Whether the file system is mounted read-only.
    pub fn is_read_only(&self) -> Result<bool, Error> {
        let system = fstatvfs(&self.directory).map_err(self.failed(Operation::Look))?;
        Ok(system.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    /// Whether something has that name that is neither a regular file nor a link.
    #[must_use]
    pub fn is_special(&self) -> bool {
        self.stat().is_ok_and(|stat| {
            !matches!(FileType::from_raw_mode(stat.st_mode), FileType::RegularFile | FileType::Symlink)
        })
    }

    /// Removes the file.
    pub fn remove(&self) -> Result<(), Error> {
        unlinkat(&self.directory, self.name.as_os_str(), AtFlags::empty())
            .map_err(self.failed(Operation::Remove))?;
        self.sync_parent()
    }

    /// Renames the file within its directory. Fails if the new name exists.
    pub fn rename_new(&self, to: &Self) -> Result<(), Error> {
        renameat_with(
            &self.directory,
            self.name.as_os_str(),
            &to.directory,
            to.name.as_os_str(),
            RenameFlags::NOREPLACE,
        )
        .map_err(self.failed(Operation::Rename(to.path.clone())))?;
        to.sync_parent()
    }

    /// Sets owner and mode of the file.
    pub fn set_access(&self, access: Access) -> Result<(), Error> {
        let file = self.open().map_err(self.failed(Operation::Open))?;
        set_access(&file, access, true).map_err(self.failed(Operation::SetAccess))
    }

    fn stat(&self) -> rustix::io::Result<Stat> {
        statat(&self.directory, self.name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW)
    }

    fn open(&self) -> rustix::io::Result<File> {
        // Without O_NONBLOCK, opening a pipe would block.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        openat(&self.directory, self.name.as_os_str(), flags, Mode::empty()).map(File::from)
    }

    fn discard(&self) {
        replacement::discard(self.as_name());
    }

    fn as_name(&self) -> Name<'_> {
        Name { directory: &self.directory, name: &self.name }
    }

    /// Writes the directory to the disk.
    fn sync_parent(&self) -> Result<(), Error> {
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        self.directory.sync_all().map_err(Error::system(Operation::Sync, directory))
    }

    /// For `map_err`: `operation` failed for this file.
    fn failed<E: Into<io::Error>>(&self, operation: Operation) -> impl FnOnce(E) -> Error {
        Error::system(operation, &self.path)
    }
}

/// The opened directory, if it meets the requirements.
fn checked(opened: rustix::io::Result<OwnedFd>, path: &Path) -> Result<File, Error> {
    let directory = match opened {
        Ok(directory) => File::from(directory),
        Err(Errno::LOOP | Errno::NOTDIR) if path.is_symlink() => {
            return Err(Error::LinkedDirectory(path.to_owned()));
        }
        Err(error) => return Err(Error::system(Operation::OpenDirectory, path)(error)),
    };
    let metadata = directory.metadata().map_err(Error::system(Operation::Look, path))?;
    if metadata.uid() != 0 && metadata.uid() != geteuid().as_raw() {
        return Err(Error::ForeignDirectory { path: path.to_owned(), owner: metadata.uid() });
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(Error::WritableDirectory(path.to_owned()));
    }
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use rustix::fs::{CWD, mkfifoat};

    use super::*;

    /// A root directory with a directory `etc`, and the owner and group of this process.
    fn machine() -> (tempfile::TempDir, Access) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::set_permissions(root.path().join("etc"), Permissions::from_mode(0o755)).unwrap();
        let me = Access::of_caller(0o640);
        (root, me)
    }

    fn refused(root: &Path, path: &str) -> String {
        Place::below(root, path).unwrap_err().to_string()
    }

    #[test]
    fn overwrites_nothing_and_leaves_no_temporary_file() {
        let (root, me) = machine();
        let [one, two] = ["/etc/one", "/etc/two"].map(|path| Place::below(root.path(), path).unwrap());
        one.write_new(b"1", me).unwrap();
        assert_eq!(one.path().metadata().unwrap().permissions().mode() & 0o7777, 0o640);
        two.write(b"2", me).unwrap();
        assert!(one.write_new(b"3", me).is_err());
        assert!(one.rename_new(&two).is_err());
        for (round, name) in ["two.bak", "two.bak.1", "two.bak.2"].into_iter().enumerate() {
            assert_eq!(two.back_up("bak").unwrap(), root.path().join("etc").join(name));
            two.write(round.to_string().as_bytes(), me).unwrap();
        }
        let read = |name: &str| fs::read_to_string(root.path().join("etc").join(name)).unwrap();
        assert_eq!(["one", "two", "two.bak", "two.bak.1", "two.bak.2"].map(read), ["1", "2", "2", "0", "1"]);
        assert_eq!(fs::read_dir(root.path().join("etc")).unwrap().count(), 5);
    }

    #[test]
    fn replaces_a_file_with_the_same_access_and_a_backup() {
        let (root, me) = machine();
        let place = Place::below(root.path(), "/etc/x").unwrap();
        place.write(b"old", Access { mode: 0o604, ..me }).unwrap();
        fs::write(root.path().join("etc/x.bak"), "taken").unwrap();
        let found = place.read().unwrap().unwrap();
        assert_eq!(place.replace(&found, b"new", "bak").unwrap(), root.path().join("etc/x.bak.1"));
        let read = |name: &str| fs::read_to_string(root.path().join("etc").join(name)).unwrap();
        assert_eq!(["x", "x.bak", "x.bak.1"].map(read), ["new", "taken", "old"]);
        assert_eq!(place.read().unwrap().unwrap().access.mode, 0o604);
        // The file has changed since it was read.
        let error = place.replace(&found, b"newer", "bak").unwrap_err().to_string();
        assert!(error.contains("changed by another program"), "{error}");
        assert_eq!(fs::read_dir(root.path().join("etc")).unwrap().count(), 3);
    }

    #[test]
    fn rejects_links() {
        let (root, me) = machine();
        fs::write(root.path().join("secret"), "s").unwrap();
        symlink("../secret", root.path().join("etc/link")).unwrap();
        symlink("etc", root.path().join("other")).unwrap();
        assert!(
            refused(root.path(), "/other/x").contains("other is a symbolic link, which is not allowed here")
        );
        assert!(refused(root.path(), "/etc/../secret").contains("must not contain .."));
        let missing = Place::below(root.path(), "/missing/x").unwrap_err();
        assert_eq!(
            missing.to_string(),
            format!("cannot open the directory {}/missing", root.path().display())
        );
        assert!(missing.source().unwrap().to_string().contains("No such file"));
        let place = Place::below(root.path(), "/etc/link").unwrap();
        assert!(
            place.read().unwrap_err().to_string().contains("is a symbolic link, which is not allowed here")
        );
        // The link itself is kept and replaced.
        assert!(place.back_up("bak").unwrap().is_symlink());
        place.write(b"new", me).unwrap();
        assert!(!place.path().is_symlink());
        assert_eq!(fs::read_to_string(root.path().join("secret")).unwrap(), "s");
    }

    #[test]
    fn rejects_directories_that_others_can_change() {
        let (root, _) = machine();
        let etc = root.path().join("etc");
        for mode in [0o775, 0o757, 0o1777] {
            fs::set_permissions(&etc, Permissions::from_mode(mode)).unwrap();
            assert!(refused(root.path(), "/etc/x").contains("run: sudo chmod go-w"), "{mode:o}");
        }
        fs::set_permissions(&etc, Permissions::from_mode(0o755)).unwrap();
        if geteuid().is_root() {
            std::os::unix::fs::chown(&etc, Some(65534), None).unwrap();
            assert!(refused(root.path(), "/etc/x").contains("belongs to the user 65534"));
        }
    }

    #[test]
    fn does_not_reuse_the_name_of_another_backup() {
        let (root, me) = machine();
        let place = Place::below(root.path(), "/etc/x").unwrap();
        for name in ["x.bak", "x.bak.1"] {
            place.write_new(name.as_bytes(), me).unwrap();
            assert_eq!(place.put_aside("bak").unwrap(), root.path().join("etc").join(name));
            assert!(!place.exists().unwrap());
        }
        let read = |name: &str| fs::read_to_string(root.path().join("etc").join(name)).unwrap();
        assert_eq!(["x.bak", "x.bak.1"].map(read), ["x.bak", "x.bak.1"]);
        assert!(place.put_aside("bak").is_err());
    }

    #[test]
    fn rejects_a_link_in_place_of_a_directory_or_log() {
        let (root, me) = machine();
        fs::create_dir(root.path().join("other")).unwrap();
        fs::write(root.path().join("secret"), "s").unwrap();
        symlink("../other", root.path().join("etc/directory")).unwrap();
        symlink("../secret", root.path().join("etc/log")).unwrap();
        let before = root.path().join("other").metadata().unwrap().mode();
        let [directory, log, new] = ["directory", "log", "new"]
            .map(|name| Place::below(root.path(), format!("/etc/{name}")).unwrap());
        assert!(directory.set_directory_access(Access { mode: 0o700, ..me }).is_err());
        assert!(directory.make_directory(me).is_err());
        assert_eq!(root.path().join("other").metadata().unwrap().mode(), before);
        assert!(log.empty().is_err() && log.write_into(b"x").is_err());
        assert_eq!(fs::read_to_string(root.path().join("secret")).unwrap(), "s");
        new.make_directory(Access { mode: 0o711, ..me }).unwrap();
        new.set_directory_access(Access { mode: 0o755, ..me }).unwrap();
        assert_eq!(new.path().metadata().unwrap().mode() & 0o7777, 0o755);
    }

    #[test]
    fn reads_only_regular_files() {
        let (root, _) = machine();
        fs::create_dir(root.path().join("etc/directory")).unwrap();
        mkfifoat(CWD, root.path().join("etc/pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        for name in ["directory", "pipe"] {
            let place = Place::below(root.path(), format!("/etc/{name}")).unwrap();
            assert!(place.read().unwrap_err().to_string().ends_with("is not a regular file"), "{name}");
        }
        assert!(Place::below(root.path(), "/etc/none").unwrap().read().unwrap().is_none());
    }
}
