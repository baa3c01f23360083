// SPDX-License-Identifier: GPL-3.0-or-later
//! What belongs to the lamp's user: folders, and the files in them.
//!
//! The user can put anything in their place at any time. So a folder is given to the user only where root alone can change
//! the name of it, and by its descriptor; and what is in it is changed with the rights of the user, who then can have done
//! nothing that he could not have done himself. What root has read there is written for the user only if it is nothing but
//! what is expected: else a secret of root's could be put there to be read.

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

/// Something that is the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Theirs {
    /// A folder that the user is to be able to write to.
    Folder { path: PathBuf, owner: Owner },
    /// A file that means nothing.
    PutAside { path: PathBuf, owner: Owner },
    /// A file that the user cannot read, and is to have again with the same content.
    Renew { path: PathBuf, owner: Owner, content: Content },
}

/// What a file of the user is expected to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// The lamp's state.
    State,
    /// A configuration of Kivy.
    Kivy,
}

impl Owner {
    /// A user with the primary group.
    pub(crate) fn of(account: &Account, system: &System) -> Self {
        Self {
            user_name: account.name.clone(),
            group_name: system.group_name(account.gid),
            user: account.uid,
            group: account.gid,
        }
    }

    /// By their names.
    pub(crate) fn named(system: &System, user: &str, group: &str) -> anyhow::Result<Self> {
        let number = match user {
            "root" => system.superuser().0,
            _ => system.account(user).with_context(|| format!("there is no user {}", quoted(user)))?.uid,
        };
        let gid = system.group_id(group).with_context(|| format!("there is no group {}", quoted(group)))?;
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
            Self::Folder { .. } => "give-folder",
            Self::PutAside { .. } => "put-users-file-aside",
            Self::Renew { .. } => "renew-users-file",
        }
    }

    /// What is to be done, in the imperative.
    pub(crate) fn sentence(&self) -> String {
        let (Self::Folder { path, owner } | Self::PutAside { path, owner } | Self::Renew { path, owner, .. }) =
            self;
        let (path, user) = (quoted(&path.to_string_lossy()), quoted(&owner.user_name));
        match self {
            Self::Folder { .. } => format!("Give the folder {path} to {user}"),
            Self::PutAside { .. } => format!("Give {path} a name that ends in .bad, as {user}"),
            Self::Renew { .. } => format!("Write {path} anew for {user}, with the same content"),
        }
    }

    /// Does it, and says what was done.
    pub(crate) fn perform(&self, system: &System) -> anyhow::Result<String> {
        match self {
            Self::Folder { path, owner } => give_folder(system, path, owner),
            Self::PutAside { path, owner } => {
                let kept = as_user(owner.user(), || Place::below(system.root(), path)?.put_aside("bad"))??;
                Ok(format!("it is kept as {}", quoted(&system.shown(&kept))))
            }
            Self::Renew { path, owner, content } => renew(system, path, owner, *content),
        }
    }
}

fn give_folder(system: &System, path: &Path, owner: &Owner) -> anyhow::Result<String> {
    let text = path.to_string_lossy();
    packages::must_be_nobodys(system, &text)?;
    // Also fails if somebody else than root could put another folder there.
    let place = Place::below(system.root(), path)?;
    let access = |mode| Access { user: owner.user, group: owner.group, mode };
    if place.exists()? {
        let metadata = place.path().symlink_metadata()?;
        let (superuser, _) = system.superuser();
        if metadata.uid() != superuser && metadata.uid() != owner.user {
            bail!("{} belongs to the user {}, so it is left alone", quoted(&text), metadata.uid());
        }
        place.set_directory_access(access(metadata.mode() & 0o7777 | 0o700))?;
    } else {
        place.make_directory(access(0o755))?;
    }
    Ok(format!("{} belongs to {owner}", quoted(&text)))
}

fn renew(system: &System, path: &Path, owner: &Owner, content: Content) -> anyhow::Result<String> {
    let shown = quoted(&path.to_string_lossy());
    let text = system.text(path).with_context(|| format!("cannot read {shown}"))?;
    if !content.is_in(&text) {
        bail!(
            "{shown} holds something else than expected, so it is left alone; look into it, and remove it by hand"
        );
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let account = system.account(&owner.user_name).context("the user is gone")?;
    let may_use_folder = system.may(&account, folder, READ | WRITE | 1).unwrap_or(false);
    let kept = as_user(owner.user(), || -> anyhow::Result<PathBuf> {
        let access = |mode| Access { user: owner.user, group: owner.group, mode };
        let place = |path: &Path| Place::below(system.root(), path);
        if may_use_folder {
            let file = place(path)?;
            let kept = file.put_aside("bak")?;
            file.write_new(text.as_bytes(), access(0o644))?;
            return Ok(kept);
        }
        // What root has made there can still be given another name.
        let folder = place(folder)?;
        let kept = folder.put_aside("bak")?;
        folder.make_directory(access(0o755))?;
        place(path)?.write_new(text.as_bytes(), access(0o644))?;
        Ok(kept)
    })??;
    Ok(format!("{shown} is written anew; what was there is kept as {}", quoted(&system.shown(&kept))))
}
