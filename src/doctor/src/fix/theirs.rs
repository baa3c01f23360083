// SPDX-License-Identifier: GPL-3.0-or-later
//! Directories of the lamp's user, and the files in them.
//!
//! The user can replace any of them at any time. So a directory is given to the user by its descriptor, and
//! only if nobody except root can rename it. Files in it are changed with the user's permissions, so nothing
//! happens that the user could not do. A file that root has read is written for the user only if it has the
//! expected content. Otherwise the user could link it to a secret of root's.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use system_files::{Access, Place, User, as_user};

use crate::system::{Account, READ, System, WRITE};
use crate::{kivy, packages, state};
use runtime::quoting::quoted;

/// A user and a group, by name and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub user_name: String,
    pub group_name: String,
    pub user: u32,
    pub group: u32,
}

/// A repair of something that belongs to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Theirs {
    /// Make a directory writable for the user.
    Directory { path: PathBuf, owner: Owner },
    /// Rename an unusable file.
    PutAside { path: PathBuf, owner: Owner },
    /// Make a file readable for the user, with the same content.
    Renew { path: PathBuf, owner: Owner, content: Content },
}

/// The expected content of a user's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// The lamp's state.
    State,
    /// A configuration of Kivy.
    Kivy,
}

impl Owner {
    /// A user with its primary group.
    pub(crate) fn of(account: &Account, system: &System) -> Self {
        Self {
            user_name: account.name.clone(),
            group_name: system.group_name(account.gid),
            user: account.uid,
            group: account.gid,
        }
    }

    /// Looks up the ids of a user and a group.
    pub(crate) fn named(system: &System, user: &str, group: &str) -> anyhow::Result<Self> {
        let number = match user {
            "root" => system.superuser().0,
            _ => {
                system.account(user).with_context(|| format!("the user {} does not exist", quoted(user)))?.uid
            }
        };
        let gid =
            system.group_id(group).with_context(|| format!("the group {} does not exist", quoted(group)))?;
        Ok(Self { user_name: user.to_owned(), group_name: group.to_owned(), user: number, group: gid })
    }

    /// root with a group.
    pub(crate) fn root(system: &System, group: u32) -> Self {
        let group_name = system.group_name(group);
        Self { user_name: "root".into(), group_name, user: system.superuser().0, group }
    }

    fn user(&self) -> User {
        User { user: self.user, group: self.group }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", quoted(&self.user_name), quoted(&self.group_name))
    }
}

impl Content {
    fn is_in(self, text: &str) -> bool {
        match self {
            Self::State => state::is_state(text),
            Self::Kivy => kivy::is_configuration(text),
        }
    }
}

impl Theirs {
    /// Its name for programs that read the report.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Directory { .. } => "give-folder",
            Self::PutAside { .. } => "put-users-file-aside",
            Self::Renew { .. } => "renew-users-file",
        }
    }

    /// What to do, in the imperative.
    pub(crate) fn sentence(&self) -> String {
        let (Self::Directory { path, owner }
        | Self::PutAside { path, owner }
        | Self::Renew { path, owner, .. }) = self;
        let (path, user) = (quoted(&path.to_string_lossy()), quoted(&owner.user_name));
        match self {
            Self::Directory { .. } => format!("Make {user} the owner of the directory {path}"),
            Self::PutAside { .. } => format!("Rename {path}, appending .bad, as {user}"),
            Self::Renew { .. } => format!("Write {path} again as {user}, with the same content"),
        }
    }

    /// Performs the step. Returns what was done.
    pub(crate) fn perform(&self, system: &System) -> anyhow::Result<String> {
        match self {
            Self::Directory { path, owner } => give_directory(system, path, owner),
            Self::PutAside { path, owner } => {
                let kept = as_user(owner.user(), || Place::below(system.root(), path)?.put_aside("bad"))??;
                let path = path.to_string_lossy();
                Ok(format!("renamed {} to {}", quoted(&path), quoted(&system.shown(&kept))))
            }
            Self::Renew { path, owner, content } => renew(system, path, owner, *content),
        }
    }
}

fn give_directory(system: &System, path: &Path, owner: &Owner) -> anyhow::Result<String> {
    let text = path.to_string_lossy();
    packages::must_be_unpackaged(system, &text)?;
    // Also fails if another user than root could replace the directory.
    let place = Place::below(system.root(), path)?;
    let access = |mode| Access { user: owner.user, group: owner.group, mode };
    if place.exists()? {
        let metadata = place.path().symlink_metadata()?;
        let (superuser, _) = system.superuser();
        if metadata.uid() != superuser && metadata.uid() != owner.user {
            bail!("{} belongs to the user {}, so lampi does not change it", quoted(&text), metadata.uid());
        }
        place.set_directory_access(access(metadata.mode() & 0o7777 | 0o700))?;
    } else {
        place.make_directory(access(0o755))?;
    }
    Ok(format!("set the owner of {} to {owner}", quoted(&text)))
}

fn renew(system: &System, path: &Path, owner: &Owner, content: Content) -> anyhow::Result<String> {
    let shown = quoted(&path.to_string_lossy());
    let text = system.text(path).with_context(|| format!("cannot read {shown}"))?;
    if !content.is_in(&text) {
        bail!(
            "{shown} does not have the expected content, so lampi does not change it; check it and remove \
             it manually"
        );
    }
    let directory = path.parent().unwrap_or(Path::new("/"));
    let account = system.account(&owner.user_name).context("the user does not exist any more")?;
    let may_use_directory = system.may(&account, directory, READ | WRITE | 1).unwrap_or(false);
    let kept = as_user(owner.user(), || -> anyhow::Result<PathBuf> {
        let access = |mode| Access { user: owner.user, group: owner.group, mode };
        let place = |path: &Path| Place::below(system.root(), path);
        if may_use_directory {
            let file = place(path)?;
            let kept = file.put_aside("bak")?;
            file.write_new(text.as_bytes(), access(0o644))?;
            return Ok(kept);
        }
        // Root's directory can still be renamed.
        let directory = place(directory)?;
        let kept = directory.put_aside("bak")?;
        directory.make_directory(access(0o755))?;
        place(path)?.write_new(text.as_bytes(), access(0o644))?;
        Ok(kept)
    })??;
    Ok(format!("wrote {shown} again; the previous file is kept as {}", quoted(&system.shown(&kept))))
}
