// SPDX-License-Identifier: GPL-3.0-or-later
//! Folders of configuration files, each judged by this crate and by the real supervisord.
//!
//! A folder in `tests/broken` has files and their `expected` findings, one a line: `file:line:column: severity [code]`.
//! supervisord has to refuse it if one of them is an error, and to start otherwise. A folder in `tests/good` has files
//! with which supervisord has to start and of which nothing may be said. If there is a `supervisord.conf` it is the
//! main file and has to include `conf.d/*.conf`, where all other files are put, and to have its socket at
//! `%(here)s/supervisor.sock`. `@PORT@` becomes a free TCP port. Only the owner can read `NAME.private.conf`, everybody the
//! others. Adding a case is adding a folder.
//!
//! `tests/documented` has files as the documentation of Supervisor and of what runs under it has them, with the mistakes
//! that people make in them. supervisord has to start with each if nothing found in it is an error. A first line
//! `; expects: CODE...` names what is found in the file alone, in its order.
//!
//! `LAMPI_TEST_SUPERVISOR` is a folder with another Python package `supervisor` than Debian's.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use supervisor_conf::{Host, Report, check};
use tempfile::TempDir;
use test_support::{PATIENCE, Process, free_port, wait_for};

/// The environment in which supervisord runs here, and of which the checker is told.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("HOME", "/"),
    ("LANG", "C.UTF-8"),
];

/// Starts supervisord as its script does.
const START: &str = "import sys; from supervisor.supervisord import main; sys.exit(main())";

