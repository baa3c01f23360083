// SPDX-License-Identifier: GPL-3.0-or-later
//! The machine on which supervisord will read the files: its users, folders, programs and environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// Where a daemon started by systemd looks for programs (systemd.exec(5), Debian's build).
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// As many as the kernel follows before it gives up.
const MAX_LINKS: usize = 40;

/// A machine, running or not: a root folder, and what will be there although it is not there yet.
///
/// Users are looked up in `etc/passwd` and `etc/group` below the root only; `root` always exists. supervisord's
/// working directory is taken to be `/`, as under systemd.
#[derive(Clone, Debug)]
pub struct Host {
    root: PathBuf,
    variables: BTreeMap<String, String>,
    users: BTreeMap<String, Account>,
    groups: BTreeMap<String, Option<u64>>,
    directories: BTreeSet<PathBuf>,
    commands: BTreeSet<PathBuf>,
}

#[derive(Clone, Debug, Default)]
struct Account {
    id: Option<u64>,
    home: Option<String>,
}

/// What is found where a command should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandState {
    Runnable,
    Missing,
    Directory,
    NotExecutable,
}

impl Host {
    /// The machine whose file system starts at `root`: `/` for this one. Its supervisord gets the environment that
    /// systemd gives to Debian's unit, which has no `HOME`, `USER` or `LANG`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let systemd = ["INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID"];
        let mut variables: BTreeMap<_, _> = systemd.map(|name| (name.to_owned(), "0".to_owned())).into();
        variables.insert("PATH".to_owned(), PATH.to_owned());

        let superuser = Account { id: Some(0), home: Some("/root".to_owned()) };
        let mut users = BTreeMap::from([("root".to_owned(), superuser)]);
        for fields in records(&root.join("etc/passwd")) {
            if let [name, _, id, _, _, home, ..] = fields.as_slice() {
                users.insert(name.clone(), Account { id: id.parse().ok(), home: Some(home.clone()) });
            }
        }
        let mut groups = BTreeMap::from([("root".to_owned(), Some(0))]);
        for fields in records(&root.join("etc/group")) {
            if let [name, _, id, ..] = fields.as_slice() {
                groups.insert(name.clone(), id.parse().ok());
            }
        }
        Self { root, variables, users, groups, directories: BTreeSet::new(), commands: BTreeSet::new() }
    }

    /// With an environment variable that supervisord is started with.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With a user, and a group of the same name, who will exist by then.
    #[must_use]
    pub fn with_user(mut self, name: &str) -> Self {
        self.users.entry(name.to_owned()).or_default();
        self.groups.entry(name.to_owned()).or_default();
        self
    }

    /// With a folder, given by its absolute path on that machine, that will exist by then.
    #[must_use]
    pub fn with_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directories.insert(path.into());
        self
    }

    /// With a program, given by its absolute path on that machine, that will exist by then.
    #[must_use]
    pub fn with_command(mut self, path: impl Into<PathBuf>) -> Self {
        self.commands.insert(path.into());
        self
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The node name, for `%(host_node_name)s`.
    pub(crate) fn node_name(&self) -> String {
        let name = fs::read_to_string(self.root.join("etc/hostname")).unwrap_or_default();
        let name = name.trim();
        if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
    }

    pub(crate) fn has_user(&self, name: &str) -> bool {
        match crate::values::integer(name) {
            Some(id) => {
                self.users.values().any(|user| user.id.is_some_and(|known| known.cast_signed() == id))
            }
            None => self.users.contains_key(name),
        }
    }

    pub(crate) fn has_group(&self, name: &str) -> bool {
        match crate::values::integer(name) {
            Some(id) => self.groups.values().flatten().any(|known| known.cast_signed() == id),
            None => self.groups.contains_key(name),
        }
    }

    pub(crate) fn user_names(&self) -> impl Iterator<Item = &str> {
        self.users.keys().map(String::as_str)
    }

    pub(crate) fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    /// `path` with a leading `~` or `~user` replaced, as Python's `os.path.expanduser` does for supervisord.
    pub(crate) fn expand_user(&self, path: &str) -> String {
        let Some(rest) = path.strip_prefix('~') else { return path.to_owned() };
        let (name, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let home = if name.is_empty() {
            self.variables.get("HOME").or_else(|| self.users.get("root")?.home.as_ref())
        } else {
            self.users.get(name).and_then(|user| user.home.as_ref())
        };
        home.map_or_else(|| path.to_owned(), |home| format!("{}{rest}", home.trim_end_matches('/')))
    }

    pub(crate) fn is_directory(&self, path: &str) -> bool {
        let path = absolute(path);
        // A program that will exist brings its folder with it.
        let folders = self.commands.iter().filter_map(|command| command.parent());
        let mut declared = self.directories.iter().map(PathBuf::as_path).chain(folders);
        declared.any(|directory| directory.starts_with(&path))
            || self.metadata(&path).is_some_and(|metadata| metadata.is_dir())
    }

    pub(crate) fn command(&self, path: &str) -> CommandState {
        let path = absolute(path);
        if self.commands.contains(&path) {
            return CommandState::Runnable;
        }
        match self.metadata(&path) {
            None => CommandState::Missing,
            Some(metadata) if metadata.is_dir() => CommandState::Directory,
            Some(metadata) if metadata.permissions().mode() & 0o111 == 0 => CommandState::NotExecutable,
            Some(_) => CommandState::Runnable,
        }
    }

    /// Follows links inside the root, where an absolute one starts at the root again.
    fn metadata(&self, path: &Path) -> Option<Metadata> {
        let mut resolved = PathBuf::from("/");
        let mut pending: Vec<PathBuf> = components(path);
        let mut links = 0;
        while let Some(component) = pending.pop() {
            if component.as_os_str() == ".." {
                resolved.pop();
                continue;
            }
            let next = resolved.join(&component);
            let metadata = fs::symlink_metadata(self.below_root(&next)).ok()?;
            if !metadata.is_symlink() {
                resolved = next;
                continue;
            }
            links += 1;
            if links > MAX_LINKS {
                return None;
            }
            let target = fs::read_link(self.below_root(&next)).ok()?;
            if target.is_absolute() {
                resolved = PathBuf::from("/");
            }
            pending.extend(components(&target));
        }
        fs::symlink_metadata(self.below_root(&resolved)).ok()
    }

    fn below_root(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

/// The parts of a path, the first one last, without those that mean nothing.
fn components(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    parts.rev().map(|part| PathBuf::from(part.as_os_str())).collect()
}

/// `path` as supervisord sees it from its working directory.
fn absolute(path: &str) -> PathBuf {
    Path::new("/").join(path)
}

/// The lines of a file like `/etc/passwd`, cut at their colons; none if there is no such file.
fn records(path: &Path) -> Vec<Vec<String>> {
    let content = fs::read(path).unwrap_or_default();
    let content = String::from_utf8_lossy(&content);
    content.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect()
}
