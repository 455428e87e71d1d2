//! The code that runs in pages: real `.js` files, one subject each, joined into one bundle that every document gets once,
//! in an isolated world that the page can neither see nor tamper with.

/// Defines `globalThis.capture` with the functions the action families call.
pub(super) const BUNDLE: &str = concat!(
    "'use strict';(() => {\n",
    include_str!("find.js"),
    include_str!("state.js"),
    include_str!("wait.js"),
    include_str!("frames.js"),
    include_str!("click.js"),
    include_str!("drag.js"),
    include_str!("fill.js"),
    include_str!("choose.js"),
    include_str!("scroll.js"),
    include_str!("read.js"),
    include_str!("readable.js"),
    include_str!("role.js"),
    include_str!("name.js"),
    include_str!("snapshot.js"),
    "globalThis.capture = { wait, aim, verdict, watchDrag, dragBegan, fill, enterField, focusOn, select, checkedAs, scroll,\n",
    "beforeWheel, afterWheel, page, content, query, reveal, extent, snapshot, markFrame, placeOf, through, offset };\n})();\n",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_offered_is_defined() {
        let (_, offered) = BUNDLE.split_once("globalThis.capture = {").unwrap();
        let offered = offered.split_once('}').unwrap().0;
        for name in offered.split(',').map(str::trim) {
            let defined = [format!("function {name}("), format!("async function {name}(")];
            assert!(defined.iter().any(|head| BUNDLE.contains(head.as_str())), "{name}");
        }
    }
}
