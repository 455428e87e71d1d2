//! The scripts that run in pages: `.js` files with one subject each, joined into one bundle that every document gets
//! once, in an isolated world that the page can neither see nor change.

#[cfg(feature = "render")]
pub(super) mod render;

/// Defines `globalThis.capture`, whose `run` calls the functions of the action families.
pub(super) const BUNDLE: &str = concat!(
    "'use strict';(() => {\n",
    include_str!("own.js"),
    include_str!("find.js"),
    include_str!("state.js"),
    include_str!("late.js"),
    include_str!("wait.js"),
    include_str!("frames.js"),
    include_str!("click.js"),
    include_str!("tips.js"),
    include_str!("drag.js"),
    include_str!("fill.js"),
    include_str!("edit.js"),
    include_str!("choose.js"),
    include_str!("scroll.js"),
    include_str!("closed.js"),
    include_str!("players.js"),
    include_str!("internals.js"),
    include_str!("read.js"),
    include_str!("documents.js"),
    include_str!("picture.js"),
    include_str!("readable.js"),
    include_str!("written.js"),
    include_str!("markdown.js"),
    include_str!("role.js"),
    include_str!("name.js"),
    include_str!("snapshot.js"),
    include_str!("clipboard.js"),
    "const scripts = { clock, admitInput, rest, halt, wait, aim, verdict, watchDrag, dragBegan, madeRoom, fill,\n",
    "enterField, focusOn, select, checkedAs, scroll, beforeWheel, afterWheel, page, content, framesOfReading, query,\n",
    "reveal, extent, beforePicture, beforeHigher, isHigher, hearAgain, afterPicture, snapshot, openRoot, learnRole, markFrame, placeOf,\n",
    "through, offset, heardSelection, offerPaste, edited, allowPaste, separateClipboard };\n",
    "const tools = { own, frame, roots, isOver, absolute };\n",
    "const extend = (extension) => Object.assign(scripts, extension(tools));\n",
    "globalThis.capture = { run, extend, mayHaveRoots, mayHaveRoles, markListening };\n})();\n",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_offered_is_defined() {
        let (_, offered) = BUNDLE.split_once("const scripts = {").unwrap();
        let offered = offered.split_once('}').unwrap().0;
        for name in offered.split(',').map(str::trim) {
            let defined = [format!("function {name}("), format!("async function {name}(")];
            assert!(defined.iter().any(|head| BUNDLE.contains(head.as_str())), "{name}");
        }
    }

    /// The names that scripts use for elements and the document.
    const NODES: [&str; 14] = [
        "element", "node", "document", "control", "label", "option", "named", "target", "hit", "holder", "image",
        "parent", "place", "at",
    ];
    /// Properties that are safe to read directly although a page can give a field this name: those of text nodes.
    const OF_TEXT: [&str; 1] = ["data"];
    /// Objects of ours that have properties with these names and are not elements.
    const NOT_NODES: [&str; 3] = ["own", "item", "range"];

    /// The lines in which a script reads a property of an element directly. Pages can replace such a property by a
    /// field.
    fn read_directly(script: &str, names: &[&str]) -> Vec<String> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let mut found = Vec::new();
        for line in script.lines().filter(|line| !line.trim_start().starts_with("//")) {
            let pieces: Vec<&str> = line.split('.').collect();
            for pair in pieces.windows(2) {
                let [before, after] = pair else { continue };
                let owner = before.trim_end_matches('?').rsplit(|c| !is_word(c)).next().unwrap_or_default();
                let name = after.split(|c| !is_word(c)).next().unwrap_or_default();
                let named = names.contains(&name) && !NOT_NODES.contains(&owner);
                let node = NODES.contains(&owner) && !name.is_empty() && !OF_TEXT.contains(&name);
                if named || node {
                    found.push(line.trim().to_owned());
                }
            }
            let source = line.split("} = ").nth(1).map(|source| source.trim_end_matches(';'));
            if source.is_some_and(|source| NODES.contains(&source)) {
                found.push(line.trim().to_owned());
            }
        }
        found
    }

    #[test]
    fn no_script_reads_a_property_that_a_page_can_name_a_field_after() {
        let own = include_str!("own.js");
        let names: Vec<&str> = own
            .lines()
            .filter_map(|line| line.strip_prefix("    ")?.split_once([':', ',']))
            .map(|(name, _)| name)
            .filter(|name| {
                !["__proto__", "get", "set", "call"].contains(name) && name.chars().all(char::is_alphanumeric)
            })
            .collect();
        assert!(
            ["getAttribute", "matches", "attributes", "getRootNode", "body"].iter().all(|name| names.contains(name))
        );
        let scripts = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/browser/chromium/scripts");
        let mut looked_at = 0;
        for entry in std::fs::read_dir(scripts).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "js") && !path.ends_with("own.js") {
                let found = read_directly(&std::fs::read_to_string(&path).unwrap(), &names);
                assert!(found.is_empty(), "{}: ask own.js instead\n{}", path.display(), found.join("\n"));
                looked_at += 1;
            }
        }
        assert!(looked_at > 10, "{looked_at} scripts");
    }

    #[test]
    fn a_property_read_directly_is_noticed() {
        let names = ["matches"];
        for bad in [
            "if (element.matches('a')) {",
            "some(each => each.matches(x))",
            "const { control } = label;",
            "document?.body",
            "f(x).matches(y)",
            "element.value = 1",
        ] {
            assert_eq!(read_directly(bad, &names).len(), 1, "{bad}");
        }
        for good in ["own.matches(element, 'a')", "// element.matches", "node.data", "const { x } = box;", "item.name"]
        {
            assert_eq!(read_directly(good, &names).len(), 0, "{good}");
        }
    }
}
