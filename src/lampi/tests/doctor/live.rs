// SPDX-License-Identifier: GPL-3.0-or-later
//! Faults of the real peers, and the output for other users than root.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use test_support::{Mosquitto, MqttObserver, PATIENCE, QoS, copy_program, set_password, wait_for};

use crate::support::{Lamp, PI, Peers, SLEEPS, Supervisord};

/// A lamp without faults, except for its peers.
fn lamp(peers: &Peers) -> Lamp {
    let lamp = Lamp::new(peers);
    lamp.start();
    lamp
}

#[test]
fn accepts_a_lamp_without_a_screen_whose_screen_programs_are_disabled() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    for path in ["dev/fb0", "dev/fb1", "dev/input/event0", "boot/firmware/config.txt"] {
        fs::remove_file(lamp.path(path)).unwrap();
    }
    fs::remove_dir_all(lamp.path("sys/class/input")).unwrap();
    let found = lamp.doctor(&peers);
    assert!(found.complaints.contains("there is no screen"), "{}", found.output);
    assert!(found.complaints.ends_with("         run: lampi disable fbcp lamp_ui\n"), "{}", found.output);

    let disabled = Command::new(env!("CARGO_BIN_EXE_lampi"))
        .args(["disable", "fbcp", "lamp_ui", "--root"])
        .arg(lamp.root())
        .output()
        .unwrap();
    assert!(disabled.status.success(), "{disabled:?}");
    // The supervisord of this test reads its programs from another file, so `lampi disable` cannot remove
    // them.
    let supervisord = Supervisord::start(&["pigpiod", "lamp_service"].map(|name| (name, SLEEPS)));
    lamp.supervise(&supervisord);
    let found = lamp.doctor(&peers);
    assert_eq!((found.complaints.as_str(), found.status), ("", 0), "{}", found.output);
    assert!(found.output.contains("devices: no program needs a screen"), "{}", found.output);
}

#[test]
fn reports_programs_that_do_not_run_with_the_last_line_of_their_logs() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    fs::write(
        lamp.path("var/log/supervisor/fbcp.log"),
        "fbcp: started\nfbcp: /dev/fb1 is no framebuffer\n\n",
    )
    .unwrap();
    let supervisord = Supervisord::start(&[
        ("fbcp", "command=/bin/false\nstartsecs=1\nstartretries=0"),
        ("pigpiod", "command=/bin/true\nstartsecs=0\nautorestart=false"),
        ("lamp_service", "command=/bin/sleep 1000000\nautostart=false"),
    ]);
    lamp.supervise(&supervisord);
    let expected = "\
problem  supervisor: fbcp failed to start, and Supervisor no longer retries; the last line of its log: \
`fbcp: /dev/fb1 is no framebuffer`
         fix: Start fbcp
         run: lampi start fbcp
problem  supervisor: pigpiod does not run: Supervisor has it as EXITED; its log is empty
         fix: Start pigpiod
         run: lampi start pigpiod
warning  supervisor: lamp_service is stopped until the next boot
         fix: Start lamp_service
         run: lampi start lamp_service
problem  supervisor: Supervisor has not read the file of lamp_ui yet, so lamp_ui does not run
         fix: Apply the file of lamp_ui in Supervisor
         run: lampi update lamp_ui
";
    // Supervisor retries for some time.
    wait_for("FATAL and EXITED", PATIENCE, || (lamp.doctor(&peers).complaints == expected).then_some(()));

    let programs = ["pigpiod", "lamp_service", "lamp_ui"].map(|name| (name, SLEEPS));
    let supervisord =
        Supervisord::start(&[&programs[..], &[("fbcp", "command=/bin/false\nstartretries=1000")]].concat());
    lamp.supervise(&supervisord);
    let expected = "\
problem  supervisor: fbcp exits as soon as it is started; the last line of its log: \
`fbcp: /dev/fb1 is no framebuffer`
         fix: Restart fbcp
         run: lampi restart fbcp
";
    wait_for("BACKOFF", PATIENCE, || (lamp.doctor(&peers).complaints == expected).then_some(()));

    // A missing program is never started, so it does not exit.
    let programs = ["fbcp", "lamp_service", "lamp_ui"].map(|name| (name, SLEEPS));
    let missing = "command=/nowhere/pigpiod\nstartretries=1000";
    let supervisord = Supervisord::start(&[&programs[..], &[("pigpiod", missing)]].concat());
    lamp.supervise(&supervisord);
    let expected = "\
problem  supervisor: Supervisor cannot start pigpiod: `can't find command '/nowhere/pigpiod'`
         fix: Restart pigpiod
         run: lampi restart pigpiod
