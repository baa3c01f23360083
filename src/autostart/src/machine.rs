// SPDX-License-Identifier: GPL-3.0-or-later
//! The machine that is examined: its files below a root directory, their owners, and its users.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use system_files::User;
use system_files::accounts::{self, PasswdEntry};

use crate::packages;

/// Size limit for reading a file, in bytes: far above any hand-written script.
const LARGEST: u64 = 1 << 20;

/// Size limit for comparing executables, in bytes.
const LARGEST_PROGRAM: u64 = 64 << 20;

/// How many links the kernel follows.
const MAX_LINKS: usize = 40;

/// A machine, running or not.
pub(crate) struct Machine {
    root: PathBuf,
    /// The owner of the root directory, because another user may have unpacked a tree that does not run.
    pub superuser: u32,
    /// root and all regular users.
    pub people: Vec<Person>,
    names: BTreeMap<u32, String>,
}

/// A user with a home directory.
pub(crate) struct Person {
    pub name: String,
    pub home: String,
    pub user: User,
}

/// The result of reading a file.
pub(crate) enum Content {
    Text(Vec<u8>),
    /// It does not exist or is not a regular file.
    None,
    /// Only root may read it.
    Forbidden,
}

impl Machine {
    pub(crate) fn new(root: &Path) -> Self {
        let superuser = fs::metadata(root).map_or(0, |metadata| metadata.uid());
        let mut machine =
            Self { root: root.to_owned(), superuser, people: Vec::new(), names: BTreeMap::new() };
        let Content::Text(text) = machine.read("/etc/passwd") else { return machine };
        for PasswdEntry { name, uid, gid, home } in accounts::passwd(&String::from_utf8_lossy(&text)) {
            machine.names.entry(uid).or_insert_with(|| name.to_owned());
            let home = home.trim_end_matches('/');
            // login.defs: regular users have IDs from 1000 to 60000.
            let is_person = uid == 0 || (1000..=60000).contains(&uid);
            if is_person && machine.people.iter().all(|person| person.home != home) {
                let user = User { user: uid, group: gid };
                machine.people.push(Person { name: name.to_owned(), home: home.to_owned(), user });
            }
        }
        machine
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The real path of the machine's `path`.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        system_files::in_root(&self.root, path)
    }

    /// The machine's path of the file at `path`.
    pub(crate) fn name_of(&self, path: &Path) -> String {
        match path.strip_prefix(&self.root) {
            Ok(below) => Path::new("/").join(below).to_string_lossy().into_owned(),
            Err(_) => path.to_string_lossy().into_owned(),
        }
    }

    /// The name of a user.
    pub(crate) fn user(&self, uid: u32) -> String {
        self.names.get(&uid).cloned().unwrap_or_else(|| uid.to_string())
    }

    /// Names in a directory, sorted; empty if it does not exist. Skips names that are not UTF-8.
    pub(crate) fn list(&self, directory: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(directory)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// The names in a directory with this suffix, sorted.
    pub(crate) fn list_of(&self, directory: &str, end: &str) -> Vec<String> {
        self.list(directory).into_iter().filter(|name| name.ends_with(end)).collect()
    }

    /// Whether only root can read a directory that exists.
    pub(crate) fn is_closed(&self, directory: &str) -> bool {
        fs::read_dir(self.path(directory))
            .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    }

    /// Whether it is an executable file.
    pub(crate) fn is_executable(&self, path: &str) -> bool {
        fs::metadata(self.path(path)).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
    }

    /// The target of a link, if it is one.
    pub(crate) fn link(&self, path: &str) -> Option<PathBuf> {
        fs::read_link(self.path(path)).ok()
    }

    /// The content of a regular file. Opens nothing else, because opening a pipe would block. Follows links
    /// within the machine's root.
    pub(crate) fn read(&self, path: &str) -> Content {
        let mut path = PathBuf::from(path);
        for _ in 0..MAX_LINKS {
            let Ok(target) = fs::read_link(self.path(&path)) else { break };
            path = path.parent().unwrap_or(Path::new("/")).join(target);
        }
        // Opening some devices has effects.
        if fs::symlink_metadata(self.path(&path)).is_ok_and(|metadata| !metadata.is_file()) {
            return Content::None;
        }
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened =
            OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(self.path(path));
        match opened {
            Ok(file) => content(file, LARGEST).map_or(Content::None, Content::Text),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Content::Forbidden,
            Err(_) => Content::None,
        }
    }

    /// As [`Machine::read`], as text; none if it cannot be read.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        match self.read(path) {
            Content::Text(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Content::None | Content::Forbidden => None,
        }
    }

    /// The owner of a file; does not follow a link.
    pub(crate) fn owner(&self, path: &str) -> Option<u32> {
        Some(fs::symlink_metadata(self.path(path)).ok()?.uid())
    }

    /// [`packages::owners`] on this machine.
    pub(crate) fn packages<'a>(
        &self,
        paths: impl Iterator<Item = &'a str>,
    ) -> Option<BTreeMap<String, String>> {
        packages::owners(&self.root, paths)
    }

    /// Whether two files have the same content; none if one cannot be read completely or is not a regular
    /// file.
    pub(crate) fn are_same(one: &Path, other: &Path) -> Option<bool> {
        let read = |path: &Path, flags: OFlags| -> Option<Vec<u8>> {
            let file = OpenOptions::new()
                .read(true)
                .custom_flags((flags | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
                .open(path)
                .ok()?;
            content(file, LARGEST_PROGRAM)
        };
        // The first is a process's executable, which nobody can replace.
        if !fs::symlink_metadata(other).ok()?.is_file() {
            return None;
        }
        Some(read(one, OFlags::empty())? == read(other, OFlags::NOFOLLOW)?)
    }
}

fn content(file: File, largest: u64) -> Option<Vec<u8>> {
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > largest {
        return None;
    }
    let mut content = Vec::new();
    file.take(largest).read_to_end(&mut content).ok()?;
    Some(content)
}
