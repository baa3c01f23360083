// SPDX-License-Identifier: GPL-3.0-or-later
//! Promises about what people read: changelog, copyright, notices and man pages, and what shells read.

use std::io::Read;

use super::report::Problems;
use crate::completions;
use crate::deb::Deb;
use crate::notices;
use crate::pages::Page;

pub(super) fn documents(deb: &Deb) -> Problems {
    let mut problems = Problems::new();
    let version = deb.field("Version").unwrap_or_default();
    match unzipped(deb, "usr/share/doc/lampi/changelog.gz") {
        Err(problem) => problems.push(problem),
        Ok(text) if !text.starts_with(&format!("lampi ({version})")) => {
            problems.push(format!("the changelog's first entry is not of version {version}"));
        }
        Ok(_) => {}
    }
    let copyright = deb.file("usr/share/doc/lampi/copyright").and_then(|entry| entry.content());
    if !copyright.is_some_and(|text| String::from_utf8_lossy(text).contains("Copyright: ")) {
        problems.push("/usr/share/doc/lampi/copyright is missing or names no holder".into());
    }
    if deb.file(notices::PATH).is_none() {
        problems.push(format!("/{} is missing", notices::PATH));
    }
    problems
}

pub(super) fn man_pages(deb: &Deb) -> Problems {
    let mut problems = Problems::new();
    for path in Page::all().map(|page| format!("{}.gz", page.path())) {
        match unzipped(deb, &path) {
            Err(problem) => problems.push(problem),
            Ok(page) if !page.contains(".TH ") => problems.push(format!("/{path} is no man page")),
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
                problems.push(format!("/{path} is of another command line"));
            }
            Some(_) => {}
        }
    }
    problems
}

fn unzipped(deb: &Deb, path: &str) -> Result<String, String> {
    let content =
        deb.file(path).and_then(|entry| entry.content()).ok_or_else(|| format!("/{path} is missing"))?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(content)
        .read_to_string(&mut text)
        .map_err(|error| format!("/{path} cannot be unpacked: {error}"))?;
    Ok(text)
}
