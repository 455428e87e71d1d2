//! Compares two pictures of a page. Differences in short texts (ids, times, ports) are tolerated; an element that is
//! missing, moved or of another colour is not.

use std::io::Cursor;

/// Side of the squares that are compared by their mean colour, in pixels: larger than a letter.
const SQUARE: usize = 20;
/// Mean colours that are further apart than this, of 255, count as different.
const APART: u64 = 24;

/// The share of squares that differ between two PNGs, from 0 to 1; pictures of different sizes differ wholly.
pub fn difference(one: &[u8], other: &[u8]) -> f64 {
    let (one, other) = (Squares::of(one), Squares::of(other));
    if one.columns != other.columns || one.means.len() != other.means.len() {
        return 1.0;
    }
    let far = |(one, other): (&[u64; 3], &[u64; 3])| one.iter().zip(other).any(|(a, b)| a.abs_diff(*b) > APART);
    let differing = one.means.iter().zip(&other.means).filter(|pair| far(*pair)).count();
    f64::from(u32::try_from(differing).unwrap()) / f64::from(u32::try_from(one.means.len()).unwrap())
}

/// The colour of a PNG that has only one.
pub fn only_colour(picture: &[u8]) -> Option<[u8; 3]> {
    let mut decoder = png::Decoder::new(Cursor::new(picture));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).expect("a whole PNG");
    pixels.truncate(frame.buffer_size());
    let mut colours = pixels.chunks_exact(frame.color_type.samples()).map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    let first = colours.next()?;
    colours.all(|colour| colour == first).then_some(first)
}

/// The mean colours of a picture's squares, row by row.
struct Squares {
    columns: usize,
    means: Vec<[u64; 3]>,
}

impl Squares {
    fn of(picture: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(Cursor::new(picture));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).expect("a whole PNG");
        let (width, height, samples) = (frame.width as usize, frame.height as usize, frame.color_type.samples());
        assert!(samples >= 3, "a picture in colour: {:?}", frame.color_type);
        let columns = width.div_ceil(SQUARE);
        let mut sums = vec![[0_u64; 4]; columns * height.div_ceil(SQUARE)];
        for (y, row) in pixels.chunks_exact(frame.line_size).take(height).enumerate() {
            for (x, pixel) in row.chunks_exact(samples).enumerate() {
                let sum = &mut sums[y / SQUARE * columns + x / SQUARE];
                for (sum, part) in sum.iter_mut().zip([pixel[0], pixel[1], pixel[2], 1]) {
                    *sum += u64::from(part);
                }
            }
        }
        Self { columns, means: sums.into_iter().map(|[r, g, b, count]| [r, g, b].map(|sum| sum / count)).collect() }
    }
}
