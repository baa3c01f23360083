// SPDX-License-Identifier: GPL-3.0-or-later
//! The program's output and exit status.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The result of a run.
#[derive(Debug)]
struct Ended {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    /// The codes of the printed findings, in order.
    fn codes(&self) -> Vec<&str> {
        self.stdout.lines().filter_map(|line| line.rsplit_once('[')?.1.strip_suffix(']')).collect()
    }
}

/// A directory with files, the working directory of the program.
struct Place(TempDir);

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = Self(TempDir::new().unwrap());
        for (path, content) in files {
            place.write(path, content.as_bytes());
        }
        place
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_supervisor-check"));
        command.args(arguments).current_dir(self.0.path()).env_clear().stdin(Stdio::null());
        command
    }

    fn call(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments))
    }

    /// Runs the program with text on standard input.
    fn call_with(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may exit before it has read everything.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        Ended {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn ended(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    Ended {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

const GOOD: &str = "[program:good]\ncommand=/bin/sh\n";
const WARNED: &str = "[program:warned]\ncommand=/bin/sh\nstartsec=3\n";
const WRONG: &str = "[program:wrong]\ncommand=/bin/sh\nautostart=perhaps\n";

#[test]
fn the_status_says_how_bad_it_is() {
    let place = Place::new(&[("good.conf", GOOD), ("warned.conf", WARNED), ("wrong.conf", WRONG)]);
    for (arguments, status, counts) in [
        (&["good.conf"][..], 0, ""),
        (&["warned.conf"], 0, "0 errors, 1 warning, 0 hints in 1 file\n"),
        (&["--strict", "warned.conf"], 1, "0 errors, 1 warning, 0 hints in 1 file\n"),
        (&["--strict", "good.conf"], 0, ""),
        (&["wrong.conf"], 1, "1 error, 0 warnings, 0 hints in 1 file\n"),
        (&["good.conf", "warned.conf", "wrong.conf"], 1, "1 error, 1 warning, 0 hints in 3 files\n"),
        (&["--disable", "not-a-boolean", "wrong.conf"], 0, ""),
        (&["--disable=unknown-key,not-a-boolean", "warned.conf", "wrong.conf"], 0, ""),
    ] {
        let ended = place.call(arguments);
        assert_eq!((ended.status, ended.stderr.as_str()), (Some(status), counts), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn reports_usage_errors() {
    let place = Place::new(&[("good.conf", GOOD)]);
    for (arguments, message) in [
        (&[][..], "required"),
        (&["--no-such-option", "good.conf"], "unexpected argument"),
        (&["--format", "xml", "good.conf"], "xml"),
        (&["--disable", "unknown-kex", "good.conf"], "did you mean unknown-key?"),
        (&["--explain", "no such thing"], "no such code"),
        (&["--explain", "unknown-key", "good.conf"], "cannot be used"),
        (&["--root", "nowhere", "good.conf"], "cannot use --root nowhere: not an existing directory"),
        (&["--env", "NAME", "good.conf"], "NAME=VALUE"),
        (&["--cwd", "srv", "good.conf"], "absolute path"),
        (&["--user", "", "good.conf"], "--user"),
        (&["--offline", "--user", "app", "good.conf"], "cannot be used"),
    ] {
        let ended = place.call(arguments);
        assert_eq!(ended.status, Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(message), "{arguments:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{arguments:?}");
    }
}

#[test]
fn continues_after_an_unreadable_input() {
    let place = Place::new(&[("wrong.conf", WRONG), ("empty/readme", "")]);
    place.write("huge.conf", &vec![b'#'; (4 << 20) + 1]);
    let ended = place.call(&["none.conf", "wrong.conf", "huge.conf", "empty"]);
    assert_eq!(ended.status, Some(2), "{ended:?}");
    assert_eq!(ended.codes(), ["not-a-boolean"]);
    assert_eq!(
        ended.stderr,
        "supervisor-check: cannot read none.conf: No such file or directory\n\
         supervisor-check: cannot read huge.conf: file too large\n\
         1 error, 0 warnings, 0 hints in 1 file; 2 inputs could not be read\n"
    );
}

#[test]
fn reports_binary_data_once() {
    let place = Place::new(&[]);
    place.write("binary.conf", b"\x7fELF\x02\x01\0\0\xff\xfe\0\0[program:x]\n");
    let ended = place.call(&["binary.conf"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.codes().contains(&"not-utf8"), "{ended:?}");
    for zero in ["/dev/zero", "/dev/null"] {
        let ended = place.call(&[zero]);
        assert_eq!(ended.status, Some(if zero == "/dev/zero" { 2 } else { 0 }), "{ended:?}");
    }
}

#[test]
fn reads_standard_input() {
    let place = Place::new(&[]);
    let ended = place.call_with(&["-"], WRONG.as_bytes());
    assert_eq!(ended.status, Some(1));
    assert!(ended.stdout.starts_with("-:3:11: error: `autostart`"), "{ended:?}");
    assert_eq!(place.call_with(&["--format=json", "-"], b"").status, Some(0));
    let ended = place.call_with(&["-"], &vec![b';'; (4 << 20) + 1]);
    assert_eq!((ended.status, ended.codes().len()), (Some(2), 0));
}

#[test]
fn checks_the_files_of_a_directory_that_supervisord_would_include() {
    let main = "[supervisord]\n[include]\nfiles=conf.d/*.conf\n";
    let place = Place::new(&[
        ("conf.d/b.conf", WRONG),
        ("conf.d/a.conf", WARNED),
        ("conf.d/.hidden.conf", "nonsense\n"),
        ("conf.d/a.conf.bak", "nonsense\n"),
        ("conf.d/directory.conf/x", "nonsense\n"),
        ("whole/supervisord.conf", main),
        ("whole/conf.d/c.conf", WRONG),
        ("whole/other.conf", "nonsense\n"),
        ("redhat/app.ini", WRONG),
        ("empty/readme", ""),
    ]);
    assert_eq!(place.call(&["conf.d"]).codes(), ["unknown-key", "not-a-boolean"]);
    let whole = place.call(&["--offline", "whole"]);
    assert!(whole.stdout.starts_with("whole/conf.d/c.conf:3:11: error"), "{whole:?}");
    assert_eq!(whole.codes(), ["not-a-boolean"]);
    assert_eq!(place.call(&["redhat"]).codes(), ["not-a-boolean"]);
    assert_eq!(place.call(&["empty"]).status, Some(0));
}

#[test]
fn each_checks_arguments_separately() {
    let group = "[group:web]\nprograms=good\n";
    let place = Place::new(&[("good.conf", GOOD), ("copy.conf", GOOD), ("group.conf", group)]);
    let together = place.call(&["good.conf", "copy.conf", "group.conf"]);
    assert_eq!(together.codes(), ["duplicate-program", "duplicate-key"].as_slice().get(..1).unwrap());
    assert_eq!(place.call(&["--each", "good.conf", "copy.conf"]).codes(), [] as [&str; 0]);
    assert_eq!(place.call(&["--each", "good.conf", "group.conf"]).codes(), ["unknown-program"]);
}

#[test]
fn json_contains_all_findings() {
    let place =
        Place::new(&[("wrong.conf", WRONG), ("user.conf", "[program:u]\ncommand=/bin/sh\nuser=no-such\n")]);
    let ended = place.call(&["--format=json", "wrong.conf", "user.conf", "none.conf"]);
    assert_eq!(ended.status, Some(2));
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let first = &report["findings"][0];
    assert_eq!(first["file"], "wrong.conf");
    assert_eq!((&first["line"], &first["column"]), (&3.into(), &11.into()));
    assert_eq!((&first["severity"], &first["code"]), (&"error".into(), &"not-a-boolean".into()));
    assert_eq!(first["host"], false);
    assert_eq!(report["findings"][1]["host"], true);
    assert_eq!(report["unreadable"][0]["file"], "none.conf");
    assert_eq!(report["counts"]["errors"], 2);
}

#[test]
fn escapes_annotations() {
    let place =
        Place::new(&[("a,b:c.conf", "[program:x]\ncommand=/bin/sh\nautostart=100%%\ndepends_on=y\n")]);
    let ended = place.call(&["--format=github", "a,b:c.conf"]);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(
        lines[0].starts_with("::error file=a%2Cb%3Ac.conf,line=3,col=11,title=not-a-boolean::`autostart`"),
        "{ended:?}"
    );
    assert!(lines[0].contains("`100%25`"), "{ended:?}");
    assert!(lines[1].starts_with("::notice file="), "{ended:?}");
}

#[test]
fn sarif_matches_its_schema() {
    let place = Place::new(&[
        ("a b%.conf", WRONG),
        ("warned.conf", WARNED),
        ("hint.conf", "[program:h]\ncommand=/bin/sh\ncron=@daily\n"),
    ]);
    let absolute = place.path("warned.conf");
    for arguments in [
        &["a b%.conf", "hint.conf", absolute.to_str().unwrap(), "none.conf"][..],
        &["--disable=unknown-key", "warned.conf"],
    ] {
        let ended = place.call(&[&["--format=sarif"], arguments].concat());
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sarif");
        let mut validate = Command::new("/usr/bin/python3");
        validate.arg(directory.join("validate.py")).arg(directory.join("sarif-schema-2.1.0.json"));
        let mut child =
            validate.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(ended.stdout.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}{}; is python3-jsonschema installed?",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let log: Value = serde_json::from_str(&ended.stdout).unwrap();
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
        }
        if arguments.len() > 2 {
            let uri = |result: usize| {
                &run["results"][result]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            };
            assert_eq!(*uri(0), "a%20b%25.conf");
            assert_eq!(run["results"][1]["level"], "note");
            assert_eq!(*uri(2), format!("file://{}", absolute.display()));
            assert_eq!(run["invocations"][0]["executionSuccessful"], false);
        }
    }
}

#[test]
fn uses_colours_on_terminals_only() {
    let place = Place::new(&[("wrong.conf", WRONG)]);
    assert!(!place.call(&["wrong.conf"]).stdout.contains('\x1b'));
    assert!(place.call(&["--color=always", "wrong.conf"]).stdout.contains("\x1b[1;31merror:\x1b[0m"));
    // script(1) runs the program on a terminal.
    let on_terminal = |arguments: &str, variables: &[(&str, &str)]| {
        let mut command = Command::new("/usr/bin/script");
        let call = format!("{} {arguments}", env!("CARGO_BIN_EXE_supervisor-check"));
        command.args(["--quiet", "--return", "--command", &call, "/dev/null"]);
        command.current_dir(place.0.path()).env_clear().env("TERM", "xterm").envs(variables.iter().copied());
        command.stdin(Stdio::null());
        ended(command).stdout
    };
    assert!(on_terminal("wrong.conf", &[]).contains("\x1b[1;31merror:"));
    assert!(!on_terminal("wrong.conf", &[("NO_COLOR", "1")]).contains('\x1b'));
    assert!(!on_terminal("wrong.conf", &[("TERM", "dumb")]).contains('\x1b'));
    // On a terminal, the summary is printed even without findings.
    assert!(
        on_terminal("--disable=not-a-boolean wrong.conf", &[])
            .contains("0 errors, 0 warnings, 0 hints in 1 file")
    );
}

#[test]
fn explains_every_code() {
    let place = Place::new(&[]);
    for code in supervisor_conf::codes::CODES {
        let ended = place.call(&["--explain", code.name]);
        assert_eq!(ended.status, Some(0));
        assert!(ended.stdout.starts_with(code.name), "{ended:?}");
        assert!(
            ended.stdout.contains("\nExample:\n") && ended.stdout.contains("\nUse instead:\n"),
            "{ended:?}"
        );
        assert!(ended.stdout.lines().all(|line| line.chars().count() <= 100), "{ended:?}");
    }
}

#[test]
fn comments_disable_codes() {
    let place = Place::new(&[
        (
            "behind.conf",
            "[program:x]\ncommand=/bin/sh\nstartsec=3 ; lampi-check: disable=unknown-key\nfoo=1\n",
        ),
        (
            "before.conf",
            "[program:x]\ncommand=/bin/sh\n# lampi-check: disable=unknown-key, known\n\nstartsec=3\nfoo=1\n",
        ),
        (
            "file.conf",
            "; lampi-check: disable=unknown-key,not-a-boolean\n[program:x]\ncommand=/bin/sh\nfoo=1\nautostart=perhaps\n",
        ),
        ("long.conf", "[program:x]\n; lampi-check: disable=shell-syntax\ncommand=/bin/sh\n  a\n  && b\n"),
        ("cut.conf", "[program:x]\ncommand=/bin/sh -c \"a ; b\" ; lampi-check: disable=value-cut\n"),
        ("harmless.conf", "[program:x]\ncommand=/bin/sh ; lampi-check: disable=relative-command\n"),
        ("unknown.conf", "[program:x]\ncommand=/bin/sh ; lampi-check: disable=unknown-keys\n"),
    ]);
    for (file, codes) in [
        ("behind.conf", &["unknown-key"][..]),
        ("before.conf", &["unknown-key"]),
        ("file.conf", &[]),
        ("long.conf", &[]),
        ("cut.conf", &[]),
        ("harmless.conf", &[]),
        ("unknown.conf", &["unknown-code"]),
    ] {
        assert_eq!(place.call(&[file]).codes(), codes, "{file}");
    }
}

#[test]
fn offline_ignores_the_machine() {
    let conf = "[supervisord]\nuser=app\nlogfile=/var/log/none/s.log\n[unix_http_server]\nfile=/none/s.sock\n\
                [include]\nfiles=/etc/none.conf conf.d/*.conf\n\
                [program:x]\ncommand=/opt/x/bin/x %(ENV_MODE)s\nuser=app\ndirectory=/opt/x\n\
                environment=API_KEY=\"secret\",HOME=\"%(ENV_HOME)s\",NODE=\"%(host_node_name)s\"\n\
                stdout_logfile=/opt/x/log/%(ENV_MODE)s.log\nautostart=%(ENV_START)s\nnumprocs=%(ENV_MANY)s\n\
                process_name=%(program_name)s%(process_num)d\n";
    let place = Place::new(&[("supervisord.conf", conf), ("conf.d/wrong.conf", WRONG)]);
    let ended = place.call(&["--offline", "supervisord.conf"]);
    assert_eq!(ended.codes(), ["not-a-boolean"], "{ended:?}");
    let ended = place.call(&["--offline", "--env=START=perhaps", "--env=MODE=a", "supervisord.conf"]);
    assert_eq!(ended.codes().len(), 2, "{ended:?}");
    let here = place.call(&["supervisord.conf"]);
    assert!(here.codes().iter().filter(|code| code.starts_with("host-")).count() > 3, "{here:?}");
}

#[test]
fn ignores_permissions_in_a_git_checkout() {
    let place = Place::new(&[("a.conf", "[program:x]\ncommand=/bin/sh\nenvironment=API_KEY=\"abc\"\n")]);
    fs::set_permissions(place.path("a.conf"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(place.call(&["a.conf"]).codes(), ["host-readable-secret"]);
    fs::create_dir(place.path(".git")).unwrap();
    assert_eq!(place.call(&["a.conf"]).codes(), [] as [&str; 0]);
}

#[test]
fn options_describe_the_machine() {
    let conf =
        "[program:x]\ncommand=bin/x %(ENV_MODE)s\nuser=app\ndirectory=/srv/x\nstdout_logfile=/srv/x/x.log\n";
    let place = Place::new(&[("a.conf", conf), ("root/etc/hostname", "lamp\n")]);
    let root = ["--root", "root", "a.conf"];
    assert_eq!(
        place.call(&root).codes(),
        [
            "host-undefined-variable",
            "host-unknown-user",
            "host-directory-missing",
            "host-log-directory-missing"
        ]
    );
    let said = ["--env=MODE=a", "--user=app", "--directory=/srv/x", "--cwd=/opt", "--command=/opt/bin/x"];
    // supervisord looks it up in one directory and runs it relative to another.
    let ended = place.call(&[&root[..], &said].concat());
    assert_eq!(ended.codes(), ["host-command-not-found"], "{ended:?}");
    assert!(ended.stdout.contains("but supervisord runs it there"), "{ended:?}");
    let ended = place.call(&[&root[..], &said, &["--command=/srv/x/bin/x"]].concat());
    assert_eq!(ended.codes(), [] as [&str; 0], "{ended:?}");
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let one = |number| format!("[program:p{number}]\ncommand=/bin/sh\nfoo=1\n");
    let many = (0..2000).map(one).collect::<Vec<_>>().concat();
    let place = Place::new(&[("many.conf", &many)]);
    let mut command = place.command(&["many.conf"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panic"));
    // A full disk is an error.
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = place.command(&["many.conf"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
