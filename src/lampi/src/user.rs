// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi user`: the user that `lamp_service` and `lamp_ui` run as.
//!
//! The packaged Supervisor files name one user. For another user, or another home directory, a generated file
//! ([`programs::user_conf`]) overrides them, so that the packaged files stay unchanged. The generated file is
//! updated ([`refresh`]) whenever the programs' files change, and before Supervisor starts, because an
//! unknown user keeps Supervisor from starting any program. A renamed user is detected; without the user, the
//! two programs are not started.

mod account;
mod confs;
mod record;
mod state;

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use nix::unistd::geteuid;
use programs::lampi::UserArgs;
use programs::user::GROUPS;
use programs::user_conf::{self, UserConf};
use runtime::output;
use runtime::quoting::quoted;
use supervisor_client::{Supervisor, SupervisorError};
use system_files::{Access, Place, ROOT_ONLY, accounts, in_root};

use account::Account;
use confs::Conf;
use record::Record;

/// Prints the user, or sets another one.
pub(crate) fn run(args: &UserArgs) -> anyhow::Result<()> {
    let root = args.root.as_path();
    let changes = args.name.is_some() || args.refresh;
    if changes && root == Path::new("/") && !geteuid().is_root() {
        bail!("this needs root; run: sudo lampi user {}", args.name.as_deref().unwrap_or("--refresh"));
    }
    match &args.name {
        Some(name) => set(name, None, root),
        None if args.refresh => follow(root),
        None => Ok(output::line(&current(root)?)?),
    }
}

/// The user that the programs run as.
fn current(root: &Path) -> anyhow::Result<String> {
    if let Some(conf) = generated(root)? {
        return Ok(conf.user);
    }
    Ok(confs::user(&confs::read(root)?)?.to_owned())
}

/// Has the programs run as another user.
fn set(name: &str, kivy_home: Option<String>, root: &Path) -> anyhow::Result<()> {
    let account = Account::named(root, name)
        .with_context(|| format!("the user {} does not exist; create the account first", quoted(name)))?;
    if account.uid == 0 {
        bail!("lamp_service and lamp_ui must not run as root; use another user");
    }
    let all = confs::read(root)?;
    move_to(&account, kivy_home, &all, root)?;
    output::line(&format!("lamp_service and lamp_ui now run as {}", account.name))?;
    for conf in all {
        match Supervisor::at(root).update(conf.program) {
            Ok(_) | Err(SupervisorError::NotRunning) => {}
            Err(error) => bail!("{} may still run as the previous user: {error}", conf.program),
        }
    }
    Ok(())
}

/// Has the programs run as the user of a manual set-up, with that user's Kivy configuration, unless the
/// lamp's owner has set a user already. Returns a sentence about it.
pub(crate) fn adopt(user: &str, kivy_home: Option<&str>, root: &Path) -> anyhow::Result<Option<String>> {
    let all = confs::read(root)?;
    if generated(root)?.is_some() || confs::user(&all).is_ok_and(|known| known == user) {
        return Ok(None);
    }
    let Some(account) = Account::named(root, user).filter(|account| account.uid != 0) else {
        return Ok(None);
    };
    let usual = format!("{}/.kivy", account.home);
    let kivy_home = kivy_home.filter(|path| *path != usual).map(str::to_owned);
    let config = format!("{}/config.ini", kivy_home.as_deref().unwrap_or(&usual));
    if !in_root(root, config).is_file() {
        return Ok(None);
    }
    move_to(&account, kivy_home, &all, root)?;
    Ok(Some(format!(
        "lamp_service and lamp_ui run as {user}, as before; to set another user, run: sudo lampi user NAME"
    )))
}

/// Gives an account the groups and the state directory, and has the programs run as it.
fn move_to(account: &Account, kivy_home: Option<String>, all: &[Conf], root: &Path) -> anyhow::Result<()> {
    let text = confs::conf(all, account, kivy_home.as_deref())?;
    join_groups(account, root)?;
    state::give_to(account, root)?;
    Record::of(account, kivy_home, root).write(root)?;
    put(text.as_deref(), root)
}

/// Updates the generated file, and prints what has changed.
pub(crate) fn follow(root: &Path) -> anyhow::Result<()> {
    for line in refresh(root)? {
        output::line(&line)?;
    }
    Ok(())
}

