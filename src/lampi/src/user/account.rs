// SPDX-License-Identifier: GPL-3.0-or-later
//! Accounts in /etc/passwd, and on the running machine also those of a directory service.

use std::fs;
use std::path::Path;

use nix::unistd::User;
use system_files::{accounts, in_root};

/// A user account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub home: String,
}

impl Account {
    /// The account with this name.
    pub(super) fn named(root: &Path, name: &str) -> Option<Self> {
        Self::find(root, |account| account.name == name).or_else(|| {
            let user = if root == Path::new("/") { User::from_name(name).ok()?? } else { return None };
            let home = user.dir.to_str()?.to_owned();
            Some(Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw(), home })
        })
    }

    /// The account with this user ID in /etc/passwd.
    pub(super) fn with_id(root: &Path, uid: u32) -> Option<Self> {
        Self::find(root, |account| account.uid == uid)
    }

    fn find(root: &Path, is_wanted: impl Fn(&Self) -> bool) -> Option<Self> {
        let text = fs::read_to_string(in_root(root, "/etc/passwd")).ok()?;
        accounts::passwd(&text)
            .map(|entry| Self {
                name: entry.name.to_owned(),
                uid: entry.uid,
                gid: entry.gid,
                home: entry.home.to_owned(),
            })
            .find(is_wanted)
    }
}
