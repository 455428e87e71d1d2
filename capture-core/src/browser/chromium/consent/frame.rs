//! The script in one frame: starts it, evaluates what it asks for, and passes its messages on.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{json, value::RawValue};
use tokio::{
    sync::mpsc,
    time::{Duration, Instant, timeout},
};

use super::progress::Message;
use crate::browser::chromium::{
    cdp::{
        CdpError, commands,
        objects::{self, EvaluatedObject, ResolvedNode},
    },
    page::{
        closed_roots::LetGo,
        document::{NoAnswer, World},
    },
    scripts,
};

/// How long an expression in the page's own world may take. The script itself waits a second.
const EVALUATION: Duration = Duration::from_secs(1);

/// The script's first message: its rules and its settings. It refuses, and never accepts.
static BEGINNING: LazyLock<Option<Box<RawValue>>> = LazyLock::new(|| {
    let settings = json!({
        "enabled": true, "autoAction": "optOut", "enablePrehide": false, "enableCosmeticRules": true,
        "enableGeneratedRules": true, "detectRetries": 3, "heuristicMode": "reject", "isMainWorld": false,
        "logs": {"errors": false},
    });
    let rules = scripts::render::CONSENT_RULES;
    let text = format!(r#"{{"type":"initResp","config":{settings},"rules":{{"autoconsent":[],"compact":{rules}}}}}"#);
    RawValue::from_string(text).ok()
});

#[derive(Deserialize)]
struct Described {
    node: Node,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    backend_node_id: i64,
}

#[derive(Deserialize)]
struct Returned {
    result: Truth,
}

#[derive(Deserialize)]
struct Truth {
    value: Option<bool>,
}

/// Runs the script in a frame until its document is gone, the deadline, or the future is dropped.
pub(super) async fn run(world: World, tell: mpsc::Sender<Message>, deadline: Instant) {
    let _end = End(&world);
    // A frame that is gone or busy has no dialogue that could be refused.
    let _: Result<(), NoAnswer> = talk(&world, &tell, deadline).await;
}

/// Has the script wait for nothing any more when dropped.
struct End<'a>(&'a World);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.tell("endConsent");
    }
}

async fn talk(world: &World, tell: &mpsc::Sender<Message>, deadline: Instant) -> Result<(), NoAnswer> {
    let Some(beginning) = BEGINNING.as_ref() else { return Ok(()) };
    let _: bool = world.extended(scripts::render::CONSENT, "beginConsent", &(), deadline).await?;
    drop(world.session.send(&commands::evaluate(scripts::render::AUTOCONSENT.to_owned(), &world.context.unique)));
    let _: bool = world.ask("answerConsent", beginning, deadline).await?;
    if tell.send(Message::Begun).await.is_err() {
        return Ok(());
    }
    while Instant::now() < deadline {
        let messages: Vec<Message> = world.ask("consentMessages", &(), deadline).await?;
        for message in messages {
            let Message::Eval { id, code } = message else {
                if tell.send(message).await.is_err() {
                    return Ok(());
                }
                continue;
            };
            let result = timeout(EVALUATION, in_page(world, &code)).await.is_ok_and(Result::unwrap_or_default);
            let answer = json!({"type": "evalResp", "id": id, "result": result});
            let _: bool = world.ask("answerConsent", &answer, deadline).await?;
        }
    }
    Ok(())
}

/// Evaluates an expression of the script in the page's own world, which is reached through the document that both
/// share.
async fn in_page(world: &World, code: &str) -> Result<bool, CdpError> {
    let session = &world.session;
    let _let_go = LetGo(session);
    let document = objects::evaluate_by_reference("document".to_owned(), &world.context.unique);
    let Some(document) = session.send(&document).decode::<EvaluatedObject>().await?.result.object_id else {
        return Ok(false);
    };
    let Described { node } = session.send(&objects::describe(&document)).decode().await?;
    let ResolvedNode { object } = session.send(&objects::in_own_world(node.backend_node_id)).decode().await?;
    let Some(document) = object.object_id else { return Ok(false) };
    let call = commands::call_on(&document, format!("async function () {{ return Boolean(await {code}); }}"), json!(0));
    Ok(session.send(&call).decode::<Returned>().await?.result.value == Some(true))
}
