// SPDX-License-Identifier: GPL-3.0-or-later
//! A record of the lamp's user, to detect when the account is renamed.
//!
//! The user ID is not enough: it may belong to a new account after the old one was deleted. The home
//! directory decides. `usermod` keeps the directory's inode; a copy of the system to another card keeps its
//! modification time; a new account has a new directory. Only root can read the record, because a user can
//! set the time of a directory.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::Context;
use programs::paths::USER_RECORD;
use system_files::{Place, ROOT_ONLY, in_root};

use super::account::Account;

/// The recorded account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub user: String,
    pub uid: u32,
    /// Kivy's directory, if it is not `.kivy` in the home directory.
    pub kivy_home: Option<String>,
    home: Option<Home>,
}

/// Identifies a home directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Home {
    inode: u64,
    /// Time of creation in seconds since 1970; 0 if the file system does not record it.
    created: u64,
    /// Time of the last modification in seconds since 1970.
    modified: i64,
}

impl Record {
    /// The record of an account in its present state.
    pub(super) fn of(account: &Account, kivy_home: Option<String>, root: &Path) -> Self {
        let home = Home::of(&account.home, account.uid, root);
        Self { user: account.name.clone(), uid: account.uid, kivy_home, home }
    }

    /// Reads the record; none if it does not exist or cannot be read.
    pub(super) fn read(root: &Path) -> Option<Self> {
        let found = Place::below(root, USER_RECORD).ok()?.read().ok()??;
        Self::parse(std::str::from_utf8(&found.content).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        let home = || {
            Some(Home {
                inode: value("home_inode")?.parse().ok()?,
                created: value("home_created")?.parse().ok()?,
                modified: value("home_modified")?.parse().ok()?,
            })
        };
        Some(Self {
            user: value("user")?.to_owned(),
            uid: value("uid")?.parse().ok()?,
            kivy_home: value("kivy_home").map(str::to_owned),
            home: home(),
        })
    }

    fn text(&self) -> String {
        let mut text = format!("user={}\nuid={}\n", self.user, self.uid);
        if let Some(kivy_home) = &self.kivy_home {
            let _ = writeln!(text, "kivy_home={kivy_home}");
        }
        if let Some(Home { inode, created, modified }) = self.home {
            let _ = write!(text, "home_inode={inode}\nhome_created={created}\nhome_modified={modified}\n");
        }
        text
    }

    /// Writes the record if it has changed.
    pub(super) fn write(&self, root: &Path) -> anyhow::Result<()> {
        if Self::read(root).as_ref() == Some(self) {
            return Ok(());
        }
        let directory =
            in_root(root, USER_RECORD).parent().map(Path::to_owned).context("the record has no directory")?;
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create the directory {}", directory.display()))?;
        Place::below(root, USER_RECORD)?.write_anywhere(self.text().as_bytes(), ROOT_ONLY)?;
        Ok(())
    }

    /// The new account, if the recorded one was renamed.
    pub(super) fn renamed(&self, root: &Path) -> Option<Account> {
        let account = Account::with_id(root, self.uid).filter(|account| account.name != self.user)?;
        let (recorded, found) = (self.home?, Home::of(&account.home, account.uid, root)?);
        let is_same = (recorded.inode, recorded.created) == (found.inode, found.created);
        (is_same || recorded.modified == found.modified).then_some(account)
    }
}

impl Home {
    /// The directory at `path`, if it belongs to this user.
    fn of(path: &str, uid: u32, root: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(in_root(root, path)).ok()?;
        let created = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        (metadata.is_dir() && metadata.uid() == uid).then(|| Self {
            inode: metadata.ino(),
            created: created.map_or(0, |time| time.as_secs()),
            modified: metadata.mtime(),
        })
    }
}
