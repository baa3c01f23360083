// SPDX-License-Identifier: GPL-3.0-or-later
//! The root directory of a lamp, and the real peers of its programs.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use test_support::{Mosquitto, PATIENCE, Pigpiod, Process, wait_for};

/// User and group of pi on the lamp.
pub(crate) const PI: u32 = 1000;

/// A program that runs and does nothing.
pub(crate) const SLEEPS: &str = "command=/bin/sleep 1000000\nstartsecs=0";

/// A supervisord with programs named as the lamp's.
pub(crate) struct Supervisord {
    directory: TempDir,
    process: Process,
}

impl Supervisord {
    /// Starts one and waits until it responds. Programs are names with the contents of their sections.
    pub(crate) fn start(programs: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path().display();
        let mut conf = format!(
            "[unix_http_server]\nfile={here}/sock\n[supervisord]\nlogfile={here}/log\npidfile={here}/pid\n\
             [rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
        );
        for (name, section) in programs {
            conf.push_str(&program_section(name, section));
        }
        let file = directory.path().join("conf");
        fs::write(&file, conf).unwrap();
        let process =
            Process::start(Command::new("supervisord").arg("--nodaemon").arg("-c").arg(&file), "supervisor");
        let supervisord = Self { directory, process };
        wait_for("supervisord to answer", PATIENCE, || UnixStream::connect(supervisord.socket()).ok());
        supervisord
    }

    /// Its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("sock")
    }
}

fn program_section(name: &str, section: &str) -> String {
    format!("[program:{name}]\n{section}\nstdout_logfile=NONE\nstderr_logfile=NONE\n")
}

impl Drop for Supervisord {
    fn drop(&mut self) {
        // So that its programs end too.
        self.process.terminate();
    }
}

/// Real peers of a lamp without faults.
pub(crate) struct Peers {
    pub broker: Mosquitto,
    pub pigpiod: Pigpiod,
    pub supervisord: Supervisord,
}

impl Peers {
    /// Starts all.
    pub(crate) fn start() -> Self {
        let programs = ["fbcp", "pigpiod", "lamp_service", "lamp_ui"].map(|name| (name, SLEEPS));
        Self {
            broker: Mosquitto::start(),
            pigpiod: Pigpiod::start(),
            supervisord: Supervisord::start(&programs),
        }
    }
}

/// The root directory of a lamp.
pub(crate) struct Lamp(TempDir);

/// The doctor's output.
pub(crate) struct Doctor {
    pub status: i32,
    /// All of it.
    pub output: String,
    /// Findings that are not `ok`, with their fixes. The root directory is removed, and ports are
    /// placeholders.
    pub complaints: String,
}

impl Lamp {
    /// A copy of the healthy lamp, with these peers.
    pub(crate) fn new(peers: &Peers) -> Self {
        assert!(nix::unistd::geteuid().is_root(), "the files of a lamp have owners: run this test as root");
        let lamp = Self(tempfile::tempdir().unwrap());
        fs::set_permissions(lamp.root(), Permissions::from_mode(0o755)).unwrap();
        let healthy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor/healthy");
        let copied =
            Command::new("cp").args(["-R", "--no-dereference", "-T"]).arg(healthy).arg(lamp.root()).status();
        assert!(copied.unwrap().success());

        for name in ["fbcp", "pigpiod", "lamp_service", "lamp_ui"] {
            let conf = lamp.path(&format!("etc/supervisor/conf.d/{name}.conf"));
            let text = fs::read_to_string(&conf).unwrap();
            let text = text.replace("@BROKER@", &peers.broker.port().to_string());
            fs::write(&conf, text.replace("@PIGPIOD@", &peers.pigpiod.port().to_string())).unwrap();
            fs::set_permissions(&conf, Permissions::from_mode(0o600)).unwrap();
            let packaged = lamp.path("usr/share/lampi/conf.d");
            fs::create_dir_all(&packaged).unwrap();
            fs::copy(&conf, packaged.join(format!("{name}.conf"))).unwrap();
        }
        for (path, group, mode) in
            [("dev/fb0", 44, 0o660), ("dev/fb1", 44, 0o660), ("dev/input/event0", 105, 0o660)]
        {
            chown(lamp.path(path), Some(0), Some(group)).unwrap();
            fs::set_permissions(lamp.path(path), Permissions::from_mode(mode)).unwrap();
        }
        for path in [
            "home/pi",
            "home/pi/.kivy",
            "home/pi/.kivy/config.ini",
            "var/lib/lampi",
            "var/lib/lampi/state.json",
        ] {
            chown(lamp.path(path), Some(PI), Some(PI)).unwrap();
        }
        fs::create_dir(lamp.path("var/run")).unwrap();
        lamp.supervise(&peers.supervisord);

        lamp.process(1, 0, 0, &["/sbin/init"]);
        lamp.process(100, 1, 0, &["/usr/bin/python3", "/usr/bin/supervisord", "-n"]);
        lamp
    }

