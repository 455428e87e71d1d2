//! The tables of payload fields: one sentence and the fields of each action.

use super::{
    Field,
    Need::{Default, Optional, Or, Required},
    Shape::{
        Actions, Boolean, Clamped, Clip, Device, Integer, Number, Point, Points, Scale, Selector, Text, Texts,
        Viewport, Word, Words,
    },
};
use crate::{action_type::ActionType, limits::MAX_BATCH_STEPS};

pub(super) const SCREENSHOT: Field =
    Field::new("screenshot", Boolean, Default("false"), "attach a picture of the viewport as it is afterwards");

pub(super) const VIEWPORT: [Field; 6] = [
    Field::new("viewport", Viewport, Optional, "the page's size in CSS pixels"),
    Field::new("vw", Integer(1, 5000), Optional, "its width; with `vh`"),
    Field::new("vh", Integer(1, 5000), Optional, "its height; with `vw`"),
    Field::new("deviceScaleFactor", Scale, Optional, "device pixels per CSS pixel"),
    Field::new("scaleFactor", Scale, Optional, "the same"),
    Field::new("emulateDevice", Device, Optional, "size, scale, touch and user agent of a device; wins over sizes"),
];

const ANY: crate::action::fields::Shape = Number(f64::MIN, f64::MAX);
const FOUND: Field = Field::new("selector", Selector, Required, "the element");
const TARGET: Field = Field::new("selector", Selector, Or("`x` and `y`"), "the element; wins over the point");
const X: Field = Field::new("x", ANY, Optional, "of a point of the viewport, in CSS pixels; with `y`");
const Y: Field = Field::new("y", ANY, Optional, "of the point");
const POSITION: Field = Field::new(
    "position",
    Point,
    Optional,
    "inside the element, from its top left corner; else the middle of what is in view",
);
const WITHIN: Field = Field::new("timeoutMs", Clamped(1, 30_000), Default("5000"), "for the whole action");
const LOADED: Field = Field::new("timeoutMs", Clamped(1, 30_000), Default("15000"), "for the whole action");
const TYPED: Field =
    Field::new("timeoutMs", Clamped(1, 30_000), Optional, "for the whole action; default 5000 and the delays");
const DRAGGED: Field = Field::new(
    "timeoutMs",
    Clamped(1, 30_000),
    Optional,
    "for the whole action; default 5000 and `holdMs` and `durationMs`",
);
const UNTIL: Field = Field::new(
    "waitUntil",
    Word(&["load", "domcontentloaded", "commit"]),
    Default("\"domcontentloaded\""),
    "everything has loaded; the markup has been read; the document has arrived",
);
const DELAY: Field = Field::new(
    "delayMs",
    Integer(0, 1000),
    Default("0"),
    "between two keys; more than 30 s for the whole text is refused",
);
const CLEAR: Field = Field::new("clear", Boolean, Default("false"), "forget all of them afterwards");
const NEWEST: Field = Field::new("limit", Clamped(1, 1000), Default("100"), "the newest so many");

