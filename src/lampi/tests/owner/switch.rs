// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi disable` and `lampi enable`, with a real supervisord.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::{Lamp, NOBODY, as_nobody};

const CONF: &str = "etc/supervisor/conf.d/lamp_ui.conf";
const DISABLED: &str = "etc/supervisor/conf.d/lamp_ui.conf.disabled";
const PACKAGED: &str = "usr/share/lampi/conf.d/lamp_ui.conf";

/// What only root may read.
const ROOT_ONLY: (u32, u32, u32) = (0o600, 0, 0);

fn fine(output: &str) -> (Option<i32>, String, String) {
    (Some(0), format!("{output}\n"), String::new())
}

fn failed(error: &str) -> (Option<i32>, String, String) {
    (Some(1), String::new(), format!("lampi: {error}\n"))
}

/// A lamp with the files of its programs, which nothing runs.
fn resting() -> Lamp {
    let lamp = Lamp::new();
    lamp.write_confs();
    lamp
}

#[test]
fn a_program_is_stopped_for_good_and_started_again() {
    let lamp = resting();
    let supervisord = lamp.supervise();
    for program in ["fbcp", "pigpiod", "lamp_service", "lamp_ui"] {
        supervisord.await_state(program, "RUNNING");
    }
    let others = || ["fbcp", "pigpiod", "lamp_service"].map(|program| supervisord.pid(program));
    let (pids, content) = (others(), lamp.read(CONF));

    let stopped = fine("lamp_ui is stopped until you say: sudo lampi enable lamp_ui");
    assert_eq!(lamp.call(&["disable", "lamp_ui"]), stopped);
    assert_eq!(supervisord.state("lamp_ui"), "");
    assert!(!lamp.path(CONF).exists());
    assert_eq!((lamp.read(DISABLED), lamp.access(DISABLED)), (content.clone(), ROOT_ONLY));
    // Once more is no failure.
    assert_eq!(lamp.call(&["disable", "lamp_ui"]), stopped);

    let started = fine("lamp_ui is enabled, and started");
    assert_eq!(lamp.call(&["enable", "lamp_ui"]), started);
    supervisord.await_state("lamp_ui", "RUNNING");
    assert!(!lamp.path(DISABLED).exists());
    assert_eq!((lamp.read(CONF), lamp.access(CONF)), (content, ROOT_ONLY));
    assert_eq!(
        lamp.call(&["enable", "lamp_ui"]),
        fine(
            "lamp_ui was not disabled; if it is stopped, start it with: \
             sudo lampi start lamp_ui"
        )
    );
    assert_eq!(others(), pids, "the other programs were not touched");

    // Disabled by hand, without a word to Supervisor.
    fs::rename(lamp.path(CONF), lamp.path(DISABLED)).unwrap();
    assert_eq!(supervisord.state("lamp_ui"), "RUNNING");
    assert_eq!(lamp.call(&["disable", "lamp_ui"]), stopped);
    assert_eq!(supervisord.state("lamp_ui"), "");
    fs::rename(lamp.path(DISABLED), lamp.path(CONF)).unwrap();
    assert_eq!(lamp.call(&["enable", "lamp_ui"]), started);
    supervisord.await_state("lamp_ui", "RUNNING");
    assert_eq!(others(), pids);
}

#[test]
fn several_programs_are_switched_at_once_and_one_failure_does_not_stop_the_others() {
    let lamp = resting();
    let supervisord = lamp.supervise();
    for program in ["fbcp", "pigpiod", "lamp_service", "lamp_ui"] {
        supervisord.await_state(program, "RUNNING");
    }
    let others = || ["pigpiod", "lamp_service"].map(|program| supervisord.pid(program));
    let pids = others();
    assert_eq!(
        lamp.call(&["disable", "fbcp", "lamp_ui"]),
        fine(
            "fbcp is stopped until you say: sudo lampi enable fbcp\n\
             lamp_ui is stopped until you say: sudo lampi enable lamp_ui"
        )
    );
    assert_eq!(["fbcp", "lamp_ui"].map(|program| supervisord.state(program)), ["", ""]);
    fs::remove_file(lamp.path("etc/supervisor/conf.d/fbcp.conf.disabled")).unwrap();
    assert_eq!(
        lamp.call(&["enable", "fbcp", "lamp_ui"]),
        (
            Some(1),
            "lamp_ui is enabled, and started\n".into(),
            format!(
                "lampi: there is nothing to enable fbcp with: neither {} nor {}; install the package lampi again\n",
                lamp.path("etc/supervisor/conf.d/fbcp.conf.disabled").display(),
                lamp.path("usr/share/lampi/conf.d/fbcp.conf").display()
            )
        )
    );
    supervisord.await_state("lamp_ui", "RUNNING");
    assert_eq!(others(), pids, "the other programs were not touched");
    assert_eq!(
        as_nobody(lamp.root.path(), &["disable", "fbcp", "lamp_ui"]),
        failed("this needs root; say: sudo lampi disable fbcp lamp_ui")
    );
}

