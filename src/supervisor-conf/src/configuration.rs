// SPDX-License-Identifier: GPL-3.0-or-later
//! All files that one supervisord reads, and the sections after later values override earlier ones.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::{self, Display};
use std::fs;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use crate::expand::{Variable, expand};
use crate::host::Host;
use crate::parser::{Entry, Parsed, SectionPart, parse};
use crate::schema::SectionKind;
use crate::text::{Position, Text};

/// Maximum size of a file in bytes, far above any configuration.
const LARGEST: u64 = 4 << 20;

/// A file that cannot be read.
#[derive(Debug)]
pub struct Unreadable {
    path: PathBuf,
    source: io::Error,
}

impl Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot read {}", self.path.display())
    }
}

impl Unreadable {
    /// The path as the caller gave it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Error for Unreadable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// Something to check.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file, which is read.
    File(PathBuf),
    /// Text that is not in a file.
    Text {
        /// The path to report in findings. Included files are relative to its directory.
        name: PathBuf,
        /// Its bytes.
        content: Vec<u8>,
    },
}

/// A place in one of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Index in `Configuration::files`.
    pub file: usize,
    pub at: Position,
}

/// One file of a configuration.
#[derive(Debug)]
pub(crate) struct File {
    pub path: PathBuf,
    /// Its directory on the host, for `%(here)s`.
    pub here: String,
    /// Whether every user can read it; false in a Git checkout and for text.
    pub world_readable: bool,
    /// Whether this is the main file: the first one, if it has a `[supervisord]` section.
    pub main: bool,
    pub parsed: Parsed,
}

/// A section, merged from all parts with the same header.
#[derive(Debug)]
pub(crate) struct Section {
    pub header: String,
    pub kind: SectionKind,
    /// Places of the header, in reading order.
    pub headers: Vec<Place>,
    entries: BTreeMap<String, Located>,
}

/// An entry and the number of its file.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub file: usize,
    pub entry: Entry,
}

impl Located {
    pub(crate) fn place(&self, at: Position) -> Place {
        Place { file: self.file, at }
    }

    /// Where the value is.
    pub(crate) fn value_place(&self) -> Place {
        self.place(self.entry.value.at())
    }
}

impl Section {
    /// The header in brackets.
    pub(crate) fn label(&self) -> String {
        format!("[{}]", self.header)
    }

    /// The text after the first colon of the header, stripped.
    pub(crate) fn name(&self) -> &str {
        self.header.split_once(':').map_or("", |(_, name)| name.trim_matches(crate::text::is_space))
    }

    pub(crate) fn place(&self) -> Place {
        self.headers[0]
    }

    /// Whether the section itself sets a key, without `[DEFAULT]`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }
}

/// What one supervisord reads.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// In reading order.
    pub files: Vec<File>,
    /// In the order of their first appearance, without `[DEFAULT]`.
    pub sections: Vec<Section>,
    defaults: BTreeMap<String, Located>,
    /// The patterns of `[include] files` that match nothing, with their places.
    pub unmatched_includes: Vec<(String, Place)>,
    pub unreadable: Vec<Unreadable>,
}

impl Configuration {
    pub(crate) fn read(inputs: &[Input], host: &Host) -> Self {
        let mut configuration = Self {
            files: Vec::new(),
            sections: Vec::new(),
            defaults: BTreeMap::new(),
            unmatched_includes: Vec::new(),
            unreadable: Vec::new(),
        };
        let mut seen = BTreeSet::new();
        for input in inputs {
            configuration.add(input.clone(), host, &mut seen);
            if configuration.files.len() == 1 && configuration.section("supervisord").is_some() {
                configuration.files[0].main = true;
                for included in configuration.included(host) {
                    configuration.add(Input::File(included), host, &mut seen);
                }
            }
        }
        configuration
    }

    fn add(&mut self, input: Input, host: &Host, seen: &mut BTreeSet<PathBuf>) {
        let (path, content) = match input {
            Input::File(path) => {
                let content = read(&path, seen);
                (path, content)
            }
            Input::Text { name, content } => (name, Ok(Some((content, false)))),
        };
        let here = directory_on_host(&path, host);
        let (bytes, world_readable, here) = match (content, here) {
            (Ok(Some((bytes, world_readable))), Ok(here)) => (bytes, world_readable, here),
            (Ok(None), _) => return,
            (Err(source), _) | (_, Err(source)) => {
                self.unreadable.push(Unreadable { path, source });
                return;
            }
        };
        let parsed = parse(&bytes);
        let number = self.files.len();
        for part in &parsed.parts {
            self.merge(part, number, &here);
        }
        self.files.push(File { path, here, world_readable, main: false, parsed });
    }

    fn merge(&mut self, part: &SectionPart, file: usize, here: &str) {
        let place = Place { file, at: part.at };
        let kind = SectionKind::of(&part.header);
        let entries = if kind == SectionKind::Default {
            &mut self.defaults
        } else {
            let known = self.sections.iter().position(|section| section.header == part.header);
            let index = known.unwrap_or_else(|| {
                let header = part.header.clone();
                self.sections.push(Section { header, kind, headers: Vec::new(), entries: BTreeMap::new() });
                self.sections.len() - 1
            });
            let section = &mut self.sections[index];
            section.headers.push(place);
            &mut section.entries
        };
        for entry in &part.entries {
            // Supervisor inserts the directory before it expands anything, so even `%%(here)s` changes.
            let value = entry.value.replaced("%(here)s", here);
            entries.insert(entry.key.clone(), Located { file, entry: Entry { value, ..entry.clone() } });
        }
    }