const GOTO: &[Field] = &[
    Field::new(
        "url",
        Text,
        Required,
        "`http`, `https`, `data:` or `about:blank`; without a scheme `https://` is supplied, `http://` for localhost and IP addresses",
    ),
    UNTIL,
    LOADED,
];
const TRAVEL: &[Field] = &[UNTIL, LOADED];
const PICTURE: &[Field] = &[
    Field::new("fullPage", Boolean, Default("false"), "the whole page; above 16384 pixels it is cut"),
    Field::new("selector", Selector, Optional, "only this element, waited for at most 5 s until it is visible"),
    Field::new("clip", Clip, Optional, "only this part, in CSS pixels of the document"),
    Field::new("omitBackground", Boolean, Default("false"), "transparent where the page paints nothing"),
    Field::new("type", Word(&["png", "jpeg", "webp"]), Default("\"png\""), "how it is encoded"),
    Field::new("quality", Integer(1, 100), Optional, "of jpeg and webp"),
];
const WAIT_FOR_SELECTOR: &[Field] = &[
    FOUND,
    Field::new("state", Word(&["attached", "visible", "hidden", "detached"]), Optional, "what to wait for"),
    Field::new("visible", Boolean, Default("true"), "without `state`: `visible`, or `attached` where false"),
    WITHIN,
];
const WAIT_FOR_TIMEOUT: &[Field] = &[Field::new("timeoutMs", Clamped(1, 2500), Required, "how long")];
const CLICK: &[Field] = &[
    TARGET,
    X,
    Y,
    POSITION,
    Field::new("button", Word(&["left", "right", "middle"]), Default("\"left\""), "of the mouse"),
    Field::new("clickCount", Integer(1, 3), Default("1"), "2 is a double click"),
    Field::new("modifiers", Words(&["Alt", "Control", "Meta", "Shift"]), Default("[]"), "keys held meanwhile"),
    Field::new(
        "force",
        Boolean,
        Default("false"),
        "click even if something covers the element; that then receives the click",
    ),
    WITHIN,
];
const HOVER: &[Field] = &[TARGET, X, Y, POSITION, WITHIN];
const MOVE_MOUSE: &[Field] = &[
    Field::new("x", ANY, Required, "in the viewport, in CSS pixels"),
    Field::new("y", ANY, Required, "in the viewport, in CSS pixels"),
    Field::new("steps", Integer(1, 100), Default("1"), "movements in a straight line from where the mouse is"),
];
const DRAG_MOUSE: &[Field] = &[
    Field::new(
        "path",
        Points(2, 100),
        Or("`from` and `to`, or `fromSelector` and `toSelector`"),
        "points of the viewport",
    )
    .also("points"),
    Field::new("from", Point, Optional, "the first point; with `to`"),
    Field::new("to", Point, Optional, "the last point"),
    Field::new("fromSelector", Selector, Optional, "the first element, waited for as by `click`; with `toSelector`"),
    Field::new("toSelector", Selector, Optional, "the last element"),
    Field::new("steps", Integer(1, 100), Default("5"), "movements between two points"),
    Field::new(
        "holdMs",
        Integer(0, 10_000),
        Default("0"),
        "held before the first movement, for pages that wait for that",
    ),
    Field::new(
        "durationMs",
        Integer(0, 10_000),
        Default("0"),
        "from the first movement to the release, at an even pace",
    ),
    DRAGGED,
];
const TYPE: &[Field] = &[
    Field::new("selector", Selector, Required, "a field as for `fill`"),
    Field::new("text", Text, Required, "typed key by key at the end of the content").also("value"),
    DELAY,
    Field::new("clear", Boolean, Default("false"), "empty the field first"),
    TYPED,
];
const TYPE_TEXT: &[Field] =
    &[Field::new("text", Text, Required, "typed key by key into whatever has the focus").also("value"), DELAY, TYPED];
const FILL: &[Field] = &[
    Field::new("selector", Selector, Required, "an input, a textarea, something contenteditable, or the label of one"),
    Field::new("value", Text, Required, "the new content").also("text"),
    WITHIN,
];
const SELECT: &[Field] = &[
    Field::new("selector", Selector, Required, "a `<select>` or its label"),
    Field::new("value", Text, Or("one of `values`, `label`, `index`"), "the option with this value"),
    Field::new("values", Texts(usize::MAX), Optional, "the options with these values; none deselects all"),
    Field::new("label", Text, Optional, "the option that shows this"),
    Field::new("index", Integer(0, 100_000), Optional, "the option at this place, from 0"),
    WITHIN,
];
const CHECK: &[Field] = &[
    Field::new(
        "selector",
        Selector,
        Required,
        "a checkbox, a radio button, an element with such a role or `switch`, or the label of one",
    ),
    Field::new("checked", Boolean, Default("true"), "as it is to be"),
    WITHIN,
];
const PRESS: &[Field] = &[
    Field::new("key", Text, Required, "one character or a name (`Enter`, `ArrowDown`, `F5`, `Space` …, case ignored), after held modifiers: `Control+A`, `Shift+Tab`").also("keys"),
    Field::new("selector", Selector, Optional, "gets the focus first, once it is visible and enabled"),
    WITHIN,
];
const SCROLL: &[Field] = &[
    Field::new("direction", Word(&["down", "up", "left", "right"]), Default("\"down\""), "which way"),
    Field::new("amount", Number(0.0, 1e6), Default("500"), "how far, in CSS pixels"),
    Field::new("to", Word(&["top", "bottom"]), Optional, "an end; not with `direction` or `amount`"),
    Field::new(
        "selector",
        Selector,
        Optional,
        "scrolls this element; without `direction`, `amount` and `to` scrolls it into view",
    ),
    Field::new("x", ANY, Optional, "turns the wheel at this point; with `y`, not with `selector` or `to`"),
    Field::new("y", ANY, Optional, "of the point"),
    WITHIN,
];
const SNAPSHOT: &[Field] = &[
    Field::new("interactive", Boolean, Default("false"), "only what can be acted on, and frames"),
    Field::new("selector", Selector, Optional, "only this element and what is in it, not waited for"),
    Field::new("maxDepth", Clamped(1, 1000), Default("1000"), "levels"),
    Field::new("maxChars", Clamped(1, 1_000_000), Default("50000"), "whole lines beyond are left out"),
];
const CONSOLE: &[Field] = &[
    NEWEST,
    Field::new("level", Word(&["log", "debug", "info", "warning", "warn", "error"]), Optional, "only these"),
    CLEAR,
];
const ERRORS: &[Field] = &[NEWEST, CLEAR];
const CONTENT: &[Field] =
    &[Field::new("format", Word(&["text", "markdown", "html"]), Default("\"text\""), "how it is wanted")];
