// SPDX-License-Identifier: GPL-3.0-or-later
//! The notices of the libraries that are linked into the programs, as their licences require: the libraries,
//! their licences, their copyright holders, and the texts of the licences.
//!
//! cargo lists the libraries and the directories of their sources, which contain the texts. For a library
//! without a text, the notices name its authors. Equal texts occur once. The same sources give the same
//! bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::architecture::Architecture;
use crate::compile::cargo;
use crate::interrupt::Interrupt;
use crate::source::Source;
use crate::toolchain::Toolchain;

/// Their path in the package.
pub(crate) const PATH: &str = "usr/share/doc/lampi/notices";

const HEAD: &str = "\
The programs of this package contain the libraries below, which are published at
https://crates.io/crates/NAME. The licence of each library is in parentheses; of
licences with OR or / between them, one is enough. The texts follow the list, except
those of Apache-2.0 and GPL-3.0, which are in /usr/share/common-licenses. If the
sources of a library have no other text, the list names its authors.

The programs also contain Rust's standard library (https://www.rust-lang.org; MIT OR
Apache-2.0), Copyright (c) The Rust Project Contributors.
";

/// Beginnings of the names of licence files, in upper case.
const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// Beginnings of the texts in /usr/share/common-licenses, in upper case and with single blanks.
const COMMON: [&str; 2] = ["APACHE LICENSE VERSION 2.0", "GNU GENERAL PUBLIC LICENSE VERSION 3"];

/// Prefix of Slint's other licences, which this package does not use.
const UNUSED: &str = "LicenseRef-";

/// The last line of the terms of Apache-2.0.
const END_OF_APACHE: &str = "END OF TERMS AND CONDITIONS";

/// A library from a registry.
#[derive(Debug)]
struct Library {
    name: String,
    version: String,
    /// An SPDX expression, or the older form with `/` for OR.
    license: String,
    authors: Vec<String>,
}

/// The text of a licence, without the lines at its beginning that name the copyright holders.
#[derive(Debug, PartialEq, Eq)]
struct Text {
    holders: Vec<String>,
    body: String,
}

/// The notices of all libraries in the programs for `architecture`. The crates must be downloaded.
pub(crate) fn notices(
    source: &Source,
    toolchain: &Toolchain,
    architecture: Architecture,
    interrupt: &Interrupt,
) -> anyhow::Result<String> {
    let mut packages = packages(source, toolchain, architecture, interrupt)?;
    let mut libraries = Vec::new();
    for (name, version) in linked(source, toolchain, architecture, interrupt)? {
        let package = packages.remove(&(name.clone(), version.clone())).with_context(|| {
            format!("the crate {name} {version} is linked, but missing in the output of cargo metadata")
        })?;
        // A crate of this workspace.
        if package.source.is_none() {
            continue;
        }
        let texts = read_texts(package.manifest_path.parent().expect("it is a file in a directory"))?;
        libraries.push((library(package)?, texts));
    }
    Ok(written(&libraries))
}

/// Names and versions of all crates in the programs, with those of this workspace, but without build and test
/// dependencies.
fn linked(
    source: &Source,
    toolchain: &Toolchain,
    architecture: Architecture,
    interrupt: &Interrupt,
) -> anyhow::Result<BTreeSet<(String, String)>> {
    let mut command = cargo(source, toolchain, "tree");
    command.args(["--target", architecture.rust_target(), "--edges", "normal,no-proc-macro"]);
    command.args(["--prefix", "none", "--format", "{p}"]);
    for program in programs::PROGRAMS {
        command.args(["--package", program.name]);
    }
    let mut crates = BTreeSet::new();
    for line in output(&mut command, interrupt)?.lines().filter(|line| !line.is_empty()) {
        // For instance: libc v0.2.191
        let mut words = line.split(' ');
        let (Some(name), Some(version)) =
            (words.next(), words.next().and_then(|word| word.strip_prefix('v')))
        else {
            bail!("cargo tree prints the line '{line}', which has no crate and version");
        };
        crates.insert((name.to_owned(), version.to_owned()));
    }
    Ok(crates)
}

