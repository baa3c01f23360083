// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi start`, `stop`, `restart` and `update`, with a real supervisord.

use std::fs;

use crate::{Lamp, as_nobody};

fn fine(output: &str) -> (Option<i32>, String, String) {
    (Some(0), format!("{output}\n"), String::new())
}

#[test]
fn one_program_is_started_and_stopped_and_the_others_are_left_alone() {
    let lamp = Lamp::new();
    lamp.write_confs();
    let supervisord = lamp.supervise();
    for program in ["fbcp", "pigpiod", "lamp_service", "lamp_ui"] {
        supervisord.await_state(program, "RUNNING");
    }
    let others = || ["fbcp", "pigpiod", "lamp_service"].map(|program| supervisord.pid(program));
    let pids = others();
    assert_eq!(lamp.call(&["start", "lamp_ui"]), fine("lamp_ui runs already"));
    let stopped = "lamp_ui is stopped until the next boot, or until you say: sudo lampi start lamp_ui";
    assert_eq!(lamp.call(&["stop", "lamp_ui"]), fine(stopped));
    assert_eq!(supervisord.state("lamp_ui"), "STOPPED");
    assert_eq!(lamp.call(&["stop", "lamp_ui"]), fine("lamp_ui did not run"));
    assert_eq!(lamp.call(&["start", "lamp_ui"]), fine("lamp_ui is started"));
    supervisord.await_state("lamp_ui", "RUNNING");

    assert_eq!(lamp.call(&["start", "lamp_ui", "fbcp"]), fine("lamp_ui runs already\nfbcp runs already"));

    let before = supervisord.pid("lamp_ui");
    assert_eq!(lamp.call(&["restart", "lamp_ui"]), fine("lamp_ui is started anew"));
    let after = supervisord.pid("lamp_ui");
    assert_ne!(after, before);
    assert_eq!(lamp.call(&["update", "lamp_ui"]), fine("lamp_ui is as its file says"));
    assert_eq!(supervisord.pid("lamp_ui"), after);
    lamp.write_conf("lamp_ui", "/bin/sleep 2000000");
    assert_eq!(lamp.call(&["update", "lamp_ui"]), fine("lamp_ui is started anew, as its file says now"));
    assert_ne!(supervisord.pid("lamp_ui"), after);
    fs::remove_file(lamp.path("etc/supervisor/conf.d/lamp_ui.conf")).unwrap();
    assert_eq!(lamp.call(&["update", "lamp_ui"]), fine("lamp_ui is stopped: its file is gone"));
    let (status, output, errors) = lamp.call(&["start", "lamp_ui"]);
    assert_eq!((status, output.as_str()), (Some(1), ""));
    assert!(errors.starts_with("lampi: Supervisor does not know lamp_ui; say: "), "{errors}");
    assert_eq!(others(), pids, "the other programs were not touched");
}

#[test]
fn who_may_not_and_where_nobody_answers_is_told() {
    let lamp = Lamp::new();
    lamp.write_confs();
    for verb in ["start", "stop", "restart", "update"] {
        let (status, output, errors) = lamp.call(&[verb, "fbcp"]);
        assert_eq!((status, output.as_str()), (Some(1), ""), "{verb}");
        assert!(errors.starts_with("lampi: Supervisor does not run; start it with: "), "{errors}");
    }
    let supervisord = lamp.supervise();
    let root = lamp.root.path().to_str().unwrap();
    for verb in ["start", "stop", "restart", "update"] {
        let told = as_nobody(lamp.root.path(), &[verb, "fbcp", "--root", root]);
        let expected = "lampi: Supervisor speaks only to root; use sudo\n";
        assert_eq!(told, (Some(1), String::new(), expected.to_owned()), "{verb}");
    }
    drop(supervisord);
}
