// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi start`, `stop`, `restart` and `update`, with a real supervisord.

use std::fs;

use crate::{Lamp, as_nobody};

fn fine(output: &str) -> (Option<i32>, String, String) {
    (Some(0), format!("{output}\n"), String::new())
}

#[test]
fn starts_and_stops_one_program_only() {
    let lamp = Lamp::new();
    lamp.write_confs();
    let supervisord = lamp.supervise();
    for program in ["fbcp", "pigpiod", "lamp_service", "lamp_ui"] {
        supervisord.await_state(program, "RUNNING");
    }
    let others = || ["fbcp", "pigpiod", "lamp_service"].map(|program| supervisord.pid(program));
    let pids = others();
    assert_eq!(lamp.call(&["start", "lamp_ui"]), fine("lamp_ui is already running"));
    let stopped = "stopped lamp_ui until the next boot; to start it earlier, run: sudo lampi start lamp_ui";
    assert_eq!(lamp.call(&["stop", "lamp_ui"]), fine(stopped));
    assert_eq!(supervisord.state("lamp_ui"), "STOPPED");
    assert_eq!(lamp.call(&["stop", "lamp_ui"]), fine("lamp_ui was not running"));
    assert_eq!(lamp.call(&["start", "lamp_ui"]), fine("started lamp_ui"));
    supervisord.await_state("lamp_ui", "RUNNING");

    assert_eq!(
        lamp.call(&["start", "lamp_ui", "fbcp"]),
        fine("lamp_ui is already running\nfbcp is already running")
    );

    let before = supervisord.pid("lamp_ui");
    assert_eq!(lamp.call(&["restart", "lamp_ui"]), fine("restarted lamp_ui"));
    let after = supervisord.pid("lamp_ui");
    assert_ne!(after, before);
    assert_eq!(lamp.call(&["update", "lamp_ui"]), fine("the file of lamp_ui has not changed"));
    assert_eq!(supervisord.pid("lamp_ui"), after);
    lamp.write_conf("lamp_ui", "/bin/sleep 2000000");
    assert_eq!(lamp.call(&["update", "lamp_ui"]), fine("restarted lamp_ui with its changed file"));
    assert_ne!(supervisord.pid("lamp_ui"), after);
    fs::remove_file(lamp.path("etc/supervisor/conf.d/lamp_ui.conf")).unwrap();
    assert_eq!(lamp.call(&["update", "lamp_ui"]), fine("stopped lamp_ui: its file was removed"));
    let (status, output, errors) = lamp.call(&["start", "lamp_ui"]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert!(errors.starts_with("lampi: Supervisor has not loaded lamp_ui; run: "), "{errors}");
    assert_eq!(others(), pids, "the other programs were not restarted");
}

#[test]
fn reports_why_a_program_does_not_start() {
    let lamp = Lamp::new();
    lamp.write_conf("lamp_ui", "/bin/false");
    lamp.write_conf("fbcp", "/nonexistent/fbcp");
    let supervisord = lamp.supervise();
    for (program, expected) in [
        ("lamp_ui", "lamp_ui failed to start; to see the reason, run: lampi logs lamp_ui"),
        ("fbcp", "Supervisor cannot start the program: can't find command '/nonexistent/fbcp'"),
    ] {
        supervisord.await_state(program, "FATAL");
        let expected = (Some(1), String::new(), format!("lampi: {expected}\n"));
        assert_eq!(lamp.call(&["restart", program]), expected);
    }
}

#[test]
fn reports_a_stopped_supervisor_and_missing_permissions() {
    let lamp = Lamp::new();
    lamp.write_confs();
    for verb in ["start", "stop", "restart", "update"] {
        let (status, output, errors) = lamp.call(&[verb, "fbcp"]);
        assert_eq!((status, output.as_str()), (Some(1), ""), "{verb}");
        assert!(errors.starts_with("lampi: Supervisor is not running; run: "), "{errors}");
    }
    let supervisord = lamp.supervise();
    let root = lamp.root.path().to_str().unwrap();
    for verb in ["start", "stop", "restart", "update"] {
        let found = as_nobody(lamp.root.path(), &[verb, "fbcp", "--root", root]);
        let expected = "lampi: only root can connect to Supervisor; use sudo\n";
        assert_eq!(found, (Some(1), String::new(), expected.to_owned()), "{verb}");
    }
    drop(supervisord);
}
