// SPDX-License-Identifier: GPL-3.0-or-later
//! The machine that is looked at: its files below a root directory, whose they are, and the homes of its users.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use system_files::User;
use system_files::accounts::{self, PasswdEntry};

use crate::packages;

/// Largest file that is read, in bytes: far above any script that people write by hand.
const LARGEST: u64 = 1 << 20;

/// Largest program that is compared, in bytes.
const LARGEST_PROGRAM: u64 = 64 << 20;

/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;

/// A machine, running or not.
pub(crate) struct Machine {
    root: PathBuf,
    /// Whoever owns the root directory: a tree that does not run may have been unpacked by somebody else.
    pub superuser: u32,
    /// root and the users that are people.
    pub people: Vec<Person>,
    names: BTreeMap<u32, String>,
}

/// Somebody with a home.
pub(crate) struct Person {
    pub name: String,
    pub home: String,
    pub user: User,
}

/// What is read of a directory or a file that may be unreadable.
pub(crate) enum Content {
    Text(Vec<u8>),
    /// There is none, or it is no regular file.
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
            // login.defs: people are from 1000 to 60000.
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

    /// Where the file is that the machine calls `path`.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        system_files::in_root(&self.root, path)
    }

    /// What the machine calls the file that is at `path`.
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

    /// Names in a directory, sorted; none if there is no such directory. Names that are no UTF-8 are left out.
    pub(crate) fn list(&self, directory: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(directory)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// Those of them with this end.
    pub(crate) fn list_of(&self, directory: &str, end: &str) -> Vec<String> {
        self.list(directory).into_iter().filter(|name| name.ends_with(end)).collect()
    }

    /// Whether a directory is there that only root may look into.
    pub(crate) fn is_closed(&self, directory: &str) -> bool {
        fs::read_dir(self.path(directory))
            .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    }

    /// Whether it is a file that may be executed.
    pub(crate) fn is_executable(&self, path: &str) -> bool {
        fs::metadata(self.path(path)).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
    }

    /// Where a link leads, if it is one.
    pub(crate) fn link(&self, path: &str) -> Option<PathBuf> {
        fs::read_link(self.path(path)).ok()
    }

    /// What is in a regular file. Anything else is not opened: a pipe would keep us waiting. Links are followed as the machine
    /// would follow them, below its root.
    pub(crate) fn read(&self, path: &str) -> Content {
        let mut path = PathBuf::from(path);
        for _ in 0..MAX_LINKS {
            let Ok(target) = fs::read_link(self.path(&path)) else { break };
            path = path.parent().unwrap_or(Path::new("/")).join(target);
        }
        // Some devices act as soon as they are opened.
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

    /// [`Machine::read`], as text; none if it cannot be read.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        match self.read(path) {
            Content::Text(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Content::None | Content::Forbidden => None,
        }
    }

    /// Who owns a file, a link itself.
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

    /// Whether two files hold the same; none if one cannot be read whole. Neither is opened if it is no regular file.
    pub(crate) fn are_same(one: &Path, other: &Path) -> Option<bool> {
        let read = |path: &Path, flags: OFlags| -> Option<Vec<u8>> {
            let file = OpenOptions::new()
                .read(true)
                .custom_flags((flags | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
                .open(path)
                .ok()?;
            content(file, LARGEST_PROGRAM)
        };
        // The first is what a process runs, which nobody can exchange.
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
