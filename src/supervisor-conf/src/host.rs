// SPDX-License-Identifier: GPL-3.0-or-later
//! The machine on which supervisord will run: its users, directories, programs and environment.

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

/// The PATH of a service under systemd (systemd.exec(5), Debian's build).
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The kernel's limit of symbolic links in a path.
const MAX_LINKS: usize = 40;

/// Default of `fs.nr_open`, the kernel's limit of open files per process (proc(5)).
const MAX_FILES: i64 = 1 << 20;

/// systemd's limit of open files per service; only root can raise it (systemd-system.conf(5)).
const SYSTEMD_FILES: i64 = 512 << 10;

/// A machine, running or not: a root directory, plus users, directories and programs that will exist later.
///
/// Users come only from `etc/passwd` and `etc/group` below the root; `root` always exists. supervisord's
/// working directory defaults to `/`, as under systemd. If this is not the machine on which the check runs,
/// `/dev`, `/proc`, `/sys` and `/run` are assumed to be as on a running machine.
#[derive(Clone, Debug)]
pub struct Host {
    root: PathBuf,
    /// Whether this is the machine on which the check runs.
    live: bool,
    /// Whether only the files are checked, not the machine.
    offline: bool,
    working_directory: Option<PathBuf>,
    variables: BTreeMap<String, String>,
    accounts: Accounts,
    directories: BTreeSet<PathBuf>,
    commands: BTreeSet<PathBuf>,
}

/// The state of a command's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommandState {
    Runnable,
    Missing,
    Directory,
    NotExecutable,
}

impl Host {
    /// The machine with its file system at `root`: `/` for this one. supervisord gets the environment that
    /// systemd gives to Debian's unit, without `HOME`, `USER` and `LANG`.
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

    /// An unknown machine: only the files are checked, with what the `with_` functions add.
    #[must_use]
    pub fn unknown() -> Self {
        Self { offline: true, live: false, variables: BTreeMap::new(), ..Self::new("/") }
    }

    /// Adds an environment variable of supervisord.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Adds a user, and a group of the same name.
    #[must_use]
    pub fn with_user(mut self, name: &str) -> Self {
        self.accounts.add(name);
        self
    }

    /// Adds a directory, by its absolute path on that machine.
    #[must_use]
    pub fn with_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directories.insert(path.into());
        self
    }

    /// Adds a program, by its absolute path on that machine.
    #[must_use]
    pub fn with_command(mut self, path: impl Into<PathBuf>) -> Self {
        self.commands.insert(path.into());
        self
    }

    /// Sets supervisord's working directory, by its absolute path on that machine.
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

    /// supervisord's working directory.
    pub(crate) fn working_directory(&self) -> &Path {
        self.working_directory.as_deref().unwrap_or(Path::new("/"))
    }

    /// Whether the caller set supervisord's working directory.
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

    /// Replaces a leading `~` or `~user`, like Python's `os.path.expanduser`.
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

    /// `path` resolved from supervisord's working directory.
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
        // A program that will exist implies its directory.
        let directories = self.commands.iter().filter_map(|command| command.parent());
        let mut declared = self.directories.iter().map(PathBuf::as_path).chain(directories);
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

    /// The limit of open files for a service that runs as root or another user.
    pub(crate) fn most_files(&self, is_root: bool) -> i64 {
        let limit = if self.live { fs::read_to_string("/proc/sys/fs/nr_open").ok() } else { None };
        let limit = limit.and_then(|limit| limit.trim().parse().ok()).unwrap_or(MAX_FILES);
        if is_root { limit } else { limit.min(SYSTEMD_FILES) }
    }

    /// Whether `user` can write or create the file at `path`. `None` if unknown.
    pub(crate) fn may_write(&self, user: &Account, path: &str) -> Option<bool> {
        let path = self.absolute(path);
        let directory = path.parent()?;
        if run_time::is_of_kernel(&path) || self.directories.iter().any(|known| known.starts_with(directory))
        {
            return None;
        }
        // The owners are wrong in an image that was unpacked without root.
        let root = fs::metadata(&self.root).ok()?;
        let id = user.id?;
        if root.uid() != 0 || id == 0 {
            return (id == 0).then_some(true);
        }
        // To create a file, a user needs write permission on its directory.
        let (metadata, wanted) = match self.metadata(&path) {
            Some(file) => (file, 0o2),
            None => (self.metadata(directory)?, 0o3),
        };
        Some(self.may_search(user, directory)? && allows(&metadata, user, wanted))
    }

    /// Whether `user` can create and remove files in the directory of `path`. `None` if unknown.
    pub(crate) fn may_make(&self, user: &Account, path: &str) -> Option<bool> {
        let directory = self.absolute(path).parent()?.join("a file that is not there");
        self.may_write(user, &directory.to_string_lossy())
    }

    fn may_search(&self, user: &Account, directory: &Path) -> Option<bool> {
        let directory = self.resolve(directory)?;
        for ancestor in directory.ancestors() {
            if !allows(&fs::metadata(self.below_root(ancestor)).ok()?, user, 0o1) {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Resolves symbolic links inside the root; an absolute one starts at the root again.
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

    /// The state of the host of an address.
    pub(crate) fn address(&self, name: &str) -> Address {
        addresses::look_up(name, &self.root, &self.node_name(), self.live)
    }
}

/// Whether a mode gives `user` all permissions in `wanted`, the last three bits of a mode.
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

/// The components of a path in reverse order, without `/` and `.`.
fn components(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    parts.rev().map(|part| PathBuf::from(part.as_os_str())).collect()
}
