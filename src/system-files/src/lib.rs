// SPDX-License-Identifier: GPL-3.0-or-later
//! Files of the machine below a root folder, changed such that whoever reads them, or pulls the plug, finds the old or
//! the new one whole, and that nobody but root can have another file changed instead.
//!
//! The rule, for the root folder and each folder from there to the file: it is no link, it belongs to root or to the
//! caller, and neither its group nor others can write to it. What is above the root folder is the business of whoever
//! named it, so that /tmp is no obstacle to a test. A file that is read or replaced must be a regular one.
//!
//! All of it works on FAT too, where a boot partition has neither links nor modes nor owners of its own.
//!
//! [`resolved`] finds the place that a path leads to which somebody typed; [`as_user`] does what belongs to a user with no
//! more rights than that user has.

pub mod accounts;
mod links;
mod replacement;
mod user;

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, bail};
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RenameFlags, Stat, StatVfsMountFlags, fstatvfs, linkat, mkdirat, open,
    openat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid};

pub use links::resolved;
pub use replacement::{Replacement, replace};
pub use user::{User, as_user};

use replacement::Name;

/// Largest file that is read, in bytes: far above any configuration.
const LARGEST: u64 = 4 << 20;

/// Owner, group and permission bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// User id of the owner.
    pub user: u32,
    /// Id of the group.
    pub group: u32,
    /// Permission bits.
    pub mode: u32,
}

impl Access {
    /// A file of the caller.
    #[must_use]
    pub fn of_caller(mode: u32) -> Self {
        Self { user: geteuid().as_raw(), group: getegid().as_raw(), mode }
    }
}

/// What only root may read and change.
pub const ROOT_ONLY: Access = Access { user: 0, group: 0, mode: 0o600 };

/// Where the file that a machine calls `path` is, if its root is at `root`.
#[must_use]
pub fn in_root(root: &Path, path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Whether there is anything of that name, even a link that leads nowhere.
pub fn exists(path: &Path) -> anyhow::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", path.display())),
    }
}

/// The name of a file, which there may be or not, in a folder that only root and the caller can change.
#[derive(Debug)]
pub struct Place {
    folder: File,
    name: OsString,
    /// For people.
    path: PathBuf,
}

/// A file as it was read.
#[derive(Debug)]
pub struct Found {
    /// What is in it.
    pub content: Vec<u8>,
    /// Whose it is.
    pub access: Access,
    /// When its content was changed.
    pub modified: Option<SystemTime>,
    /// What is different as soon as somebody else changes or replaces it.
    identity: [i128; 5],
}

