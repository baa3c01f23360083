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

/// Access of a file that only root can read.
const ROOT_ONLY: (u32, u32, u32) = (0o600, 0, 0);

fn fine(output: &str) -> (Option<i32>, String, String) {
    (Some(0), format!("{output}\n"), String::new())
}

fn failed(error: &str) -> (Option<i32>, String, String) {
    (Some(1), String::new(), format!("lampi: {error}\n"))
}

/// A lamp with the files of its programs, without Supervisor.
fn stopped_lamp() -> Lamp {
    let lamp = Lamp::new();
    lamp.write_confs();
    lamp
}

#[test]
fn disables_and_enables_a_program() {
    let lamp = stopped_lamp();
    let supervisord = lamp.supervise();
    for program in ["fbcp", "pigpiod", "lamp_service", "lamp_ui"] {
        supervisord.await_state(program, "RUNNING");
    }
    let others = || ["fbcp", "pigpiod", "lamp_service"].map(|program| supervisord.pid(program));
    let (pids, content) = (others(), lamp.read(CONF));

    let stopped = fine("disabled and stopped lamp_ui; to start it again, run: sudo lampi enable lamp_ui");
    assert_eq!(lamp.call(&["disable", "lamp_ui"]), stopped);
    assert_eq!(supervisord.state("lamp_ui"), "");
    assert!(!lamp.path(CONF).exists());
    assert_eq!((lamp.read(DISABLED), lamp.access(DISABLED)), (content.clone(), ROOT_ONLY));
    // Disabling it again is not a failure.
    assert_eq!(lamp.call(&["disable", "lamp_ui"]), stopped);

    let started = fine("enabled and started lamp_ui");
    assert_eq!(lamp.call(&["enable", "lamp_ui"]), started);
    supervisord.await_state("lamp_ui", "RUNNING");
    assert!(!lamp.path(DISABLED).exists());
    assert_eq!((lamp.read(CONF), lamp.access(CONF)), (content, ROOT_ONLY));
    assert_eq!(
        lamp.call(&["enable", "lamp_ui"]),
        fine("lamp_ui was not disabled; if it is stopped, run: sudo lampi start lamp_ui")
    );
    assert_eq!(others(), pids, "the other programs were not restarted");

    // Disabled manually, without a reload of Supervisor.
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
fn switches_several_programs_and_continues_after_a_failure() {
    let lamp = stopped_lamp();
    let supervisord = lamp.supervise();
    for program in ["fbcp", "pigpiod", "lamp_service", "lamp_ui"] {
        supervisord.await_state(program, "RUNNING");
    }
    let others = || ["pigpiod", "lamp_service"].map(|program| supervisord.pid(program));
    let pids = others();
    assert_eq!(
        lamp.call(&["disable", "fbcp", "lamp_ui"]),
        fine(
            "disabled and stopped fbcp; to start it again, run: sudo lampi enable fbcp\n\
             disabled and stopped lamp_ui; to start it again, run: sudo lampi enable lamp_ui"
        )
    );
    assert_eq!(["fbcp", "lamp_ui"].map(|program| supervisord.state(program)), ["", ""]);
    fs::remove_file(lamp.path("etc/supervisor/conf.d/fbcp.conf.disabled")).unwrap();
    assert_eq!(
        lamp.call(&["enable", "fbcp", "lamp_ui"]),
        (
            Some(1),
            "enabled and started lamp_ui\n".into(),
            format!(
                "lampi: cannot enable fbcp: neither {} nor {} exists; reinstall the package lampi\n",
                lamp.path("etc/supervisor/conf.d/fbcp.conf.disabled").display(),
                lamp.path("usr/share/lampi/conf.d/fbcp.conf").display()
            )
        )
    );
    supervisord.await_state("lamp_ui", "RUNNING");
    assert_eq!(others(), pids, "the other programs were not restarted");
    assert_eq!(
        as_nobody(lamp.root.path(), &["disable", "fbcp", "lamp_ui"]),
        failed("this needs root; run: sudo lampi disable fbcp lamp_ui")
    );
}

#[test]
fn restores_a_missing_file_from_the_package() {
    let lamp = stopped_lamp();
    fs::rename(lamp.path(CONF), lamp.path(PACKAGED)).unwrap();
    let supervisord = lamp.supervise();
    assert_eq!(supervisord.state("lamp_ui"), "");
    assert_eq!(
        lamp.call(&["disable", "lamp_ui"]),
        failed(&format!(
            "cannot disable lamp_ui: {} does not exist; to restore it, run: sudo lampi enable lamp_ui",
            lamp.path(CONF).display()
        ))
    );
    assert_eq!(
        lamp.call(&["enable", "lamp_ui"]),
        fine(&format!(
            "restored {} from the package\nenabled and started lamp_ui",
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
            "cannot enable lamp_ui: neither {} nor {} exists; reinstall the package lampi",
            lamp.path(DISABLED).display(),
            lamp.path(PACKAGED).display()
        ))
    );
}

#[test]
fn works_without_supervisor() {
    let lamp = stopped_lamp();
    assert_eq!(
        lamp.call(&["disable", "lamp_ui"]),
        fine("disabled lamp_ui; Supervisor is not running, so there was no process to stop")
    );
    let supervisord = lamp.supervise();
    supervisord.await_state("fbcp", "RUNNING");
    assert_eq!(supervisord.state("lamp_ui"), "");
    // SIGKILL leaves the socket. The programs are stopped first, because they would survive.
    supervisord.control(&["stop", "all"]);
    supervisord.process.signal(test_support::Signal::SIGKILL);
    drop(supervisord);
    assert_eq!(
        lamp.call(&["enable", "lamp_ui"]),
        fine("enabled lamp_ui; Supervisor is not running, so lamp_ui starts when Supervisor is started")
    );
    assert!(lamp.path(CONF).exists() && !lamp.path(DISABLED).exists());
}

#[test]
fn rejects_ambiguous_and_invalid_files_and_changes_nothing() {
    let lamp = stopped_lamp();
    fs::copy(lamp.path(CONF), lamp.path(DISABLED)).unwrap();
    let both = failed(&format!(
        "both {} and {} exist; remove the one that you do not want",
        lamp.path(CONF).display(),
        lamp.path(DISABLED).display()
    ));
    assert_eq!(lamp.call(&["disable", "lamp_ui"]), both);
    assert_eq!(lamp.call(&["enable", "lamp_ui"]), both);
    assert!(lamp.path(CONF).exists() && lamp.path(DISABLED).exists());

    // A file that keeps Supervisor from starting.
    fs::remove_file(lamp.path(CONF)).unwrap();
    lamp.write(DISABLED, "[program:lamp_ui]\ncommand=/bin/true\npriority=last\n");
    let (status, output, errors) = lamp.call(&["enable", "lamp_ui"]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    let begin = format!("lampi: Supervisor would reject the file: {}:3:", lamp.path(DISABLED).display());
    assert!(errors.starts_with(&begin), "{errors}");
    assert!(!lamp.path(CONF).exists() && lamp.path(DISABLED).exists());

    // A user without permissions, on the machine and below another root.
    for verb in ["disable", "enable"] {
        assert_eq!(
            as_nobody(lamp.root.path(), &[verb, "lamp_ui"]),
            failed(&format!("this needs root; run: sudo lampi {verb} lamp_ui"))
        );
    }
    let (status, _, errors) =
        as_nobody(lamp.root.path(), &["disable", "fbcp", "--root", lamp.root.path().to_str().unwrap()]);
    assert_eq!(status, Some(1));
    assert!(errors.contains("cannot rename") && errors.contains("Permission denied"), "{errors}");
    assert!(lamp.path("etc/supervisor/conf.d/fbcp.conf").exists());
}

#[test]
fn reports_an_error_in_another_file() {
    let lamp = stopped_lamp();
    let supervisord = lamp.supervise();
    supervisord.await_state("lamp_ui", "RUNNING");
    lamp.write("etc/supervisor/conf.d/other.conf", "[program:other]\ncommand=/bin/true\npriority=last\n");
    let (status, output, errors) = lamp.call(&["disable", "lamp_ui"]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert!(
        errors.starts_with(
            "lampi: lamp_ui is disabled but may still be running: Supervisor rejects its configuration: "
        ) && errors.contains("'last'"),
        "{errors}"
    );
    fs::remove_file(lamp.path("etc/supervisor/conf.d/other.conf")).unwrap();
    assert_eq!(lamp.call(&["disable", "lamp_ui"]).0, Some(0));
    assert_eq!(supervisord.state("lamp_ui"), "");
}

#[test]
fn sets_owner_and_mode_unless_dpkg_statoverride_does() {
    let lamp = stopped_lamp();
    let loosen = || {
        fs::rename(lamp.path(CONF), lamp.path(DISABLED)).unwrap();
        fs::set_permissions(lamp.path(DISABLED), fs::Permissions::from_mode(0o644)).unwrap();
        chown(lamp.path(DISABLED), Some(NOBODY), Some(NOBODY)).unwrap();
    };
    loosen();
    assert_eq!(lamp.call(&["enable", "lamp_ui"]).0, Some(0));
    assert_eq!(lamp.access(CONF), ROOT_ONLY);
    // The IDs are those of the lamp's accounts, not of this machine's.
    lamp.write("etc/passwd", "nobody:x:1234:1235::/:/bin/false\n");
    lamp.write("etc/group", "nogroup:x:1235:\n");
    lamp.write("var/lib/dpkg/statoverride", &format!("nobody nogroup 640 /{CONF}\n"));
    loosen();
    fs::copy(lamp.path(DISABLED), lamp.path(PACKAGED)).unwrap();
    assert_eq!(lamp.call(&["enable", "lamp_ui"]).0, Some(0));
    assert_eq!(lamp.access(CONF), (0o640, 1234, 1235));
    fs::remove_file(lamp.path(CONF)).unwrap();
    assert_eq!(lamp.call(&["enable", "lamp_ui"]).0, Some(0));
    assert_eq!(lamp.access(CONF), (0o640, 1234, 1235), "of a restored file");

    fs::remove_file(lamp.path("etc/group")).unwrap();
    loosen();
    assert_eq!(
        lamp.call(&["enable", "lamp_ui"]),
        failed(&format!(
            "dpkg-statoverride sets the owner of /{CONF} to nogroup, which is not in /etc/group; \
             correct it with dpkg-statoverride"
        ))
    );
    assert!(!lamp.path(CONF).exists());
}

#[test]
fn does_not_change_a_diverted_file() {
    let lamp = stopped_lamp();
    lamp.write("var/lib/dpkg/diversions", &format!("/{CONF}\n/{CONF}.distrib\n:\n"));
    for verb in ["disable", "enable"] {
        assert_eq!(
            lamp.call(&[verb, "lamp_ui"]),
            failed(&format!(
                "{} is diverted to /{CONF}.distrib, so lampi does not change it; rename it manually, or run: \
                 sudo dpkg-divert --rename --remove /{CONF}",
                lamp.path(CONF).display()
            ))
        );
    }
    assert!(lamp.path(CONF).exists() && !lamp.path(DISABLED).exists());
}

#[test]
fn rejects_symbolic_links_and_pipes() {
    let lamp = stopped_lamp();
    fs::remove_file(lamp.path(CONF)).unwrap();
    symlink("/dev/null", lamp.path(CONF)).unwrap();
    let supervisord = lamp.supervise();
    supervisord.await_state("fbcp", "RUNNING");
    assert_eq!(
        lamp.call(&["disable", "lamp_ui"]),
        fine("disabled and stopped lamp_ui; to start it again, run: sudo lampi enable lamp_ui")
    );
    assert_eq!(
        lamp.call(&["enable", "lamp_ui"]),
        failed(&format!(
            "cannot enable lamp_ui: {} is a symbolic link to /dev/null; remove it, then run: \
             sudo lampi enable lamp_ui",
            lamp.path(CONF).display()
        ))
    );
    assert!(lamp.path(CONF).is_symlink());

    fs::rename(lamp.path(CONF), lamp.path(DISABLED)).unwrap();
    let (status, output, errors) = lamp.call(&["enable", "lamp_ui"]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert!(errors.contains("is a symbolic link, which is not allowed here"), "{errors}");

    fs::remove_file(lamp.path(DISABLED)).unwrap();
    mkfifo(&lamp.path(DISABLED), Mode::S_IRWXU).unwrap();
    let (status, output, errors) = lamp.call(&["enable", "lamp_ui"]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert!(errors.contains("is not a regular file"), "{errors}");
}

#[test]
fn a_supervisor_without_a_socket_may_still_be_running() {
    let lamp = stopped_lamp();
    lamp.write("etc/supervisor/supervisord.conf", "[inet_http_server]\nport=127.0.0.1:9001\n");
    assert_eq!(
        lamp.call(&["disable", "lamp_ui"]),
        failed(
            "lamp_ui is disabled but may still be running: cannot connect to Supervisor: \
             /etc/supervisor/supervisord.conf has no [unix_http_server] section with a file= setting; \
             add both: file=/var/run/supervisor.sock"
        )
    );
    let (_, output, _) = lamp.call(&["status"]);
    assert!(output.contains("cannot connect to Supervisor") && !output.contains("not running"), "{output}");
}
