//! Lengths on paper: a number with a unit.

use capture_core::{Error, render::Inches};

use super::params::refused;

/// CSS pixels per inch.
const PIXELS: f64 = 96.0;

/// Parses a length such as `8.5in`, `210mm`, `21cm`, `595pt` or `800px`; a number without a unit is in pixels.
///
/// # Errors
/// `invalid_request` for anything else, and for a negative length.
pub(super) fn inches(name: &str, text: &str) -> Result<Inches, Error> {
    let units = [("in", 1.0), ("mm", 25.4), ("cm", 2.54), ("pt", 72.0), ("px", PIXELS)];
    let lower = text.trim().to_ascii_lowercase();
    let (number, per_inch) = units
        .iter()
        .find_map(|(unit, per_inch)| Some((lower.strip_suffix(unit)?, *per_inch)))
        .unwrap_or((&lower, PIXELS));
    let number = number.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    let number =
        number.ok_or_else(|| refused(name, text, "must be a length such as 8.5in, 210mm, 21cm, 595pt or 800px"))?;
    Ok(number / per_inch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_understood() {
        for (text, expected) in
            [("8.5in", 8.5), ("254mm", 10.0), ("2.54 cm", 1.0), ("72PT", 1.0), ("96px", 1.0), ("48", 0.5)]
        {
            assert!((inches("width", text).unwrap() - expected).abs() < 1e-9, "{text}");
        }
        for text in ["", "in", "-1in", "1e999in", "1 mile", "NaN"] {
            assert!(inches("width", text).is_err(), "{text}");
        }
    }
}
