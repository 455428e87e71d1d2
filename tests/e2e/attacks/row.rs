//! A row of an attack table: what is tried, and how the result is judged. Knows nothing of how it is tried.
//!
//! Texts may contain placeholders: `{{port}}` is a port of the canary's (which listens on every address of this
//! machine), `{{canary}}` is `127.0.0.1:{{port}}`, `{{own}}` this machine's address in its network, `{{site}}` the site
//! that may be reached, `{{server}}` the server itself, `{{folder}}` a world-writable folder. Commands may also name
//! strings in earlier answers, `{{target}}` and `{{session}}` of their page, and `{{other-target}}`, another session's
//! page.

/// An attack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Stable, because docs/attacks.md names it as well.
    pub(super) id: &'static str,
    /// A description for the reader.
    pub(super) title: &'static str,
    /// What is tried.
    pub(super) attempt: Attempt,
    /// Whether the canary is reached without the guard. If not, Chromium or this machine stops the attack as well.
    pub(super) reaches: bool,
}

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attempt {
    /// These addresses are opened.
    Addresses(&'static [&'static str], Answer),
    /// The site redirects to these places, with each of these statuses.
    Redirects(&'static [u16], &'static [&'static str], Answer),
    /// The site answers with these headers and this markup; an element `#go` in it is clicked.
    Page(&'static [(&'static str, &'static str)], &'static str),
    /// A page of the site runs this script.
    Script(&'static str),
    /// These commands are sent one after another.
    Commands(&'static [Command]),
    /// These messages are sent unchanged.
    Messages(&'static [&'static str]),
    /// This request is sent to the server, which must answer with one of these statuses.
    Request(&'static str, &'static [u16]),
    /// A script leaves something in a session, and an expression looks for it in others.
    Between(&'static str, &'static str),
}

/// The answer that `goto` must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The refusal of the guard.
    Blocked,
    /// The refusal of an invalid address.
    Refused,
    /// Any failure: the address leads nowhere, or Chromium stops it first.
    Failed,
}

/// A CDP command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Command {
    /// Whether it is sent to the page; otherwise it is sent to the browser.
    pub(super) to_page: bool,
    /// The method.
    pub(super) method: &'static str,
    /// The parameters, as JSON.
    pub(super) params: &'static str,
    /// The answer that is required.
    pub(super) answer: Said,
}

/// The answer to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// An error.
    No,
    /// A result.
    Yes,
    /// An error or a result, as long as the command has no effect.
    Whatever,
}

const fn row(id: &'static str, title: &'static str, attempt: Attempt) -> Row {
    Row { id, title, attempt, reaches: true }
}

/// A row of addresses that the guard must refuse.
pub(super) const fn blocked(id: &'static str, title: &'static str, urls: &'static [&'static str]) -> Row {
    row(id, title, Attempt::Addresses(urls, Answer::Blocked))
}

/// A row of addresses that `goto` must refuse as invalid.
pub(super) const fn refused(id: &'static str, title: &'static str, urls: &'static [&'static str]) -> Row {
    row(id, title, Attempt::Addresses(urls, Answer::Refused))
}

/// A row of addresses that must not open, for any reason.
pub(super) const fn failing(id: &'static str, title: &'static str, urls: &'static [&'static str]) -> Row {
    row(id, title, Attempt::Addresses(urls, Answer::Failed))
}

/// A row of redirects that the guard must refuse.
pub(super) const fn redirect(
    id: &'static str,
    title: &'static str,
    statuses: &'static [u16],
    places: &'static [&'static str],
) -> Row {
    row(id, title, Attempt::Redirects(statuses, places, Answer::Blocked))
}

/// A row of markup.
pub(super) const fn html(id: &'static str, title: &'static str, markup: &'static str) -> Row {
    row(id, title, Attempt::Page(&[], markup))
}

/// A row of headers, with the markup that belongs to them.
pub(super) const fn headers(
    id: &'static str,
    title: &'static str,
    headers: &'static [(&'static str, &'static str)],
    markup: &'static str,
) -> Row {
    row(id, title, Attempt::Page(headers, markup))
}

/// A row with a script.
pub(super) const fn script(id: &'static str, title: &'static str, script: &'static str) -> Row {
    row(id, title, Attempt::Script(script))
}

/// A row of commands.
pub(super) const fn commands(id: &'static str, title: &'static str, commands: &'static [Command]) -> Row {
    row(id, title, Attempt::Commands(commands))
}

/// A row of raw messages.
pub(super) const fn messages(id: &'static str, title: &'static str, messages: &'static [&'static str]) -> Row {
    row(id, title, Attempt::Messages(messages))
}

/// A row with a request to the server.
pub(super) const fn request(id: &'static str, title: &'static str, text: &'static str, answers: &'static [u16]) -> Row {
    row(id, title, Attempt::Request(text, answers))
}

/// A row that leaves something in a session, and looks for it in others.
pub(super) const fn between(id: &'static str, title: &'static str, leave: &'static str, look: &'static str) -> Row {
    row(id, title, Attempt::Between(leave, look))
}

/// A command to the browser.
pub(super) const fn browser(method: &'static str, params: &'static str, answer: Said) -> Command {
    Command { to_page: false, method, params, answer }
}

/// A command to a page.
pub(super) const fn page(method: &'static str, params: &'static str, answer: Said) -> Command {
    Command { to_page: true, method, params, answer }
}

impl Row {
    /// Whether it names the page of another user's session.
    pub(super) fn uses_another(&self) -> bool {
        matches!(self.attempt, Attempt::Commands(all) if all.iter().any(|one| one.params.contains("{{other-target}}")))
    }

    /// Marks an attack that does not reach the canary without the guard either. It is still tried, because a new
    /// Chromium may change that.
    pub(super) const fn also_stopped(self) -> Self {
        Self { reaches: false, ..self }
    }

    /// Marks an attack that something other than the guard refuses.
    pub(super) const fn for_any_reason(self) -> Self {
        let attempt = match self.attempt {
            Attempt::Redirects(statuses, places, _) => Attempt::Redirects(statuses, places, Answer::Failed),
            Attempt::Addresses(urls, _) => Attempt::Addresses(urls, Answer::Failed),
            other => other,
        };
        Self { attempt, ..self }
    }
}
