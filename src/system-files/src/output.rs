// SPDX-License-Identifier: GPL-3.0-or-later
//! Output files that are named on a command line.

use std::fs;
use std::io;
use std::path::Path;

use crate::{Access, resolved};

/// Directories with devices and with a process's open files.
const DEVICES: [&str; 3] = ["/dev", "/dev/fd", "/proc/self/fd"];

/// Writes `content` to the file at `path`, readable for everybody. If that fails, a regular file is
/// unchanged.
///
/// Writes to the target of a link, and rejects a link that another user may have created. Writes into a
/// device or a pipe, such as /dev/stdout, without replacing it.
pub fn write_output(path: &Path, content: &[u8]) -> io::Result<()> {
    let is_device =
        path.parent().is_some_and(|parent| DEVICES.iter().any(|directory| parent == Path::new(directory)));
    if is_device && fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return fs::write(path, content);
    }
    let place = resolved(path).map_err(io::Error::other)?;
    let written = if place.is_special() {
        place.write_into(content)
    } else {
        // To a temporary file first, so that a full disk does not truncate it.
        place.write_anywhere(content, Access::of_caller(0o644))
    };
    written.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn replaces_a_file_atomically_and_keeps_a_device() {
        let directory = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| directory.path().join(name));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        let mut open = File::open(&file).unwrap();
        write_output(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        let mut text = String::new();
        open.read_to_string(&mut text).unwrap();
        assert_eq!(text, "old", "a reader keeps the complete old file");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);

        let error = write_output(Path::new("/dev/full"), b"x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(write_output(&directory.path().join("none/file"), b"x").is_err());
    }
}
