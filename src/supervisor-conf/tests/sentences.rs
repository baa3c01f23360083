// SPDX-License-Identifier: GPL-3.0-or-later
//! The fix that the author of a mistake probably needs, and one finding for one mistake.

use std::fs;
use std::path::Path;

use supervisor_conf::{Finding, Host, Input, Severity, check_readable};
use tempfile::TempDir;

/// The findings in a text, on an unknown machine.
fn findings(text: &str) -> Vec<Finding> {
    let input = Input::Text { name: "a.conf".into(), content: text.into() };
    check_readable(&[input], &Host::unknown()).findings
}

/// The only finding in a text.
fn only(text: &str) -> Finding {
    let found = findings(text);
    assert!(found.len() == 1, "{text}: {found:#?}");
    found.into_iter().next().unwrap()
}

/// The only finding on a machine with its file system at `root`.
fn only_on(root: &Path, host: &Host, text: &str) -> Finding {
    let file = root.join("a.conf");
    fs::write(&file, text).unwrap();
    let found = check_readable(&[Input::File(file)], host).findings;
    assert!(found.len() == 1, "{text}: {found:#?}");
    found.into_iter().next().unwrap()
}

fn program(lines: &str) -> String {
    format!("[program:app]\ncommand=/bin/app\n{lines}\n")
}

#[test]
fn proposes_the_intended_key() {
    for (line, fix) in [
        ("startsec=1", "write `startsecs`"),
        ("group=web", "write `[group:web]` with `programs=app`"),
        ("logfile=/var/log/a", "write `stdout_logfile`"),
        ("logfile_maxbytes=1MB", "write `stdout_logfile_maxbytes`"),
        ("cwd=/srv", "write `directory`"),
        ("env=A=1", "write `environment`"),
        ("working_directory=/srv", "write `directory`"),
        ("minfds=100", "move it to the [supervisord] section"),
        ("programs=a,b", "move it to a [group:NAME] section"),
        ("events=TICK_60", "move it to an [eventlistener:NAME] section"),
        ("nonsense=1", "remove it"),
        // Never proposes a key that the section already has.
        ("autostart=true\nauto_start=false", "remove it; `autostart` is set already"),
        ("directory=/srv\ncwd=/srv", "remove it; `directory` is set already"),
        ("cmd=/bin/b", "remove it; `command` is set already"),
    ] {
        let finding = only(&program(line));
        assert_eq!((finding.code, finding.fix.as_str()), ("unknown-key", fix), "{line}");
    }
    assert_eq!(
        only("[program:a]\ncommand=/bin/a\n[group:g]\nprograms=a\nautostart=no\n").fix,
        "move it to the [program:NAME] sections of the group"
    );
}

#[test]
fn proposes_the_intended_placeholder() {
    for (value, fix) in [
        ("%(program)s", "write `%(program_name)s`"),
        ("%(name)s", "write `%(program_name)s`"),
        ("%(process_number)d", "write `%(process_num)s`"),
        ("%(process_id)s", "write `%(process_num)s`"),
        ("%(hostname)s", "write `%(host_node_name)s`"),
        ("%(group)s", "write `%(group_name)s`"),
        ("%(numproc)s", "write `%(numprocs)s`"),
        ("%(HOME)s", "write `%(ENV_HOME)s`"),
        ("%(program_nam)s", "write `%(program_name)s`"),
        ("%{program_name}s", "write `%(program_name)s`"),
        ("%program_name%", "write `%(program_name)s`"),
        ("100%", "write `%%` for a percent sign, or `%(NAME)s` for a variable"),
    ] {
        let finding = only(&format!("[program:app]\ncommand=/bin/app {value}\n"));
        assert_eq!((finding.severity, finding.fix.as_str()), (Severity::Error, fix), "{value}");
    }
}

#[test]
fn reports_one_mistake_once() {
    for (text, code, severity) in [
        // An indented line becomes part of the value above it.
        ("[program:a]\ncommand=/bin/a\nuser=root\n  autostart=true\n", "swallowed-line", Severity::Warning),
        ("[program:a]\nstartsecs=5\n  command=/bin/a\n", "swallowed-line", Severity::Error),
        (
            "[program:a]\ncommand=/bin/a\nautostart=true\n  autorestart=true\n  startsecs=1\n",
            "swallowed-line",
            Severity::Error,
        ),
        ("[program:a]\ncommand=/bin/a\n  [program:b]\ncommand=/bin/b\n", "swallowed-line", Severity::Warning),
        (
            "[group:g]\nprograms=a,b\n[program:a]\ncommand=/bin/a\n  [program:b]\ncommand=/bin/b\n",
            "swallowed-line",
            Severity::Error,
        ),
        // A header without a closing bracket, or a misspelt one.
        (
            "[program:a]\ncommand=/bin/a\n[program:b\ncommand=/bin/b\nautostart=true\n",
            "unknown-key",
            Severity::Warning,
        ),
        (
            "[group:g]\nprograms=a,b\n[program:a]\ncommand=/bin/a\n[program:b\ncommand=/bin/b\n",
            "unknown-key",
            Severity::Error,
        ),
        ("[program:a\ncommand=/bin/a\n", "missing-section-header", Severity::Error),
        ("[group:g]\nprograms=a\n[progam:a]\ncommand=/bin/a\n", "unknown-program", Severity::Error),
        // A key that is missing because it is misspelt.
        ("[program:a]\ncomand=/bin/a\n", "missing-command", Severity::Error),
        ("[eventlistener:a]\ncommand=/bin/a\nevent=TICK_60\n", "missing-events", Severity::Error),
        (
            "[program:a]\ncommand=/bin/a\nnumprocs=2\nprocessname=%(process_num)d\n",
            "process-num-missing",
            Severity::Error,
        ),
        // Lines that should be indented.
        (
            "[program:a]\ncommand=/bin/a\nenvironment=A=\"1\",\nB=\"2\",\nC=\"3\"\n",
            "unknown-key",
            Severity::Warning,
        ),
        (
            "[program:a]\ncommand=/bin/a\nuser={{ user }}\nautostart={{ start }}\n",
            "unrendered-template",
            Severity::Error,
        ),
    ] {
        let finding = only(text);
        let code = if code == "missing-section-header" { "not-a-setting" } else { code };
        assert_eq!((finding.code, finding.severity), (code, severity), "{text}");
    }
}

