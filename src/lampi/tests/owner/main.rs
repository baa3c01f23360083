// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi` with the real mosquitto, pigpiod, supervisord and `lamp_service`.

mod bridge;
mod command_line;
mod control;
mod light;
mod login;
mod logs;
mod status;
mod switch;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use tempfile::TempDir;
use test_support::{Mosquitto, MqttObserver, PATIENCE, Pigpiod, Process, copy_program, wait_for};

const SET_CONFIG: &str = "lamp/set_config";
const CHANGED: &str = "lamp/changed";
const CONNECTION: &str = "lamp/connection/lamp_service/state";

/// GPIO pins of the red, green and blue LED.
const PINS: [u8; 3] = programs::pins::LEDS;

/// User ID and group ID of nobody.
const NOBODY: u32 = 65534;

/// Exit status, standard output and standard error of a call.
type Outcome = (Option<i32>, String, String);

/// A lamp with its files below a temporary directory.
struct Lamp {
    root: TempDir,
    broker: Mosquitto,
    pigpiod: Pigpiod,
}

impl Lamp {
    /// A lamp with only the broker and pigpiod running.
    fn new() -> Self {
        Self::with(Mosquitto::start(), Pigpiod::start())
    }

    fn with(broker: Mosquitto, pigpiod: Pigpiod) -> Self {
        assert!(nix::unistd::geteuid().is_root(), "a lamp's files belong to root: run this test as root");
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), Permissions::from_mode(0o755)).unwrap();
        let lamp = Self { root, broker, pigpiod };
        for directory in
            ["etc/supervisor/conf.d", "usr/share/lampi/conf.d", "var/log/supervisor", "var/run", "var/lib"]
        {
            fs::create_dir_all(lamp.path(directory)).unwrap();
        }
        // supervisord has no root option, so its files have full paths. This link makes them valid below the
        // root.
        let again = lamp.root.path().strip_prefix("/").unwrap();
        let up = "../".repeat(again.components().count() - 1);
        fs::create_dir_all(lamp.root.path().join(again.parent().unwrap())).unwrap();
        symlink(up, lamp.root.path().join(again)).unwrap();
        // Debian's path of the socket; supervise() creates it below the root.
        lamp.write(
            "etc/supervisor/supervisord.conf",
            "[unix_http_server]\nfile=/var/run/supervisor.sock   ; (path)\n",
        );
        let (broker, pigpiod) = (lamp.broker.address(), lamp.pigpiod.address());
        lamp.write("etc/lampi/lamp_service.conf", &format!("broker = {broker}\npigpiod = {pigpiod}\n"));
        lamp
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Mode, user and group of a file.
    fn access(&self, path: &str) -> (u32, u32, u32) {
        let metadata = self.path(path).metadata().unwrap();
        (metadata.mode() & 0o7777, metadata.uid(), metadata.gid())
    }

    /// Writes the file of a program, with the packaged mode.
    fn write_conf(&self, program: &str, command: &str) {
        let log = self.path(&format!("var/log/supervisor/{program}.log"));
        let path = format!("etc/supervisor/conf.d/{program}.conf");
        let text = format!(
            "[program:{program}]\ncommand={command}\nredirect_stderr=true\nstdout_logfile={}\n",
            log.display()
        );
        self.write(&path, &text);
        fs::set_permissions(self.path(&path), Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes the files of all four programs: the real `lamp_service`, and placeholders for the others,
    /// because there is no screen and pigpiod is already running.
    fn write_confs(&self) {
        for program in ["fbcp", "pigpiod", "lamp_ui"] {
            self.write_conf(program, "/bin/sleep 1000000");
        }
        let command = format!(
            "{} --settings {} --state {}",
            lamp_service().display(),
            self.path("etc/lampi/lamp_service.conf").display(),
            self.path("var/lib/state.json").display()
        );
        self.write_conf("lamp_service", &command);
    }

    /// Starts supervisord with these files, and waits until it responds.
    fn supervise(&self) -> Supervisord {
        let (run, conf) = (self.path("var/run"), self.path("supervisord.conf"));
        let run = run.display();
        let text = format!(
            "[unix_http_server]\nfile={run}/supervisor.sock\nchmod=0700\n\
             [supervisord]\nlogfile={run}/supervisord.log\npidfile={run}/supervisord.pid\n\
             [rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\
             [supervisorctl]\nserverurl=unix://{run}/supervisor.sock\n\
             [include]\nfiles={}/etc/supervisor/conf.d/*.conf\n",
            self.root.path().display()
        );
        fs::write(&conf, text).unwrap();
        let mut command = Command::new("supervisord");
        let process =
            Process::start(command.arg("--nodaemon").arg("--configuration").arg(&conf), "supervisor");
        let supervisord = Supervisord { process, conf };
        wait_for("supervisord to answer", PATIENCE, || {
            supervisord.control(&["pid"]).0.eq(&Some(0)).then_some(())
        });
        supervisord
    }

    /// Starts `lamp_service` only, and waits until it publishes its state.
    fn serve(&self) -> (Process, MqttObserver) {
        let mut observer = MqttObserver::connect(self.broker.port(), &["lamp/#"]);
        let mut command = Command::new(lamp_service());
        command.arg("--settings").arg(self.path("etc/lampi/lamp_service.conf"));
        let service = Process::start(command.arg("--state").arg(self.path("var/lib/state.json")), "");
        observer.next_where(CHANGED, |message| !message.retained);
        (service, observer)
    }

    /// Calls `lampi` for this lamp's files.
    fn call(&self, arguments: &[&str]) -> Outcome {
        run(lampi(arguments).arg("--root").arg(self.root.path()))
    }

    /// Calls `lampi` for this lamp's broker.
    fn ask(&self, arguments: &[&str]) -> Outcome {
        run(lampi(arguments).args(["--broker", &self.broker.address()]))
    }
}

/// A supervisord, which stops its programs when it is dropped.
struct Supervisord {
    process: Process,
    conf: PathBuf,
}

impl Supervisord {
    fn control(&self, arguments: &[&str]) -> Outcome {
        run(Command::new("supervisorctl").arg("--configuration").arg(&self.conf).args(arguments))
    }

    /// Supervisor's name of a program's state; empty if the program is not loaded.
    fn state(&self, program: &str) -> String {
        let (_, output, _) = self.control(&["status"]);
        let mut words = output.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let found = words.find(|words| words.len() > 1 && words[0] == program);
        found.map(|words| words[1].to_owned()).unwrap_or_default()
    }

    #[track_caller]
    fn await_state(&self, program: &str, state: &str) {
        wait_for(&format!("{program} to be {state:?}"), PATIENCE, || {
            (self.state(program) == state).then_some(())
        });
    }

    fn pid(&self, program: &str) -> String {
        self.control(&["pid", program]).1
    }
}

impl Drop for Supervisord {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.process.terminate();
        }
    }
}

