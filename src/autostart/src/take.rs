// SPDX-License-Identifier: GPL-3.0-or-later
//! Disables files: each is kept under another name that no program reads.

use std::path::{Path, PathBuf};

use system_files::{Place, ROOT_ONLY};

use crate::error::Error;
use crate::machine::Machine;
use crate::{Action, Found, Reason, supervisor};

/// The end of a backup's name: neither cron (no dots in names) nor systemd (`.service`) nor Supervisor
/// (`.conf`) reads it.
const BACKUP: &str = "dpkg-bak";

/// The files that an installation has disabled, so that the maintainer scripts can restore them if it is
/// aborted. Lines of HOW, FILE and BACKUP, separated by tabs. The maintainer scripts create and read it; see
/// debian/shared/backups.sh.
#[derive(Debug)]
pub struct Journal {
    place: Place,
}

/// A file that was disabled.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// The path of its backup on the machine.
    pub backup: String,
}

impl Journal {
    /// The journal with this path on the machine whose root is at `root`.
    pub fn at(root: &Path, path: &Path) -> Result<Self, system_files::Error> {
        Ok(Self { place: Place::below(root, path)? })
    }

    fn read(&self) -> Result<Vec<u8>, system_files::Error> {
        Ok(self.place.read()?.map(|found| found.content).unwrap_or_default())
    }

    /// Records an action on the disk before it happens.
    fn note(&self, how: &str, file: &str, backup: &str) -> Result<(), system_files::Error> {
        let mut content = self.read()?;
        // A full disk may have truncated the last line.
        if content.last().is_some_and(|last| *last != b'\n') {
            content.push(b'\n');
        }
        content.extend_from_slice(format!("{how}\t{file}\t{backup}\n").as_bytes());
        self.place.write(&content, ROOT_ONLY)
    }
}

/// Why a file cannot be disabled safely, if so.
pub(crate) fn unsafe_reason(machine: &Machine, found: &Found) -> Option<Reason> {
    if found.path.contains(['\t', '\n']) {
        return Some(Reason::Unsafe("its name contains a tab or a line end"));
    }
    if Place::below(machine.root(), &found.path).is_err() {
        return Some(Reason::Unsafe("users other than root can change its directory"));
    }
    let is_link = machine.link(&found.path).is_some();
    (is_link && matches!(found.action, Action::Edit { .. }))
        .then_some(Reason::Unsafe("it is a symbolic link"))
}

/// Disables a file that [`crate::find`] found below `root`, unless its action is [`Action::Name`]. Records it
/// in the journal, if there is one, before anything happens.
pub fn take(root: &Path, found: &Found, journal: Option<&Journal>) -> Result<Option<Taken>, Error> {
    let machine = Machine::new(root);
    let note = |how: &str, backup: &Path| {
        let backup = machine.name_of(backup);
        journal.map_or(Ok(()), |journal| journal.note(how, &found.path, &backup))
    };
    let backup = match &found.action {
        Action::Name(_) => return Ok(None),
        Action::SetAside | Action::Disable(_) => {
            Place::below(root, &found.path)?.put_aside_noted(BACKUP, |backup| note("moved", backup))?
        }
        Action::Edit { from, to } => {
            let place = Place::below(root, &found.path)?;
            let read = place.read()?.ok_or_else(|| Error::Gone(found.path.clone()))?;
            if read.content != *from {
                return Err(Error::Changed(found.path.clone()));
            }
            let backup = place.back_up_apart(BACKUP)?;
            note("replaced", &backup)?;
            place.replace(&read, to, BACKUP)?;
            backup
        }
    };
    Ok(Some(Taken { backup: machine.name_of(&backup) }))
}

/// The names in Supervisor of what was removed from its files, according to an installation's journal.
pub fn groups_of(root: &Path, journal: &Journal) -> Result<Vec<String>, system_files::Error> {
    let content = journal.read()?;
    let text = String::from_utf8_lossy(&content);
    let backups = text.lines().filter_map(|line| match line.split('\t').collect::<Vec<_>>().as_slice() {
        [_, file, backup] if PathBuf::from(file).extension().is_some_and(|end| end == "conf") => {
            Some((*backup).to_owned())
        }
        _ => None,
    });
    Ok(supervisor::groups(&Machine::new(root), &backups.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::Start;

    fn found(path: &str, action: Action) -> Found {
        let start = Start { program: "fbcp", file: path.to_owned(), line: 1 };
        Found::of(path.to_owned(), vec![start], action)
    }

    /// A root directory with /etc and /var/backups.
    fn machine() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for directory in ["etc", "var", "var/backups"] {
            fs::create_dir(root.path().join(directory)).unwrap();
        }
        root
    }

    #[test]
    fn backs_up_and_records_what_it_disables() {
        let root = machine();
        let path = |name: &str| root.path().join(name);
        let read = |name: &str| fs::read_to_string(path(name)).unwrap();
        let journal = Journal::at(root.path(), Path::new("/var/backups/journal")).unwrap();
        fs::write(path("var/backups/journal"), "moved\t/etc/x\t/etc/x.dpkg-bak\n").unwrap();

        fs::write(path("etc/a"), "a").unwrap();
        fs::write(path("etc/a.dpkg-bak"), "somebody's").unwrap();
        let taken = take(root.path(), &found("/etc/a", Action::SetAside), Some(&journal)).unwrap().unwrap();
        assert_eq!(taken.backup, "/etc/a.dpkg-bak.1");
        assert!(!path("etc/a").exists());
        assert_eq!([read("etc/a.dpkg-bak"), read("etc/a.dpkg-bak.1")], ["somebody's", "a"]);

        fs::write(path("etc/b"), "old").unwrap();
        let edit = || Action::Edit { from: b"old".into(), to: b"new".into() };
        take(root.path(), &found("/etc/b", edit()), Some(&journal)).unwrap().unwrap();
        assert_eq!([read("etc/b"), read("etc/b.dpkg-bak")], ["new", "old"]);
        let error = take(root.path(), &found("/etc/b", edit()), Some(&journal)).unwrap_err().to_string();
        assert!(error.contains("changed by another program"), "{error}");
        assert_eq!(read("etc/b"), "new");

        symlink("/nowhere", path("etc/c.service")).unwrap();
        take(root.path(), &found("/etc/c.service", Action::Disable(vec!["c.service".into()])), None)
            .unwrap()
            .unwrap();
        assert_eq!(fs::read_link(path("etc/c.service.dpkg-bak")).unwrap(), Path::new("/nowhere"));
        assert!(!path("etc/c.service").is_symlink());

        assert_eq!(take(root.path(), &found("/etc/b", Action::Name(Reason::Whole)), None).unwrap(), None);
        let noted = read("var/backups/journal");
        let noted: Vec<&str> = noted.lines().collect();
        assert_eq!(
            noted[..3],
            [
                "moved\t/etc/x\t/etc/x.dpkg-bak",
                "moved\t/etc/a\t/etc/a.dpkg-bak.1",
                "replaced\t/etc/b\t/etc/b.dpkg-bak"
            ]
        );
    }
}
