//! The faults of a simulation: delays and losses between instances, kills, pauses, and a Redis that loses data.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    history::Lost,
    network::{Dice, Weather},
    world::{STORM, World},
};

/// What Redis loses at some point of a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    Nothing,
    /// All data, as after a restart without persistence.
    Everything,
    /// The latest changes, as when a replica takes over.
    LastMoments,
}

/// Maximum age of the lost changes, in milliseconds.
const LAG: u64 = 300;

impl World {
    /// Brings faults until the storm is over.
    pub(super) async fn bring_faults(self: Arc<Self>, mut dice: Dice) {
        let mut killed = false;
        while self.began.elapsed() < STORM {
            tokio::time::sleep(Duration::from_millis(500 + dice.throw(6_000))).await;
            let count = self.nodes.lock().len() as u64;
            let at = usize::try_from(dice.throw(count)).unwrap();
            let weather = if dice.one_in(2) { Weather::Cut } else { Weather::Slow(10 + dice.throw(900)) };
            match dice.throw(9) {
                0 | 1 => self.turn(&[at], Some(weather), None),
                2 | 3 => self.turn(&[at], None, Some(weather)),
                8 => self.stall(at, Duration::from_millis(dice.throw(15_000))),
                4 => self.turn(&[at], Some(Weather::Cut), Some(Weather::Cut)),
                5 => self.turn(&[0, 1, 2, 3], Some(Weather::Cut), Some(Weather::Cut)),
                6 if !killed => {
                    killed = true;
                    self.kill(at);
                    self.start_node().await;
                }
                7 if self.history.lock().lost.is_none() => self.forget(Duration::from_millis(dice.throw(LAG))).await,
                _ => {}
            }
            tokio::time::sleep(Duration::from_millis(500 + dice.throw(22_000))).await;
            self.clear_up();
        }
        self.clear_up();
    }

    async fn forget(&self, lag: Duration) {
        let until = Instant::now() + lag;
        let from = match self.loses {
            Loss::Nothing => return,
            Loss::Everything => {
                self.network.redis.clear();
                self.began
            }
            Loss::LastMoments => {
                let (from, take_over) = (Instant::now(), self.network.redis.replica());
                tokio::time::sleep_until(until).await;
                take_over();
                from
            }
        };
        self.note(format!("redis forgets {:?}", self.loses));
        self.history.lock().lost = Some(Lost { from, until });
    }

    fn turn(&self, at: &[usize], store: Option<Weather>, bus: Option<Weather>) {
        self.note(format!("weather {at:?} {store:?} {bus:?}"));
        let nodes = self.nodes.lock();
        for node in at.iter().filter_map(|at| nodes.get(*at)).filter(|node| node.alive) {
            if let Some(store) = store {
                *node.link.store.lock() = store;
            }
            if let Some(bus) = bus {
                *node.link.bus.lock() = bus;
            }
        }
    }

    fn stall(&self, at: usize, time: Duration) {
        self.note(format!("stalled {at} {time:?}"));
        *self.nodes.lock()[at].link.stalled.lock() = Some(Instant::now() + time);
    }

    fn clear_up(&self) {
        for node in self.nodes.lock().iter().filter(|node| node.alive) {
            (*node.link.store.lock(), *node.link.bus.lock()) = (Weather::Fair, Weather::Fair);
        }
    }

    fn kill(&self, at: usize) {
        let mut nodes = self.nodes.lock();
        let Some(node) = nodes.get_mut(at).filter(|node| node.alive) else { return };
        node.alive = false;
        node.link.die();
        node.dead.happen();
        drop(nodes);
        self.note(format!("kill {at}"));
    }
}
