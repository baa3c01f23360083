// SPDX-License-Identifier: GPL-3.0-or-later
//! Parses users and groups in a machine's /etc/passwd and /etc/group (passwd(5), group(5)). Skips invalid
//! lines, as the C library does.

/// A line of /etc/passwd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswdEntry<'a> {
    /// The name.
    pub name: &'a str,
    /// User id.
    pub uid: u32,
    /// Id of the primary group.
    pub gid: u32,
    /// The home directory.
    pub home: &'a str,
}

/// A line of /etc/group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupEntry<'a> {
    /// The name.
    pub name: &'a str,
    /// Group id.
    pub gid: u32,
    /// Names of its members, not necessarily those with this primary group.
    pub members: Vec<&'a str>,
}

/// The entries in the text of /etc/passwd.
pub fn passwd(text: &str) -> impl Iterator<Item = PasswdEntry<'_>> {
    text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, ..] = fields.as_slice() else { return None };
        Some(PasswdEntry { name, uid: uid.parse().ok()?, gid: gid.parse().ok()?, home })
    })
}

/// The entries in the text of /etc/group.
pub fn group(text: &str) -> impl Iterator<Item = GroupEntry<'_>> {
    text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, gid, members, ..] = fields.as_slice() else { return None };
        let members = members.split(',').filter(|member| !member.is_empty()).collect();
        Some(GroupEntry { name, gid: gid.parse().ok()?, members })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_entries_and_skips_invalid_lines() {
        let text = "root:x:0:0:root:/root:/bin/bash\n\n+\nx:x:y:0::/:\npi:x:1000:1001:,,,:/home/pi:/bin/sh\n";
        let entries: Vec<PasswdEntry> = passwd(text).collect();
        let root = PasswdEntry { name: "root", uid: 0, gid: 0, home: "/root" };
        let pi = PasswdEntry { name: "pi", uid: 1000, gid: 1001, home: "/home/pi" };
        assert_eq!(entries, [root, pi]);

        let entries: Vec<GroupEntry> = group("root:x:0:\nvideo:x:44:pi,lamp\nbroken:x\n").collect();
        let root = GroupEntry { name: "root", gid: 0, members: vec![] };
        let video = GroupEntry { name: "video", gid: 44, members: vec!["pi", "lamp"] };
        assert_eq!(entries, [root, video]);
    }
}
