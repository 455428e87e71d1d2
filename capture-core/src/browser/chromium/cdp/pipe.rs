//! The two tasks of a pipe to one browser: one writes commands, and the other reads the browser's messages
//! (`reading.rs`).

use std::sync::Arc;

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};

use super::{
    connection::{Connection, Listener, Outgoing},
    reading,
};
use crate::tasks::Tasks;

/// Maximum bytes of commands that are gathered into one write.
const BATCH: usize = 1 << 20;

/// Starts both tasks.
pub(crate) fn start(
    to_browser: impl AsyncWrite + Unpin + Send + 'static,
    from_browser: impl AsyncRead + Unpin + Send + 'static,
    tasks: &Tasks,
    listener: Arc<dyn Listener>,
) -> Connection {
    let (connection, commands) = Connection::new();
    let (reader, writer) = (connection.clone(), connection.clone());
    tasks.spawn(async move {
        if let Err(error) = write(to_browser, commands, &writer).await {
            tracing::info!(%error, "the browser's pipe closed for writing");
        }
        writer.close();
    });
    tasks.spawn(async move {
        if let Err(error) = reading::read(from_browser, &reader, &*listener).await {
            tracing::warn!(%error, "the browser's pipe closed for reading");
        }
        reader.close();
    });
    connection
}

async fn write(
    mut pipe: impl AsyncWrite + Unpin,
    mut commands: mpsc::Receiver<Outgoing>,
    connection: &Connection,
) -> std::io::Result<()> {
    loop {
        let first = tokio::select! {
            first = commands.recv() => first,
            () = connection.closed() => return Ok(()),
        };
        let Some(Outgoing { bytes: mut batch, room: first_room }) = first else { return Ok(()) };
        let mut rooms = vec![first_room];
        // Commands that are sent together are written together.
        while batch.len() < BATCH
            && let Ok(Outgoing { bytes, room }) = commands.try_recv()
        {
            batch.extend_from_slice(&bytes);
            rooms.push(room);
        }
        tokio::select! {
            written = pipe.write_all(&batch) => written?,
            () = connection.closed() => return Ok(()),
        }
    }
}
