// SPDX-License-Identifier: GPL-3.0-or-later
//! Directories of configuration files, each checked by this crate and by the real supervisord.
//!
//! A directory in `tests/broken` contains files and their `expected` findings, one per line:
//! `file:line:column: severity [code]`. supervisord must refuse it if one of them is an error, and start
//! otherwise. A directory in `tests/good` contains files that supervisord accepts and that have no finding. A
//! `supervisord.conf` is the main file. It must include `conf.d/*.conf`, which gets all other files, and have
//! its socket at `%(here)s/supervisor.sock`. `@PORT@` becomes a free TCP port. `NAME.private.conf` is
//! readable only by its owner, the other files by all users. To add a case, add a directory.
//!
//! `tests/documented` contains files from the documentation of Supervisor and of programs that run under it,
//! with typical mistakes. supervisord must start with each file that has no error. A first line `; expects:
//! CODE...` lists the findings in the file alone, in order.
//!
//! `LAMPI_TEST_SUPERVISOR` is a directory with a Python package `supervisor` to use instead of Debian's.

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

/// The environment of supervisord and of the check.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("HOME", "/"),
    ("LANG", "C.UTF-8"),
];

/// Starts supervisord like its script.
const START: &str = "import sys; from supervisor.supervisord import main; sys.exit(main())";

/// Debian's supervisord.conf, with all files in the directory of the case.
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

/// A copy of a directory of files, in which supervisord can write.
struct Case {
    name: String,
    directory: TempDir,
    has_main: bool,
    expected: BTreeSet<String>,
}

impl Case {
    /// The files of `tests/documented`; a file with a `[supervisord]` section is the main file.
    fn documented() -> Vec<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documented");
        let mut files: Vec<PathBuf> =
            fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 100, "{} has {} files", directory.display(), files.len());
        files.iter().map(|file| Self::of_file(file)).collect()
    }

    fn of_file(file: &Path) -> Self {
        let directory = TempDir::new().unwrap();
        fs::create_dir(directory.path().join("conf.d")).unwrap();
        let content = fs::read_to_string(file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let has_main = content.lines().any(|line| line == "[supervisord]");
        let case = Self { name, has_main, expected: BTreeSet::new(), directory };
        let target = if has_main { case.main() } else { case.directory.path().join("conf.d/case.conf") };
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
        let directory = self.directory.path().join("conf.d");
        let mut files: Vec<PathBuf> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    fn all(kind: &str) -> Vec<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(kind);
        let mut cases: Vec<PathBuf> =
            fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        cases.sort();
        assert!(!cases.is_empty(), "{} has no cases", directory.display());
        cases.iter().map(|case| Self::copy(case)).collect()
    }

    fn copy(source: &Path) -> Self {
        let directory = TempDir::new().unwrap();
        let conf_d = directory.path().join("conf.d");
        fs::create_dir(&conf_d).unwrap();
        let mut case = Self {
            name: source.file_name().unwrap().to_string_lossy().into_owned(),
            has_main: source.join("supervisord.conf").exists(),
            expected: BTreeSet::new(),
            directory,
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
            // Only text contains a port; other data stays unchanged.
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
        self.directory.path().join("supervisord.conf")
    }

    fn is_refused(&self) -> bool {
        self.expected.iter().any(|line| line.contains(": error ["))
    }

    fn check(&self) -> Report {
        let host =
            ENVIRONMENT.iter().fold(Host::new("/"), |host, (name, value)| host.with_variable(name, value));
        check(&self.files(), &host).unwrap()
    }

    /// Returns the findings if they are not the expected ones.
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

    /// Returns the findings in the file alone if they are not those on its first line.
    fn differs_from_its_first_line(&self) -> Option<String> {
        let files = self.files();
        let content = fs::read_to_string(&files[0]).unwrap();
        let first = content.lines().next().and_then(|line| line.strip_prefix("; expects:")).unwrap_or("");
        let expected: Vec<&str> = first.split_whitespace().collect();
        let findings = check(&files, &Host::unknown()).unwrap().findings;
        let found: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
        (found != expected).then(|| format!("{}: {findings:#?}", self.name))
    }

    /// Returns supervisord's output if it does not start or refuse as expected.
    fn supervisord_disagrees(&self, is_refused: bool) -> Option<String> {
        let output_path = self.directory.path().join("output");
        let output = fs::File::create(&output_path).unwrap();
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-c", START, "--nodaemon", "--configuration"]).arg(self.main());
        command.current_dir(self.directory.path()).env_clear().envs(ENVIRONMENT).stdout(Stdio::from(output));
        if let Some(directory) = std::env::var_os("LAMPI_TEST_SUPERVISOR") {
            command.env("PYTHONPATH", directory);
        }
        let mut supervisord = Process::start(&mut command, "supervisor");
        let socket = self.directory.path().join("supervisor.sock");
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
                // An unexpected exception ends it with a traceback.
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
fn reports_every_mistake_at_its_place() {
    let cases = Case::all("broken");
    let silent = cases
        .iter()
        .filter(|case| case.expected.is_empty())
        .map(|case| format!("{}: expects nothing", case.name));
    assert_none(&silent.collect::<Vec<_>>());
    assert_none(&cases.iter().filter_map(Case::findings_differ).collect::<Vec<_>>());
}

#[test]
fn reports_nothing_for_good_files() {
    assert_none(&Case::all("good").iter().filter_map(Case::findings_differ).collect::<Vec<_>>());
}

#[test]
fn documented_files_have_the_expected_findings() {
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
