// SPDX-License-Identifier: GPL-3.0-or-later
//! The users and groups of a machine, from `etc/passwd` and `etc/group`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A user.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// `None` for a user who does not exist yet.
    pub id: Option<u64>,
    /// The IDs of the user's groups, including the primary group.
    pub groups: Vec<u64>,
    pub home: Option<String>,
}

impl Account {
    /// Whether this is root.
    pub(crate) fn is_root(&self) -> bool {
        self.id == Some(0)
    }
}

/// A group of users.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub id: Option<u64>,
}

/// Users and groups by name.
#[derive(Clone, Debug)]
pub(super) struct Accounts {
    pub users: BTreeMap<String, Account>,
    pub groups: BTreeMap<String, Group>,
}

impl Accounts {
    /// Reads the accounts of the machine with its file system at `root`. The user `root` always exists.
    pub(super) fn read(root: &Path) -> Self {
        let superuser = Account { id: Some(0), groups: vec![0], home: Some("/root".to_owned()) };
        let mut users = BTreeMap::from([("root".to_owned(), superuser)]);
        for fields in records(&root.join("etc/passwd")) {
            if let [name, _, id, group, _, home, ..] = fields.as_slice() {
                let groups = group.parse().into_iter().collect();
                users.insert(name.clone(), Account { id: id.parse().ok(), groups, home: Some(home.clone()) });
            }
        }
        let mut groups = BTreeMap::from([("root".to_owned(), Group { id: Some(0) })]);
        for fields in records(&root.join("etc/group")) {
            let [name, _, id, members @ ..] = fields.as_slice() else { continue };
            let id = id.parse().ok();
            groups.insert(name.clone(), Group { id });
            for member in members.iter().flat_map(|members| members.split(',')) {
                if let Some(user) = users.get_mut(member) {
                    user.groups.extend(id);
                }
            }
        }
        Self { users, groups }
    }

    /// Adds a user, and a group of the same name, if they do not exist.
    pub(super) fn add(&mut self, name: &str) {
        self.users.entry(name.to_owned()).or_default();
        self.groups.entry(name.to_owned()).or_default();
    }
}

/// The entry with this name, or with this ID if `name` is a number.
pub(super) fn named<'a, T>(
    all: &'a BTreeMap<String, T>,
    name: &str,
    id: impl Fn(&T) -> Option<u64>,
) -> Option<&'a T> {
    match crate::values::integer(name) {
        Some(number) => all.values().find(|one| id(one).is_some_and(|id| id.cast_signed() == number)),
        None => all.get(name),
    }
}

/// The fields of each line of a file like `/etc/passwd`; empty if the file does not exist.
fn records(path: &Path) -> Vec<Vec<String>> {
    let content = fs::read(path).unwrap_or_default();
    let content = String::from_utf8_lossy(&content);
    content.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect()
}
