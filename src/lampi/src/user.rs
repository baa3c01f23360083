// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi user`: as whom `lamp_service` and `lamp_ui` run.
//!
//! The packaged files name one user. Where the lamp's owner has another, or the same one with another home, a generated file
//! ([`programs::user_conf`]) says so, and what stays is the owner's. That file is brought up to date ([`refresh`]) whenever the
//! files of the programs change and before Supervisor starts, which refuses to start anything if one user is unknown: a user
//! who was renamed is followed, and for one who is gone the two programs wait.

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
use confs::Said;
use record::Record;

/// Prints the user, or sets another.
pub(crate) fn run(args: &UserArgs) -> anyhow::Result<()> {
    let root = args.root.as_path();
    let changes = args.name.is_some() || args.refresh;
    if changes && root == Path::new("/") && !geteuid().is_root() {
        bail!("this needs root; run: sudo lampi user {}", args.name.as_deref().unwrap_or("--refresh"));
    }
    match &args.name {
        Some(name) => set(name, None, root),
        None if args.refresh => follow(root),
        None => Ok(output::line(&in_force(root)?)?),
    }
}

/// The user that the lamp's own programs run as.
fn in_force(root: &Path) -> anyhow::Result<String> {
    if let Some(conf) = generated(root)? {
        return Ok(conf.user);
    }
    Ok(confs::user(&confs::said(root)?)?.to_owned())
}

/// Has the lamp's own programs run as another user from now on.
fn set(name: &str, kivy_home: Option<String>, root: &Path) -> anyhow::Result<()> {
    let account = Account::named(root, name)
        .with_context(|| format!("there is no user {}; create the account first", quoted(name)))?;
    if account.uid == 0 {
        bail!("the lamp's programs do not run as root; name another user");
    }
    let all = confs::said(root)?;
    move_to(&account, kivy_home, &all, root)?;
    output::line(&format!("lamp_service and lamp_ui run as {}", account.name))?;
    for said in all {
        match Supervisor::at(root).update(said.program) {
            Ok(_) | Err(SupervisorError::NotRunning) => {}
            Err(error) => bail!("{} may still run as before: {error}", said.program),
        }
    }
    Ok(())
}

/// Has the programs run as the user of a set-up by hand that this package takes over, with that user's Kivy configuration.
/// What the owner has chosen before stays.
pub(crate) fn adopt(user: &str, kivy_home: Option<&str>, root: &Path) -> anyhow::Result<Option<String>> {
    let all = confs::said(root)?;
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
        "lamp_service and lamp_ui run as {user}, as they did before; another user is set by: sudo lampi user NAME"
    )))
}

/// Gives an account what the programs need, and has them run as it.
fn move_to(account: &Account, kivy_home: Option<String>, all: &[Said], root: &Path) -> anyhow::Result<()> {
    let text = confs::conf(all, account, kivy_home.as_deref())?;
    join_groups(account, root)?;
    state::give_to(account, root)?;
    Record::of(account, kivy_home, root).write(root)?;
    put(text.as_deref(), root)
}

/// Brings the generated file up to date after a change of the others, and prints what there is to say.
pub(crate) fn follow(root: &Path) -> anyhow::Result<()> {
    for line in refresh(root)? {
        output::line(&line)?;
    }
    Ok(())
}

/// Brings the generated file up to date. Returns what there is to say.
fn refresh(root: &Path) -> anyhow::Result<Vec<String>> {
    let all = confs::said(root)?;
    let record = Record::read(root);
    let generated = generated(root)?;
    if all.is_empty() {
        // A section without the file that has its command would stop Supervisor.
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
    let (account, said) = match Account::named(root, &wanted) {
        Some(account) => (account, Vec::new()),
        None => match record.filter(|record| record.user == wanted).and_then(|record| record.renamed(root)) {
            Some(account) => {
                let said =
                    format!("the user {wanted} is called {} now, and the lamp runs as that", account.name);
                (account, vec![said])
            }
            None => return park(&all, &wanted, root),
        },
    };
    let mut said = said;
    if generated.is_some_and(|conf| conf.is_parked) {
        said.push(format!("there is a user {} again, so lamp_service and lamp_ui are started", account.name));
    }
    // A directory that was moved with the account is named by its new path.
    let kivy_home = kivy_home.filter(|path| in_root(root, path).is_dir());
    put(confs::conf(&all, &account, kivy_home.as_deref())?.as_deref(), root)?;
    if geteuid().is_root()
        && let Err(error) = Record::of(&account, kivy_home, root).write(root)
    {
        said.push(format!("a new name of the user would not be noticed: {error:#}"));
    }
    Ok(said)
}

/// Where the owner has the programs run as different users, these are the owner's affair, as long as all exist.
fn separate(all: &[Said], root: &Path) -> anyhow::Result<Vec<String>> {
    match all.iter().filter_map(|said| said.user.as_deref()).find(|user| Account::named(root, user).is_none())
    {
        Some(unknown) => park(all, unknown, root),
        None => Ok(Vec::new()),
    }
}

/// Keeps the programs from being started. A system that does not run is left alone: it may get the account before it does.
fn park(all: &[Said], user: &str, root: &Path) -> anyhow::Result<Vec<String>> {
    if root != Path::new("/") {
        return Ok(Vec::new());
    }
    put(Some(&confs::parked(all, user)), root)?;
    Ok(vec![format!(
        "there is no user {}, so lamp_service and lamp_ui are not started; run: sudo lampi user NAME",
        quoted(user)
    )])
}

/// What the generated file says, if there is one.
fn generated(root: &Path) -> anyhow::Result<Option<UserConf>> {
    // It may be read before anything is installed.
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

/// Adds the account to the groups of screen, touch and pins, those of them that the machine has.
fn join_groups(account: &Account, root: &Path) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(in_root(root, "/etc/group")).unwrap_or_default();
    for group in accounts::group(&text) {
        let is_member = group.gid == account.gid || group.members.contains(&account.name.as_str());
        if is_member || !GROUPS.iter().any(|(name, _)| *name == group.name) {
            continue;
        }
        // Of gpasswd the account may be one of a directory service, which usermod does not know.
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
                "{} could not be added to the group {}; add it by hand, then run this again",
                account.name,
                group.name
            );
        }
    }
    Ok(())
}