impl Place {
    /// The place that the machine whose root is at `root` calls `path`. Its folder must exist.
    pub fn below(root: &Path, path: impl AsRef<Path>) -> anyhow::Result<Self> {
        let path = path.as_ref();
        let shown = in_root(root, path);
        let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
            bail!("{} is no name of a file", shown.display());
        };
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let mut at = root.to_owned();
        let mut folder = checked(open(root, flags, Mode::empty()), &at)?;
        for component in parent.components() {
            match component {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => {
                    at.push(name);
                    folder = checked(openat(&folder, name, flags | OFlags::NOFOLLOW, Mode::empty()), &at)?;
                }
                _ => bail!("{} has .. in it", shown.display()),
            }
        }
        Ok(Self { folder, name: name.to_owned(), path: shown })
    }

    /// Its path, for people.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Another name in the same folder.
    pub fn beside(&self, name: impl AsRef<OsStr>) -> anyhow::Result<Self> {
        let name = name.as_ref();
        let folder = self.folder.try_clone().with_context(|| self.path.display().to_string())?;
        Ok(Self { folder, name: name.to_owned(), path: self.path.with_file_name(name) })
    }

    /// Whether there is anything of that name, even a link that leads nowhere.
    pub fn exists(&self) -> anyhow::Result<bool> {
        match self.stat() {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot look at {}", self.path.display())),
        }
    }

    /// Whether the file system is mounted so that nothing in it can be changed.
    pub fn is_read_only(&self) -> anyhow::Result<bool> {
        let system =
            fstatvfs(&self.folder).with_context(|| format!("cannot look at {}", self.path.display()))?;
        Ok(system.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    /// Reads the file, if there is one.
    pub fn read(&self) -> anyhow::Result<Option<Found>> {
        let shown = self.path.display();
        let mut file = match self.open() {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => bail!("{shown} is a link, which is not followed; put the file itself there"),
            Err(error) => return Err(error).with_context(|| format!("cannot read {shown}")),
        };
        let metadata = file.metadata().with_context(|| format!("cannot look at {shown}"))?;
        if !metadata.is_file() {
            bail!("{shown} is no regular file");
        }
        let mut content = Vec::new();
        (&mut file)
            .take(LARGEST + 1)
            .read_to_end(&mut content)
            .with_context(|| format!("cannot read {shown}"))?;
        if content.len() as u64 > LARGEST {
            bail!("{shown} is larger than any file of its kind");
        }
        Ok(Some(Found {
            content,
            access: Access { user: metadata.uid(), group: metadata.gid(), mode: metadata.mode() & 0o7777 },
            modified: metadata.modified().ok(),
            identity: [
                metadata.dev().into(),
                metadata.ino().into(),
                metadata.size().into(),
                metadata.mtime().into(),
                metadata.mtime_nsec().into(),
            ],
        }))
    }

    /// Writes a file that replaces whatever has its name, a link itself included.
    pub fn write(&self, content: &[u8], access: Access) -> anyhow::Result<()> {
        let new = self.write_temp(content, access, true)?;
        self.put_in_place(&new)
    }

    /// As [`Self::write`], also where the file system cannot store owner and mode.
    pub fn write_anywhere(&self, content: &[u8], access: Access) -> anyhow::Result<()> {
        let new = self.write_temp(content, access, false)?;
        self.put_in_place(&new)
    }

    /// Writes a file whose name nothing may have yet.
    pub fn write_new(&self, content: &[u8], access: Access) -> anyhow::Result<()> {
        let new = self.write_temp(content, access, true)?;
        new.rename_new(self).inspect_err(|_| new.discard())
    }

    /// Replaces the content of the file that was found, which keeps its owner and mode, and keeps the former one under
    /// the first free one of the names that [`Self::back_up`] gives. Returns the path of that one.
    ///
    /// If anything fails, or somebody else changed the file since it was read, all is as it was.
    pub fn replace(&self, found: &Found, content: &[u8], suffix: &str) -> anyhow::Result<PathBuf> {
        let new = self.write_temp(content, found.access, false)?;
        let unchanged = || match self.read() {
            Ok(Some(now)) if now.identity == found.identity && now.content == found.content => Ok(()),
            _ => bail!("{} was changed by somebody else just now; say it again", self.path.display()),
        };
        let kept = unchanged().and_then(|()| self.back_up(suffix)).inspect_err(|_| new.discard())?;
        // What was linked is the file that was read, and no longer one that somebody else put there meanwhile.
        if let Err(error) = unchanged() {
            new.discard();
            return Err(error);
        }
        self.put_in_place(&new)?;
        Ok(kept)
    }

    /// Gives the file the first free one of the names that [`Self::back_up`] gives, in place of its own. Returns its path.
    pub fn put_aside(&self, suffix: &str) -> anyhow::Result<PathBuf> {
        self.put_aside_noted(suffix, |_| Ok(()))
    }

    /// [`Self::put_aside`], of which `note` is told the new path before the file gets it.
    pub fn put_aside_noted(
        &self,
        suffix: &str,
        note: impl Fn(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        for number in 0_u32.. {
            let backup = self.beside(numbered(&self.name, suffix, number))?;
            if backup.exists()? {
                continue;
            }
            note(&backup.path)?;
            let renamed = renameat_with(
                &self.folder,
                self.name.as_os_str(),
                &backup.folder,
                backup.name.as_os_str(),
                RenameFlags::NOREPLACE,
            );
            match renamed {
                Ok(()) => {
                    self.sync_parent()?;
                    return Ok(backup.path);
                }
                Err(Errno::EXIST) => {}
                Err(error) => {
                    return Err(error).with_context(|| {
                        format!("cannot rename {} to {}", self.path.display(), backup.path.display())
                    });
                }
            }
        }
        bail!("{} has too many copies already", self.path.display())
    }

    /// Gives the file the first free one of the names `FILE.SUFFIX`, `FILE.SUFFIX.1` and so on as a second one, which it
    /// keeps when it is replaced or removed. Where a file can have one name only, a copy gets it. If one of these files is
    /// the same, that is enough. Returns its path.
    pub fn back_up(&self, suffix: &str) -> anyhow::Result<PathBuf> {
        self.back_up_unless(suffix, Self::is_like)
    }

    /// As [`Self::back_up`], but a file of one of these names that is the same is somebody else's, unless it is this file.
    pub fn back_up_apart(&self, suffix: &str) -> anyhow::Result<PathBuf> {
        self.back_up_unless(suffix, |own, other| match (own.stat(), other.stat()) {
            (Ok(own), Ok(other)) => (own.st_dev, own.st_ino) == (other.st_dev, other.st_ino),
            _ => false,
        })
    }

    fn back_up_unless(
        &self,
        suffix: &str,
        is_backed_up: impl Fn(&Self, &Self) -> bool,
    ) -> anyhow::Result<PathBuf> {
        for number in 0_u32.. {
            let backup = self.beside(numbered(&self.name, suffix, number))?;
            if is_backed_up(self, &backup) {
                return Ok(backup.path);
            }
            let context = || format!("cannot keep {} as {}", self.path.display(), backup.path.display());
            match linkat(
                &self.folder,
                self.name.as_os_str(),
                &self.folder,
                backup.name.as_os_str(),
                AtFlags::empty(),
            ) {
                Ok(()) => {}
                Err(Errno::EXIST) => continue,
                // FAT has no links; whether a name is taken it tells in its own time.
                Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK) => {
                    if backup.exists()? {
                        continue;
                    }
                    let found = self.read()?.with_context(context)?;
                    let copy = backup.write_temp(&found.content, found.access, false)?;
                    copy.rename_new(&backup).inspect_err(|_| copy.discard())?;
                }
                Err(error) => return Err(error).with_context(context),
            }
            self.sync_parent()?;
            return Ok(backup.path);
        }
        bail!("{} has too many copies already", self.path.display())
    }

    /// Gives the file another name in its folder, which nothing may have yet.
    pub fn rename_new(&self, to: &Self) -> anyhow::Result<()> {
        renameat_with(
            &self.folder,
            self.name.as_os_str(),
            &to.folder,
            to.name.as_os_str(),
            RenameFlags::NOREPLACE,
        )
        .with_context(|| format!("cannot rename {} to {}", self.path.display(), to.path.display()))?;
        to.sync_parent()
    }

    /// Sets owner and mode of the file.
    pub fn set_access(&self, access: Access) -> anyhow::Result<()> {
        let file = self.open().with_context(|| format!("cannot open {}", self.path.display()))?;
        set_access(&file, access, true)
            .with_context(|| format!("cannot set owner and mode of {}", self.path.display()))
    }

    /// Makes a folder of that name, where there is nothing yet.
    pub fn make_folder(&self, access: Access) -> anyhow::Result<()> {
        let make = || -> std::io::Result<()> {
            // Closed to all others until it is whose it shall be.
            mkdirat(&self.folder, self.name.as_os_str(), Mode::RWXU)?;
            set_access(&self.open_folder()?, access, true)
        };
        make().with_context(|| format!("cannot make the folder {}", self.path.display()))?;
        self.sync_parent()
    }

    /// Sets owner and mode of the folder of that name; a link to one is none.
    pub fn set_folder_access(&self, access: Access) -> anyhow::Result<()> {
        let set = || -> std::io::Result<()> { set_access(&self.open_folder()?, access, true) };
        set().with_context(|| format!("cannot set owner and mode of the folder {}", self.path.display()))
    }

    fn open_folder(&self) -> rustix::io::Result<File> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(&self.folder, self.name.as_os_str(), flags, Mode::empty()).map(File::from)
    }

    /// Writes to what is there already: a pipe, a device or a file, but through no link.
    pub fn write_into(&self, content: &[u8]) -> anyhow::Result<()> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.folder, self.name.as_os_str(), flags, Mode::empty());
        let written = file.map_err(std::io::Error::from).and_then(|file| File::from(file).write_all(content));
        written.with_context(|| format!("cannot write to {}", self.path.display()))
    }

    /// Takes all content from the file, which keeps its owner and mode.
    pub fn empty(&self) -> anyhow::Result<()> {
        let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let empty = || -> anyhow::Result<()> {
            let file = File::from(openat(&self.folder, self.name.as_os_str(), flags, Mode::empty())?);
            if !file.metadata()?.is_file() {
                bail!("it is no regular file");
            }
            Ok(file.set_len(0)?)
        };
        empty().with_context(|| format!("cannot empty {}", self.path.display()))
    }

    /// Whether there is something of that name that is neither a regular file nor a link.
    #[must_use]
    pub fn is_special(&self) -> bool {
        self.stat().is_ok_and(|stat| {
            !matches!(FileType::from_raw_mode(stat.st_mode), FileType::RegularFile | FileType::Symlink)
        })
    }

    /// Removes the file.
    pub fn remove(&self) -> anyhow::Result<()> {
        unlinkat(&self.folder, self.name.as_os_str(), AtFlags::empty())
            .with_context(|| format!("cannot remove {}", self.path.display()))?;
        self.sync_parent()
    }

    /// Whether both are files with the same content, owner and mode.
    fn is_like(&self, other: &Self) -> bool {
        let read = |place: &Self| place.read().ok().flatten().map(|found| (found.content, found.access));
        read(self).is_some_and(|own| read(other) == Some(own))
    }

    fn stat(&self) -> rustix::io::Result<Stat> {
        statat(&self.folder, self.name.as_os_str(), AtFlags::SYMLINK_NOFOLLOW)
    }

    fn open(&self) -> rustix::io::Result<File> {
        // Without O_NONBLOCK a pipe would keep root waiting.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        openat(&self.folder, self.name.as_os_str(), flags, Mode::empty()).map(File::from)
    }

    /// The content, on the disk under a name that no program reads. The number keeps two calls at a time apart.
    fn write_temp(&self, content: &[u8], access: Access, exactly: bool) -> anyhow::Result<Self> {
        let mut name = self.name.clone();
        name.push(format!(".lampi-new.{}", std::process::id()));
        let new = self.beside(name)?;
        let written = replacement::write_temp(new.as_name(), Mode::RUSR | Mode::WUSR, content, |file| {
            set_access(file, access, exactly)
        });
        written.with_context(|| format!("cannot write {}", new.path.display()))?;
        Ok(new)
    }

    fn put_in_place(&self, new: &Self) -> anyhow::Result<()> {
        replacement::rename(new.as_name(), self.as_name())
            .with_context(|| format!("cannot rename {} to {}", new.path.display(), self.path.display()))?;
        self.sync_parent()
    }

    fn discard(&self) {
        replacement::discard(self.as_name());
    }

    fn as_name(&self) -> Name<'_> {
        Name { folder: &self.folder, name: &self.name }
    }

    /// Has the disk know what the folder has come to hold.
    fn sync_parent(&self) -> anyhow::Result<()> {
        self.folder.sync_all().with_context(|| {
            let folder = self.path.parent().unwrap_or(Path::new("/"));
            format!("cannot have {} written to the disk", folder.display())
        })
    }
}

