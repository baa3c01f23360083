// SPDX-License-Identifier: GPL-3.0-or-later
//! The ID of this lamp in Home Assistant, on its own screen, and at the other broker of `lampi bridge`.
//!
//! The ID is the address of a network card, as 12 hexadecimal digits. A file keeps the ID and the addresses
//! of all cards that were present with it. The ID stays the same while any of these cards is present, even if
//! one card appears late at a boot or changes its address. If none of them is present, the file was copied
//! from another lamp, and the lamp gets a new ID.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// The kernel's list of network cards.
const CARDS: &str = "/sys/class/net";

/// Name of the file, which is in the directory of the lamp's state.
pub const FILE: &str = "device-id";

/// Maximum number of cards in the file.
const MOST_CARDS: usize = 64;

/// Maximum size of the file in bytes.
const LARGEST: usize = 4096;

/// The ID of a lamp, and the cards that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    id: String,
    hardware: BTreeSet<String>,
}

/// The lamp's ID, and whether the caller must write its file. `state` is the path of the lamp's state on the
/// lamp; the file of the ID is in the same directory. `None` if the machine has neither a network card nor an
/// ID.
#[must_use]
pub fn find(root: &Path, state: &Path) -> Option<(Identity, bool)> {
    let place = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    let kept = read(&place(&state.with_file_name(FILE)));
    // An older version without the file wrote a state that has no ID file.
    let is_upgrade = kept.is_none() && place(state).exists();
    let preference = if is_upgrade { Preference::AsBefore } else { Preference::Wired };
    let identity = Identity::of_machine(root, kept.as_ref(), preference)?;
    let is_new = kept.as_ref() != Some(&identity);
    Some((identity, is_new))
}

/// Whether the ID is an address that no card of the machine has, so that it came from another machine.
#[must_use]
pub fn is_of_another_machine(root: &Path, id: &str) -> bool {
    digits(id).is_some_and(|id| Card::all(root).iter().all(|card| card.address != id))
}

/// Reads the file at `path`. Its directory belongs to the lamp's user, who may have replaced the file. The
/// function does not follow a symbolic link and does not block on a FIFO.
#[must_use]
fn read(path: &Path) -> Option<Identity> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut content = Vec::new();
    file.take(LARGEST as u64 + 1).read_to_end(&mut content).ok()?;
    Identity::parse(&content)
}

/// The order of cards for a new ID; the first card that is present counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Preference {
    /// eth0, other wired cards, wireless cards.
    Wired,
    /// eth0, wireless cards, other wired cards: the order of versions without the file, which Home Assistant
    /// knows.
    AsBefore,
}

impl Identity {
    /// The ID of the machine with the root directory `root`. `kept` is the content of its file, if it has
    /// one. `None` if it has neither a network card nor a file.
    #[must_use]
    fn of_machine(root: &Path, kept: Option<&Self>, preference: Preference) -> Option<Self> {
        let cards = Card::all(root);
        let hardware: BTreeSet<String> = cards.iter().map(|card| card.address.clone()).collect();
        if let Some(kept) = kept
            && (hardware.is_empty() || !kept.hardware.is_disjoint(&hardware))
        {
            let all = &kept.hardware | &hardware;
            // The limit keeps the file readable after many cards; the oldest ones do not matter then.
            let hardware = if all.len() > MOST_CARDS { hardware } else { all };
            return Some(Self { id: kept.id.clone(), hardware });
        }
        let first = cards.iter().min_by_key(|card| card.rank(preference))?;
        Some(Self { id: first.address.clone(), hardware })
    }

    /// Parses a file. Its writer is not trusted, so the function accepts only what [`Identity::content`]
    /// writes.
    #[must_use]
    pub fn parse(content: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(content).ok().filter(|text| text.len() <= LARGEST)?;
        let mut lines = text.lines();
        let id = lines.next()?.strip_prefix("id ")?;
        let hardware: Option<BTreeSet<String>> =
            lines.map(|line| line.strip_prefix("card ").and_then(digits)).collect();
        Some(Self { id: digits(id)?, hardware: hardware.filter(|hardware| !hardware.is_empty())? })
    }