const QUERY: &[Field] = &[
    Field::new("selector", Selector, Required, "the elements, not waited for"),
    Field::new(
        "fields",
        Words(&[
            "text",
            "html",
            "href",
            "src",
            "alt",
            "title",
            "value",
            "name",
            "id",
            "className",
            "tag",
            "role",
            "ariaLabel",
            "visible",
            "bbox",
        ]),
        Default("[\"text\"]"),
        "what to read of each",
    ),
    Field::new("attributes", Texts(50), Default("[]"), "names of attributes to read of each, raw"),
    Field::new("limit", Clamped(1, 500), Default("100"), "at most so many elements"),
    Field::new("visibleOnly", Boolean, Default("false"), "leave out what is not visible"),
];
const BATCH: &[Field] = &[
    Field::new(
        "actions",
        Actions(1, MAX_BATCH_STEPS),
        Required,
        "the steps, none of them a batch; all are checked before the first runs",
    ),
    Field::new("continueOnError", Boolean, Default("false"), "go on after a step that failed"),
];

pub(super) fn own_fields(kind: ActionType) -> &'static [Field] {
    match kind {
        ActionType::Goto => GOTO,
        ActionType::Back | ActionType::Forward | ActionType::Reload => TRAVEL,
        ActionType::Title | ActionType::Url | ActionType::CursorPosition => &[],
        ActionType::Screenshot => PICTURE,
        ActionType::WaitForSelector => WAIT_FOR_SELECTOR,
        ActionType::WaitForTimeout => WAIT_FOR_TIMEOUT,
        ActionType::Click => CLICK,
        ActionType::Hover => HOVER,
        ActionType::MoveMouse => MOVE_MOUSE,
        ActionType::DragMouse => DRAG_MOUSE,
        ActionType::Type => TYPE,
        ActionType::TypeText => TYPE_TEXT,
        ActionType::Fill => FILL,
        ActionType::Select => SELECT,
        ActionType::Check => CHECK,
        ActionType::Press => PRESS,
        ActionType::Scroll => SCROLL,
        ActionType::Snapshot => SNAPSHOT,
        ActionType::Console => CONSOLE,
        ActionType::Errors => ERRORS,
        ActionType::Content => CONTENT,
        ActionType::Query => QUERY,
        ActionType::Batch => BATCH,
    }
}

pub(super) fn about(kind: ActionType) -> &'static str {
    match kind {
        ActionType::Goto => "Opens an address.",
        ActionType::Back => "Goes back one entry in the history.",
        ActionType::Forward => "Goes forward one entry in the history.",
        ActionType::Reload => "Loads the page again.",
        ActionType::Title => "Reads the page's title.",
        ActionType::Url => "Reads the page's address.",
        ActionType::Screenshot => "Takes a picture of the viewport, the whole page, an element or a part.",
        ActionType::WaitForSelector => "Waits until an element is there, visible, hidden or gone.",
        ActionType::WaitForTimeout => "Waits a while.",
        ActionType::Click => "Clicks an element, once it can be clicked, or a point.",
        ActionType::Hover => "Moves the mouse over an element, or to a point.",
        ActionType::MoveMouse => "Moves the mouse.",
        ActionType::DragMouse => "Presses the left button, moves, and lets it go.",
        ActionType::CursorPosition => "Reads where the mouse is.",
        ActionType::Type => "Types text into a field, key by key.",
        ActionType::TypeText => "Types text into whatever has the focus.",
        ActionType::Fill => "Replaces the content of a field.",
        ActionType::Select => "Chooses options of a `<select>`.",
        ActionType::Check => "Checks or unchecks a checkbox, a radio button or a switch.",
        ActionType::Press => "Presses a key, with modifiers.",
        ActionType::Scroll => "Scrolls the page, an element, or turns the wheel at a point.",
        ActionType::Snapshot => "Reads the page as a tree of roles and names, with refs for what can be acted on.",
        ActionType::Console => "Reads what the page wrote to its console.",
        ActionType::Errors => "Reads what went wrong in the page.",
        ActionType::Content => "Reads the page as text, Markdown or HTML.",
        ActionType::Query => "Reads elements: their text, attributes and boxes.",
        ActionType::Batch => "Runs up to 25 actions in one request.",
    }
}
