// SPDX-License-Identifier: GPL-3.0-or-later
//! The system under examination: its files below a root directory, and its users.

use std::error::Error;
use std::ffi::CString;
use std::fmt;
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::unistd::{self, Gid, Uid, geteuid, getgrouplist};
use system_files::accounts::{self, GroupEntry, PasswdEntry};

/// Size limit for reading a file, in bytes: far above any configuration.
const LARGEST: u64 = 4 << 20;

/// The path that was given as the root of a system is not a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRoot(PathBuf);

impl fmt::Display for NoRoot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.display();
        write!(
            formatter,
            "there is no directory {path}; set --root to the directory that contains the lamp's files"
        )
    }
}

impl Error for NoRoot {}

/// A system: the running one, or one below a directory.
#[derive(Debug)]
pub struct System {
    root: PathBuf,
    /// User and group of its superuser: the owner of its root directory, because another user may have
    /// unpacked a tree that is not the running system.
    superuser: (u32, u32),
    /// Whether this process has root's permissions.
    pub is_root: bool,
    /// Whether it runs, so that processes and devices can be checked.
    pub runs: bool,
    accounts: Vec<Account>,
    groups: Vec<Group>,
}

/// A user.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// The name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Id of the primary group.
    pub gid: u32,
    /// The home directory.
    pub home: String,
    /// Whether it is in `/etc/passwd`. The running system can have others from a directory service.
    pub is_in_file: bool,
    /// Ids of all groups, including the primary one.
    groups: Vec<u32>,
}

#[derive(Debug)]
struct Group {
    name: String,
    gid: u32,
    members: Vec<String>,
}

/// Kinds of access, as bits of a mode.
pub(super) const READ: u32 = 4;
/// See [`READ`].
pub(super) const WRITE: u32 = 2;

impl System {
    /// The system whose files are below `root`.
    pub(super) fn new(root: &Path) -> Result<Self, NoRoot> {
        let Some(metadata) = fs::metadata(root).ok().filter(Metadata::is_dir) else {
            return Err(NoRoot(root.to_owned()));
        };
        let is_root = geteuid().is_root();
        let mut system = Self {
            root: root.to_owned(),
            superuser: (metadata.uid(), metadata.gid()),
            is_root,
            runs: false,
            accounts: Vec::new(),
            groups: Vec::new(),
        };
        system.runs = system.list("/proc").iter().any(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        for PasswdEntry { name, uid, gid, home } in
            accounts::passwd(&system.text("/etc/passwd").unwrap_or_default())
        {
            let (name, home) = (name.to_owned(), home.to_owned());
            system.accounts.push(Account { name, uid, gid, home, is_in_file: true, groups: Vec::new() });
        }
        for GroupEntry { name, gid, members } in
            accounts::group(&system.text("/etc/group").unwrap_or_default())
        {
            let members = members.into_iter().map(str::to_owned).collect();
            system.groups.push(Group { name: name.to_owned(), gid, members });
        }
        Ok(system)
    }

    /// User and group of its superuser.
    pub(super) fn superuser(&self) -> (u32, u32) {
        self.superuser
    }

    /// The root directory.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether this is the system that this process runs on.
    #[must_use]
    pub fn is_this(&self) -> bool {
        self.root == Path::new("/")
    }

    /// The real path of an absolute path of the system.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        system_files::in_root(&self.root, path)
    }

    /// The inverse of [`System::path`].
    pub(super) fn shown(&self, path: &Path) -> String {
        match path.strip_prefix(&self.root) {
            Ok(below) => Path::new("/").join(below).display().to_string(),
            Err(_) => path.display().to_string(),
        }
    }