/// The name of a backup.
fn numbered(name: &OsStr, suffix: &str, number: u32) -> OsString {
    let mut backup = name.to_owned();
    backup.push(format!(".{suffix}"));
    if number > 0 {
        backup.push(format!(".{number}"));
    }
    backup
}

/// A folder that was opened, if it fulfils the rule.
fn checked(opened: rustix::io::Result<OwnedFd>, path: &Path) -> anyhow::Result<File> {
    let shown = path.display();
    let folder = match opened {
        Ok(folder) => File::from(folder),
        Err(Errno::LOOP | Errno::NOTDIR) if path.is_symlink() => {
            bail!("{shown} is a link, which is not followed; make it a folder")
        }
        Err(error) => return Err(error).with_context(|| format!("cannot open the folder {shown}")),
    };
    let metadata = folder.metadata().with_context(|| format!("cannot look at {shown}"))?;
    if metadata.uid() != 0 && metadata.uid() != geteuid().as_raw() {
        bail!(
            "{shown} belongs to the user {}, who could put another file there; say: sudo chown root {shown}",
            metadata.uid()
        );
    }
    if metadata.mode() & 0o022 != 0 {
        bail!("{shown} can be changed by others than its owner; say: sudo chmod go-w {shown}");
    }
    Ok(folder)
}

