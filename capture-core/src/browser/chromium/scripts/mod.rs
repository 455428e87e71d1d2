//! The code that runs in pages: real `.js` files, one subject each, joined into one bundle that every document gets once,
//! in an isolated world that the page can neither see nor tamper with.

/// Defines `globalThis.capture` with the functions the action families call.
pub(super) const BUNDLE: &str = concat!(
    "'use strict';(() => {\n",
    include_str!("find.js"),
    include_str!("state.js"),
    include_str!("wait.js"),
    include_str!("click.js"),
    include_str!("fill.js"),
    include_str!("read.js"),
    include_str!("readable.js"),
    "globalThis.capture = { wait, aim, verdict, fill, page, content, query, reveal, extent };\n})();\n",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_called_is_defined() {
        for name in ["wait", "aim", "verdict", "fill", "page", "content", "query", "reveal", "extent"] {
            let defined = [format!("function {name}("), format!("async function {name}(")];
            assert!(defined.iter().any(|head| BUNDLE.contains(head.as_str())), "{name}");
        }
    }
}