/// The output of `cargo metadata`.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    authors: Vec<String>,
    manifest_path: PathBuf,
    /// The registry; `None` for the crates of this workspace.
    source: Option<String>,
}

/// All crates that the workspace can need on `architecture`, by name and version.
fn packages(
    source: &Source,
    toolchain: &Toolchain,
    architecture: Architecture,
    interrupt: &Interrupt,
) -> anyhow::Result<BTreeMap<(String, String), Package>> {
    let mut command = cargo(source, toolchain, "metadata");
    command.args(["--format-version", "1", "--filter-platform", architecture.rust_target()]);
    let metadata: Metadata = serde_json::from_str(&output(&mut command, interrupt)?)
        .context("cannot parse the output of cargo metadata")?;
    let key = |package: &Package| (package.name.clone(), package.version.clone());
    Ok(metadata.packages.into_iter().map(|package| (key(&package), package)).collect())
}

fn library(package: Package) -> anyhow::Result<Library> {
    let Package { name, version, license, authors, .. } = package;
    let license = license.with_context(|| {
        format!("the crate {name} {version} has no licence in its manifest; replace the crate")
    })?;
    Ok(Library { name, version, license, authors })
}

/// The output of cargo.
fn output(command: &mut Command, interrupt: &Interrupt) -> anyhow::Result<String> {
    let verb = command.get_args().next().unwrap_or_default().to_string_lossy().into_owned();
    let (status, printed) = interrupt.with_child(command.stdout(std::process::Stdio::piped()), |child| {
        let printed = std::io::read_to_string(child.stdout.take().expect("it is piped"))
            .with_context(|| format!("cannot read the output of cargo {verb}"))?;
        Ok((child.wait()?, printed))
    })?;
    if !status.success() {
        bail!("cargo {verb} failed; its output has the reason");
    }
    Ok(printed)
}

/// The texts in the sources of a library, from the top directory or, by the REUSE specification, from
/// LICENSES.
fn read_texts(directory: &Path) -> anyhow::Result<Vec<Text>> {
    let mut paths = Vec::new();
    for (directory, names) in [(directory.to_owned(), &NAMES[..]), (directory.join("LICENSES"), &[""])] {
        if !directory.is_dir() {
            continue;
        }
        let entries =
            std::fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?;
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", directory.display()))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
            if path.is_file() && names.iter().any(|start| name.starts_with(start)) {
                paths.push(path);
            }
        }
    }
    paths.retain(|path| !path.file_name().unwrap_or_default().to_string_lossy().starts_with(UNUSED));
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        let content = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        texts.extend(text(&String::from_utf8_lossy(&content)));
    }
    Ok(texts)
}

/// The text of a file; `None` if Debian contains it.
fn text(content: &str) -> Option<Text> {
    let beginning = words(content).to_uppercase();
    if COMMON.iter().any(|common| beginning.starts_with(common)) {
        return None;
    }
    let mut lines: Vec<&str> = content.lines().map(str::trim_end).collect();
    // Some files have several licences, one of them Apache-2.0.
    let start = lines.windows(2).position(|pair| {
        pair[0].trim() == "Apache License" && pair[1].trim_start().starts_with("Version 2.0")
    });
    let end = lines.iter().position(|line| line.trim() == END_OF_APACHE);
    if let (Some(start), Some(end)) = (start, end)
        && start < end
    {
        lines.splice(start..=end, ["[Apache-2.0: see /usr/share/common-licenses/Apache-2.0]"]);
    }
    let holders: Vec<&str> = lines.iter().copied().take_while(|line| begins_text(line)).collect();
    let body = lines.split_off(holders.len());
    let (titles, holders): (Vec<&str>, Vec<&str>) =
        holders.into_iter().filter(|line| !line.is_empty()).partition(|line| is_title(line));
    let body = titles.into_iter().chain([""]).chain(body).collect::<Vec<_>>().join("\n");
    let holders = holders.into_iter().map(words).collect();
    Some(Text { holders, body: body.trim().to_owned() })
}

/// Whether a line can be before the terms of a licence.
fn begins_text(line: &str) -> bool {
    line.is_empty() || is_title(line) || is_holder(line)
}

