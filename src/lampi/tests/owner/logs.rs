// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi logs`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use test_support::PATIENCE;

use crate::{Lamp, as_nobody, lampi};

fn fine(output: &str) -> (Option<i32>, String, String) {
    (Some(0), output.to_owned(), String::new())
}

/// A call of `lampi logs --follow`, line by line.
struct Followed {
    child: Child,
    lines: Receiver<String>,
}

impl Followed {
    fn start(lamp: &Lamp, arguments: &[&str]) -> Self {
        let mut command = lampi(&["logs", "--follow", "--root"]);
        command.arg(lamp.root.path()).args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    #[track_caller]
    fn next(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn prints_the_last_lines_of_all_logs_in_order() {
    let lamp = Lamp::new();
    lamp.write(
        "var/log/supervisor/fbcp.log",
        "2026-01-31T12:00:01Z fbcp: one\n2026-01-31T12:00:04Z fbcp: four\n",
    );
    lamp.write("var/log/supervisor/lamp_ui.log", "2026-01-31T12:00:03Z lamp_ui: three\n  and more\n");
    lamp.write("var/log/supervisor/lamp_ui.log.1", "2026-01-31T12:00:02Z lamp_ui: two\n");
    assert_eq!(
        lamp.call(&["logs"]),
        fine(
            "fbcp         | 2026-01-31T12:00:01Z fbcp: one\n\
             lamp_ui      | 2026-01-31T12:00:02Z lamp_ui: two\n\
             lamp_ui      | 2026-01-31T12:00:03Z lamp_ui: three\n\
             lamp_ui      |   and more\n\
             fbcp         | 2026-01-31T12:00:04Z fbcp: four\n"
        )
    );
    assert_eq!(
        lamp.call(&["logs", "-n", "1"]),
        fine("lamp_ui      |   and more\nfbcp         | 2026-01-31T12:00:04Z fbcp: four\n")
    );
    assert_eq!(lamp.call(&["logs", "fbcp", "-n", "1"]), fine("2026-01-31T12:00:04Z fbcp: four\n"));
    let missing = lamp.path("var/log/supervisor/pigpiod.log");
    assert_eq!(
        lamp.call(&["logs", "pigpiod"]),
        (
            Some(1),
            String::new(),
            format!("lampi: {} does not exist: pigpiod was never started\n", missing.display())
        )
    );
    // A log at another path, as set in the file.
    lamp.write(
        "etc/supervisor/conf.d/fbcp.conf",
        "[program:fbcp]\ncommand=/bin/true\nredirect_stderr=true\nstdout_logfile=/srv/fbcp\n",
    );
    lamp.write("srv/fbcp", "elsewhere\n");
    assert_eq!(lamp.call(&["logs", "fbcp"]), fine("elsewhere\n"));

    fs::set_permissions(lamp.path("var/log/supervisor/lamp_ui.log"), fs::Permissions::from_mode(0o600))
        .unwrap();
    let (status, _, errors) =
        as_nobody(lamp.root.path(), &["logs", "--root", lamp.root.path().to_str().unwrap()]);
    assert_eq!(status, Some(1));
    assert!(errors.ends_with("lamp_ui.log: permission denied; run it again with sudo\n"), "{errors}");
}

#[test]
fn follows_a_log_that_supervisor_rotates() {
    let lamp = Lamp::new();
    lamp.write_confs();
    let go = lamp.path("go");
    // Counts without a limit; the pauses keep Supervisor from reading everything at once.
    let count = "i=$((i+1)); echo line $i; [ $((i % 20)) -gt 0 ] || /bin/true";
    let script = format!(
        "/bin/sh -c \"echo started; read go <{}; i=0; while [ $i -lt 3000 ]; do {count}; done; \
         exec sleep 1000000\"",
        go.display()
    );
    let script = script.replace(" % ", " %% ");
    nix::unistd::mkfifo(&go, nix::sys::stat::Mode::S_IRWXU).unwrap();
    lamp.write_conf("fbcp", &script);
    let conf = lamp.path("etc/supervisor/conf.d/fbcp.conf");
    let text =
        fs::read_to_string(&conf).unwrap() + "stdout_logfile_maxbytes=2KB\nstdout_logfile_backups=50\n";
    fs::write(&conf, text).unwrap();
    let followed = Followed::start(&lamp, &["fbcp"]);
    let supervisord = lamp.supervise();
    assert_eq!(followed.next(), "started");
    fs::write(&go, "\n").unwrap();
    for number in 1..=3000 {
        assert_eq!(followed.next(), format!("line {number}"));
    }
    assert!(lamp.path("var/log/supervisor/fbcp.log.2").exists(), "the log was rotated more than once");
    drop(supervisord);
}

#[test]
fn follows_logs_that_are_created_or_truncated_later() {
    let lamp = Lamp::new();
    lamp.write("var/log/supervisor/fbcp.log", "old\nhalf a ");
    let followed = Followed::start(&lamp, &["--lines", "1"]);
    assert_eq!(followed.next(), "fbcp         | old");
    let mut log = File::options().append(true).open(lamp.path("var/log/supervisor/fbcp.log")).unwrap();
    log.write_all(b"line\n").unwrap();
    assert_eq!(followed.next(), "fbcp         | half a line");
    lamp.write("var/log/supervisor/lamp_ui.log", "new\n");
    assert_eq!(followed.next(), "lamp_ui      | new");
    // As `supervisorctl clear` does.
    fs::remove_file(lamp.path("var/log/supervisor/fbcp.log")).unwrap();
    lamp.write("var/log/supervisor/fbcp.log", "cleared\n");
    assert_eq!(followed.next(), "fbcp         | cleared");
    lamp.write("var/log/supervisor/fbcp.log", "cut\n");
    assert_eq!(followed.next(), "fbcp         | cut");
}