";
    wait_for("BACKOFF without a start", PATIENCE, || {
        (lamp.doctor(&peers).complaints == expected).then_some(())
    });
}

#[test]
fn finds_and_deletes_a_retained_request() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let observer = MqttObserver::connect(peers.broker.port(), &["lamp/set_config"]);
    let retain = || {
        observer.publish_with(
            "lamp/set_config",
            QoS::AtLeastOnce,
            true,
            "{\"client\": \"echo\", \"on\": true}",
        );
    };
    retain();
    observer.await_acknowledged(1);
    let found = lamp.doctor(&peers);
    assert_eq!(found.status, 3, "{}", found.output);
    let expected = "\
warning  broker: the broker has a retained request (`{\"client\": \"echo\", \"on\": true}`), which \
lamp_service ignores but other programs may obey; its sender must not set the retain flag
         fix: Delete the retained request from the broker at localhost:@BROKER@
         run: mosquitto_pub -h localhost -p @BROKER@ -r -n -t lamp/set_config
";
    assert_eq!(found.complaints, expected);
    let before = lamp.files();
    assert_eq!(lamp.fix(&peers), "done: deleted the retained request\n");
    assert_eq!(lamp.doctor(&peers).complaints, "");
    assert_eq!(lamp.files(), before);

    // The command of the finding does the same.
    retain();
    observer.await_acknowledged(2);
    let command =
        expected.split("run: ").last().unwrap().replace("@BROKER@", &peers.broker.port().to_string());
    assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    assert_eq!(lamp.doctor(&peers).complaints, "");
}

#[test]
fn reports_a_broker_that_accepts_no_clients_with_the_reason() {
    let mut peers = Peers::start();
    let lamp = lamp(&peers);
    let complaint = |peers: &Peers| lamp.doctor(peers).complaints;
    let told = "problem  broker: cannot connect to the MQTT broker at localhost:@BROKER@: ";
    let restart = "\n         fix: Restart the service mosquitto\n";

    peers.broker.freeze();
    assert_eq!(complaint(&peers), format!("{told}it does not answer{restart}"));
    peers.broker.thaw();
    assert_eq!(complaint(&peers), "");
    peers.broker.stop();
    let away = complaint(&peers);
    assert!(away.starts_with(told) && away.contains("refused") && away.ends_with(restart), "{away}");

    // mosquitto 2 does this once it has a listener of its own. The doctor must not undo such a restriction.
    let private = Mosquitto::start_with("allow_anonymous false\n");
    peers.broker = private;
    let lamp = Lamp::new(&peers);
    lamp.start();
    let found = lamp.doctor(&peers);
    assert!(found.complaints.starts_with(told), "{}", found.complaints);
    assert!(
        found
            .complaints
            .contains("fix: Set a user of the broker in /etc/lampi/lamp_service.conf: `username = NAME`"),
        "{}",
        found.complaints
    );
    assert!(found.complaints.contains("`per_listener_settings true`"), "{}", found.complaints);
    assert!(!found.output.contains("doctor --fix"), "{}", found.output);
    let before = lamp.files();
    assert_eq!((lamp.fix(&peers).as_str(), lamp.files() == before), ("", true));
}