/// Sets what is not so yet. FAT refuses what it cannot store, which is a failure only if it has to be exactly so.
fn set_access(file: &File, access: Access, exactly: bool) -> std::io::Result<()> {
    let metadata = file.metadata()?;
    let tolerated = |result: std::io::Result<()>| match result {
        Err(error) if !exactly && error.kind() == ErrorKind::PermissionDenied => Ok(()),
        other => other,
    };
    if (metadata.uid(), metadata.gid()) != (access.user, access.group) {
        tolerated(std::os::unix::fs::fchown(file, Some(access.user), Some(access.group)))?;
    }
    // After the owner, whose change takes some bits away.
    if file.metadata()?.mode() & 0o7777 != access.mode {
        tolerated(file.set_permissions(Permissions::from_mode(access.mode)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, mkfifoat};

    use super::*;

    /// A root folder with a folder `etc`, and what this process may give a file.
    fn machine() -> (tempfile::TempDir, Access) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::set_permissions(root.path().join("etc"), Permissions::from_mode(0o755)).unwrap();
        let me = Access::of_caller(0o640);
        (root, me)
    }

    fn refused(root: &Path, path: &str) -> String {
        format!("{:#}", Place::below(root, path).unwrap_err())
    }

    #[test]
    fn paths_are_below_the_root() {
        assert_eq!(in_root(Path::new("/"), "/etc/x"), Path::new("/etc/x"));
        assert_eq!(in_root(Path::new("/mnt"), "/etc/x"), Path::new("/mnt/etc/x"));
        assert_eq!(in_root(Path::new("mnt"), "etc/x"), Path::new("mnt/etc/x"));
    }

    #[test]
    fn nothing_is_overwritten_or_left_behind() {
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
    fn a_replaced_file_keeps_its_access_and_its_former_content() {
        let (root, me) = machine();
        let place = Place::below(root.path(), "/etc/x").unwrap();
        place.write(b"old", Access { mode: 0o604, ..me }).unwrap();
        fs::write(root.path().join("etc/x.bak"), "taken").unwrap();
        let found = place.read().unwrap().unwrap();
        assert_eq!(place.replace(&found, b"new", "bak").unwrap(), root.path().join("etc/x.bak.1"));
        let read = |name: &str| fs::read_to_string(root.path().join("etc").join(name)).unwrap();
        assert_eq!(["x", "x.bak", "x.bak.1"].map(read), ["new", "taken", "old"]);
        assert_eq!(place.read().unwrap().unwrap().access.mode, 0o604);
        // What was read is no longer there.
        let error = place.replace(&found, b"newer", "bak").unwrap_err().to_string();
        assert!(error.contains("changed by somebody else"), "{error}");
        assert_eq!(fs::read_dir(root.path().join("etc")).unwrap().count(), 3);
    }

    #[test]
    fn no_link_is_followed() {
        let (root, me) = machine();
        fs::write(root.path().join("secret"), "s").unwrap();
        symlink("../secret", root.path().join("etc/link")).unwrap();
        symlink("etc", root.path().join("other")).unwrap();
        assert!(refused(root.path(), "/other/x").contains("other is a link, which is not followed"));
        assert!(refused(root.path(), "/etc/../secret").contains("has .. in it"));
        assert!(refused(root.path(), "/missing/x").contains("No such file"));
        let place = Place::below(root.path(), "/etc/link").unwrap();
        assert!(place.read().unwrap_err().to_string().contains("is a link, which is not followed"));
        // It is the link that is kept and replaced.
        assert!(place.back_up("bak").unwrap().is_symlink());
        place.write(b"new", me).unwrap();
        assert!(!place.path().is_symlink());
        assert_eq!(fs::read_to_string(root.path().join("secret")).unwrap(), "s");
    }

    #[test]
    fn folders_that_others_can_change_are_refused() {
        let (root, _) = machine();
        let etc = root.path().join("etc");
        for mode in [0o775, 0o757, 0o1777] {
            fs::set_permissions(&etc, Permissions::from_mode(mode)).unwrap();
            assert!(refused(root.path(), "/etc/x").contains("say: sudo chmod go-w"), "{mode:o}");
        }
        fs::set_permissions(&etc, Permissions::from_mode(0o755)).unwrap();
        if geteuid().is_root() {
            std::os::unix::fs::chown(&etc, Some(65534), None).unwrap();
            assert!(refused(root.path(), "/etc/x").contains("belongs to the user 65534"));
        }
    }

    #[test]
    fn what_is_put_aside_takes_no_other_copys_name() {
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
    fn a_link_in_the_place_of_a_folder_or_log_is_not_followed() {
        let (root, me) = machine();
        fs::create_dir(root.path().join("other")).unwrap();
        fs::write(root.path().join("secret"), "s").unwrap();
        symlink("../other", root.path().join("etc/folder")).unwrap();
        symlink("../secret", root.path().join("etc/log")).unwrap();
        let before = root.path().join("other").metadata().unwrap().mode();
        let [folder, log, new] =
            ["folder", "log", "new"].map(|name| Place::below(root.path(), format!("/etc/{name}")).unwrap());
        assert!(folder.set_folder_access(Access { mode: 0o700, ..me }).is_err());
        assert!(folder.make_folder(me).is_err());
        assert_eq!(root.path().join("other").metadata().unwrap().mode(), before);
        assert!(log.empty().is_err() && log.write_into(b"x").is_err());
        assert_eq!(fs::read_to_string(root.path().join("secret")).unwrap(), "s");
        new.make_folder(Access { mode: 0o711, ..me }).unwrap();
        new.set_folder_access(Access { mode: 0o755, ..me }).unwrap();
        assert_eq!(new.path().metadata().unwrap().mode() & 0o7777, 0o755);
    }

    #[test]
    fn only_regular_files_are_read() {
        let (root, _) = machine();
        fs::create_dir(root.path().join("etc/folder")).unwrap();
        mkfifoat(CWD, root.path().join("etc/pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        for name in ["folder", "pipe"] {
            let place = Place::below(root.path(), format!("/etc/{name}")).unwrap();
            assert!(place.read().unwrap_err().to_string().ends_with("is no regular file"), "{name}");
        }
        assert!(Place::below(root.path(), "/etc/none").unwrap().read().unwrap().is_none());
    }
}
