// SPDX-License-Identifier: GPL-3.0-or-later
//! Streams of each protocol and the resulting touches.

use super::*;
use crate::codes::{
    ABS_MT_POSITION_X as X, ABS_MT_POSITION_Y as Y, ABS_MT_PRESSURE, ABS_MT_SLOT as SLOT,
    ABS_MT_TOUCH_MAJOR as MAJOR, ABS_MT_TRACKING_ID as ID, ABS_X, ABS_Y,
};
use Touch::{Down as TouchDown, Lost, Moved, Up};

type Packet<'a> = &'a [(u16, u16, i32)];

const END: (u16, u16, i32) = (EV_SYN, SYN_MT_REPORT, 0);
const DROPPED: (u16, u16, i32) = (EV_SYN, SYN_DROPPED, 0);

const fn abs(axis: u16, value: i32) -> (u16, u16, i32) {
    (EV_ABS, axis, value)
}

const fn touch_button(value: i32) -> (u16, u16, i32) {
    (EV_KEY, BTN_TOUCH, value)
}

/// Feeds packets, each ended by `SYN_REPORT`, and returns the touches.
fn decode(decoder: &mut Decoder, packets: &[Packet]) -> Vec<Touch> {
    let mut all = Vec::new();
    for packet in packets {
        for (kind, code, value) in *packet {
            all.extend(decoder.event(*kind, *code, *value).into_iter().flatten());
        }
        all.extend(decoder.event(EV_SYN, SYN_REPORT, 0).into_iter().flatten());
    }
    all
}

fn decoder(protocol: Protocol) -> Decoder {
    Decoder::new(protocol, &Snapshot::default())
}

/// The packets must give the same touches with a known and with a guessed protocol.
#[track_caller]
fn expect(protocol: Protocol, packets: &[Packet], touches: &[Touch]) {
    assert_eq!(decode(&mut decoder(protocol), packets), touches, "known as {protocol:?}");
    assert_eq!(decode(&mut Decoder::of_unknown(), packets), touches, "guessed as {protocol:?}");
}

/// A contact in protocol A.
const fn contact(x: i32, y: i32) -> [(u16, u16, i32); 3] {
    [abs(X, x), abs(Y, y), END]
}

const fn known(id: i32, x: i32, y: i32) -> [(u16, u16, i32); 4] {
    [abs(ID, id), abs(X, x), abs(Y, y), END]
}

#[test]
fn slots_a_finger_goes_down_moves_and_is_lifted() {
    let packets: &[Packet] = &[
        &[abs(ID, 7), abs(X, 10), abs(Y, 20), touch_button(1), abs(ABS_X, 10)],
        &[abs(X, 11)],
        &[],
        &[abs(Y, 21), abs(ABS_Y, 200)],
        &[abs(ID, -1), touch_button(0)],
        // The same position again: the device repeats neither x nor y.
        &[abs(ID, 8)],
        &[abs(ID, -1)],
    ];
    let touches = [TouchDown(10, 20), Moved(11, 20), Moved(11, 21), Up, TouchDown(11, 21), Up];
    expect(Protocol::Slots, packets, &touches);
}

#[test]
fn slots_ignore_a_second_finger_until_the_first_is_lifted() {
    let packets: &[Packet] = &[
        &[abs(SLOT, 0), abs(ID, 1), abs(X, 1), abs(Y, 1), abs(SLOT, 1), abs(ID, 2), abs(X, 90), abs(Y, 90)],
        &[abs(X, 91)],
        &[abs(SLOT, 0), abs(ID, -1)],
        &[abs(SLOT, 1), abs(X, 92)],
        &[abs(ID, -1)],
        &[abs(ID, 3), abs(X, 50)],
    ];
    expect(Protocol::Slots, packets, &[TouchDown(1, 1), Up, TouchDown(50, 90)]);
}

#[test]
fn slots_a_new_tracking_id_is_a_new_touch() {
    let packets: &[Packet] = &[&[abs(ID, 1), abs(X, 1), abs(Y, 1)], &[abs(ID, 2), abs(X, 5)]];
    expect(Protocol::Slots, packets, &[TouchDown(1, 1), Up, TouchDown(5, 1)]);
}

#[test]
fn slots_out_of_range_are_ignored() {
    let packets: &[Packet] = &[
        &[abs(SLOT, -1), abs(ID, 1), abs(X, 1)],
        &[abs(SLOT, i32::MAX), abs(ID, 2), abs(X, 1)],
        &[abs(SLOT, 32), abs(ID, 3)],
    ];
    expect(Protocol::Slots, packets, &[]);
}