/// What Debian's supervisord.conf says, with everything in the folder of the case.
const MAIN: &str = "\
[unix_http_server]
file=%(here)s/supervisor.sock
[supervisord]
logfile=%(here)s/supervisord.log
pidfile=%(here)s/supervisord.pid
childlogdir=%(here)s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[include]
files = conf.d/*.conf
";

/// A folder of files, copied to where supervisord may write beside them.
struct Case {
    name: String,
    folder: TempDir,
    has_main: bool,
    expected: BTreeSet<String>,
}

impl Case {
    /// The files of `tests/documented`, the first one of a configuration if they have a `[supervisord]` section.
    fn documented() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documented");
        let mut files: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 100, "{} has {} files", folder.display(), files.len());
        files.iter().map(|file| Self::of_file(file)).collect()
    }

    fn of_file(file: &Path) -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("conf.d")).unwrap();
        let content = fs::read_to_string(file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let has_main = content.lines().any(|line| line == "[supervisord]");
        let case = Self { name, has_main, expected: BTreeSet::new(), folder };
        let target = if has_main { case.main() } else { case.folder.path().join("conf.d/case.conf") };
        fs::write(target, &content).unwrap();
        if !has_main {
            fs::write(case.main(), MAIN).unwrap();
        }
        case
    }

    fn files(&self) -> Vec<PathBuf> {
        if self.has_main {
            return vec![self.main()];
        }
        let folder = self.folder.path().join("conf.d");
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    fn all(kind: &str) -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(kind);
        let mut cases: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        cases.sort();
        assert!(!cases.is_empty(), "{} has no cases", folder.display());
        cases.iter().map(|case| Self::copy(case)).collect()
    }

    fn copy(source: &Path) -> Self {
        let folder = TempDir::new().unwrap();
        let conf_d = folder.path().join("conf.d");
        fs::create_dir(&conf_d).unwrap();
        let mut case = Self {
            name: source.file_name().unwrap().to_string_lossy().into_owned(),
            has_main: source.join("supervisord.conf").exists(),
            expected: BTreeSet::new(),
            folder,
        };
        if !case.has_main {
            fs::write(case.main(), MAIN).unwrap();
        }
        for entry in fs::read_dir(source).unwrap() {
            let path = entry.unwrap().path();
            let content = fs::read(&path).unwrap();
            let target = match path.file_name().unwrap().to_str().unwrap() {
                "expected" => {
                    case.expected = String::from_utf8(content).unwrap().lines().map(str::to_owned).collect();
                    continue;
                }
                "supervisord.conf" => case.main(),
                name => conf_d.join(name),
            };
            // Only text has a port; bytes that are no UTF-8 have to stay as they are.
            match std::str::from_utf8(&content) {
                Ok(text) if text.contains("@PORT@") => {
                    fs::write(&target, text.replace("@PORT@", &free_port().to_string())).unwrap();
                }
                _ => fs::write(&target, content).unwrap(),
            }
            let private = target.to_string_lossy().ends_with(".private.conf");
            let mode = if private { 0o600 } else { 0o644 };
            fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
        }
        case
    }

    fn main(&self) -> PathBuf {
        self.folder.path().join("supervisord.conf")
    }

    fn is_refused(&self) -> bool {
        self.expected.iter().any(|line| line.contains(": error ["))
    }

    fn check(&self) -> Report {
        let host =
            ENVIRONMENT.iter().fold(Host::new("/"), |host, (name, value)| host.with_variable(name, value));
        check(&self.files(), &host).unwrap()
    }

    /// Whether the findings are the expected ones; what they are instead if not.
    fn findings_differ(&self) -> Option<String> {
        let findings = self.check().findings;
        let short = |finding: &supervisor_conf::Finding| {
            let file = finding.file.file_name().unwrap().to_string_lossy().into_owned();
            format!("{file}:{}:{}: {} [{}]", finding.line, finding.column, finding.severity, finding.code)
        };
        let found: BTreeSet<String> = findings.iter().map(short).collect();
        let full: Vec<String> = findings.iter().map(|finding| format!("  {finding}")).collect();
        (found != self.expected).then(|| {
            let expected: Vec<String> = self.expected.iter().map(|line| format!("  {line}")).collect();
            format!("{}: expected\n{}\nfound\n{}", self.name, expected.join("\n"), full.join("\n"))
        })
    }

    /// Whether the findings in the file alone are those that its first line names; what they are instead if not.
    fn differs_from_its_first_line(&self) -> Option<String> {
        let files = self.files();
        let content = fs::read_to_string(&files[0]).unwrap();
        let first = content.lines().next().and_then(|line| line.strip_prefix("; expects:")).unwrap_or("");
        let expected: Vec<&str> = first.split_whitespace().collect();
        let findings = check(&files, &Host::unknown()).unwrap().findings;
        let found: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
        (found != expected).then(|| format!("{}: {findings:#?}", self.name))
    }

    /// Whether supervisord does the other thing than expected; what it said if so.
    fn supervisord_disagrees(&self, is_refused: bool) -> Option<String> {
        let output_path = self.folder.path().join("output");
        let output = fs::File::create(&output_path).unwrap();
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-c", START, "--nodaemon", "--configuration"]).arg(self.main());
        command.current_dir(self.folder.path()).env_clear().envs(ENVIRONMENT).stdout(Stdio::from(output));
        if let Some(folder) = std::env::var_os("LAMPI_TEST_SUPERVISOR") {
            command.env("PYTHONPATH", folder);
        }
        let mut supervisord = Process::start(&mut command, "supervisor");
        let socket = self.folder.path().join("supervisor.sock");
        let ended = wait_for(&format!("supervisord starts or ends with {}", self.name), PATIENCE, || {
            let ended = supervisord.ended();
            let started = || {
                UnixStream::connect(&socket).is_ok()
                    || fs::read_to_string(&output_path)
                        .is_ok_and(|said| said.contains("supervisord started with pid"))
            };
            (ended.is_some() || started()).then_some(ended)
        });
        match ended {
            None => {
                supervisord.terminate();
                is_refused.then(|| format!("{}: supervisord started", self.name))
            }
            Some(status) => {
                supervisord.await_end();
                let said = supervisord.log().join("\n");
                // What it has not foreseen ends it with a traceback.
                let refused = matches!(status.code(), Some(1 | 2)) && said.contains("Error: ");
                (!is_refused || !refused)
                    .then(|| format!("{}: supervisord ended: {status}\n{said}", self.name))
            }
        }
    }
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

#[test]
fn every_mistake_is_named_where_it_is() {
    let cases = Case::all("broken");
    let silent = cases
        .iter()
        .filter(|case| case.expected.is_empty())
        .map(|case| format!("{}: expects nothing", case.name));
    assert_none(&silent.collect::<Vec<_>>());
    assert_none(&cases.iter().filter_map(Case::findings_differ).collect::<Vec<_>>());
}

#[test]
fn nothing_is_said_of_good_files() {
    assert_none(&Case::all("good").iter().filter_map(Case::findings_differ).collect::<Vec<_>>());
}

#[test]
fn documented_files_have_the_mistakes_that_they_name() {
    let complaints = Case::documented();
    assert_none(&complaints.iter().filter_map(Case::differs_from_its_first_line).collect::<Vec<_>>());
}

#[test]
fn supervisord_agrees_on_documented_files() {
    let is_error = |finding: &supervisor_conf::Finding| finding.severity == supervisor_conf::Severity::Error;
    supervisord_agrees(Case::documented(), |case| case.check().findings.iter().any(is_error));
}

#[test]
fn supervisord_agrees_on_cases() {
    let mut cases = Case::all("broken");
    cases.extend(Case::all("good"));
    supervisord_agrees(cases, Case::is_refused);
}

fn supervisord_agrees(cases: Vec<Case>, is_refused: impl Fn(&Case) -> bool + Sync) {
    let cases = Mutex::new(cases);
    let complaints = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let Some(case) = cases.lock().unwrap().pop() else { break };
                    let complaint = case.supervisord_disagrees(is_refused(&case));
                    complaints.lock().unwrap().extend(complaint);
                }
            });
        }
    });
    assert_none(&complaints.into_inner().unwrap());
}
