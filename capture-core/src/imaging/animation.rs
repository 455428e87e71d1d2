//! An animated GIF from a sequence of pictures: a palette for each frame, and only what changed since the last one.

use bytes::Bytes;
use gif::{DisposalMethod, Encoder, Frame, Repeat};
use image::{ImageFormat, RgbaImage};

use super::{ImagingError, scale::resized};

/// How coarsely colours are sampled for a palette: 1 is the best and slowest, 30 the fastest.
const SPEED: i32 = 20;

/// Joins pictures to an animation.
pub(crate) struct AnimationEncoder {
    encoder: Encoder<Vec<u8>>,
    width: u32,
    height: u32,
    /// The last picture, of which a frame is pending until its duration is known.
    last: Option<RgbaImage>,
    pending: Option<Frame<'static>>,
    most_bytes: usize,
}

/// The animation.
#[derive(Debug)]
pub(crate) struct EncodedAnimation {
    pub(crate) bytes: Bytes,
    /// Whether frames are missing because the animation would have been too large.
    pub(crate) is_cut: bool,
}

/// A part of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Area {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl std::fmt::Debug for AnimationEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnimationEncoder")
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}

impl AnimationEncoder {
    /// An animation of this size that repeats without end, of at most this many bytes.
    pub(crate) fn new(width: u16, height: u16, most_bytes: usize) -> Result<Self, ImagingError> {
        let mut encoder = Encoder::new(Vec::new(), width, height, &[])?;
        encoder.set_repeat(Repeat::Infinite)?;
        let (width, height) = (width.into(), height.into());
        Ok(Self { encoder, width, height, last: None, pending: None, most_bytes })
    }

    /// Adds a picture, which is a PNG of any size. The one before was shown for `shown` hundredths of a second. Returns
    /// false once the animation is full.
    pub(crate) fn add(&mut self, png: &[u8], shown: u16) -> Result<bool, ImagingError> {
        let picture = self.fitted(image::load_from_memory_with_format(png, ImageFormat::Png)?.into_rgba8())?;
        let changed = self.last.as_ref().map_or(Some(self.whole()), |last| changed(last, &picture));
        let Some(area) = changed else {
            if let Some(pending) = &mut self.pending {
                pending.delay = pending.delay.saturating_add(shown);
            }
            return Ok(true);
        };
        self.write_pending(shown)?;
        if self.encoder.get_ref().len() > self.most_bytes {
            return Ok(false);
        }
        self.pending = Some(self.frame(&picture, area));
        self.last = Some(picture);
        Ok(true)
    }

    /// Ends the animation. The last picture was shown for `shown` hundredths of a second.
    pub(crate) fn finish(mut self, shown: u16, is_cut: bool) -> Result<EncodedAnimation, ImagingError> {
        self.write_pending(shown)?;
        Ok(EncodedAnimation { bytes: self.encoder.into_inner()?.into(), is_cut })
    }

    fn whole(&self) -> Area {
        Area { left: 0, top: 0, width: self.width, height: self.height }
    }

    fn fitted(&self, picture: RgbaImage) -> Result<RgbaImage, ImagingError> {
        if picture.dimensions() == (self.width, self.height) {
            return Ok(picture);
        }
        let pixels = resized(&picture, self.width, self.height)?;
        RgbaImage::from_raw(self.width, self.height, pixels)
            .ok_or_else(|| ImagingError::Scale("the scaled frame has another size".to_owned()))
    }

    /// The frame of a changed area. Pixels that stayed are transparent, which compresses well.
    fn frame(&self, picture: &RgbaImage, area: Area) -> Frame<'static> {
        let mut pixels = Vec::with_capacity(area.width as usize * area.height as usize * 4);
        for (y, x) in
            (area.top..area.top + area.height).flat_map(|y| (area.left..area.left + area.width).map(move |x| (y, x)))
        {
            let pixel = picture.get_pixel(x, y).0;
            let stays = self.last.as_ref().is_some_and(|last| last.get_pixel(x, y).0 == pixel);
            let [red, green, blue, _] = pixel;
            pixels.extend_from_slice(&if stays { [0, 0, 0, 0] } else { [red, green, blue, 255] });
        }
        let mut frame = Frame::from_rgba_speed(narrow(area.width), narrow(area.height), &mut pixels, SPEED);
        (frame.left, frame.top, frame.delay) = (narrow(area.left), narrow(area.top), 0);
        frame.dispose = DisposalMethod::Keep;
        frame
    }

    fn write_pending(&mut self, shown: u16) -> Result<(), ImagingError> {
        if let Some(mut frame) = self.pending.take() {
            frame.delay = frame.delay.saturating_add(shown).max(2); // browsers show shorter frames for longer
            self.encoder.write_frame(&frame)?;
        }
        Ok(())
    }
}

/// Sides are those of a GIF, which has 16 bits for them.
fn narrow(side: u32) -> u16 {
    u16::try_from(side).unwrap_or(u16::MAX)
}

/// The smallest area outside which two pictures of one size are equal; `None` if they are equal.
fn changed(before: &RgbaImage, after: &RgbaImage) -> Option<Area> {
    let (width, height) = after.dimensions();
    let row = width as usize * 4;
    let differs = |(one, other): (&[u8], &[u8])| one != other;
    let rows = || before.as_raw().chunks_exact(row).zip(after.as_raw().chunks_exact(row));
    let top = u32::try_from(rows().position(differs)?).ok()?;
    let bottom = u32::try_from(rows().rposition(differs)?).ok()?;
    let (mut left, mut right) = (width, 0);
    for (one, other) in rows().skip(top as usize).take((bottom - top + 1) as usize) {
        let mut columns = one.chunks_exact(4).zip(other.chunks_exact(4));
        if let Some(first) = columns.position(differs) {
            left = left.min(u32::try_from(first).ok()?);
            let last = one.chunks_exact(4).zip(other.chunks_exact(4)).rposition(differs)?;
            right = right.max(u32::try_from(last).ok()?);
        }
    }
    (left <= right && right < width && bottom < height).then_some(Area {
        left,
        top,
        width: right - left + 1,
        height: bottom - top + 1,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn png(square_at: u32) -> Vec<u8> {
        let picture = RgbaImage::from_fn(40, 20, |x, y| {
            let inside = (square_at..square_at + 4).contains(&x) && (5..9).contains(&y);
            image::Rgba(if inside { [255, 0, 0, 255] } else { [255, 255, 255, 255] })
        });
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn only_what_changed_is_in_a_frame_and_equal_pictures_make_one() {
        let mut encoder = AnimationEncoder::new(40, 20, 1 << 20).unwrap();
        for at in [2, 2, 10, 10, 20] {
            assert!(encoder.add(&png(at), 10).unwrap());
        }
        let animation = encoder.finish(10, false).unwrap();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(&animation.bytes[..]).unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            frames.push((frame.left, frame.top, frame.width, frame.height, frame.delay));
        }
        assert_eq!(frames, [(0, 0, 40, 20, 20), (2, 5, 12, 4, 20), (10, 5, 14, 4, 10)]);
    }

    #[test]
    fn a_full_animation_takes_no_more() {
        let mut encoder = AnimationEncoder::new(40, 20, 60).unwrap();
        assert!(encoder.add(&png(2), 10).unwrap());
        assert!(!encoder.add(&png(10), 10).unwrap());
        assert!(encoder.finish(10, true).unwrap().is_cut);
    }
}
