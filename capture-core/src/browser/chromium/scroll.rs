//! `scroll`.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{cdp::commands, locate::Standing, page::ChromiumPage};
use crate::{
    action::{ActionResult, Distance, Point, Scroll, ScrollResult, Scrolled, Selector, Stretch},
    browser::Fault,
};

impl ChromiumPage {
    pub(super) async fn scroll(&self, scroll: &Scroll, deadline: Instant) -> Result<ActionResult, Fault> {
        let Standing { scroll_x, scroll_y, at_end } = match &scroll.what {
            Scrolled::Page(stretch) => {
                let seen: super::locate::Seen =
                    self.call("scroll", &argument(None, Some(*stretch), 0), deadline).await?;
                seen.scroll.ok_or_else(untold)?
            }
            Scrolled::Element(selector, stretch) => {
                self.scroll_element(scroll, selector, Some(*stretch), deadline).await?
            }
            Scrolled::IntoView(selector) => self.scroll_element(scroll, selector, None, deadline).await?,
            Scrolled::Wheel(point, by) => self.wheel(*point, *by, deadline).await?,
        };
        Ok(ActionResult::Scroll(ScrollResult { scroll_x, scroll_y, at_end }))
    }

    async fn scroll_element(
        &self,
        scroll: &Scroll,
        selector: &Selector,
        stretch: Option<Stretch>,
        deadline: Instant,
    ) -> Result<Standing, Fault> {
        let argument = |timeout: u64| argument(Some(selector), stretch, timeout);
        let (seen, _) = self.look("scroll", selector, argument, deadline).await?;
        let (_, seen) = seen.ready(selector, scroll.timeout)?;
        seen.scroll.ok_or_else(untold)
    }

    /// A real wheel, and where what it moved comes to rest.
    async fn wheel(&self, point: Point, by: Distance, deadline: Instant) -> Result<Standing, Fault> {
        let way = json!({"x": point.x, "y": point.y, "dx": by.dx, "dy": by.dy});
        let _: bool = self.call("beforeWheel", &way, deadline).await?;
        let turned = self.active()?.send(&commands::wheel((point.x, point.y), (by.dx, by.dy)));
        *self.mouse.lock() = point;
        match tokio::time::timeout_at(deadline, turned).await {
            Ok(turned) => drop(turned?),
            Err(_elapsed) => return Err(Fault::timed_out("the page did not handle the wheel in time")),
        }
        self.call("afterWheel", &way, deadline).await
    }
}

fn argument(selector: Option<&Selector>, stretch: Option<Stretch>, timeout: u64) -> Value {
    let mut argument = json!(stretch);
    if !argument.is_object() {
        argument = json!({});
    }
    if let Value::Object(fields) = &mut argument {
        fields.insert("selector".to_owned(), json!(selector));
        fields.insert("timeoutMs".to_owned(), timeout.into());
    }
    argument
}

fn untold() -> Fault {
    Fault::Protocol("scroll told no place".to_owned())
}
