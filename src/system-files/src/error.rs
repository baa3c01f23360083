// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors of reading and changing files.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file was not read or changed, as a sentence that names it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A system call failed; the cause is the [source](std::error::Error::source).
    System {
        /// The operation.
        operation: Operation,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The path is not the name of a file, such as `/`.
    NoName(PathBuf),
    /// The path contains `..`, which is not allowed there.
    ParentInPath(PathBuf),
    /// The file is a link.
    Link(PathBuf),
    /// A directory in the path is a link.
    LinkedDirectory(PathBuf),
    /// A link in the path may be another user's.
    ForeignLink(PathBuf),
    /// Links refer to each other.
    TooManyLinks(PathBuf),
    /// A directory in the path belongs to another user than root and the caller.
    ForeignDirectory {
        /// The directory.
        path: PathBuf,
        /// ID of its owner.
        owner: u32,
    },
    /// Others than the owner can write to a directory in the path.
    WritableDirectory(PathBuf),
    /// The file is a directory, a pipe or a device.
    NotRegular(PathBuf),
    /// The file is larger than 4 MiB.
    TooLarge(PathBuf),
    /// The file has changed since it was read.
    Changed(PathBuf),
    /// All names for backups are in use.
    TooManyBackups(PathBuf),
}

/// An operation on a file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Make a path absolute.
    Find,
    /// Read its metadata.
    Look,
    /// Open it.
    Open,
    /// Open a directory in its path.
    OpenDirectory,
    /// Read it.
    Read,
    /// Read the target of the link.
    ReadLink,
    /// Replace it.
    Write,
    /// Write to the existing file.
    WriteInto,
    /// Empty it.
    Empty,
    /// Set its owner and mode.
    SetAccess,
    /// Set owner and mode of the directory.
    SetDirectoryAccess,
    /// Create the directory.
    MakeDirectory,
    /// Remove it.
    Remove,
    /// Rename it to this path.
    Rename(PathBuf),
    /// Back it up under this path.
    BackUp(PathBuf),
    /// Write the directory to the disk.
    Sync,
}

impl Error {
    /// For `map_err`: `operation` failed for `path`.
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
            Self::NoName(path) => write!(formatter, "{} is not the name of a file", path.display()),
            Self::ParentInPath(path) => {
                write!(formatter, "{} must not contain ..; use the full path", path.display())
            }
            Self::Link(path) => {
                let path = path.display();
                write!(
                    formatter,
                    "{path} is a symbolic link, which is not allowed here; replace it with a regular file"
                )
            }
            Self::LinkedDirectory(path) => {
                let path = path.display();
                write!(
                    formatter,
                    "{path} is a symbolic link, which is not allowed here; replace it with a directory"
                )
            }
            Self::ForeignLink(path) => {
                let path = path.display();
                write!(
                    formatter,
                    "{path} is a symbolic link that another user may have created; use the path that it \
                     points to"
                )
            }
            Self::TooManyLinks(path) => {
                write!(formatter, "{}: too many levels of symbolic links", path.display())
            }
            Self::ForeignDirectory { path, owner } => {
                let path = path.display();
                write!(
                    formatter,
                    "{path} belongs to the user {owner}, who could replace files in it; run: sudo chown \
                     root {path}"
                )
            }
            Self::WritableDirectory(path) => {
                let path = path.display();
                write!(
                    formatter,
                    "users other than its owner can write to {path}; run: sudo chmod go-w {path}"
                )
            }
            Self::NotRegular(path) => write!(formatter, "{} is not a regular file", path.display()),
            Self::TooLarge(path) => {
                write!(formatter, "{} is larger than 4 MiB", path.display())
            }
            Self::Changed(path) => {
                write!(
                    formatter,
                    "{} has just been changed by another program; run the command again",
                    path.display()
                )
            }
            Self::TooManyBackups(path) => {
                write!(formatter, "{} has too many backups; remove some", path.display())
            }
        }
    }
}

impl Operation {
    /// Writes the sentence that the operation failed for `path`.
    fn write(&self, path: &Path, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = path.display();
        let verb = match self {
            Self::Find => "find",
            Self::Look => "access",
            Self::Open => "open",
            Self::OpenDirectory => "open the directory",
            Self::Read => "read",
            Self::ReadLink => "read the symbolic link",
            Self::Write => "write",
            Self::WriteInto => "write to",
            Self::Empty => "empty",
            Self::SetAccess => "set owner and mode of",
            Self::SetDirectoryAccess => "set owner and mode of the directory",
            Self::MakeDirectory => "create the directory",
            Self::Remove => "remove",
            Self::Rename(to) => return write!(formatter, "cannot rename {path} to {}", to.display()),
            Self::BackUp(to) => return write!(formatter, "cannot back up {path} as {}", to.display()),
            Self::Sync => return write!(formatter, "cannot write the directory {path} to the disk"),
        };
        write!(formatter, "cannot {verb} {path}")
    }
}
