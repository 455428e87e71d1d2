//! A row of an attack table: what is tried, and how what comes of it is judged. Knows nothing of how it is done.
//!
//! Texts may name places: `{{port}}` is a port of the canary's (which listens on every address of this machine),
//! `{{canary}}` is `127.0.0.1:{{port}}`, `{{own}}` this machine's address in its network, `{{site}}` the site that may
//! be reached, `{{server}}` the server itself, `{{folder}}` a folder anyone may write to. Commands may also name texts of
//! the answers before them, `{{target}}` and `{{session}}` of their page, and `{{other-target}}`, another session's page.

/// An attack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Stable: the document names it too.
    pub(super) id: &'static str,
    /// What is tried, for a reader.
    pub(super) title: &'static str,
    /// What is done.
    pub(super) attempt: Attempt,
    /// Whether the canary is reached where nothing guards it; if not, Chromium or this machine stops the attack as well.
    pub(super) reaches: bool,
}

/// What is done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attempt {
    /// These addresses are opened.
    Addresses(&'static [&'static str], Answer),
    /// The site sends whoever asks to these places, with each of these statuses.
    Redirects(&'static [u16], &'static [&'static str], Answer),
    /// The site answers with these headers and this markup; an element `#go` in it is clicked.
    Page(&'static [(&'static str, &'static str)], &'static str),
    /// A page of the site runs this.
    Script(&'static str),
    /// These commands are sent, one after the other.
    Commands(&'static [Command]),
    /// These messages are sent as they are.
    Messages(&'static [&'static str]),
    /// This request is sent to the server, which answers with one of these statuses.
    Request(&'static str, &'static [u16]),
    /// A script leaves something in a session, and an expression looks for it in others.
    Between(&'static str, &'static str),
}

/// What `goto` must answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The guard's refusal.
    Blocked,
    /// That this is no address for it.
    Refused,
    /// Any refusal: the address leads nowhere, or Chromium stops it first.
    Failed,
}

/// A command of DevTools.
#[derive(Debug, Clone, Copy)]
pub(super) struct Command {
    /// To the page; otherwise to the browser.
    pub(super) to_page: bool,
    /// Its name.
    pub(super) method: &'static str,
    /// Its parameters, as JSON.
    pub(super) params: &'static str,
    /// What must be answered.
    pub(super) answer: Said,
}

/// What a command must be answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// An error.
    No,
    /// A result.
    Yes,
    /// Either, as long as nothing comes of it.
    Whatever,
}

const fn row(id: &'static str, title: &'static str, attempt: Attempt) -> Row {
    Row { id, title, attempt, reaches: true }
}

/// Addresses that the guard must refuse.
pub(super) const fn blocked(id: &'static str, title: &'static str, urls: &'static [&'static str]) -> Row {
    row(id, title, Attempt::Addresses(urls, Answer::Blocked))
}

/// Addresses that `goto` must not take.
pub(super) const fn refused(id: &'static str, title: &'static str, urls: &'static [&'static str]) -> Row {
    row(id, title, Attempt::Addresses(urls, Answer::Refused))
}

/// Addresses that must not be opened, for whatever reason.
pub(super) const fn failing(id: &'static str, title: &'static str, urls: &'static [&'static str]) -> Row {
    row(id, title, Attempt::Addresses(urls, Answer::Failed))
}

/// Redirects that the guard must refuse.
pub(super) const fn redirect(
    id: &'static str,
    title: &'static str,
    statuses: &'static [u16],
    places: &'static [&'static str],
) -> Row {
    row(id, title, Attempt::Redirects(statuses, places, Answer::Blocked))
}

/// Markup.
pub(super) const fn html(id: &'static str, title: &'static str, markup: &'static str) -> Row {
    row(id, title, Attempt::Page(&[], markup))
}

/// Headers, and markup that goes with them.
pub(super) const fn headers(
    id: &'static str,
    title: &'static str,
    headers: &'static [(&'static str, &'static str)],
    markup: &'static str,
) -> Row {
    row(id, title, Attempt::Page(headers, markup))
}

/// A script.
pub(super) const fn script(id: &'static str, title: &'static str, script: &'static str) -> Row {
    row(id, title, Attempt::Script(script))
}

/// Commands.
pub(super) const fn commands(id: &'static str, title: &'static str, commands: &'static [Command]) -> Row {
    row(id, title, Attempt::Commands(commands))
}

/// Messages.
pub(super) const fn messages(id: &'static str, title: &'static str, messages: &'static [&'static str]) -> Row {
    row(id, title, Attempt::Messages(messages))
}

/// A request to the server.
pub(super) const fn request(id: &'static str, title: &'static str, text: &'static str, answers: &'static [u16]) -> Row {
    row(id, title, Attempt::Request(text, answers))
}

/// Something left in a session, and a look for it.
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
    /// Whether it is about the page of a session that is not the attacker's.
    pub(super) fn uses_another(&self) -> bool {
        matches!(self.attempt, Attempt::Commands(all) if all.iter().any(|one| one.params.contains("{{other-target}}")))
    }

    /// An attack that does not reach the canary anyway; it is tried all the same, for what it may reach tomorrow.
    pub(super) const fn also_stopped(self) -> Self {
        Self { reaches: false, ..self }
    }

    /// Not the guard, but something else says no.
    pub(super) const fn for_any_reason(self) -> Self {
        let attempt = match self.attempt {
            Attempt::Redirects(statuses, places, _) => Attempt::Redirects(statuses, places, Answer::Failed),
            Attempt::Addresses(urls, _) => Attempt::Addresses(urls, Answer::Failed),
            other => other,
        };
        Self { attempt, ..self }
    }
}
