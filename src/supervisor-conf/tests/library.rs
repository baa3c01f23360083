// SPDX-License-Identifier: GPL-3.0-or-later
//! The library's interface besides the findings: programs, the root directory, and no panics.

use std::error::Error as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use supervisor_conf::{Autorestart, Host, Program, Report, check};
use tempfile::TempDir;

/// A file system with one configuration file in it.
struct Tree(TempDir);

impl Tree {
    fn new(conf: &str) -> Self {
        let tree = Self(TempDir::new().unwrap());
        tree.file("etc/supervisor/conf.d/a.conf", conf, 0o600);
        tree
    }

    fn file(&self, path: &str, content: &str, mode: u32) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn conf(&self) -> PathBuf {
        self.0.path().join("etc/supervisor/conf.d/a.conf")
    }

    fn host(&self) -> Host {
        Host::new(self.0.path())
    }
}

fn codes(tree: &Tree, host: &Host) -> Vec<&'static str> {
    check(&[tree.conf()], host).unwrap().findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_finding_is_one_line_with_place_and_fix() {
    let tree = Tree::new("[program:lamp]\ncommand=/bin/lamp\nstartsec=3\npriority=first\n");
    tree.file("bin/lamp", "", 0o755);
    let report = check(&[tree.conf()], &tree.host()).unwrap();
    let lines: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let file = tree.conf();
    let file = file.display();
    assert_eq!(
        lines,
        [
            format!(
                "{file}:3:1: warning: `startsec` is not a key of [program:lamp], so supervisord ignores it; \
                 write `startsecs` [unknown-key]"
            ),
            format!(
                "{file}:4:10: error: `priority` of [program:lamp] is `first`, which is not a whole number; \
                 write digits only, without a unit [not-an-integer]"
            ),
        ]
    );
    assert!(report.programs.is_empty(), "a program with an invalid value is not described");
}

