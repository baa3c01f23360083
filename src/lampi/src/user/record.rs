// SPDX-License-Identifier: GPL-3.0-or-later
//! What root knows of the lamp's user, so that it can be found again under another name.
//!
//! A name that is gone and a user id that is there say little: the account can have been deleted, and its id given to somebody
//! else. The home directory tells the two apart. `usermod` renames the account and moves the directory, which stays the same
//! inode, and if the whole system was copied to another card in between, it has at least the time of its last change. A new
//! account gets a new directory. Only root can read the record, because the owner of a directory can set its time.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::Context;
use programs::paths::USER_RECORD;
use system_files::{Place, ROOT_ONLY, in_root};

use super::account::Account;

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub user: String,
    pub uid: u32,
    /// The directory of Kivy's configuration, if it is not `.kivy` in the home directory.
    pub kivy_home: Option<String>,
    home: Option<Home>,
}

/// What tells one home directory from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Home {
    inode: u64,
    /// When it was created and last changed, in seconds since 1970; 0 where the file system does not know.
    created: u64,
    modified: i64,
}

impl Record {
    /// Of an account as it is now.
    pub(super) fn of(account: &Account, kivy_home: Option<String>, root: &Path) -> Self {
        let home = Home::of(&account.home, account.uid, root);
        Self { user: account.name.clone(), uid: account.uid, kivy_home, home }
    }

    /// Reads it; none if there is none, or it cannot be read.
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

    /// Writes it, if it says something new.
    pub(super) fn write(&self, root: &Path) -> anyhow::Result<()> {
        if Self::read(root).as_ref() == Some(self) {
            return Ok(());
        }
        let directory =
            in_root(root, USER_RECORD).parent().map(Path::to_owned).context("the record has a directory")?;
        fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        Place::below(root, USER_RECORD)?.write_anywhere(self.text().as_bytes(), ROOT_ONLY)?;
        Ok(())
    }

    /// The account that the recorded one was renamed to.
    pub(super) fn renamed(&self, root: &Path) -> Option<Account> {
        let account = Account::with_id(root, self.uid).filter(|account| account.name != self.user)?;
        let (recorded, found) = (self.home?, Home::of(&account.home, account.uid, root)?);
        let is_same = (recorded.inode, recorded.created) == (found.inode, found.created);
        (is_same || recorded.modified == found.modified).then_some(account)
    }
}

impl Home {
    /// The directory, if it belongs to this user.
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