/// Updates the generated file. Returns messages.
fn refresh(root: &Path) -> anyhow::Result<Vec<String>> {
    let all = confs::read(root)?;
    let record = Record::read(root);
    let generated = generated(root)?;
    if all.is_empty() {
        // A section without a command would keep Supervisor from starting.
        put(None, root)?;
        return Ok(Vec::new());
    }
    let wanted = match &generated {
        Some(conf) => conf.user.clone(),
        None => match confs::user(&all) {
            Ok(user) => user.to_owned(),
            Err(_) => return separate(&all, root),
        },
    };
    let kivy_home =
        record.as_ref().filter(|record| record.user == wanted).and_then(|record| record.kivy_home.clone());
    let (account, mut messages) = match Account::named(root, &wanted) {
        Some(account) => (account, Vec::new()),
        None => match record.filter(|record| record.user == wanted).and_then(|record| record.renamed(root)) {
            Some(account) => {
                let message = format!(
                    "the user {wanted} was renamed; lamp_service and lamp_ui run as {}",
                    account.name
                );
                (account, vec![message])
            }
            None => return park(&all, &wanted, root),
        },
    };
    if generated.is_some_and(|conf| conf.is_parked) {
        messages.push(format!("the user {} exists again; lamp_service and lamp_ui start", account.name));
    }
    // A directory that was moved with the account has another path.
    let kivy_home = kivy_home.filter(|path| in_root(root, path).is_dir());
    put(confs::conf(&all, &account, kivy_home.as_deref())?.as_deref(), root)?;
    if geteuid().is_root()
        && let Err(error) = Record::of(&account, kivy_home, root).write(root)
    {
        messages.push(format!("cannot record the user, so lampi will not detect a new name: {error:#}"));
    }
    Ok(messages)
}

/// If the lamp's owner has set different users, they stay as long as all exist.
fn separate(all: &[Conf], root: &Path) -> anyhow::Result<Vec<String>> {
    match all.iter().filter_map(|conf| conf.user.as_deref()).find(|user| Account::named(root, user).is_none())
    {
        Some(unknown) => park(all, unknown, root),
        None => Ok(Vec::new()),
    }
}

/// Keeps the programs from being started. Does nothing below another root: the account may be created before
/// that system boots.
fn park(all: &[Conf], user: &str, root: &Path) -> anyhow::Result<Vec<String>> {
    if root != Path::new("/") {
        return Ok(Vec::new());
    }
    put(Some(&confs::parked(all, user)), root)?;
    Ok(vec![format!(
        "the user {} does not exist, so lamp_service and lamp_ui do not start; run: sudo lampi user NAME",
        quoted(user)
    )])
}

/// The content of the generated file, if it exists.
fn generated(root: &Path) -> anyhow::Result<Option<UserConf>> {
    // Supervisor may not be installed yet.
    if !in_root(root, user_conf::PATH).parent().is_some_and(Path::is_dir) {
        return Ok(None);
    }
    let found = Place::below(root, user_conf::PATH)?.read()?;
    Ok(found.and_then(|found| UserConf::parse(&String::from_utf8_lossy(&found.content))))
}

/// Writes the generated file, or removes it.
fn put(text: Option<&str>, root: &Path) -> anyhow::Result<()> {
    let place = Place::below(root, user_conf::PATH)?;
    let found = place.read()?;
    match (text, found) {
        (Some(text), Some(found))
            if found.content == text.as_bytes() && found.access.mode == ROOT_ONLY.mode => {}
        (Some(text), _) => {
            let access = if geteuid().is_root() { ROOT_ONLY } else { Access::of_caller(ROOT_ONLY.mode) };
            place.write(text.as_bytes(), access)?;
        }
        (None, Some(_)) => place.remove()?,
        (None, None) => {}
    }
    Ok(())
}

/// Adds the account to those groups for screen, touch and GPIO that the machine has.
fn join_groups(account: &Account, root: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(in_root(root, "/etc/group")).unwrap_or_default();
    for group in accounts::group(&text) {
        let is_member = group.gid == account.gid || group.members.contains(&account.name.as_str());
        if is_member || !GROUPS.iter().any(|(name, _)| *name == group.name) {
            continue;
        }
        // gpasswd supports accounts of a directory service; usermod does not.
        let mut command = if root == Path::new("/") {
            let mut command = Command::new("gpasswd");
            command.args(["--add", &account.name, group.name]);
            command
        } else {
            let mut command = Command::new("usermod");
            command.arg("--prefix").arg(root).args(["--append", "--groups", group.name, &account.name]);
            command
        };
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !status.context("cannot run gpasswd or usermod")?.success() {
            bail!(
                "cannot add {} to the group {}; add it manually, then run this command again",
                account.name,
                group.name
            );
        }
    }
    Ok(())
}