#[test]
fn a_file_that_is_gone_comes_back_as_packaged() {
    let lamp = resting();
    fs::rename(lamp.path(CONF), lamp.path(PACKAGED)).unwrap();
    let supervisord = lamp.supervise();
    assert_eq!(supervisord.state("lamp_ui"), "");
    assert_eq!(
        lamp.call(&["disable", "lamp_ui"]),
        failed(&format!(
            "lamp_ui cannot be disabled: there is no {}; sudo lampi enable lamp_ui brings it back",
            lamp.path(CONF).display()
        ))
    );
    assert_eq!(
        lamp.call(&["enable", "lamp_ui"]),
        fine(&format!(
            "{} is back as the package brought it\nlamp_ui is enabled, and started",
            lamp.path(CONF).display()
        ))
    );
    supervisord.await_state("lamp_ui", "RUNNING");
    assert_eq!((lamp.read(CONF), lamp.access(CONF)), (lamp.read(PACKAGED), ROOT_ONLY));

    for path in [CONF, PACKAGED] {
        fs::remove_file(lamp.path(path)).unwrap();
    }
    assert_eq!(
        lamp.call(&["enable", "lamp_ui"]),
        failed(&format!(
            "there is nothing to enable lamp_ui with: neither {} nor {}; install the package lampi again",
            lamp.path(DISABLED).display(),
            lamp.path(PACKAGED).display()
        ))
    );
}

#[test]
fn it_works_without_supervisor() {
    let lamp = resting();
    assert_eq!(
        lamp.call(&["disable", "lamp_ui"]),
        fine("lamp_ui is disabled; Supervisor does not run, and will leave it alone when it is started")
    );
    let supervisord = lamp.supervise();
    supervisord.await_state("fbcp", "RUNNING");
    assert_eq!(supervisord.state("lamp_ui"), "");
    // Gone without taking its socket along. Its programs would outlive it.
    supervisord.control(&["stop", "all"]);
    supervisord.process.signal(test_support::Signal::SIGKILL);
    drop(supervisord);
    assert_eq!(
        lamp.call(&["enable", "lamp_ui"]),
        fine("lamp_ui is enabled; Supervisor does not run, and will start it when it is started itself")
    );
    assert!(lamp.path(CONF).exists() && !lamp.path(DISABLED).exists());
}