#[test]
fn reports_shell_variables_in_paths() {
    for line in ["directory=$HOME/app", "stdout_logfile=${LOGS}/a.log", "environment=PATH=\"/opt:$PATH\""] {
        let finding = only(&program(line));
        assert_eq!(finding.code, "shell-syntax", "{line}");
        assert!(finding.fix.starts_with("write `%(ENV_"), "{}", finding.fix);
    }
    // If a directory is missing because of it, that is the finding.
    let root = TempDir::new().unwrap();
    let host = Host::new(root.path()).with_command("/bin/app");
    for line in ["directory=$HOME/app", "stdout_logfile=$HOME/app.log"] {
        let finding = only_on(root.path(), &host, &program(line));
        assert!(finding.code.starts_with("host-"), "{finding}");
        assert_eq!(finding.fix, "write `%(ENV_HOME)s`; Supervisor does not expand `$HOME`");
    }
}

#[test]
fn looks_up_a_relative_command_twice() {
    let root = TempDir::new().unwrap();
    let text = "[program:app]\ncommand=bin/app\ndirectory=/srv\n";
    let host = || Host::new(root.path()).with_directory("/srv");
    let finding = only_on(root.path(), &host(), text);
    assert!(finding.text.contains("then runs it in `/srv`: it must exist in both"), "{finding}");
    let host = || host().with_working_directory("/opt");
    assert!(
        only_on(root.path(), &host(), text).text.contains("in `/opt`, but supervisord looks for it there")
    );
    let finding = only_on(root.path(), &host().with_command("/opt/bin/app"), text);
    assert!(finding.text.contains("in `/srv`, but supervisord runs it there"), "{finding}");
    let both = host().with_command("/opt/bin/app").with_command("/srv/bin/app");
    let file = root.path().join("a.conf");
    assert_eq!(check_readable(&[Input::File(file)], &both).findings, []);
}

#[test]
fn directories_of_the_kernel_and_of_systemd_exist_at_run_time() {
    let root = TempDir::new().unwrap();
    fs::create_dir_all(root.path().join("usr/lib/tmpfiles.d")).unwrap();
    fs::write(root.path().join("usr/lib/tmpfiles.d/php.conf"), "# php\nd /run/php 0755 www-data www-data\n")
        .unwrap();
    fs::create_dir_all(root.path().join("etc/systemd/system")).unwrap();
    fs::write(root.path().join("etc/systemd/system/a.service"), "[Service]\nRuntimeDirectory=app app/more\n")
        .unwrap();
    let host = Host::new(root.path()).with_command("/bin/app");
    let file = root.path().join("a.conf");
    for path in [
        "/dev/stdout",
        "/dev/fd/1",
        "/proc/self/fd/1",
        "/proc/1/fd/1",
        "/dev/null",
        "/run/a.log",
        "/var/run/a.log",
        "/run/php/a",
        "/var/run/php/a",
        "/run/app/more/a",
    ] {
        fs::write(&file, program(&format!("stdout_logfile={path}\nstdout_logfile_maxbytes=0"))).unwrap();
        assert_eq!(check_readable(&[Input::File(file.clone())], &host).findings, [], "{path}");
    }
    let finding = only_on(root.path(), &host, &program("stdout_logfile=/run/none/a.log"));
    assert_eq!(finding.fix, "add a tmpfiles.d file that creates it at each boot, because /run is empty then");
}

#[test]
fn reports_unchecked_modules_once() {
    let root = TempDir::new().unwrap();
    let text = "[supervisord]\n\
        [rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
        [rpcinterface:a]\nsupervisor.rpcinterface_factory=one.module:make\n\
        [rpcinterface:b]\nsupervisor.rpcinterface_factory=another:make\n";
    let finding = only_on(root.path(), &Host::new(root.path()), text);
    assert_eq!((finding.code, finding.severity), ("host-unchecked-module", Severity::Hint));
    assert!(finding.text.contains("`another:make`, `one.module:make`"), "{finding}");
}
