// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks damaged files with this crate and with Supervisor's own code: both must refuse the same files.
//!
//! The files are those of `tests/broken`, `tests/good` and `tests/documented` with a few random edits. The
//! environment variables `SEED` and `FILES` set the random seed and the number of files.
//! `LAMPI_TEST_SUPERVISOR` is a directory with a Python package `supervisor` to use instead of Debian's.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use supervisor_conf::{Host, Severity, check};

const ENVIRONMENT: [(&str, &str); 3] = [
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("HOME", "/"),
    ("LANG", "C.UTF-8"),
];

/// Codes of faults that Supervisor detects later, when it switches to another user and opens logs and
/// sockets.
const LATER: [&str; 9] = [
    "bad-address",
    "host-address-unusable",
    "host-log-is-directory",
    "host-log-not-writable",
    "host-socket-directory-missing",
    "host-socket-is-directory",
    "host-socket-not-writable",
    "host-too-many-files",
    "log-is-directory",
];

/// Codes that take the severity of findings that follow from them, including those in `LATER`.
const FOR_OTHERS: [&str; 3] = ["swallowed-line", "unknown-key", "unrendered-template"];

/// Whether the judgement depends on facts outside the file: on Python modules, or on a variable that one
/// process of a program passes to the next.
fn is_unknowable(content: &str, judgement: &str) -> bool {
    let modules =
        ["supervisor.dispatchers:default_handler", "supervisor.rpcinterface:make_main_rpcinterface"];
    let imports = |line: &str| line.contains("result_handler") || line.contains("rpcinterface_factory");
    let mut lines = content.split(['\n', '\r']);
    // Supervisor 4.2 accepts a name and `=` before a module, 4.3 does not.
    if lines.clone().any(|line| imports(line) && line.matches('=').count() > 1) {
        return true;
    }
    lines.any(|line| imports(line) && !modules.iter().any(|module| line.trim_end().ends_with(module)))
        || (judgement.contains("{'") && content.contains("numprocs"))
}

/// Text that edits insert: tokens of the parsers, and text that resembles them.
const MORSELS: &[&str] = &[
    "%",
    "%%",
    "%(",
    ")s",
    "%(here)s",
    "%(ENV_HOME)s",
    "%(program_name)s",
    "%(process_num)02d",
    "%s",
    "%(numprocs)d",
    "\"",
    "'",
    "\\",
    ",",
    ";",
    " ;",
    "#",
    " #",
    "=",
    ":",
    "[",
    "]",
    "[]",
    " ",
    "  ",
    "\t",
    "\n",
    "\n ",
    "\n\n",
    "\r",
    "\r\n",
    "0",
    "-1",
    "1_0",
    "999",
    "KB",
    "mb",
    "true",
    "no",
    "auto",
    "x",
    "/",
    "~",
    "~/",
    ".",
    "_",
    "{",
    "}",
    "*",
    "\u{1c}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{3000}",
    "\u{feff}",
    "\u{e9}",
    "\u{130}",
    "\x0b",
    "\x0c",
    "[program:x]",
    "[group:x]",
    "[DEFAULT]",
    "numprocs=2\n",
    "environment=A=b\n",
    "user=nobody\n",
    "priority=1\n",
];

fn seeds() -> Vec<Vec<u8>> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files: Vec<PathBuf> = ["broken", "good"]
        .iter()
        .flat_map(|kind| fs::read_dir(tests.join(kind)).unwrap())
        .flat_map(|case| fs::read_dir(case.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .chain(fs::read_dir(tests.join("documented")).unwrap().map(|file| file.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn damage(random: &mut fastrand::Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut content = random.choice(seeds).unwrap().clone();
    for _ in 0..random.usize(1..5) {
        let at = random.usize(0..=content.len());
        match random.u8(0..10) {
            0..5 => {
                content.splice(at..at, random.choice(MORSELS).unwrap().bytes());
            }
            5..7 => {
                let end = (at + random.usize(1..4)).min(content.len());
                content.drain(at..end);
            }
            7 => {
                // A line of another file, or of this one.
                let other = random.choice(seeds).unwrap();
                let lines: Vec<&[u8]> = other.split_inclusive(|byte| *byte == b'\n').collect();
                let start = content[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                content
                    .splice(start..start, random.choice(&lines).copied().unwrap_or_default().iter().copied());
            }
            8 => {
                let start = content[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                content.splice(start..start, b"  ".iter().copied());
            }
            _ => {
                if random.u8(0..8) == 0 {
                    content.insert(at, random.u8(..));
                }
            }
        }
    }
    content
}

/// Supervisor's judgement of each main file, one line each.
fn judge(mains: &[PathBuf]) -> Vec<String> {
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge.py");
    let mut python = Command::new("/usr/bin/python3")
        .arg(judge)
        .env_clear()
        .envs(ENVIRONMENT)
        .envs(std::env::var_os("LAMPI_TEST_SUPERVISOR").map(|directory| ("PYTHONPATH", directory)))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts; install it with: apt-get install supervisor");
    let mut stdin = python.stdin.take().unwrap();
    let mains = mains.to_vec();
    let writer = std::thread::spawn(move || {
        for path in mains {
            writeln!(stdin, "{}", path.display()).unwrap();
        }
    });
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "judge.py ended: {}; is supervisor installed?", output.status);
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn agrees_with_supervisor_on_damaged_files() {
    let from_environment = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = from_environment("SEED").unwrap_or(4);
    let count = from_environment("FILES").unwrap_or(1500) as usize;
    let mut random = fastrand::Rng::with_seed(seed);
    let seeds = seeds();
    let directory = tempfile::tempdir().unwrap();
    let host = ENVIRONMENT.iter().fold(Host::new("/"), |host, (name, value)| host.with_variable(name, value));

    let mut mains = Vec::new();
    let mut contents = Vec::new();
    for number in 0..count {
        let main = directory.path().join(format!("{number}.main"));
        fs::write(&main, format!("[supervisord]\nlogfile=/tmp/s.log\n[include]\nfiles={number}.conf\n"))
            .unwrap();
        let content = damage(&mut random, &seeds);
        fs::write(directory.path().join(format!("{number}.conf")), &content).unwrap();
        mains.push(main);
        contents.push(content);
    }
    let judgements = judge(&mains);
    assert_eq!(judgements.len(), count);

    let mut disagreements = Vec::new();
    for ((main, content), judgement) in mains.iter().zip(&contents).zip(&judgements) {
        let findings = check(std::slice::from_ref(main), &host).unwrap().findings;
        let errors: Vec<String> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error && !LATER.contains(&finding.code))
            .map(|finding| format!("  {finding}"))
            .collect();
        let text = String::from_utf8_lossy(content);
        let is_later = |finding: &supervisor_conf::Finding| {
            finding.severity != Severity::Error
                || LATER.contains(&finding.code)
                || FOR_OTHERS.contains(&finding.code)
        };
        if judgement == "accepted" && findings.iter().all(is_later) {
            continue;
        }
        if errors.is_empty() != (judgement == "accepted") && !is_unknowable(&text, judgement) {
            disagreements
                .push(format!("{text}\n-- supervisor: {judgement}\n-- here:\n{}", errors.join("\n")));
        }
    }
    let refused = judgements.iter().filter(|judgement| *judgement != "accepted").count();
    assert!(refused * 4 > count && refused * 20 < count * 19, "{refused} of {count} files are refused");
    let shown = disagreements.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n==========\n");
    assert!(disagreements.is_empty(), "{} of {count} with SEED={seed}:\n{shown}", disagreements.len());
}
