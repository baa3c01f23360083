// SPDX-License-Identifier: GPL-3.0-or-later
//! Resolves a path that a user has typed, without following links that another user may have created.
//!
//! The path is resolved name by name. A link is followed if only root or the caller can have created it: its
//! directory belongs to one of them and nobody else can write there; or the directory is sticky, as /tmp, and
//! the link belongs to one of them. So `/dev/stdout` and links of root work. A link in another user's
//! directory is rejected.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, open, openat, readlinkat, statat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::Place;
use crate::error::{Error, Operation};

/// The kernel's limit.
const MOST_LINKS: usize = 40;

/// In a directory with this bit, users can remove and rename only their own files.
const STICKY: u32 = 0o1000;

/// The place that `path` resolves to. The file need not exist, but its directory must.
pub fn resolved(path: &Path) -> Result<Place, Error> {
    let whole = std::path::absolute(path).map_err(Error::system(Operation::Find, path))?;
    let mut rest: VecDeque<OsString> = names(&whole)?;
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let root = || {
        open("/", flags, Mode::empty())
            .map(File::from)
            .map_err(Error::system(Operation::Open, Path::new("/")))
    };
    let (mut directory, mut at) = (root()?, PathBuf::from("/"));
    let mut is_trusted = true;
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        let entry = match statat(&directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(entry) => Some(entry),
            Err(Errno::NOENT) if rest.is_empty() => None,
            Err(error) => {
                return Err(Error::system(Operation::Look, &at.join(&name))(error));
            }
        };
        let owner = entry.as_ref().map(|entry| entry.st_uid);
        let entry_is_safe =
            is_trusted && is_safe(&directory, owner).map_err(Error::system(Operation::Look, &at))?;
        let is_link = entry.is_some_and(|entry| FileType::from_raw_mode(entry.st_mode).is_symlink());
        if is_link {
            let link = at.join(&name);
            links += 1;
            if !entry_is_safe {
                return Err(Error::ForeignLink(link));
            }
            if links > MOST_LINKS {
                return Err(Error::TooManyLinks(path.to_owned()));
            }
            let target = readlinkat(&directory, &name, Vec::new())
                .map_err(Error::system(Operation::ReadLink, &link))?;
            let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
            if target.is_absolute() {
                (directory, at) = (root()?, PathBuf::from("/"));
            }
            let mut before = names(&target)?;
            before.append(&mut rest);
            rest = before;
        } else if rest.is_empty() {
            if name == ".." || name == "." {
                return Err(Error::NoName(path.to_owned()));
            }
            return Ok(Place { path: at.join(&name), directory, name });
        } else {
            // No link was followed to get here, so .. is the parent directory.
            if name == ".." {
                at.pop();
            } else {
                at.push(&name);
            }
            let opened = openat(&directory, &name, flags | OFlags::NOFOLLOW, Mode::empty());
            directory = opened.map(File::from).map_err(Error::system(Operation::Open, &at))?;
            is_trusted = entry_is_safe;
        }
    }
    Err(Error::NoName(path.to_owned()))
}

/// The names in a path, one after the other.
fn names(path: &Path) -> Result<VecDeque<OsString>, Error> {
    let names = path.components().filter_map(|component| match component {
        Component::RootDir | Component::CurDir => None,
        Component::Normal(name) => Some(name.to_owned()),
        _ => Some("..".into()),
    });
    let names: VecDeque<_> = names.collect();
    if names.is_empty() {
        return Err(Error::NoName(path.to_owned()));
    }
    Ok(names)
}

/// Whether only root and the caller can have created an entry of a directory, and can replace it.
fn is_safe(directory: &File, owner_of_entry: Option<u32>) -> io::Result<bool> {
    let metadata = directory.metadata()?;
    let is_ours = |user: u32| user == 0 || user == geteuid().as_raw();
    let is_closed = metadata.mode() & 0o022 == 0;
    let is_sticky = metadata.mode() & STICKY != 0 && owner_of_entry.is_some_and(is_ours);
    Ok(is_ours(metadata.uid()) && (is_closed || is_sticky))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    #[test]
    fn follows_the_callers_links() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("real")).unwrap();
        symlink("real", at("relative")).unwrap();
        symlink(at("real"), at("absolute")).unwrap();
        symlink("relative/x", at("file")).unwrap();
        for path in ["real/x", "relative/x", "absolute/x", "file", "real/../relative/./x"] {
            assert_eq!(resolved(&at(path)).unwrap().path(), at("real/x"), "{path}");
        }
        symlink("loop", at("loop")).unwrap();
        assert!(resolved(&at("loop")).unwrap_err().to_string().contains("too many levels of symbolic links"));
        for path in ["missing/x", "real/.."] {
            assert!(resolved(&at(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn rejects_links_of_others() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(at("theirs")).unwrap();
        symlink("/etc/shadow", at("theirs/link")).unwrap();
        symlink("/etc", at("theirs/directory")).unwrap();
        let refused = |path: &str| resolved(&at(path)).unwrap_err().to_string();
        fs::set_permissions(at("theirs"), fs::Permissions::from_mode(0o777)).unwrap();
        for path in ["theirs/link", "theirs/directory/shadow"] {
            assert!(
                refused(path).contains("is a symbolic link that another user may have created"),
                "{path}"
            );
        }
        // Other files can be written there.
        assert_eq!(resolved(&at("theirs/new")).unwrap().path(), at("theirs/new"));
        if geteuid().is_root() {
            fs::set_permissions(at("theirs"), fs::Permissions::from_mode(0o755)).unwrap();
            assert_eq!(resolved(&at("theirs/link")).unwrap().path(), Path::new("/etc/shadow"));
            chown(at("theirs"), Some(65534), None).unwrap();
            assert!(refused("theirs/link").contains("another user"));
        }
        // They can have moved anything below their directory there, whoever it belongs to.
        fs::create_dir(at("theirs/mine")).unwrap();
        symlink("/etc/shadow", at("theirs/mine/link")).unwrap();
        fs::set_permissions(at("theirs"), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(refused("theirs/mine/link").contains("another user"));
    }
}
