//! Writes the pictures in results into files, wherever in a result they stand.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::failure::Failure;

/// Writes the pictures in `fields` and puts their paths into `file`, in place of `bodyBase64`.
///
/// Files are named `NN-type.png`; further pictures of one step are named `NN-type-2.png` and so on.
pub(super) fn write(fields: &mut Map<String, Value>, dir: &Path, name: &str) -> Result<(), Failure> {
    let mut written = 0;
    write_below(fields, &mut |bytes, extension| {
        written += 1;
        let more = if written > 1 { format!("-{written}") } else { String::new() };
        let file = dir.join(format!("{name}{more}.{extension}"));
        std::fs::write(&file, bytes).map_err(Failure::io(format!("write {}", file.display())))?;
        Ok(file)
    })
}

type Save<'a> = dyn FnMut(Vec<u8>, &str) -> Result<PathBuf, Failure> + 'a;

fn write_below(fields: &mut Map<String, Value>, save: &mut Save<'_>) -> Result<(), Failure> {
    if let Some((bytes, extension)) = picture(fields) {
        let file = save(bytes, &extension)?;
        fields.remove("bodyBase64");
        fields.insert("file".to_owned(), file.display().to_string().into());
    }
    for value in fields.values_mut() {
        match value {
            Value::Object(inner) => write_below(inner, save)?,
            Value::Array(items) => {
                for inner in items.iter_mut().filter_map(Value::as_object_mut) {
                    write_below(inner, save)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The bytes and the file extension, if this object is a picture.
fn picture(fields: &Map<String, Value>) -> Option<(Vec<u8>, String)> {
    let kind = fields.get("contentType")?.as_str()?.strip_prefix("image/")?;
    let known = matches!(kind, "png" | "jpeg" | "webp").then(|| kind.to_owned())?;
    Some((STANDARD.decode(fields.get("bodyBase64")?.as_str()?).ok()?, known))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pictures_become_files_wherever_they_stand() {
        let dir = std::env::temp_dir().join(format!("capture-pictures-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let png = |bytes: &str| json!({"contentType": "image/png", "bodyBase64": STANDARD.encode(bytes), "width": 1});
        let result = json!({"results": [{"index": 0, "screenshot": png("one")}, png("two")], "title": "bodyBase64"});
        let Value::Object(mut fields) = result else { panic!("an object") };
        write(&mut fields, &dir, "03-batch").unwrap();
        let (first, second) = (dir.join("03-batch.png"), dir.join("03-batch-2.png"));
        assert_eq!(fields["results"][0]["screenshot"], json!({"contentType": "image/png", "file": first, "width": 1}));
        assert_eq!(std::fs::read(first).unwrap(), b"one");
        assert_eq!(std::fs::read(second).unwrap(), b"two");
        assert!(!serde_json::to_string(&fields).unwrap().contains("\"bodyBase64\":"));
        std::fs::remove_dir_all(dir).unwrap();
    }
}