fn is_title(line: &str) -> bool {
    matches!(line.trim(), "MIT License" | "The MIT License (MIT)")
}

/// Whether a line names a copyright holder. A line of the terms can begin with the same word.
fn is_holder(line: &str) -> bool {
    line.trim()
        .strip_prefix("Copyright ")
        .is_some_and(|rest| !rest.starts_with(|first: char| first.is_lowercase()))
}

/// The words of a text, with single blanks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The list, then each text below the names of its libraries.
fn written(libraries: &[(Library, Vec<Text>)]) -> String {
    let mut written = HEAD.to_owned();
    let name = |library: &Library| format!("{} {}", library.name, library.version);
    // Compare words, because the lines may be wrapped differently.
    let mut groups: BTreeMap<String, (&str, String)> = BTreeMap::new();
    written.push('\n');
    for (library, texts) in libraries {
        let _ = write!(written, "{} ({})", name(library), library.license);
        if texts.is_empty() && !library.authors.is_empty() {
            let _ = write!(written, ", by {}", library.authors.join(", "));
        }
        written.push('\n');
        for text in texts {
            let (_, owners) = groups.entry(words(&text.body)).or_insert((&text.body, String::new()));
            let _ = writeln!(owners, "{}", name(library));
            for holder in &text.holders {
                let _ = writeln!(owners, "    {holder}");
            }
        }
    }
    for (body, owners) in groups.values() {
        let _ = write!(written, "\n{}\n\n{owners}\n{body}\n", "-".repeat(80));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIT: &str = "Permission is hereby granted, free of charge, to any person\nobtaining a copy";

    #[test]
    fn separates_a_text_from_its_holders() {
        let content =
            format!("The MIT License (MIT)\r\n\nCopyright (c) 2015  A. Holder \nCopyright 2016 B\n\n{MIT}\n");
        let found = text(&content).unwrap();
        assert_eq!(found.holders, ["Copyright (c) 2015 A. Holder", "Copyright 2016 B"]);
        assert_eq!(found.body, format!("The MIT License (MIT)\n\n{MIT}"));
        // A line of the terms that begins with the same word.
        let terms = "copyright license to use\nCopyright (c) 2015 A";
        assert_eq!(text(terms).unwrap(), Text { holders: vec![], body: terms.to_owned() });
    }

    #[test]
    fn omits_texts_that_debian_contains() {
        let apache =
            "  Apache License\n  Version 2.0, January 2004\n 1. Definitions.\n END OF TERMS AND CONDITIONS\n";
        assert_eq!(text(apache), None);
        let both = format!("Copyright (c) 2014, A\nDual-licensed.\n{apache}\n{MIT}\n");
        let found = text(&both).unwrap();
        assert!(
            !found.body.contains("Definitions") && found.body.contains("common-licenses/Apache-2.0"),
            "{found:?}"
        );
        assert!(found.body.starts_with("Dual-licensed.") && found.body.ends_with("a copy"), "{found:?}");
    }

    #[test]
    fn equal_texts_occur_once_below_the_names_of_their_libraries() {
        let library = |name: &str, authors: &[&str]| Library {
            name: name.into(),
            version: "1.0.0".into(),
            license: "MIT".into(),
            authors: authors.iter().map(ToString::to_string).collect(),
        };
        let text_of =
            |holder: &str, body: String| Text { holders: vec![format!("Copyright {holder}")], body };
        let libraries = [
            (library("one", &["A"]), vec![text_of("A", MIT.to_owned())]),
            (library("three", &["C <c@example.org>"]), vec![]),
            (library("two", &[]), vec![text_of("B", MIT.replace('\n', " "))]),
        ];
        let expected = format!(
            "{HEAD}\none 1.0.0 (MIT)\nthree 1.0.0 (MIT), by C <c@example.org>\ntwo 1.0.0 (MIT)\n\n{}\n\n\
             one 1.0.0\n    Copyright A\ntwo 1.0.0\n    Copyright B\n\n{MIT}\n",
            "-".repeat(80)
        );
        assert_eq!(written(&libraries), expected);
    }
}
