//! Scales a picture with a Lanczos filter and encodes it again.

use std::io::Cursor;

use bytes::Bytes;
use fast_image_resize::{PixelType, Resizer, images::Image};
use image::{DynamicImage, ImageFormat, RgbaImage, codecs::jpeg::JpegEncoder};

use super::ImagingError;
use crate::action::PictureFormat;

/// Quality of a jpeg for which none was asked.
const JPEG_QUALITY: u8 = 80;

/// The picture that is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Width in pixels, at least 1.
    pub(crate) width: u32,
    /// Height in pixels, at least 1.
    pub(crate) height: u32,
    pub(crate) format: PictureFormat,
    /// Quality from 1 to 100, for jpeg.
    pub(crate) quality: Option<u32>,
}

/// Scales a PNG. A webp is encoded without loss.
pub(crate) fn scale(png: &[u8], wanted: Wanted) -> Result<Bytes, ImagingError> {
    let source = image::load_from_memory_with_format(png, ImageFormat::Png)?.into_rgba8();
    let pixels = resized(&source, wanted.width, wanted.height)?;
    let whole = || ImagingError::Scale("the scaled picture has another size".to_owned());
    let scaled = RgbaImage::from_raw(wanted.width, wanted.height, pixels).ok_or_else(whole)?;
    encoded(scaled, wanted)
}

/// The pixels of a picture in another size. Transparency is considered: colours of invisible pixels do not leak.
pub(super) fn resized(source: &RgbaImage, width: u32, height: u32) -> Result<Vec<u8>, ImagingError> {
    let failed = |error: &dyn std::fmt::Display| ImagingError::Scale(error.to_string());
    let mut target = Image::new(width, height, PixelType::U8x4);
    let view = fast_image_resize::images::ImageRef::new(source.width(), source.height(), source, PixelType::U8x4);
    let view = view.map_err(|error| failed(&error))?;
    Resizer::new().resize(&view, &mut target, None).map_err(|error| failed(&error))?;
    Ok(target.into_vec())
}

fn encoded(scaled: RgbaImage, wanted: Wanted) -> Result<Bytes, ImagingError> {
    let mut bytes = Cursor::new(Vec::new());
    match wanted.format {
        PictureFormat::Png => scaled.write_to(&mut bytes, ImageFormat::Png)?,
        PictureFormat::Webp => scaled.write_to(&mut bytes, ImageFormat::WebP)?,
        PictureFormat::Jpeg => {
            let quality = wanted.quality.and_then(|quality| u8::try_from(quality).ok()).unwrap_or(JPEG_QUALITY);
            let opaque = DynamicImage::ImageRgba8(scaled).into_rgb8();
            JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&opaque)?;
        }
    }
    Ok(bytes.into_inner().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let picture =
            RgbaImage::from_fn(width, height, |x, _| image::Rgba([if x < width / 2 { 255 } else { 0 }, 0, 0, 255]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_has_the_size_and_the_encoding_that_were_asked_for() {
        for (format, expected) in [
            (PictureFormat::Png, ImageFormat::Png),
            (PictureFormat::Jpeg, ImageFormat::Jpeg),
            (PictureFormat::Webp, ImageFormat::WebP),
        ] {
            let wanted = Wanted { width: 20, height: 7, format, quality: Some(90) };
            let bytes = scale(&png(100, 50), wanted).unwrap();
            assert_eq!(image::guess_format(&bytes).unwrap(), expected);
            let picture = image::load_from_memory(&bytes).unwrap().into_rgb8();
            assert_eq!(picture.dimensions(), (20, 7));
            assert!(picture.get_pixel(2, 3).0[0] > 230 && picture.get_pixel(17, 3).0[0] < 25, "{format:?}");
        }
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        let wanted = Wanted { width: 1, height: 1, format: PictureFormat::Png, quality: None };
        assert!(scale(b"not a picture", wanted).is_err());
    }
}