    /// Whether a path exists; follows links.
    pub(super) fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.metadata(path).is_ok()
    }

    /// The metadata of a path; follows links.
    pub(super) fn metadata(&self, path: impl AsRef<Path>) -> io::Result<Metadata> {
        fs::metadata(self.path(path))
    }

    /// The text of a file; invalid UTF-8 is replaced.
    pub(super) fn text(&self, path: impl AsRef<Path>) -> io::Result<String> {
        // Without O_NONBLOCK, opening a pipe would block.
        let path = self.path(path);
        let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            return Err(io::Error::other("larger than 4 MiB"));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The names in a directory, sorted; empty if it cannot be read.
    pub(super) fn list(&self, directory: impl AsRef<Path>) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(directory)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The names in a directory with this extension, sorted.
    pub(super) fn list_of(&self, directory: impl AsRef<Path>, extension: &str) -> Vec<String> {
        let mut names = self.list(directory);
        names.retain(|name| Path::new(name).extension().is_some_and(|found| found == extension));
        names
    }

    /// The account of a user, from `/etc/passwd` or else from the running system's directory service.
    pub(super) fn account(&self, name: &str) -> Option<Account> {
        let mut account =
            self.accounts.iter().find(|account| account.name == name).cloned().or_else(|| {
                let user = self.is_this().then(|| unistd::User::from_name(name).ok().flatten()).flatten()?;
                let (uid, gid) = (user.uid.as_raw(), user.gid.as_raw());
                let home = user.dir.to_string_lossy().into_owned();
                Some(Account { name: user.name, uid, gid, home, is_in_file: false, groups: Vec::new() })
            })?;
        account.groups = self.groups_of(&account);
        Some(account)
    }

    fn groups_of(&self, account: &Account) -> Vec<u32> {
        let member = |group: &&Group| group.members.contains(&account.name);
        let mut groups: Vec<u32> = self.groups.iter().filter(member).map(|group| group.gid).collect();
        groups.push(account.gid);
        if self.is_this()
            && let Ok(name) = CString::new(account.name.as_str())
            && let Ok(known) = getgrouplist(&name, Gid::from_raw(account.gid))
        {
            groups.extend(known.into_iter().map(Gid::as_raw));
        }
        groups
    }

    /// The id of a group.
    pub(super) fn group_id(&self, name: &str) -> Option<u32> {
        match self.groups.iter().find(|group| group.name == name) {
            Some(group) => Some(group.gid),
            None if self.is_this() => unistd::Group::from_name(name).ok()?.map(|group| group.gid.as_raw()),
            None if name == "root" => Some(self.superuser.1),
            None => None,
        }
    }

    /// Whether there is a group of this name.
    pub(super) fn has_group(&self, name: &str) -> bool {
        self.group_id(name).is_some()
    }

    /// Whether a user belongs to a group.
    pub(super) fn is_member(&self, account: &Account, group: &str) -> bool {
        self.group_id(group).is_some_and(|id| account.groups.contains(&id))
    }

    /// The name of a group, or its number.
    pub(super) fn group_name(&self, gid: u32) -> String {
        let known = self.groups.iter().find(|group| group.gid == gid);
        known.map_or_else(|| gid.to_string(), |group| group.name.clone())
    }

    /// The name of a user, or the number.
    pub(super) fn user_name(&self, uid: u32) -> String {
        if uid == self.superuser.0 {
            return "root".into();
        }
        if let Some(known) = self.accounts.iter().find(|account| account.uid == uid) {
            return known.name.clone();
        }
        let known =
            self.is_this().then(|| unistd::User::from_uid(Uid::from_raw(uid)).ok().flatten()).flatten();
        known.map_or_else(|| uid.to_string(), |user| user.name)
    }

    /// Whether `account` has access to the file at `path` in a `way`, which is [`READ`], [`WRITE`] or both.
    ///
    /// Decided by owner, group and mode of the file and of its parent directories; ignores access control
    /// lists.
    pub(super) fn may(&self, account: &Account, path: impl AsRef<Path>, way: u32) -> io::Result<bool> {
        let path = path.as_ref();
        let mut directories: Vec<&Path> = path.ancestors().skip(1).collect();
        directories.reverse();
        for directory in directories {
            if !self.permits(account, &self.metadata(directory)?, 1) {
                return Ok(false);
            }
        }
        Ok(self.permits(account, &self.metadata(path)?, way))
    }

    fn permits(&self, account: &Account, metadata: &Metadata, way: u32) -> bool {
        if account.uid == self.superuser.0 {
            return true;
        }
        let in_group = || account.groups.contains(&metadata.gid());
        let shift = if metadata.uid() == account.uid {
            6
        } else if in_group() {
            3
        } else {
            0
        };
        (metadata.mode() >> shift) & way == way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_users_and_groups_of_a_directory_service() {
        let mut system = System::new(Path::new("/")).unwrap();
        // Without the entries of the files, only those of the running system are left.
        system.accounts.clear();
        system.groups.clear();
        let account = system.account("daemon").unwrap();
        assert!(!account.is_in_file && account.uid != 0, "{account:?}");
        assert!(system.has_group("daemon") && system.is_member(&account, "daemon"));
        assert!(!system.is_member(&account, "video"));
        assert_eq!(system.user_name(account.uid), "daemon");
        assert!(system.account("nobody-of-this-name").is_none());
        // Another root only has what is in its files.
        let directory = tempfile::tempdir().unwrap();
        let other = System::new(directory.path()).unwrap();
        assert!(other.account("daemon").is_none() && !other.has_group("daemon"));
    }
}