#[test]
fn slots_continue_from_the_kernels_state() {
    let open = Snapshot { slot: 1, slots: vec![(-1, 3, 4), (9, 5, 6)], ..Snapshot::default() };
    let mut decoder = Decoder::new(Protocol::Slots, &open);
    // The finger that was down is not followed; the next one reuses a slot and a row reported before.
    let packets: &[Packet] = &[&[abs(X, 7)], &[abs(ID, -1)], &[abs(ID, 10), abs(X, 50)], &[abs(ID, -1)]];
    assert_eq!(decode(&mut decoder, packets), [TouchDown(50, 6), Up]);
    let first: &[Packet] = &[&[abs(SLOT, 0), abs(ID, 11)]];
    assert_eq!(decode(&mut decoder, first), [TouchDown(3, 4)]);
}

#[test]
fn slots_read_the_kernels_state_after_a_loss() {
    let mut decoder = decoder(Protocol::Slots);
    let down: &[Packet] = &[&[abs(SLOT, 0), abs(ID, 1), abs(X, 1), abs(Y, 1)]];
    assert_eq!(decode(&mut decoder, down), [TouchDown(1, 1)]);
    let at = |slots: &[(i32, i32, i32)]| Snapshot { slots: slots.to_vec(), ..Snapshot::default() };
    let take = |decoder: &mut Decoder, slots| {
        decoder.take_over(&at(slots)).into_iter().flatten().collect::<Vec<_>>()
    };
    assert_eq!(take(&mut decoder, &[(1, 8, 1)]), [Moved(8, 1)], "the same finger went on");
    assert_eq!(take(&mut decoder, &[(2, 9, 9)]), [Up, TouchDown(9, 9)], "another one");
    assert_eq!(take(&mut decoder, &[(-1, 9, 9)]), [Up]);
    assert_eq!(take(&mut decoder, &[(-1, 4, 5)]), []);
    let down: &[Packet] = &[&[abs(ID, 3)]];
    assert_eq!(decode(&mut decoder, down), [TouchDown(4, 5)], "at no stale place");
}

#[test]
fn without_a_kernel_a_loss_loses_the_finger() {
    let mut decoder = Decoder::of_unknown();
    let packets: &[Packet] = &[
        &[abs(ID, 1), abs(X, 1), abs(Y, 1)],
        // The rest of the torn packet is ignored, even a finger that goes down.
        &[DROPPED, abs(ID, 4), abs(X, 9)],
        &[abs(X, 10)],
        &[abs(ID, -1)],
        &[abs(ID, 5)],
    ];
    assert_eq!(decode(&mut decoder, packets), [TouchDown(1, 1), Lost, TouchDown(10, 1)]);
}

#[test]
fn packets_with_and_without_ids_are_one_touch() {
    for (name, first, second) in
        [("ids", &known(0, 10, 20)[..], &known(0, 30, 40)[..]), ("none", &contact(10, 20), &contact(30, 40))]
    {
        for lifted in [&[END][..], &[touch_button(0)], &[touch_button(0), END], &[]] {
            let packets: &[Packet] =
                &[first, first, first, second, &[abs(ABS_X, 3)], second, lifted, lifted, first, lifted];
            let touches = [TouchDown(10, 20), Moved(30, 40), Up, TouchDown(10, 20), Up];
            let mut decoder = decoder(Protocol::Packets);
            assert_eq!(decode(&mut decoder, packets), touches, "{name}, {lifted:x?}");
            assert_eq!(decode(&mut Decoder::of_unknown(), packets), touches, "{name}, {lifted:x?}, guessed");
        }
    }
}

#[test]
fn packets_with_contacts_in_changing_order() {
    let two = |one: &[(u16, u16, i32)], other: &[(u16, u16, i32)]| [one, other].concat();
    for has_ids in [true, false] {
        let at = |id, x, y| if has_ids { known(id, x, y).to_vec() } else { contact(x, y).to_vec() };
        let packets = [
            at(5, 10, 10),
            two(&at(5, 12, 10), &at(6, 200, 200)),
            two(&at(6, 190, 200), &at(5, 14, 10)),
            two(&at(5, 16, 10), &at(6, 180, 200)),
            // The second is lifted, the first remains.
            at(5, 18, 10),
            two(&at(7, 100, 100), &at(5, 20, 10)),
            // The first is lifted; the other does not take over.
            at(7, 100, 102),
            vec![END],
        ];
        let packets: Vec<Packet> = packets.iter().map(Vec::as_slice).collect();
        let moves = [12, 14, 16, 18, 20].map(|x| Moved(x, 10));
        let touches = [&[TouchDown(10, 10)][..], &moves, &[Up]].concat();
        expect(Protocol::Packets, &packets, &touches);
    }
}

