// SPDX-License-Identifier: GPL-3.0-or-later
//! A broker that requires a password, and the lamp's password, which is set once.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use test_support::{Mosquitto, Pigpiod, set_password};

use crate::{Lamp, NOBODY, as_nobody, lampi, run};

/// A broker that accepts only two users, and the directory of its passwords.
fn broker() -> (Mosquitto, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let passwords = directory.path().join("passwords");
    set_password(&passwords, "lamp", "of the lamp");
    set_password(&passwords, "owner", "of the owner");
    let lines = format!("allow_anonymous false\npassword_file {}\n", passwords.display());
    (Mosquitto::start_with(&lines), directory)
}

impl Lamp {
    /// Writes a password file that only `owner` can read.
    fn write_secret(&self, path: &str, password: &str, owner: u32) {
        self.write(path, &format!("{password}\n"));
        fs::set_permissions(self.path(path), Permissions::from_mode(0o600)).unwrap();
        chown(self.path(path), Some(owner), Some(owner)).unwrap();
    }

    /// The broker's line of `lampi status`.
    fn broker_status(&self, arguments: &[&str]) -> String {
        let (_, output, _) = self.call(&[&["status"], arguments].concat());
        output.lines().find(|line| line.starts_with("broker")).unwrap().to_owned()
    }
}

#[test]
fn uses_the_password_of_lamp_service() {
    let (broker, _directory) = broker();
    let lamp = Lamp::with(broker, Pigpiod::start());
    let address = lamp.broker.address();
    lamp.write("etc/passwd", &format!("root:x:0:0::/root:/bin/sh\npi:x:{NOBODY}:{NOBODY}::/:/bin/sh\n"));
    lamp.write(
        "etc/lampi/lamp_service.conf",
        &format!("broker = {address}\nusername = lamp\npassword-file = /etc/lampi/password\n"),
    );
    lamp.write_secret("etc/lampi/password", "of the lamp", NOBODY);
    assert!(lamp.broker_status(&[]).ends_with("accepts connections"), "{}", lamp.broker_status(&[]));

    // The lamp's user can read it, and no other user except root.
    let as_user = || {
        let root = lamp.root.path().to_str().unwrap();
        let (_, output, _) = as_nobody(lamp.root.path(), &["status", "--root", root]);
        output.lines().find(|line| line.starts_with("broker")).unwrap().to_owned()
    };
    assert!(as_user().ends_with("accepts connections"), "{}", as_user());
    lamp.write_secret("etc/lampi/password", "of the lamp", 1);
    let said = as_user();
    assert!(said.contains("/etc/lampi/password, which is for root and the lamp's user; use sudo"), "{said}");
    // root reads it with the permissions of the lamp's user, who could have made a link to a file of root.
    assert!(lamp.broker_status(&[]).contains("Permission denied"), "{}", lamp.broker_status(&[]));
    lamp.write_secret("secret/password", "of the lamp", 0);
    fs::set_permissions(lamp.path("secret"), Permissions::from_mode(0o700)).unwrap();
    fs::remove_file(lamp.path("etc/lampi/password")).unwrap();
    fs::remove_file(lamp.path("etc/lampi/lamp_service.conf")).unwrap();
    symlink("../../secret", lamp.path("etc/lampi/of_pi")).unwrap();
    lamp.write(
        "etc/lampi/lamp_service.conf",
        &format!("broker = {address}\nusername = lamp\npassword-file = /etc/lampi/of_pi/password\n"),
    );
    assert!(lamp.broker_status(&[]).contains("Permission denied"), "{}", lamp.broker_status(&[]));
}

#[test]
fn another_user_and_another_broker_have_their_own_passwords() {
    let (broker, _directory) = broker();
    let lamp = Lamp::with(broker, Pigpiod::start());
    let address = lamp.broker.address();
    lamp.write_secret("owner", "of the owner", 0);
    let file = lamp.path("owner");
    let file = file.to_str().unwrap();
    let login = ["--username", "owner", "--password-file", file];
    assert!(lamp.broker_status(&login).ends_with("accepts connections"));
    let wrong = ["--username", "lamp", "--password-file", file];
    assert!(lamp.broker_status(&wrong).contains("the user name 'lamp' or the password in "));

    // The broker accepts the login; without lamp_service there is no state.
    let unanswered = (Some(1), "lampi: the MQTT broker", "did not send the lamp's state");
    let refused = "lampi: cannot connect to the MQTT broker";
    for (arguments, variables, expected) in [
        (&login[..], &[][..], unanswered),
        (&[], &[("LAMPI_USERNAME", "owner"), ("LAMPI_PASSWORD_FILE", file)], unanswered),
        (&[], &[], (Some(1), refused, "it requires a user name and a password")),
        (&wrong[..], &[], (Some(1), refused, "the user name 'lamp' or the password in ")),
        (&wrong[2..], &[], (Some(1), "lampi: ", "password-file is set without username")),
    ] {
        let mut command = lampi(&["get", "--broker", &address]);
        command.args(arguments).envs(variables.iter().copied());
        let (status, _, errors) = run(&mut command);
        assert!(errors.starts_with(expected.1) && errors.contains(expected.2), "{arguments:?}: {errors}");
        assert_eq!(status, expected.0);
    }

    // The lamp's password is used only for the lamp's broker.
    lamp.write(
        "etc/lampi/lamp_service.conf",
        &format!("broker = localhost:1\nusername = owner\npassword-file = {file}\n"),
    );
    let status = lamp.broker_status(&["--broker", &address]);
    assert!(status.contains("it requires a user name and a password"), "{status}");
}