    /// The content of its file.
    #[must_use]
    pub fn content(&self) -> String {
        let cards = self.hardware.iter().map(|address| format!("card {address}\n"));
        std::iter::once(format!("id {}\n", self.id)).chain(cards).collect()
    }

    /// The ID.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A network card of the machine.
struct Card {
    name: String,
    /// Its permanent address, as 12 lower-case hexadecimal digits.
    address: String,
    is_wireless: bool,
}

impl Card {
    /// The cards with a permanent address. A virtual interface, such as a network bridge, is not a card.
    fn all(root: &Path) -> Vec<Self> {
        let directory = root.join(CARDS.trim_start_matches('/'));
        let names = fs::read_dir(&directory).into_iter().flatten().flatten();
        names.filter_map(|entry| Self::new(&entry.path(), &entry.file_name().into_string().ok()?)).collect()
    }

    fn new(directory: &Path, name: &str) -> Option<Self> {
        let is_common = ["eth0", "wlan0"].contains(&name);
        if !is_common && !directory.join("device").exists() {
            return None;
        }
        let read = |file: &str| fs::read_to_string(directory.join(file)).ok();
        let is_wireless = name.starts_with("wlan") || directory.join("phy80211").exists();
        // linux/netdevice.h: 0 is permanent, 1 random, 3 set by a user. An address of eth0 that was set
        // counts too, because all programs of a LAMPI use that address.
        let kind = read("addr_assign_type").map_or_else(|| "0".to_owned(), |kind| kind.trim().to_owned());
        let is_lasting = kind == "0" || kind == "3" && name == "eth0";
        // A wireless card may get a random address at each start; its radio keeps the permanent one.
        let radio = read("phy80211/macaddress").filter(|_| is_wireless);
        let address = radio.or_else(|| read("address").filter(|_| is_lasting))?;
        let address = digits(&address.trim().replace(':', "")).filter(|address| address != "000000000000")?;
        Some(Self { name: name.to_owned(), address, is_wireless })
    }

