// SPDX-License-Identifier: GPL-3.0-or-later
//! The packages that files belong to, according to dpkg.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// Paths per call of dpkg-query: far below the kernel's limit, however long they are.
const MOST_ARGUMENTS: usize = 200;

/// The packages of the files with these paths on the machine at `root`, without the files of no package. None
/// if dpkg fails. Many files at once, because dpkg reads all its lists for each call.
pub fn owners<'a>(root: &Path, paths: impl Iterator<Item = &'a str>) -> Option<BTreeMap<String, String>> {
    // dpkg treats these characters as a pattern.
    let paths: Vec<String> = paths.map(|path| path.replace(['*', '?', '[', ']', '\\'], "?")).collect();
    let mut packages = BTreeMap::new();
    for paths in paths.chunks(MOST_ARGUMENTS) {
        let output = Command::new("dpkg-query")
            .arg("--root")
            .arg(root)
            .arg("--search")
            .args(paths)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        // 1: some files belong to no package.
        if !matches!(output.status.code(), Some(0 | 1)) {
            return None;
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = text.lines().filter(|line| !line.contains("diversion "));
        packages.extend(lines.filter_map(|line| line.split_once(": ")).map(|(packages, path)| {
            // A list, if there are several architectures or packages.
            (path.to_owned(), packages.split([',', ':']).next().unwrap_or(packages).to_owned())
        }));
    }
    Some(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_package_of_a_diverted_file_or_one_with_pattern_characters() {
        let root = tempfile::tempdir().unwrap();
        let dpkg = root.path().join("var/lib/dpkg");
        std::fs::create_dir_all(dpkg.join("info")).unwrap();
        let status = |name: &str| {
            format!(
                "Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\
                 Maintainer: x <x@x>\nDescription: x\n\n"
            )
        };
        std::fs::write(dpkg.join("status"), [status("a"), status("b")].concat()).unwrap();
        std::fs::write(dpkg.join("info/format"), "1\n").unwrap();
        std::fs::write(dpkg.join("info/a.list"), "/.\n/etc\n/etc/x\n/etc/[y]\n").unwrap();
        std::fs::write(dpkg.join("info/b.list"), "/.\n/etc\n/etc/z\n").unwrap();
        std::fs::write(dpkg.join("diversions"), "/etc/x\n/etc/x.distrib\nb\n").unwrap();
        let found = owners(root.path(), ["/etc/x", "/etc/[y]", "/etc/none", "/etc/z"].into_iter()).unwrap();
        let expected = [("/etc/[y]", "a"), ("/etc/x", "a"), ("/etc/z", "b")];
        assert!(
            found.iter().map(|(path, package)| (path.as_str(), package.as_str())).eq(expected),
            "{found:?}"
        );
    }

    #[test]
    fn finds_no_package_without_dpkgs_database() {
        let root = tempfile::tempdir().unwrap();
        assert!(owners(root.path(), ["/etc/x"].into_iter()).is_none_or(|owners| owners.is_empty()));
    }
}
