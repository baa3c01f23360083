// SPDX-License-Identifier: GPL-3.0-or-later
//! The machine on which supervisord will read the files: its users, folders, programs and environment.

mod accounts;
mod addresses;
mod run_time;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

pub(crate) use accounts::Account;
use accounts::{Accounts, named};
pub(crate) use addresses::Address;

use crate::expand::Variables;

/// Where a daemon started by systemd looks for programs (systemd.exec(5), Debian's build).
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// As many as the kernel follows before it gives up.
const MAX_LINKS: usize = 40;

/// How many files a process may ever open, unless `fs.nr_open` says otherwise (proc(5)).
const MAX_FILES: i64 = 1 << 20;

/// How many files systemd lets a service open, and only root can raise it (systemd-system.conf(5)).
const SYSTEMD_FILES: i64 = 512 << 10;

/// A machine, running or not: a root folder, and what will be there although it is not there yet.
///
/// Users are looked up in `etc/passwd` and `etc/group` below the root only; `root` always exists. supervisord's
/// working directory is taken to be `/`, as under systemd. What is below `/dev`, `/proc`, `/sys` and `/run` is taken as
/// it will be when that machine runs, if it is not the one on which the check runs.
#[derive(Clone, Debug)]
pub struct Host {
    root: PathBuf,
    /// Whether this is the machine on which the check runs.
    live: bool,
    /// Whether nothing is known of the machine.
    offline: bool,
    working_directory: Option<PathBuf>,
    variables: BTreeMap<String, String>,
    accounts: Accounts,
    directories: BTreeSet<PathBuf>,
    commands: BTreeSet<PathBuf>,
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
        Self {
            live: fs::canonicalize(&root).is_ok_and(|root| root == Path::new("/")),
            offline: false,
            working_directory: None,
            variables,
            accounts: Accounts::read(&root),
            directories: BTreeSet::new(),
            commands: BTreeSet::new(),
            root,
        }
    }

    /// A machine of which nothing is known but what is said of it: only the files are checked.
    #[must_use]
    pub fn unknown() -> Self {
        Self { offline: true, live: false, variables: BTreeMap::new(), ..Self::new("/") }
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
        self.accounts.add(name);
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

    /// With the folder, given by its absolute path on that machine, in which supervisord is started.
    #[must_use]
    pub fn with_working_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.working_directory = Some(path.into());
        self
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.offline
    }

    /// The environment of supervisord.
    pub(crate) fn environment(&self) -> Variables {
        Variables::of_environment(&self.variables, self.offline)
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The folder in which supervisord is started.
    pub(crate) fn working_directory(&self) -> &Path {
        self.working_directory.as_deref().unwrap_or(Path::new("/"))
    }

    /// Whether the caller said in which folder supervisord is started.
    pub(crate) fn knows_working_directory(&self) -> bool {
        self.working_directory.is_some()
    }

    /// The node name, for `%(host_node_name)s`.
    pub(crate) fn node_name(&self) -> String {
        let name = fs::read_to_string(self.root.join("etc/hostname")).unwrap_or_default();
        let name = name.trim();
        if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }
    }

    pub(crate) fn account(&self, name: &str) -> Option<&Account> {
        named(&self.accounts.users, name, |user| user.id)
    }

    pub(crate) fn has_user(&self, name: &str) -> bool {
        self.account(name).is_some()
    }

    pub(crate) fn has_group(&self, name: &str) -> bool {
        named(&self.accounts.groups, name, |group| group.id).is_some()
    }

    pub(crate) fn user_names(&self) -> impl Iterator<Item = &str> {
        self.accounts.users.keys().map(String::as_str)
    }

    pub(crate) fn group_names(&self) -> impl Iterator<Item = &str> {
        self.accounts.groups.keys().map(String::as_str)
    }

    /// `path` with a leading `~` or `~user` replaced, as Python's `os.path.expanduser` does for supervisord.
    pub(crate) fn expand_user(&self, path: &str) -> String {
        let Some(rest) = path.strip_prefix('~') else { return path.to_owned() };
        let (name, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let home = if name.is_empty() {
            self.variables.get("HOME").or_else(|| self.accounts.users.get("root")?.home.as_ref())
        } else {
            self.accounts.users.get(name).and_then(|user| user.home.as_ref())
        };
        home.map_or_else(|| path.to_owned(), |home| format!("{}{rest}", home.trim_end_matches('/')))
    }

    /// `path` as supervisord sees it from its working directory.
    pub(crate) fn absolute(&self, path: &str) -> PathBuf {
        Path::new("/").join(self.working_directory()).join(path)
    }

    pub(crate) fn is_directory(&self, path: &str) -> bool {
        let path = self.absolute(path);
        self.is_declared_directory(&path)
            || self.metadata(&path).is_some_and(|metadata| metadata.is_dir())
            || run_time::is_directory(&path, &self.root, self.live)
    }

    fn is_declared_directory(&self, path: &Path) -> bool {
        // A program that will exist brings its folder with it.
        let folders = self.commands.iter().filter_map(|command| command.parent());
        let mut declared = self.directories.iter().map(PathBuf::as_path).chain(folders);
        declared.any(|directory| directory.starts_with(path))
    }

    pub(crate) fn command(&self, path: &str) -> CommandState {
        self.command_at(&self.absolute(path))
    }

    pub(crate) fn command_at(&self, path: &Path) -> CommandState {
        if self.commands.contains(path) {
            return CommandState::Runnable;
        }
        match self.metadata(path) {
            None if run_time::may_hold_programs(path, self.live) => CommandState::Runnable,
            None => CommandState::Missing,
            Some(metadata) if metadata.is_dir() => CommandState::Directory,
            Some(metadata) if metadata.permissions().mode() & 0o111 == 0 => CommandState::NotExecutable,
            Some(_) => CommandState::Runnable,
        }
    }

    /// How many files a service may open that runs as `user`.
    pub(crate) fn most_files(&self, is_root: bool) -> i64 {
        let limit = if self.live { fs::read_to_string("/proc/sys/fs/nr_open").ok() } else { None };
        let limit = limit.and_then(|limit| limit.trim().parse().ok()).unwrap_or(MAX_FILES);
        if is_root { limit } else { limit.min(SYSTEMD_FILES) }
    }

    /// Whether `user` may open the file at `path` to write, or make it; nothing if that cannot be known.
    pub(crate) fn may_write(&self, user: &Account, path: &str) -> Option<bool> {
        let path = self.absolute(path);
        let folder = path.parent()?;
        if run_time::is_of_kernel(&path) || self.directories.iter().any(|known| known.starts_with(folder)) {
            return None;
        }
        // An image that somebody unpacked without being root has other owners than it will have.
        let root = fs::metadata(&self.root).ok()?;
        let id = user.id?;
        if root.uid() != 0 || id == 0 {
            return (id == 0).then_some(true);
        }
        // To make a file is to change its folder.
        let (metadata, wanted) = match self.metadata(&path) {
            Some(file) => (file, 0o2),
            None => (self.metadata(folder)?, 0o3),
        };
        Some(self.may_search(user, folder)? && allows(&metadata, user, wanted))
    }

    /// Whether `user` may make and remove files in the folder of `path`; nothing if that cannot be known.
    pub(crate) fn may_make(&self, user: &Account, path: &str) -> Option<bool> {
        let folder = self.absolute(path).parent()?.join("a file that is not there");
        self.may_write(user, &folder.to_string_lossy())
    }

    fn may_search(&self, user: &Account, folder: &Path) -> Option<bool> {
        let folder = self.resolve(folder)?;
        for ancestor in folder.ancestors() {
            if !allows(&fs::metadata(self.below_root(ancestor)).ok()?, user, 0o1) {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Follows links inside the root, where an absolute one starts at the root again.
    fn resolve(&self, path: &Path) -> Option<PathBuf> {
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
        Some(resolved)
    }

    fn metadata(&self, path: &Path) -> Option<Metadata> {
        if self.offline {
            return None;
        }
        if self.live {
            return fs::metadata(path).ok();
        }
        fs::symlink_metadata(self.below_root(&self.resolve(path)?)).ok()
    }

    fn below_root(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// What is known of the host of an address.
    pub(crate) fn address(&self, name: &str) -> Address {
        addresses::look_up(name, &self.root, &self.node_name(), self.live)
    }
}

/// Whether a mode gives `user` all of the rights `wanted`, which are the last three bits of a mode.
fn allows(metadata: &Metadata, user: &Account, wanted: u32) -> bool {
    let shift = if user.id == Some(u64::from(metadata.uid())) {
        6
    } else if user.groups.contains(&u64::from(metadata.gid())) {
        3
    } else {
        0
    };
    metadata.mode() >> shift & wanted == wanted
}

/// The parts of a path, the first one last, without those that mean nothing.
fn components(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    parts.rev().map(|part| PathBuf::from(part.as_os_str())).collect()
}
