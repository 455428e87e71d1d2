//! A row of the suite: what one user does while another one works. Knows nothing of the measurements during it.

use futures::future::BoxFuture;

use super::attacker::Attacker;

/// What one user does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attack {
    /// A description for the reader, which names the row in reports.
    pub(super) name: &'static str,
    /// How it is done.
    pub(super) by: By,
}

/// How a user attacks.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    /// A page of the site runs this script when its button is clicked; then these actions are sent repeatedly.
    Page(&'static str, &'static [Ask]),
    /// Clients of one `connectUrl`, each with a page of its own.
    Devtools(Clients),
    /// A program, which runs until it is cancelled.
    Program(for<'a> fn(&'a Attacker<'a>) -> BoxFuture<'a, ()>),
}

/// An action: its type, and its payload as JSON.
pub(super) type Ask = (&'static str, &'static str);

/// The behaviour of clients of a `connectUrl`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clients {
    /// The number of clients.
    pub(super) count: usize,
    /// The script that runs in the page of each client.
    pub(super) script: &'static str,
    /// The commands that each client sends to its page repeatedly, with parameters as JSON.
    pub(super) commands: &'static [(&'static str, &'static str)],
    /// Whether answers are awaited and read; otherwise the client reads nothing.
    pub(super) reads: bool,
}

/// A script in a page, with actions beside it.
pub(super) const fn page(name: &'static str, script: &'static str, asks: &'static [Ask]) -> Attack {
    Attack { name, by: By::Page(script, asks) }
}

/// One client of a `connectUrl`.
pub(super) const fn devtools(
    name: &'static str,
    script: &'static str,
    commands: &'static [(&'static str, &'static str)],
) -> Attack {
    Attack { name, by: By::Devtools(Clients { count: 1, script, commands, reads: true }) }
}

/// An attack by a program.
pub(super) const fn program(name: &'static str, program: for<'a> fn(&'a Attacker<'a>) -> BoxFuture<'a, ()>) -> Attack {
    Attack { name, by: By::Program(program) }
}

impl Attack {
    /// Changes the attack to `count` clients, none of which reads.
    pub(super) const fn of_many_who_do_not_read(self, count: usize) -> Self {
        match self.by {
            By::Devtools(clients) => Self { by: By::Devtools(Clients { count, reads: false, ..clients }), ..self },
            _ => self,
        }
    }

    /// Changes the attack to `count` clients.
    pub(super) const fn of_many(self, count: usize) -> Self {
        match self.by {
            By::Devtools(clients) => Self { by: By::Devtools(Clients { count, ..clients }), ..self },
            _ => self,
        }
    }
}