#[test]
fn reports_a_password_that_the_broker_or_the_lamp_rejects() {
    let mut peers = Peers::start();
    let directory = tempfile::tempdir().unwrap();
    let passwords = directory.path().join("passwords");
    set_password(&passwords, "lamp", "right");
    let lines = format!("allow_anonymous false\npassword_file {}\n", passwords.display());
    peers.broker = Mosquitto::start_with(&lines);
    let lamp = lamp(&peers);
    fs::create_dir(lamp.path("etc/lampi")).unwrap();
    let settings = |text: &str| fs::write(lamp.path("etc/lampi/lamp_service.conf"), text).unwrap();
    let secret = lamp.path("etc/lampi/password");
    let write = |password: &str, mode, owner| {
        fs::write(&secret, password).unwrap();
        fs::set_permissions(&secret, PermissionsExt::from_mode(mode)).unwrap();
        chown(&secret, Some(owner), None).unwrap();
    };
    let said = || lamp.doctor(&peers).complaints;
    let refused = "problem  broker: cannot connect to the MQTT broker at localhost:@BROKER@: it refuses the \
         connection: not authorized; ";
    let unusable = "problem  broker: lamp_service and lamp_ui cannot log in to the broker: the password file \
         /etc/lampi/password ";

    settings("username = lamp\npassword-file = /etc/lampi/password\n");
    write("right\n", 0o600, PI);
    assert_eq!(said(), "");
    write("wrong\n", 0o600, PI);
    assert_eq!(
        said(),
        format!(
            "{refused}the user name 'lamp' or the password in /etc/lampi/password is wrong\n         \
             fix: Write the password of lamp at the broker to /etc/lampi/password, or set the password \
             in that file for lamp with mosquitto_passwd, in mosquitto's `password_file`; \
             /etc/lampi/lamp_service.conf sets the name as `username`\n"
        )
    );
    write("right\n", 0o640, PI);
    assert_eq!(
        said(),
        format!(
            "{unusable}gives access to other users (mode 640)\n         \
             fix: Let only its owner read it\n         run: chmod 600 /etc/lampi/password\n"
        )
    );
    // Root can read it, but the lamp's programs cannot.
    write("right\n", 0o600, 0);
    let found = said();
    assert!(found.starts_with(&format!("{unusable}cannot be read by ")), "{found}");
    assert!(
        found.contains("/etc/lampi/password: Permission denied") || found.contains("Permission denied"),
        "{found}"
    );
    assert!(found.contains("\n         run: chown "), "{found}");
    settings("password-file = /etc/lampi/password\n");
    assert!(said().contains("password-file is set without username; set username too"), "{}", said());
    settings("username = lamp\n");
    assert!(said().contains("fix: Write the password of lamp to a file of the lamp's user"), "{}", said());
    settings("");
    assert!(said().starts_with(&format!("{refused}it requires a user name and a password\n")), "{}", said());
}

#[test]
fn reports_a_pigpiod_that_does_not_respond() {
    let mut peers = Peers::start();
    let lamp = lamp(&peers);
    peers.pigpiod.freeze();
    let frozen = lamp.doctor(&peers);
    assert!(frozen.complaints.contains(", so the LEDs do not change"), "{}", frozen.complaints);
    peers.pigpiod.stop();
    let away = lamp.doctor(&peers);
    assert!(
        away.complaints.starts_with("problem  pigpiod: cannot connect to pigpiod: "),
        "{}",
        away.complaints
    );
    assert!(
        away.complaints.ends_with("\n         fix: Restart pigpiod\n         run: lampi restart pigpiod\n"),
        "{}",
        away.complaints
    );
    assert_eq!((frozen.status, away.status), (1, 1));
}

/// A pigpiod of 2015 cannot be built any more, so a server responds as it would.
#[test]
fn reports_a_pigpiod_that_is_too_old() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut client in server.incoming().map_while(Result::ok) {
            let mut request = [0; 16];
            let _ = client.read_exact(&mut request);
            request[12..].copy_from_slice(&59_u32.to_le_bytes());
            let _ = client.write_all(&request);
        }
    });
    let conf = lamp.path("etc/supervisor/conf.d/lamp_service.conf");
    let text = fs::read_to_string(&conf).unwrap();
    let text = text.replace(
        &format!("--pigpiod localhost:{}", peers.pigpiod.port()),
        &format!("--pigpiod 127.0.0.1:{port}"),
    );
    fs::write(&conf, text).unwrap();
    fs::remove_dir_all(lamp.path("proc/103")).unwrap();
    lamp.start();
    assert_eq!(
        lamp.doctor(&peers).complaints,
        "problem  pigpiod: pigpiod has version 59; the lamp needs 60 or newer\n         \
         fix: Install the package pigpiod\n         run: apt install pigpiod\n"
    );
}