fn lampi(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lampi"));
    command.args(arguments).env_remove("NO_COLOR");
    command
}

/// Calls `lampi` as the user nobody, from a copy that this user can run.
fn as_nobody(directory: &Path, arguments: &[&str]) -> Outcome {
    let program = directory.join("lampi");
    copy_program(Path::new(env!("CARGO_BIN_EXE_lampi")), &program);
    run(Command::new(program).args(arguments).uid(NOBODY).gid(NOBODY).current_dir("/"))
}

fn run(command: &mut Command) -> Outcome {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => {
            panic!("cannot run {} ({error}); tests/setup installs it", command.get_program().display())
        }
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The path of `lamp_service`. It is compiled here, because cargo compiles only the binaries of this crate.
fn lamp_service() -> PathBuf {
    static COMPILED: Once = Once::new();
    let directory = Path::new(env!("CARGO_BIN_EXE_lampi")).parent().unwrap();
    COMPILED.call_once(|| {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--package", "lamp_service"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(status.expect("cargo runs").success());
    });
    directory.join("lamp_service")
}

/// A complete request or state as JSON.
fn state(h: f64, s: f64, brightness: f64, on: bool, client: &str) -> String {
    let color = format!(r#"{{"h": {h:?}, "s": {s:?}}}"#);
    format!(r#"{{"color": {color}, "brightness": {brightness:?}, "on": {on}, "client": "{client}"}}"#)
}
