// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a file of the machine was not read or changed.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file was not read or changed, as a sentence that names it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The system did not do it; the cause is the [source](std::error::Error::source).
    System {
        /// What was to be done.
        operation: Operation,
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The path names no file, such as `/`.
    NoName(PathBuf),
    /// The path has `..` in it, where that is not allowed.
    ParentInPath(PathBuf),
    /// There is a link where the file should be.
    Link(PathBuf),
    /// There is a link where a directory should be.
    LinkedDirectory(PathBuf),
    /// A link on the way may be another user's.
    ForeignLink(PathBuf),
    /// Links lead to one another.
    TooManyLinks(PathBuf),
    /// A directory on the way belongs to another user than root and the caller.
    ForeignDirectory {
        /// The directory.
        path: PathBuf,
        /// Id of its owner.
        owner: u32,
    },
    /// Others than the owner may write to a directory on the way.
    WritableDirectory(PathBuf),
    /// There is a directory, a pipe or a device where the file should be.
    NotRegular(PathBuf),
    /// The file has more than 4 MiB.
    TooLarge(PathBuf),
    /// The file is another one than was read.
    Changed(PathBuf),
    /// Every name for another backup is taken.
    TooManyBackups(PathBuf),
}

/// What was to be done with a file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Make a path absolute.
    Find,
    /// See whether it exists, and what it is.
    Look,
    /// Open it.
    Open,
    /// Open a directory on the way to it.
    OpenDirectory,
    /// Read it.
    Read,
    /// Read where the link leads.
    ReadLink,
    /// Write it anew.
    Write,
    /// Write to what is there.
    WriteInto,
    /// Take all content from it.
    Empty,
    /// Set its owner and mode.
    SetAccess,
    /// Set owner and mode of the directory.
    SetDirectoryAccess,
    /// Make the directory.
    MakeDirectory,
    /// Remove it.
    Remove,
    /// Give it this path.
    Rename(PathBuf),
    /// Keep it under this path.
    BackUp(PathBuf),
    /// Bring the directory to the disk.
    Sync,
}

impl Error {
    /// For `map_err`: the system did not do `operation` with `path`.
    pub(crate) fn system<E: Into<io::Error>>(operation: Operation, path: &Path) -> impl FnOnce(E) -> Self {
        move |cause| Self::System { operation, path: path.to_owned(), cause: cause.into() }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System { cause, .. } => Some(cause),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { operation, path, .. } => operation.write(path, formatter),
            Self::NoName(path) => write!(formatter, "{} is no name of a file", path.display()),
            Self::ParentInPath(path) => write!(formatter, "{} has .. in it", path.display()),
            Self::Link(path) => {
                let path = path.display();
                write!(formatter, "{path} is a link, which is not followed; put the file itself there")
            }
            Self::LinkedDirectory(path) => {
                let path = path.display();
                write!(formatter, "{path} is a link, which is not followed; make it a folder")
            }
            Self::ForeignLink(path) => {
                let path = path.display();
                write!(formatter, "{path} is a link that another user may have made; it is not followed")
            }
            Self::TooManyLinks(path) => {
                write!(formatter, "{}: too many links lead to one another", path.display())
            }
            Self::ForeignDirectory { path, owner } => {
                let path = path.display();
                write!(
                    formatter,
                    "{path} belongs to the user {owner}, who could put another file there; say: sudo chown root {path}"
                )
            }
            Self::WritableDirectory(path) => {
                let path = path.display();
                write!(
                    formatter,
                    "{path} can be changed by others than its owner; say: sudo chmod go-w {path}"
                )
            }
            Self::NotRegular(path) => write!(formatter, "{} is no regular file", path.display()),
            Self::TooLarge(path) => {
                write!(formatter, "{} is larger than any file of its kind", path.display())
            }
            Self::Changed(path) => {
                write!(formatter, "{} was changed by somebody else just now; say it again", path.display())
            }
            Self::TooManyBackups(path) => {
                write!(formatter, "{} has too many copies already", path.display())
            }
        }
    }
}

impl Operation {
    /// The sentence that it failed for `path`.
    fn write(&self, path: &Path, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = path.display();
        let verb = match self {
            Self::Find => "find",
            Self::Look => "look at",
            Self::Open => "open",
            Self::OpenDirectory => "open the folder",
            Self::Read => "read",
            Self::ReadLink => "read the link",
            Self::Write => "write",
            Self::WriteInto => "write to",
            Self::Empty => "empty",
            Self::SetAccess => "set owner and mode of",
            Self::SetDirectoryAccess => "set owner and mode of the folder",
            Self::MakeDirectory => "make the folder",
            Self::Remove => "remove",
            Self::Rename(to) => return write!(formatter, "cannot rename {path} to {}", to.display()),
            Self::BackUp(to) => return write!(formatter, "cannot keep {path} as {}", to.display()),
            Self::Sync => return write!(formatter, "cannot have {path} written to the disk"),
        };
        write!(formatter, "cannot {verb} {path}")
    }
}