#[test]
fn packets_of_two_quick_fingers_side_by_side() {
    let packets: &[Packet] = &[
        &contact(0, 0),
        &[contact(0, 0), contact(100, 0)].concat(),
        // Each moves to or beyond the other's old position: matching only the nearest pair would swap them.
        &[contact(100, 0), contact(200, 0)].concat(),
        &[contact(300, 0), contact(200, 0)].concat(),
    ];
    expect(Protocol::Packets, packets, &[TouchDown(0, 0), Moved(100, 0), Moved(200, 0)]);
}

#[test]
fn packets_without_size_or_position_are_not_contacts() {
    let packets: &[Packet] = &[
        &[abs(X, 5), END],
        &[abs(MAJOR, 0), abs(X, 5), abs(Y, 5), END],
        &[abs(MAJOR, 3), abs(X, 5), abs(Y, 5), END],
        &[abs(MAJOR, 0), abs(X, 5), abs(Y, 5), END],
    ];
    expect(Protocol::Packets, packets, &[TouchDown(5, 5), Up]);
    // With IDs, touches need no size.
    let packets: &[Packet] = &[
        &[abs(ID, 1), abs(MAJOR, 0), abs(X, 5), abs(Y, 5), END],
        &[abs(ID, 1), abs(MAJOR, 0), abs(X, 6), abs(Y, 5), END],
        &[abs(ID, -1), END],
        &[abs(ID, 2), abs(ABS_MT_PRESSURE, 9), abs(X, 5), abs(Y, 5), END],
        &[abs(ID, 2), abs(ABS_MT_PRESSURE, 0), abs(X, 5), abs(Y, 5), END],
    ];
    expect(Protocol::Packets, packets, &[TouchDown(5, 5), Moved(6, 5), Up, TouchDown(5, 5), Up]);
}

#[test]
fn packets_of_a_noisy_screen_are_smoothed() {
    let info = AxisInfo { maximum: 1000, ..AxisInfo::default() };
    let axes = [(X, info), (Y, info)].into();
    let mut decoder = Decoder::new(Protocol::Packets, &Snapshot { axes, ..Snapshot::default() });
    // A 250th is noise: half of it is ignored, twice of it is damped.
    let packets: &[Packet] =
        &[&contact(500, 500), &contact(501, 499), &contact(503, 500), &contact(507, 500), &contact(600, 500)];
    assert_eq!(decode(&mut decoder, packets), [TouchDown(500, 500), Moved(503, 500), Moved(600, 500)]);
}

#[test]
fn packets_after_a_loss() {
    let at = |button: Option<bool>| Snapshot {
        has_touch_button: button.is_some(),
        keys: button.filter(|is_down| *is_down).map(|_| BTN_TOUCH).into_iter().collect(),
        ..Snapshot::default()
    };
    let (down, moved): (&[Packet], &[Packet]) =
        (&[&contact(5, 5)], &[&contact(9, 9), &contact(9, 9), &[END]]);
    for (button, lost, then) in [
        (Some(true), vec![], vec![Moved(9, 9), Up]),
        (Some(false), vec![Up], vec![TouchDown(9, 9), Up]),
        // It may be the same finger or another: ignored until no finger is down.
        (None, vec![Lost], vec![]),
    ] {
        let mut decoder = decoder(Protocol::Packets);
        assert_eq!(decode(&mut decoder, down), [TouchDown(5, 5)]);
        let found: Vec<Touch> = decoder.take_over(&at(button)).into_iter().flatten().collect();
        assert_eq!(found, lost, "{button:?}");
        assert_eq!(decode(&mut decoder, moved), then, "{button:?}");
        assert_eq!(decode(&mut decoder, down), [TouchDown(5, 5)], "{button:?}");
    }
}