#[test]
fn prints_the_findings_as_json() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    let ask = || {
        let mut doctor = Command::new(env!("CARGO_BIN_EXE_lampi"));
        let output = doctor.args(["doctor", "--json", "--root"]).arg(lamp.root()).output().unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let (status, well) = ask();
    assert_eq!((status, &well["result"]), (Some(0), &"ok".into()));
    let findings = well["findings"].as_array().unwrap();
    assert!(findings.len() >= 14, "each check has a finding: {findings:#?}");
    assert!(findings.iter().all(|finding| finding["result"] == "ok" && finding.get("fix").is_none()));
    assert_eq!((&well["format"], &well["fixes"], &well["unchecked"]), (&2.into(), &json!([]), &json!([])));

    fs::set_permissions(lamp.path("etc/supervisor/conf.d/fbcp.conf"), PermissionsExt::from_mode(0o644))
        .unwrap();
    let (status, ill) = ask();
    assert_eq!((status, &ill["result"]), (Some(3), &"warning".into()));
    let finding =
        ill["findings"].as_array().unwrap().iter().find(|finding| finding["result"] == "warning").unwrap();
    assert_eq!(finding["check"], "confs");
    let conf = lamp.path("etc/supervisor/conf.d/fbcp.conf");
    let step = json!({
        "action": "set-access",
        "text": "Set the owner of /etc/supervisor/conf.d/fbcp.conf to root:root and its mode to 0600",
        "command": format!("chown 0:0 {0} && chmod 0600 {0}", conf.display()),
    });
    assert_eq!(finding["fix"], 0);
    assert_eq!(ill["fixes"], json!([{ "by_lampi": true, "steps": [step] }]));

    // Checks that depend on something missing.
    fs::remove_file(lamp.path("usr/bin/supervisord")).unwrap();
    let (_, ill) = ask();
    let unchecked = ill["unchecked"].as_array().unwrap();
    assert!(unchecked.contains(&json!({ "check": "confs", "needs": "supervisor" })), "{unchecked:#?}");
}

#[test]
fn reports_skipped_checks_to_other_users_than_root() {
    let peers = Peers::start();
    let lamp = lamp(&peers);
    fs::create_dir_all(lamp.path("var/spool/cron/crontabs")).unwrap();
    fs::set_permissions(lamp.path("var/spool/cron/crontabs"), PermissionsExt::from_mode(0o700)).unwrap();
    // The test's program may be in a directory that other users cannot enter.
    let doctor = lamp.path("tmp/lampi");
    fs::create_dir(lamp.path("tmp")).unwrap();
    copy_program(Path::new(env!("CARGO_BIN_EXE_lampi")), &doctor);
    // The ports are in a file that only root can read.
    fs::create_dir(lamp.path("etc/lampi")).unwrap();
    let (broker, pigpiod) = (peers.broker.address(), peers.pigpiod.address());
    fs::write(lamp.path("etc/lampi/lamp_service.conf"), format!("broker = {broker}\npigpiod = {pigpiod}\n"))
        .unwrap();

    // dpkg itself cannot find out whether the file is unchanged.
    fs::set_permissions(lamp.path("usr/bin/fbcp"), PermissionsExt::from_mode(0o700)).unwrap();
    fs::remove_file(lamp.path("dev/fb1")).unwrap();

    let found = lamp.doctor_by(Command::new(&doctor).uid(1000).gid(1000), &peers);
    let expected = "\
skipped  confs: only root can check Supervisor's files
skipped  boot: only root can check the users' cron jobs
skipped  supervisor: only root can check whether Supervisor runs the programs
skipped  devices: only root can check which framebuffer is used
";
    assert_eq!((found.complaints.as_str(), found.status), (expected, 0), "{}", found.output);
    assert!(
        found.output.ends_with("\nNothing is wrong.\nTo run the skipped checks, run: sudo lampi doctor\n")
    );

    fs::remove_file(lamp.path("usr/sbin/mosquitto")).unwrap();
    fs::write(
        lamp.path("etc/lampi/lamp_service.conf"),
        format!("broker = localhost:1\npigpiod = {pigpiod}\n"),
    )
    .unwrap();
    let found = lamp.doctor_by(Command::new(&doctor).uid(1000).gid(1000), &peers);
    assert!(found.complaints.contains("run: sudo apt install mosquitto\n"), "{}", found.output);
}

#[test]
fn rejects_a_root_that_is_not_a_directory() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_lampi")).args(["doctor", "--root", "/dev/null"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "lampi: there is no directory /dev/null; set --root to the directory that contains the lamp's files\n"
    );
}