#[test]
fn describes_programs_with_defaults_and_expansions() {
    let tree = Tree::new(
        "[program:plain]\ncommand=/bin/lamp\n\
         [program:full]\ncommand=/bin/lamp --name \"%(program_name)s lamp\"\nuser=pi\npriority=300\nautostart=no\n\
         autorestart=true\nstartretries=9\nredirect_stderr=yes\nenvironment=HOME=\"/home/pi\",A=\"1,2\"\n\
         directory=%(here)s\nstdout_logfile=/var/log/supervisor/%(program_name)s.log\n",
    );
    tree.file("bin/lamp", "", 0o755);
    let host = tree.host().with_user("pi").with_directory("/var/log/supervisor");
    let Report { findings, programs, .. } = check(&[tree.conf()], &host).unwrap();
    assert_eq!(findings, []);
    let plain = Program {
        section: "program:plain".to_owned(),
        name: "plain".to_owned(),
        file: tree.conf(),
        line: 1,
        command: vec!["/bin/lamp".to_owned()],
        user: None,
        directory: None,
        priority: 999,
        autostart: true,
        autorestart: Autorestart::Unexpected,
        startretries: 3,
        environment: [].into(),
        redirect_stderr: false,
        logs: Vec::new(),
    };
    let full = Program {
        section: "program:full".to_owned(),
        name: "full".to_owned(),
        file: tree.conf(),
        line: 3,
        command: ["/bin/lamp", "--name", "full lamp"].map(str::to_owned).into(),
        user: Some("pi".to_owned()),
        directory: Some("/etc/supervisor/conf.d".to_owned()),
        priority: 300,
        autostart: false,
        autorestart: Autorestart::Always,
        startretries: 9,
        environment: [("A", "1,2"), ("HOME", "/home/pi")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        redirect_stderr: true,
        logs: vec![PathBuf::from("/var/log/supervisor/full.log")],
    };
    assert_eq!(programs, [plain, full]);
}

#[test]
fn looks_everything_up_below_the_root() {
    let tree = Tree::new(
        "[program:a]\ncommand=lamp\nuser=pi\nstdout_logfile=~pi/a.log\n\
         [program:b]\ncommand=/usr/bin/linked\nuser=1000\n\
         [program:c]\ncommand=/bin/sh\nuser=nobody\n",
    );
    tree.file("etc/passwd", "pi:x:1000:1000:,,,:/home/pi:/bin/bash\n", 0o644);
    tree.file("home/pi/.profile", "", 0o644);
    tree.file("opt/lamp", "", 0o755);
    tree.file("usr/local/bin/lamp", "", 0o755);
    fs::create_dir_all(tree.0.path().join("usr/bin")).unwrap();
    // An absolute symbolic link starts at the tree's root.
    symlink("/opt/lamp", tree.0.path().join("usr/bin/linked")).unwrap();
    assert_eq!(codes(&tree, &tree.host()), ["host-command-not-found", "host-unknown-user"]);
    assert_eq!(codes(&tree, &tree.host().with_command("/bin/sh").with_user("nobody")), [] as [&str; 0]);
}

#[test]
fn circular_links_lead_nowhere() {
    let tree = Tree::new("[program:a]\ncommand=/bin/a\n");
    fs::create_dir_all(tree.0.path().join("bin")).unwrap();
    symlink("b", tree.0.path().join("bin/a")).unwrap();
    symlink("a", tree.0.path().join("bin/b")).unwrap();
    assert_eq!(codes(&tree, &tree.host()), ["host-command-not-found"]);
}

#[test]
fn the_environment_is_that_of_a_systemd_service() {
    let tree = Tree::new("[program:a]\ncommand=/bin/a\nenvironment=P=\"%(ENV_PATH)s\",H=\"%(ENV_HOME)s\"\n");
    let host = tree.host().with_command("/bin/a");
    assert_eq!(codes(&tree, &host), ["host-undefined-variable"]);
    assert_eq!(codes(&tree, &host.with_variable("HOME", "/root")), [] as [&str; 0]);
}

#[test]
fn secrets_may_stand_in_a_file_of_the_owner() {
    let tree = Tree::new("[program:a]\ncommand=/bin/a\nenvironment=API_KEY=\"abc\"\n");
    let host = tree.host().with_command("/bin/a");
    assert_eq!(codes(&tree, &host), [] as [&str; 0]);
    fs::set_permissions(tree.conf(), fs::Permissions::from_mode(0o604)).unwrap();
    assert_eq!(codes(&tree, &host), ["host-readable-secret"]);
}

#[test]
fn a_main_file_brings_the_files_it_includes() {
    let tree = Tree::new("[program:a]\ncommand=/bin/a\nuser=nobdy\n");
    tree.file("etc/supervisor/conf.d/.hidden.conf", "nonsense\n", 0o644);
    tree.file(
        "etc/supervisor/supervisord.conf",
        "[supervisord]\n[include]\nfiles=/etc/supervisor/conf.d/*.conf\n",
        0o644,
    );
    let main = tree.0.path().join("etc/supervisor/supervisord.conf");
    let host = tree.host().with_command("/bin/a");
    // Named twice, read once.
    let findings = check(&[main, tree.conf()], &host).unwrap().findings;
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["host-unknown-user"]);
    assert_eq!(findings[0].file.file_name(), tree.conf().file_name());
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = TempDir::new().unwrap();
    for (path, reason) in
        [(PathBuf::from("/no/such.conf"), "No such file"), (directory.path().to_owned(), "Is a directory")]
    {
        let error = check(std::slice::from_ref(&path), &Host::new("/")).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot read {}", path.display()));
        let cause = error.source().expect("the system's reason").to_string();
        assert!(cause.contains(reason), "{cause}");
    }
}

/// Lines that look enough like a configuration to get past the parser.
fn lines() -> impl Strategy<Value = String> {
    let keys = prop::sample::select(vec![
        "command",
        "environment",
        "numprocs",
        "process_name",
        "stdout_logfile",
        "user",
        "priority",
        "programs",
        "events",
        "files",
        "socket",
        "password",
        "stdout_logfile_maxbytes",
        "numprocs_start",
    ]);
    let headers = prop::sample::select(vec![
        "program:a",
        "program:",
        "group:a",
        "eventlistener:a",
        "fcgi-program:a",
        "include",
        "supervisord",
        "DEFAULT",
        "inet_http_server",
        "rpcinterface:a",
    ]);
    let entry = (keys, "[ -~\u{a0}\u{e9}\t%(){}'\"\\\\;#,=]{0,40}")
        .prop_map(|(key, value)| format!("{key}={value}\n"));
    let header = headers.prop_map(|header| format!("[{header}]\n"));
    let line = prop_oneof![header, entry, "[ \t]{0,3}.{0,20}\n"];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.concat())
}

fn survives(content: &[u8]) {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("a.conf");
    fs::write(&file, content).unwrap();
    let report = check(std::slice::from_ref(&file), &Host::new(directory.path())).unwrap();
    let lines = content.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    for finding in report.findings {
        assert_eq!(finding.file, Path::new(&file));
        assert!((1..=lines).contains(&finding.line), "{finding}");
        assert!(finding.column >= 1, "{finding}");
        assert_eq!(finding.to_string().lines().count(), 1, "{finding}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(content in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(&content);
    }

    #[test]
    fn any_configuration_is_survived(content in lines()) {
        survives(content.as_bytes());
    }
}
