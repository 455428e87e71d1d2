//! The `console` and `errors` actions.
//!
//! What is kept, and for how long, is decided in `console/`.

use crate::{
    action::{ActionResult, Console, Errors},
    browser::chromium::page::chromium_page::ChromiumPage,
};

impl ChromiumPage {
    pub(crate) fn console(&self, console: Console) -> ActionResult {
        ActionResult::Console(self.console_log.lock().messages(console))
    }

    pub(crate) fn errors(&self, errors: Errors) -> ActionResult {
        ActionResult::Errors(self.console_log.lock().errors(errors))
    }
}
