//! What a codec encodes is decoded to an equal value, for every codec.

use capture_tests::{Dice, channel::value, long};
use capture_ws::codec::Codec;
use serde_json::{Map, Value};

/// Frames of the short run and of the long one.
const FRAMES: (usize, usize) = (100_000, 1_000_000);

fn any(dice: &mut Dice, levels: usize) -> Value {
    match dice.throw(if levels == 0 { 7 } else { 9 }) {
        0 => Value::Null,
        1 => (dice.throw(2) == 0).into(),
        2 => dice.throw(300).into(),
        3 => (-i64::try_from(dice.throw(1 << 40)).unwrap()).into(),
        4 => (u64::MAX - dice.throw(1 << 20) as u64).into(),
        5 => ((f64::from(u32::try_from(dice.throw(1 << 30)).unwrap()) - 5e8) / 1_024.0 + 0.5).into(),
        6 => text(dice).into(),
        7 => (0..dice.throw(5)).map(|_| any(dice, levels - 1)).collect::<Vec<_>>().into(),
        _ => (0..dice.throw(5)).map(|_| (text(dice), any(dice, levels - 1))).collect::<Map<_, _>>().into(),
    }
}

fn text(dice: &mut Dice) -> String {
    const CHARS: [char; 12] = ['a', 'Z', '0', ' ', '"', '\\', '\n', '\u{0}', 'ä', '\u{2028}', '\u{FFFF}', '\u{1F600}'];
    let length = if dice.throw(50) == 0 { 300 } else { 12 };
    (0..dice.throw(length)).map(|_| CHARS[dice.throw(CHARS.len())]).collect()
}

#[test]
fn every_frame_comes_back_as_it_went_in_both_codecs() {
    let mut dice = Dice::new(7);
    for number in 0..if long() { FRAMES.1 } else { FRAMES.0 } {
        let frame: Value = (0..4).map(|_| (text(&mut dice), any(&mut dice, 6))).collect::<Map<_, _>>().into();
        for codec in Codec::ALL {
            let bytes = codec.encode(&frame).unwrap();
            let back = codec.decode(&codec.message(bytes.clone()), 64).unwrap();
            assert_eq!(back, frame, "{codec:?}, frame {number}");
            if codec == Codec::MessagePack && number % 10 == 0 {
                assert_eq!(value(&bytes), frame, "as another reader has it, frame {number}");
            }
        }
    }
}