    /// The sort key; the lowest is first.
    fn rank(&self, preference: Preference) -> (bool, bool, &str) {
        let is_late = self.is_wireless == (preference == Preference::Wired);
        (self.name != "eth0", is_late, &self.name)
    }
}

/// The 12 hexadecimal digits of an address, in lower case.
fn digits(text: &str) -> Option<String> {
    let fits = text.len() == 12 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    fits.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with cards: name, address, and type of the address; `radio ADDRESS` is the permanent one of
    /// a wireless card.
    fn machine(cards: &[(&str, &str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, address, kind) in cards {
            let directory = root.path().join("sys/class/net").join(name);
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("address"), format!("{address}\n")).unwrap();
            if let Some(radio) = kind.strip_prefix("radio ") {
                fs::create_dir_all(directory.join("phy80211")).unwrap();
                fs::write(directory.join("phy80211/macaddress"), format!("{radio}\n")).unwrap();
                fs::write(directory.join("addr_assign_type"), "3\n").unwrap();
            } else {
                fs::write(directory.join("addr_assign_type"), format!("{kind}\n")).unwrap();
            }
            if !["lo", "docker0"].contains(name) {
                fs::create_dir_all(directory.join("device")).unwrap();
            }
        }
        root
    }

    const ETH0: (&str, &str, &str) = ("eth0", "B8:27:eb:00:00:01", "0");
    const WLAN0: (&str, &str, &str) = ("wlan0", "b8:27:eb:00:00:02", "0");
    const LO: (&str, &str, &str) = ("lo", "00:00:00:00:00:00", "0");
    const DOCKER: (&str, &str, &str) = ("docker0", "02:42:00:00:00:03", "3");

    fn found(cards: &[(&str, &str, &str)], kept: Option<&Identity>) -> Option<Identity> {
        Identity::of_machine(machine(cards).path(), kept, Preference::Wired)
    }

    #[test]
    fn a_new_id_is_the_address_of_the_first_card() {
        let random = ("wlan0", "3e:11:22:33:44:55", "radio b8:27:eb:00:00:02");
        for (cards, id) in [
            (&[LO, WLAN0, ETH0, DOCKER][..], Some("b827eb000001")),
            (&[WLAN0, ("end0", "b8:27:eb:00:00:04", "0")], Some("b827eb000004")),
            (&[LO, DOCKER, WLAN0], Some("b827eb000002")),
            (&[random], Some("b827eb000002")),
            (&[("wlan0", "3e:11:22:33:44:55", "3")], None),
            (&[("eth0", "3e:11:22:33:44:55", "3")], Some("3e1122334455")),
            (&[("eth0", "3e:11:22:33:44:55", "1")], None),
            (&[LO, DOCKER], None),
        ] {
            assert_eq!(found(cards, None).as_ref().map(Identity::id), id, "{cards:?}");
        }
    }

    #[test]
    fn the_id_stays_the_same_over_boots() {
        let mut kept = None;
        for cards in [
            &[ETH0, WLAN0][..],
            &[WLAN0],
            &[],
            &[("wlan0", "3e:11:22:33:44:55", "radio b8:27:eb:00:00:02")],
            &[("eth0", "00:e0:4c:00:00:09", "0"), WLAN0],
        ] {
            kept = found(cards, kept.as_ref());
            assert_eq!(kept.as_ref().unwrap().id(), "b827eb000001", "{cards:?}");
        }
    }

    #[test]
    fn a_card_that_appears_later_does_not_change_the_id() {
        let kept = found(&[WLAN0], None);
        let kept = found(&[WLAN0, ETH0], kept.as_ref());
        let kept = found(&[ETH0], kept.as_ref());
        assert_eq!(kept.unwrap().id(), "b827eb000002");
    }

    #[test]
    fn the_file_stays_readable_after_many_cards() {
        let mut kept = found(&[WLAN0], None);
        for number in 10..90 {
            let address = format!("00:e0:4c:00:00:{number}");
            kept = found(&[("eth1", &address, "0"), WLAN0], kept.as_ref());
            assert_eq!(Identity::parse(kept.as_ref().unwrap().content().as_bytes()), kept);
        }
        assert_eq!(kept.unwrap().id(), "b827eb000002");
    }

    #[test]
    fn another_board_gets_a_new_id() {
        let kept = found(&[ETH0, WLAN0], None);
        let other = found(&[("eth0", "dc:a6:32:00:00:05", "0")], kept.as_ref());
        assert_eq!(other.unwrap().content(), "id dca632000005\ncard dca632000005\n");
    }

    #[test]
    fn an_upgrade_keeps_the_id_in_home_assistant() {
        let root = machine(&[("end0", "b8:27:eb:00:00:04", "0"), WLAN0]);
        let state = Path::new("/var/lib/lampi/state.json");
        let directory = root.path().join("var/lib/lampi");
        assert_eq!(find(root.path(), state).unwrap().0.id(), "b827eb000004", "a new lamp");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("state.json"), "{}").unwrap();
        let (identity, is_new) = find(root.path(), state).unwrap();
        assert_eq!((identity.id(), is_new), ("b827eb000002", true));
        fs::write(directory.join(FILE), identity.content()).unwrap();
        assert_eq!(find(root.path(), state), Some((identity, false)));
    }

    #[test]
    fn does_not_read_a_symbolic_link_or_a_fifo() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("file"), found(&[ETH0], None).unwrap().content()).unwrap();
        assert!(read(&path("file")).is_some());
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), rustix::fs::Mode::RUSR).unwrap();
        for name in ["link", "pipe", "nothing"] {
            assert_eq!(read(&path(name)), None, "{name}");
        }
    }

    #[test]
    fn rejects_a_file_in_another_form() {
        let identity = found(&[ETH0, WLAN0], None).unwrap();
        assert_eq!(Identity::parse(identity.content().as_bytes()), Some(identity));
        let long = format!("id b827eb000001\n{}", "card b827eb000001\n".repeat(500));
        for content in [
            "",
            "id b827eb000001\n",
            "id b827eb000001/\ncard b827eb000001\n",
            "id b827eb00000\ncard b827eb000001\n",
            "b827eb000001\n",
            "id b827eb000001\ncard x\n",
            "id é27eb000001\ncard b827eb000001\n",
            &long,
        ] {
            assert_eq!(Identity::parse(content.as_bytes()), None, "{content:.60}");
        }
        assert_eq!(Identity::parse(b"id \xff\n"), None);
    }
}