    /// Adds the processes of its programs according to their files, unless they exist.
    pub(crate) fn start(&self) {
        for (pid, name) in [(101, "fbcp"), (102, "pigpiod"), (103, "lamp_service"), (104, "lamp_ui")] {
            let directory = self.path(&format!("proc/{pid}"));
            let conf = fs::read_to_string(self.path(&format!("etc/supervisor/conf.d/{name}.conf")));
            if let Ok(conf) = conf
                && self.path("proc").exists()
                && !directory.join("status").exists()
                && let Some(command) = conf.lines().find_map(|line| line.strip_prefix("command="))
            {
                let uid = if conf.contains("user=pi") { PI } else { 0 };
                self.process(pid, 100, uid, &command.split(' ').collect::<Vec<_>>());
            }
        }
    }

    /// Its root directory.
    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    /// The path of one of its files.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Sets its supervisord.
    pub(crate) fn supervise(&self, supervisord: &Supervisord) {
        let socket = self.path("var/run/supervisor.sock");
        let _ = fs::remove_file(&socket);
        symlink(supervisord.socket(), socket).unwrap();
    }

    /// Adds a process to its /proc.
    fn process(&self, pid: u32, parent: u32, uid: u32, words: &[&str]) {
        let directory = self.path(&format!("proc/{pid}"));
        fs::create_dir_all(&directory).unwrap();
        let status = format!("Name:\tx\nPPid:\t{parent}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n");
        fs::write(directory.join("status"), status).unwrap();
        fs::write(directory.join("cmdline"), words.join("\0") + "\0").unwrap();
    }

    /// Runs `lampi doctor`.
    pub(crate) fn doctor(&self, peers: &Peers) -> Doctor {
        self.doctor_by(&mut Command::new(env!("CARGO_BIN_EXE_lampi")), peers)
    }

    /// A text as it would be on the lamp itself.
    fn neutral(&self, text: &str, peers: &Peers) -> String {
        let root = self.root().display().to_string();
        let text = text.replace(&format!(" --root {root}"), "").replace(&format!(" --prefix {root}"), "");
        let text = text.replace(&root, "");
        let text = text.replace(&peers.broker.port().to_string(), "@BROKER@");
        text.replace(&peers.pigpiod.port().to_string(), "@PIGPIOD@")
    }

    /// Runs `lampi doctor --fix`. Returns the lines about what it did.
    pub(crate) fn fix(&self, peers: &Peers) -> String {
        let mut doctor = Command::new(env!("CARGO_BIN_EXE_lampi"));
        let output = doctor.args(["doctor", "--fix", "--yes", "--root"]).arg(self.root()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let text = self.neutral(&String::from_utf8(output.stdout).unwrap(), peers);
        let done = text.lines().filter(|line| line.starts_with("done: ") || line.starts_with("failed: "));
        done.flat_map(|line| [line, "\n"]).collect()
    }

    /// All files, with owner, mode and content.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.root().to_owned()];
        while let Some(directory) = folders.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let metadata = path.symlink_metadata().unwrap();
                let content = if metadata.is_file() && metadata.len() < 1 << 20 {
                    fs::read(&path).unwrap()
                } else if metadata.is_symlink() {
                    fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
                } else {
                    Vec::new()
                };
                let length = if metadata.is_dir() { 0 } else { metadata.len() };
                let (mode, owner) = (metadata.mode(), (metadata.uid(), metadata.gid()));
                let what = format!("{mode:o} {owner:?} {length} {content:?}");
                files.insert(path.strip_prefix(self.root()).unwrap().display().to_string(), what);
                if metadata.is_dir() {
                    folders.push(path);
                }
            }
        }
        files
    }

    /// Runs this `lampi` as the doctor.
    pub(crate) fn doctor_by(&self, doctor: &mut Command, peers: &Peers) -> Doctor {
        let output = doctor.args(["doctor", "--root"]).arg(self.root()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let text = String::from_utf8(output.stdout).unwrap();
        let text = self.neutral(&text, peers);
        let findings = text.split("\n\n").next().unwrap().lines();
        let mut is_complaint = false;
        let complaints = findings.filter(|line| {
            // A fix belongs to the line before it.
            if !line.starts_with(' ') {
                is_complaint = !line.starts_with("ok ");
            }
            is_complaint
        });
        let complaints: String = complaints.flat_map(|line| [line, "\n"]).collect();
        Doctor { status: output.status.code().unwrap(), output: text, complaints }
    }
}
