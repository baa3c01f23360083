// SPDX-License-Identifier: GPL-3.0-or-later
//! A broker that asks for a password, and the lamp's own one, which its owner names once.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use test_support::{Mosquitto, Pigpiod, set_password};

use crate::{Lamp, NOBODY, as_nobody, lampi, said};

/// A broker that knows two users and nobody else, and the folder of its passwords.
fn broker() -> (Mosquitto, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let passwords = folder.path().join("passwords");
    set_password(&passwords, "lamp", "of the lamp");
    set_password(&passwords, "owner", "of the owner");
    let lines = format!("allow_anonymous false\npassword_file {}\n", passwords.display());
    (Mosquitto::start_with(&lines), folder)
}

impl Lamp {
    /// Writes a file with a password, for its owner only.
    fn write_secret(&self, path: &str, password: &str, owner: u32) {
        self.write(path, &format!("{password}\n"));
        fs::set_permissions(self.path(path), Permissions::from_mode(0o600)).unwrap();
        chown(self.path(path), Some(owner), Some(owner)).unwrap();
    }

    /// What `lampi status` says of the broker.
    fn broker_status(&self, arguments: &[&str]) -> String {
        let (_, output, _) = self.call(&[&["status"], arguments].concat());
        output.lines().find(|line| line.starts_with("broker")).unwrap().to_owned()
    }
}

#[test]
fn the_owner_names_the_password_once() {
    let (broker, _folder) = broker();
    let lamp = Lamp::with(broker, Pigpiod::start());
    let address = lamp.broker.address();
    lamp.write("etc/passwd", &format!("root:x:0:0::/root:/bin/sh\npi:x:{NOBODY}:{NOBODY}::/:/bin/sh\n"));
    lamp.write(
        "etc/lampi/lamp_service.conf",
        &format!("broker = {address}\nusername = lamp\npassword-file = /etc/lampi/password\n"),
    );
    lamp.write_secret("etc/lampi/password", "of the lamp", NOBODY);
    assert!(lamp.broker_status(&[]).ends_with("takes clients"), "{}", lamp.broker_status(&[]));

    // Whoever is the lamp's user may, and nobody else; but others can be users of the broker, too.
    let as_user = || {
        let root = lamp.root.path().to_str().unwrap();
        let (_, output, _) = as_nobody(lamp.root.path(), &["status", "--root", root]);
        output.lines().find(|line| line.starts_with("broker")).unwrap().to_owned()
    };
    assert!(as_user().ends_with("takes clients"), "{}", as_user());
    lamp.write_secret("etc/lampi/password", "of the lamp", 1);
    let said = as_user();
    assert!(
        said.contains("/etc/lampi/password is for root and the lamp's user: say it again after sudo"),
        "{said}"
    );
    // Root reads it with the rights of the lamp's user, who might have put a link to a file of root's there.
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
fn another_user_and_another_broker_have_passwords_of_their_own() {
    let (broker, _folder) = broker();
    let lamp = Lamp::with(broker, Pigpiod::start());
    let address = lamp.broker.address();
    lamp.write_secret("owner", "of the owner", 0);
    let file = lamp.path("owner");
    let file = file.to_str().unwrap();
    let login = ["--username", "owner", "--password-file", file];
    assert!(lamp.broker_status(&login).ends_with("takes clients"));
    let wrong = ["--username", "lamp", "--password-file", file];
    assert!(lamp.broker_status(&wrong).contains("the user name 'lamp' or the password in "));

    // What is asked for reaches the broker; nobody is there to answer.
    let unanswered = (Some(1), "lampi: the MQTT broker", "did not tell the lamp's state");
    for (arguments, variables, expected) in [
        (&login[..], &[][..], unanswered),
        (&[], &[("LAMPI_USERNAME", "owner"), ("LAMPI_PASSWORD_FILE", file)], unanswered),
        (&[], &[], (Some(1), "lampi: the MQTT broker", "it asks for a user name and a password")),
        (&wrong[..], &[], (Some(1), "lampi: the MQTT broker", "the user name 'lamp' or the password in ")),
        (&wrong[2..], &[], (Some(1), "lampi: ", "password-file is set without username")),
    ] {
        let mut command = lampi(&["get", "--broker", &address]);
        command.args(arguments).envs(variables.iter().copied());
        let (status, _, errors) = said(&mut command);
        assert!(errors.starts_with(expected.1) && errors.contains(expected.2), "{arguments:?}: {errors}");
        assert_eq!(status, expected.0);
    }

    // The lamp's password is for the lamp's broker alone.
    lamp.write(
        "etc/lampi/lamp_service.conf",
        &format!("broker = localhost:1\nusername = owner\npassword-file = {file}\n"),
    );
    let status = lamp.broker_status(&["--broker", &address]);
    assert!(status.contains("it asks for a user name and a password"), "{status}");
}