#[test]
fn what_is_not_sure_is_refused_and_changes_nothing() {
    let lamp = resting();
    fs::copy(lamp.path(CONF), lamp.path(DISABLED)).unwrap();
    let both = failed(&format!(
        "there are both {} and {}; remove the one that you do not want",
        lamp.path(CONF).display(),
        lamp.path(DISABLED).display()
    ));
    assert_eq!(lamp.call(&["disable", "lamp_ui"]), both);
    assert_eq!(lamp.call(&["enable", "lamp_ui"]), both);
    assert!(lamp.path(CONF).exists() && lamp.path(DISABLED).exists());

    // A file with which Supervisor would not start.
    fs::remove_file(lamp.path(CONF)).unwrap();
    lamp.write(DISABLED, "[program:lamp_ui]\ncommand=/bin/true\npriority=last\n");
    let (status, output, errors) = lamp.call(&["enable", "lamp_ui"]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    let begin = format!("lampi: Supervisor would refuse the file: {}:3:", lamp.path(DISABLED).display());
    assert!(errors.starts_with(&begin), "{errors}");
    assert!(!lamp.path(CONF).exists() && lamp.path(DISABLED).exists());

    // A user who may nothing: on the machine itself, and on a lamp that is prepared there.
    for verb in ["disable", "enable"] {
        assert_eq!(
            as_nobody(lamp.root.path(), &[verb, "lamp_ui"]),
            failed(&format!("this needs root; say: sudo lampi {verb} lamp_ui"))
        );
    }
    let (status, _, errors) =
        as_nobody(lamp.root.path(), &["disable", "fbcp", "--root", lamp.root.path().to_str().unwrap()]);
    assert_eq!(status, Some(1));
    assert!(errors.contains("cannot rename") && errors.contains("Permission denied"), "{errors}");
    assert!(lamp.path("etc/supervisor/conf.d/fbcp.conf").exists());
}

#[test]
fn another_files_mistake_is_told() {
    let lamp = resting();
    let supervisord = lamp.supervise();
    supervisord.await_state("lamp_ui", "RUNNING");
    lamp.write("etc/supervisor/conf.d/other.conf", "[program:other]\ncommand=/bin/true\npriority=last\n");
    let (status, output, errors) = lamp.call(&["disable", "lamp_ui"]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert!(
        errors.starts_with(
            "lampi: lamp_ui is disabled, but may still run: Supervisor refuses its configuration ("
        ) && errors.contains("'last'"),
        "{errors}"
    );
    fs::remove_file(lamp.path("etc/supervisor/conf.d/other.conf")).unwrap();
    assert_eq!(lamp.call(&["disable", "lamp_ui"]).0, Some(0));
    assert_eq!(supervisord.state("lamp_ui"), "");
}

#[test]
fn modes_are_set_right_unless_the_machines_owner_said_otherwise() {
    let lamp = resting();
    let loosen = || {
        fs::rename(lamp.path(CONF), lamp.path(DISABLED)).unwrap();
        fs::set_permissions(lamp.path(DISABLED), fs::Permissions::from_mode(0o644)).unwrap();
        chown(lamp.path(DISABLED), Some(NOBODY), Some(NOBODY)).unwrap();
    };
    loosen();
    assert_eq!(lamp.call(&["enable", "lamp_ui"]).0, Some(0));
    assert_eq!(lamp.access(CONF), ROOT_ONLY);
    // Numbers are those of the lamp, whatever the names mean here.
    lamp.write("etc/passwd", "nobody:x:1234:1235::/:/bin/false\n");
    lamp.write("etc/group", "nogroup:x:1235:\n");
    lamp.write("var/lib/dpkg/statoverride", &format!("nobody nogroup 640 /{CONF}\n"));
    loosen();
    fs::copy(lamp.path(DISABLED), lamp.path(PACKAGED)).unwrap();
    assert_eq!(lamp.call(&["enable", "lamp_ui"]).0, Some(0));
    assert_eq!(lamp.access(CONF), (0o640, 1234, 1235));
    fs::remove_file(lamp.path(CONF)).unwrap();
    assert_eq!(lamp.call(&["enable", "lamp_ui"]).0, Some(0));
    assert_eq!(lamp.access(CONF), (0o640, 1234, 1235), "of a file that comes back as packaged");

    fs::remove_file(lamp.path("etc/group")).unwrap();
    loosen();
    assert_eq!(
        lamp.call(&["enable", "lamp_ui"]),
        failed(&format!(
            "dpkg-statoverride gives /{CONF} to nogroup, whom /etc/group does not have; correct it by dpkg-statoverride"
        ))
    );
    assert!(!lamp.path(CONF).exists());
}

#[test]
fn a_file_that_was_diverted_is_left_alone() {
    let lamp = resting();
    lamp.write("var/lib/dpkg/diversions", &format!("/{CONF}\n/{CONF}.distrib\n:\n"));
    for verb in ["disable", "enable"] {
        assert_eq!(
            lamp.call(&[verb, "lamp_ui"]),
            failed(&format!(
                "{} is diverted to /{CONF}.distrib, so it was left alone; rename it yourself, or end that by: \
                 sudo dpkg-divert --rename --remove /{CONF}",
                lamp.path(CONF).display()
            ))
        );
    }
    assert!(lamp.path(CONF).exists() && !lamp.path(DISABLED).exists());
}

#[test]
fn what_is_no_file_is_neither_opened_nor_followed() {
    let lamp = resting();
    fs::remove_file(lamp.path(CONF)).unwrap();
    symlink("/dev/null", lamp.path(CONF)).unwrap();
    let supervisord = lamp.supervise();
    supervisord.await_state("fbcp", "RUNNING");
    assert_eq!(
        lamp.call(&["disable", "lamp_ui"]),
        fine("lamp_ui is stopped until you say: sudo lampi enable lamp_ui")
    );
    assert_eq!(
        lamp.call(&["enable", "lamp_ui"]),
        failed(&format!(
            "lamp_ui is disabled by the link {}, which leads to /dev/null; remove it, then say again: sudo lampi enable lamp_ui",
            lamp.path(CONF).display()
        ))
    );
    assert!(lamp.path(CONF).is_symlink());

    fs::rename(lamp.path(CONF), lamp.path(DISABLED)).unwrap();
    let (status, output, errors) = lamp.call(&["enable", "lamp_ui"]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert!(errors.contains("is a link, which is not followed"), "{errors}");

    fs::remove_file(lamp.path(DISABLED)).unwrap();
    mkfifo(&lamp.path(DISABLED), Mode::S_IRWXU).unwrap();
    let (status, output, errors) = lamp.call(&["enable", "lamp_ui"]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert!(errors.contains("is no regular file"), "{errors}");
}

#[test]
fn a_supervisor_without_a_socket_is_not_taken_for_one_that_does_not_run() {
    let lamp = resting();
    lamp.write("etc/supervisor/supervisord.conf", "[inet_http_server]\nport=127.0.0.1:9001\n");
    assert_eq!(
        lamp.call(&["disable", "lamp_ui"]),
        failed(
            "lamp_ui is disabled, but may still run: Supervisor cannot be asked, because /etc/supervisor/supervisord.conf \
             has no [unix_http_server] with a file=; add one, as the package supervisor brings it: file=/var/run/supervisor.sock"
        )
    );
    let (_, output, _) = lamp.call(&["status"]);
    assert!(output.contains("Supervisor cannot be asked") && !output.contains("does not run"), "{output}");
}
