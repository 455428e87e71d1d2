//! A batch as its user sees it: in replies and in the notification.

use serde_json::{Map, Value, json};
use url::Url;

use super::record::{Batch, Job, JobResult, Notification};

/// The path of a result.
fn file_url(public_url: Option<&Url>, batch: &Batch, index: usize) -> String {
    let base = public_url.map(|url| url.as_str().trim_end_matches('/')).unwrap_or_default();
    format!("{base}/v1/batches/{}/files/{index}", batch.id)
}

/// The results of the jobs that are done.
fn results(public_url: Option<&Url>, batch: &Batch) -> Vec<Value> {
    let done = |(index, job): (usize, &Job)| {
        let result = job.result.as_ref()?;
        let mut told = told(result);
        told.insert("index".to_owned(), index.into());
        told.insert("url".to_owned(), job.url.as_str().into());
        if result.file.is_some() {
            told.insert("fileUrl".to_owned(), file_url(public_url, batch, index).into());
        }
        Some(Value::from(told))
    };
    batch.jobs.iter().enumerate().filter_map(done).collect()
}

fn told(result: &JobResult) -> Map<String, Value> {
    match serde_json::to_value(result) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(), // cannot happen: a result is an object
    }
}

/// The state of a batch.
pub(super) fn state(public_url: Option<&Url>, batch: &Batch) -> Value {
    let mut told = json!({
        "id": batch.id,
        "type": batch.kind,
        "state": if batch.completed_at.is_some() { "completed" } else { "running" },
        "count": batch.jobs.len(),
        "done": batch.done(),
        "createdAt": batch.created_at,
        "results": results(public_url, batch),
    });
    if let (Some(at), Some(fields)) = (batch.completed_at, told.as_object_mut()) {
        fields.insert("completedAt".to_owned(), json!(at));
    }
    if let (Some(notification), Some(fields)) = (&batch.notification, told.as_object_mut()) {
        fields.insert("notification".to_owned(), notified(notification));
    }
    told
}

/// The address is left out: it may have a secret in it.
fn notified(notification: &Notification) -> Value {
    let Notification { state, attempts, last_error, next_at, uri: _ } = notification;
    let mut told = json!({"state": state, "attempts": attempts});
    if let Some(fields) = told.as_object_mut() {
        fields.extend(last_error.as_ref().map(|error| ("lastError".to_owned(), error.as_str().into())));
        fields.extend(next_at.map(|at| ("nextAttemptAt".to_owned(), json!(at))));
    }
    told
}

/// The body of the notification.
pub(super) fn notification(public_url: Option<&Url>, batch: &Batch) -> Value {
    json!({
        "batchId": batch.id,
        "type": batch.kind,
        "completedAt": batch.completed_at,
        "results": results(public_url, batch),
    })
}