    /// The files that `[include]` names, sorted as supervisord sorts them.
    fn included(&mut self, host: &Host) -> Vec<PathBuf> {
        let Some(files) = self.section("include").and_then(|section| self.get(section, "files")).cloned()
        else {
            return Vec::new();
        };
        let here = &self.files[files.file].here;
        let mut variables = host.environment();
        variables.insert("host_node_name".to_owned(), node_name(host));
        let Some(text) =
            expand(&files.entry.value, here, &variables).ok().and_then(crate::expand::Expanded::known)
        else {
            return Vec::new();
        };
        let mut included = Vec::new();
        for pattern in words(&text) {
            // With --offline only files relative to the main file exist.
            if host.is_unknown() && pattern.to_string().starts_with('/') {
                continue;
            }
            let found = matches(&Path::new(here).join(pattern.to_string()), host);
            // An empty directory for included files is not a mistake.
            if found.is_empty() && !pattern.to_string().contains(['*', '?', '[']) {
                self.unmatched_includes.push((pattern.to_string(), files.place(pattern.at())));
            }
            included.extend(found);
        }
        // Report files relative to the main file with the main file's path.
        let named = self.files[files.file].path.parent().unwrap_or(Path::new(""));
        let beside = host.root().join(here.trim_start_matches('/'));
        let rename = |path: PathBuf| path.strip_prefix(&beside).map_or(path.clone(), |rest| named.join(rest));
        included.into_iter().map(rename).collect()
    }

    pub(crate) fn section(&self, header: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.header == header)
    }

    /// The value that supervisord uses: from the section, otherwise from `[DEFAULT]`.
    pub(crate) fn get<'a>(&'a self, section: &'a Section, key: &str) -> Option<&'a Located> {
        section.entries.get(key).or_else(|| self.defaults.get(key))
    }

    /// All entries, including those of `[DEFAULT]`.
    pub(crate) fn entries<'a>(&'a self, section: &'a Section) -> impl Iterator<Item = &'a Located> {
        let inherited = self.defaults.iter().filter(|(key, _)| !section.entries.contains_key(*key));
        section.entries.values().chain(inherited.map(|(_, located)| located))
    }

    /// The file of a place, as the caller gave it.
    pub(crate) fn path(&self, place: Place) -> &Path {
        &self.files[place.file].path
    }
}

/// The value of `%(host_node_name)s`.
pub(crate) fn node_name(host: &Host) -> Variable {
    if host.is_unknown() { Variable::Unknown } else { Variable::Text(host.node_name()) }
}

/// The bytes of a file, and whether every user can read it. `None` if the file is in `seen`.
fn read(path: &Path, seen: &mut BTreeSet<PathBuf>) -> io::Result<Option<(Vec<u8>, bool)>> {
    let real = path.canonicalize()?;
    let metadata = fs::metadata(path)?;
    // A pipe can be read only once, even under another name.
    if !seen.insert(real.clone()) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let world_readable = metadata.is_file() && metadata.permissions().mode() & 0o004 != 0;
    Ok(Some((bytes, world_readable && !is_in_checkout(&real))))
}

/// Whether a file is in a Git checkout: Git does not store permissions.
fn is_in_checkout(path: &Path) -> bool {
    path.ancestors().skip(1).any(|directory| directory.join(".git").exists())
}

fn words(text: &Text) -> Vec<Text> {
    let mut words = Vec::new();
    let mut rest = text.trimmed();
    while !rest.is_empty() {
        let end = rest.find(crate::text::is_space).unwrap_or(rest.len());
        words.push(rest.slice(0, end));
        rest = rest.slice(end, rest.len()).trimmed();
    }
    words
}

/// The existing files that match an absolute pattern below the root, sorted. Like supervisord, it skips
/// directories and treats `**` as `*`. A name that is not UTF-8 does not match.
fn matches(pattern: &Path, host: &Host) -> Vec<PathBuf> {
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::default() };
    let mut found = vec![host.root().to_owned()];
    for component in pattern.components() {
        let name = match component {
            Component::Normal(name) => name.to_string_lossy(),
            Component::ParentDir => "..".into(),
            _ => continue,
        };
        if !name.contains(['*', '?', '[']) {
            for path in &mut found {
                path.push(&*name);
            }
            continue;
        }
        let Ok(pattern) = glob::Pattern::new(&name.replace("**", "*")) else { return Vec::new() };
        let entries = found.iter().filter_map(|directory| fs::read_dir(directory).ok()).flatten();
        let named = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            pattern.matches_with(entry.file_name().to_str()?, options).then(|| entry.path())
        });
        found = named.collect();
    }
    found.retain(|path| path.is_file());
    found.sort();
    found
}

/// The absolute directory of a file on the host, without the root's path.
fn directory_on_host(path: &Path, host: &Host) -> io::Result<String> {
    let path = std::path::absolute(path)?;
    let root = std::path::absolute(host.root())?;
    let path = normalized(&path);
    let directory = path.parent().unwrap_or(Path::new("/"));
    let below = directory.strip_prefix(normalized(&root)).unwrap_or(directory);
    Ok(Path::new("/").join(below).to_string_lossy().into_owned())
}

/// An absolute path without `.` and `..`, as Python's `os.path.normpath` makes it.
pub(crate) fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normalized.pop();
            }
            Component::Normal(part) => normalized.push(part),
            _ => {}
        }
    }
    normalized
}
