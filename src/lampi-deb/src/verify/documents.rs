// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks of changelog, copyright, notices, man pages and completions, and of the addresses for a release.

use std::io::Read;

use super::report::Problems;
use crate::deb::Deb;
use crate::source::PACKAGE;
use crate::{changelog, completions, maintainer, notices, pages};

pub(super) fn documents(deb: &Deb) -> Problems {
    let mut problems = Problems::new();
    let version = deb.field("Version").unwrap_or_default();
    match unzipped(deb, "usr/share/doc/lampi/changelog.gz") {
        Err(problem) => problems.push(problem),
        Ok(text) if !text.starts_with(&format!("lampi ({version})")) => {
            problems.push(format!("the newest entry of the changelog is not that of version {version}"));
        }
        Ok(_) => {}
    }
    let copyright = deb.file("usr/share/doc/lampi/copyright").and_then(|entry| entry.content());
    if !copyright.is_some_and(|text| String::from_utf8_lossy(text).contains("Copyright: ")) {
        problems.push("/usr/share/doc/lampi/copyright is missing or has no copyright holder".into());
    }
    if deb.file(notices::PATH).is_none() {
        problems.push(format!("/{} is missing", notices::PATH));
    }
    problems
}

pub(super) fn man_pages(deb: &Deb) -> Problems {
    let mut problems = Problems::new();
    for path in pages::all("").into_iter().map(|page| format!("{}.gz", page.path)) {
        match unzipped(deb, &path) {
            Err(problem) => problems.push(problem),
            Ok(page) if !page.contains(".TH ") => problems.push(format!("/{path} is not a man page")),
            Ok(_) => {}
        }
    }
    problems
}

pub(super) fn completions(deb: &Deb) -> Problems {
    let mut problems = Problems::new();
    for (path, script) in completions::all() {
        match deb.file(&path).and_then(|entry| entry.content()) {
            None => problems.push(format!("/{path} is missing")),
            Some(content) if content != script => {
                problems.push(format!("/{path} is for another command line"));
            }
            Some(_) => {}
        }
    }
    problems
}

/// The maintainer of the package, and of its newest changelog entry, which are placeholders in a build of the
/// unchanged sources.
pub(super) fn addresses(deb: &Deb) -> Problems {
    let mut problems = Problems::new();
    let maintainer = deb.field("Maintainer").unwrap_or_default();
    if maintainer::is_placeholder(&maintainer) {
        problems.push(format!("the maintainer '{maintainer}' is a placeholder; set yours in {PACKAGE}"));
    }
    let changelog = unzipped(deb, "usr/share/doc/lampi/changelog.gz").unwrap_or_default();
    let signature = changelog.lines().find_map(|line| line.strip_prefix(" -- ")).unwrap_or_default();
    let person = signature.split_once("  ").map_or(signature, |(person, _)| person);
    if maintainer::is_placeholder(person) {
        problems.push(format!(
            "the newest entry of the changelog is signed by the placeholder '{person}'; sign it in {}",
            changelog::PATH
        ));
    }
    problems
}

fn unzipped(deb: &Deb, path: &str) -> Result<String, String> {
    let content =
        deb.file(path).and_then(|entry| entry.content()).ok_or_else(|| format!("/{path} is missing"))?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(content)
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot unpack /{path}: {error}"))?;
    Ok(text)
}
