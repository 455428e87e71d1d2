//! A row of the suite: what one user does while another one works. Knows nothing of what is measured meanwhile.

use futures::future::BoxFuture;

use super::attacker::Attacker;

/// What one user does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attack {
    /// What is done, for a reader; names the row in reports.
    pub(super) name: &'static str,
    /// How.
    pub(super) by: By,
}

/// How a user attacks.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    /// A page of the site runs this script when its button is clicked; then these actions are asked again and again.
    Page(&'static str, &'static [Ask]),
    /// So many clients of one `connectUrl`, each with a page of its own.
    Devtools(Clients),
    /// A program of its own, until it is given up.
    Program(for<'a> fn(&'a Attacker<'a>) -> BoxFuture<'a, ()>),
}

/// An action: its type, and its payload as JSON.
pub(super) type Ask = (&'static str, &'static str);

/// What clients of a `connectUrl` do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clients {
    /// How many they are.
    pub(super) count: usize,
    /// What runs in the page of each.
    pub(super) script: &'static str,
    /// What each asks of its page, again and again: command and parameters as JSON.
    pub(super) commands: &'static [(&'static str, &'static str)],
    /// Whether answers are awaited and read; otherwise nothing is.
    pub(super) reads: bool,
}

/// A script, and actions beside it.
pub(super) const fn page(name: &'static str, script: &'static str, asks: &'static [Ask]) -> Attack {
    Attack { name, by: By::Page(script, asks) }
}

/// A client of `connectUrl`.
pub(super) const fn devtools(
    name: &'static str,
    script: &'static str,
    commands: &'static [(&'static str, &'static str)],
) -> Attack {
    Attack { name, by: By::Devtools(Clients { count: 1, script, commands, reads: true }) }
}

/// Something else.
pub(super) const fn program(name: &'static str, program: for<'a> fn(&'a Attacker<'a>) -> BoxFuture<'a, ()>) -> Attack {
    Attack { name, by: By::Program(program) }
}

impl Attack {
    /// The same with so many clients, none of which reads.
    pub(super) const fn of_many_who_do_not_read(self, count: usize) -> Self {
        match self.by {
            By::Devtools(clients) => Self { by: By::Devtools(Clients { count, reads: false, ..clients }), ..self },
            _ => self,
        }
    }

    /// The same with so many clients.
    pub(super) const fn of_many(self, count: usize) -> Self {
        match self.by {
            By::Devtools(clients) => Self { by: By::Devtools(Clients { count, ..clients }), ..self },
            _ => self,
        }
    }
}