#[test]
fn single_touch_by_button_and_by_pressure() {
    let place = |x, y| [abs(ABS_X, x), abs(ABS_Y, y)];
    for (down, button) in [(Down::Button(BTN_TOUCH), BTN_TOUCH), (Down::Button(BTN_LEFT), BTN_LEFT)] {
        let packets: &[Packet] = &[
            &[&place(5, 6)[..], &[(EV_KEY, button, 1)]].concat(),
            &[abs(ABS_X, 7)],
            &[(EV_KEY, button, 0)],
            &[(EV_KEY, button, 1)],
            &[(EV_KEY, button, 0)],
        ];
        let touches = [TouchDown(5, 6), Moved(7, 6), Up, TouchDown(7, 6), Up];
        expect(Protocol::Single(down), packets, &touches);
    }
    let packets: &[Packet] = &[
        &[&place(5, 6)[..], &[abs(ABS_PRESSURE, 3)]].concat(),
        &[abs(ABS_PRESSURE, 80)],
        &[abs(ABS_X, 7), abs(ABS_PRESSURE, 12)],
        &[abs(ABS_PRESSURE, 2)],
        &[abs(ABS_X, 30), abs(ABS_PRESSURE, 12)],
        &[abs(ABS_PRESSURE, 40)],
        &[abs(ABS_PRESSURE, 0)],
    ];
    let touches = [TouchDown(5, 6), Moved(7, 6), Up, TouchDown(30, 6), Up];
    expect(Protocol::Single(Down::Pressure), packets, &touches);
}

#[test]
fn ignores_pressure_beside_a_button() {
    let packets: &[Packet] = &[
        &[abs(ABS_X, 1), abs(ABS_Y, 2), abs(ABS_PRESSURE, 200)],
        &[touch_button(1)],
        &[abs(ABS_PRESSURE, 0), abs(ABS_X, 2)],
        &[touch_button(0)],
    ];
    let touches = [TouchDown(1, 2), Moved(2, 2), Up];
    assert_eq!(decode(&mut decoder(Protocol::Single(Down::Button(BTN_TOUCH))), packets), touches);
}

#[test]
fn corrects_a_wrong_guess() {
    let mut decoder = Decoder::of_unknown();
    let packets: &[Packet] = &[
        &[abs(ABS_X, 1), abs(ABS_Y, 2)],
        &[abs(ABS_PRESSURE, 9)],
        &[touch_button(1)],
        &[touch_button(0)],
        &[abs(ID, 1), abs(X, 5), abs(Y, 6), touch_button(1)],
        &[abs(ID, -1)],
        // The packet that contradicts the guess is lost.
        &known(3, 7, 8),
        &known(3, 7, 8),
        &[END],
    ];
    assert_eq!(
        decode(&mut decoder, packets),
        [TouchDown(1, 2), Up, TouchDown(5, 6), Up, TouchDown(7, 8), Up]
    );
}

#[test]
fn single_touch_continues_from_the_kernels_state() {
    let axes =
        [(ABS_X, 30), (ABS_Y, 40)].map(|(axis, value)| (axis, AxisInfo { value, ..AxisInfo::default() }));
    let mut known = Snapshot { axes: axes.into(), keys: [BTN_TOUCH].into(), ..Snapshot::default() };
    let mut decoder = Decoder::new(Protocol::Single(Down::Button(BTN_TOUCH)), &known);
    let packets: &[Packet] = &[&[abs(ABS_X, 31)], &[touch_button(0)], &[touch_button(1)]];
    assert_eq!(decode(&mut decoder, packets), [TouchDown(31, 40)], "not the finger that was down before");
    let taken: Vec<Touch> = decoder.take_over(&known).into_iter().flatten().collect();
    assert_eq!(taken, [Moved(30, 40)]);
    known.keys.clear();
    assert_eq!(decoder.take_over(&known).into_iter().flatten().collect::<Vec<_>>(), [Up]);
}

#[test]
fn no_stream_makes_it_panic_or_grow() {
    let mut seed: u32 = 1;
    let mut random = |limit: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) % limit
    };
    for protocol in [Protocol::Slots, Protocol::Packets, Protocol::Single(Down::Pressure)] {
        let (mut known, mut unknown) = (decoder(protocol), Decoder::of_unknown());
        for _ in 0..200_000 {
            let kind = [EV_ABS, EV_ABS, EV_ABS, EV_KEY, EV_SYN][random(5) as usize];
            let code = match kind {
                EV_ABS => [ABS_X, ABS_Y, ABS_PRESSURE, SLOT, MAJOR, X, Y, ID][random(8) as usize],
                EV_KEY => [BTN_TOUCH, BTN_LEFT][random(2) as usize],
                _ => [SYN_REPORT, SYN_MT_REPORT, SYN_DROPPED][random(3) as usize],
            };
            let value = [-1, 0, 1, 5, 40, 1000, i32::MAX, i32::MIN][random(8) as usize];
            known.event(kind, code, value);
            unknown.event(kind, code, value);
        }
    }
}
