//! The faults: what they hit, for how long, and how sessions may end because of them.

use std::time::Duration;

use capture_tests::{Redis, processes, until};
use rustix::process::Signal;

use super::{stage::Stage, traces::now};

/// One kind of fault. Numbers are seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    KillOwner,
    KillGateway,
    EndOwner,
    EndGateway,
    StopOwner(u64),
    StopGateway(u64),
    KillBrowser,
    /// `CLIENT KILL` of all subscribed connections, or of all that are not subscribed.
    DropConnections(&'static str),
    PauseRedis,
    RestartRedis,
    EmptyRedis,
    FailOver,
    /// No bytes are passed on for a while.
    BlackHole(u64),
    /// No bytes are passed on, and then the connections break.
    BlackHoleThenClose(u64),
    FillMemory,
    ForgetScripts,
}

pub(super) const ALL: [Trouble; 21] = [
    Trouble::KillOwner,
    Trouble::KillGateway,
    Trouble::EndOwner,
    Trouble::EndGateway,
    Trouble::StopOwner(3),
    Trouble::StopOwner(9),
    Trouble::StopOwner(30),
    Trouble::StopGateway(3),
    Trouble::StopGateway(9),
    Trouble::StopGateway(30),
    Trouble::KillBrowser,
    Trouble::DropConnections("pubsub"),
    Trouble::DropConnections("normal"),
    Trouble::PauseRedis,
    Trouble::RestartRedis,
    Trouble::EmptyRedis,
    Trouble::FailOver,
    Trouble::BlackHole(4),
    Trouble::BlackHoleThenClose(12),
    Trouble::FillMemory,
    Trouble::ForgetScripts,
];

/// How long Redis is paused, is away, or refuses to write.
const PAUSED: Duration = Duration::from_secs(4);
const AWAY: Duration = Duration::from_millis(500);
const REFUSES: Duration = Duration::from_secs(4);

/// How far the replica is behind when it takes over. It is shorter than any session, because a session that the replica
/// never heard of could not be settled.
const LAG: Duration = Duration::from_millis(20);

/// When the fault began and when it was over, by the wall clock in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Struck {
    pub(super) began: i64,
    /// From this moment on the instance that was hit sent no heartbeat.
    pub(super) dead: i64,
    pub(super) over: i64,
}

/// How sessions that no client closed may end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    pub(super) reason: &'static str,
    /// The range of the moment up to which they are charged.
    pub(super) between: (i64, i64),
}

impl Trouble {
    /// Whether the recovery requires that other instances may settle sessions.
    pub(super) fn wants_a_judge(self) -> bool {
        matches!(self, Self::KillOwner | Self::StopOwner(9..))
    }

    /// Whether the ledger is lost.
    pub(super) fn forgets(self) -> bool {
        self == Self::EmptyRedis
    }

    /// The longest recovery. After a lost ledger the cluster waits for a lease; after the death of an instance for 15
    /// s.
    pub(super) fn heals_within(self) -> Duration {
        Duration::from_secs(match self {
            Self::EmptyRedis => 20,
            Self::KillOwner | Self::StopOwner(9..) => 16,
            _ => 10,
        })
    }

    /// The longest time of any request while its instance runs: its deadline of 5 s, or detecting that no instance
    /// answers (10 s), or finding out what became of its session (16 s more, where its owner is gone), plus an
    /// allowance for a busy machine.
    pub(super) fn answers_within(self) -> Duration {
        Duration::from_secs(match self {
            Self::KillOwner | Self::EndOwner | Self::StopOwner(9..) => 26,
            Self::StopGateway(stands) => stands + 14,
            // The gateway ends only after its last answer, which therefore arrives.
            Self::EndGateway => 4,
            _ => 14,
        })
    }

    /// How sessions that no client closed may end after this fault.
    pub(super) fn ending(self, Struck { began, dead, over }: Struck) -> Option<Ending> {
        // A heartbeat of 2 s, and one that failed.
        let last_proof = (began - 5_000, dead);
        let (reason, between) = match self {
            Self::KillOwner | Self::StopOwner(9..) => ("instance_lost", last_proof),
            Self::EndOwner => ("shutdown", (began, over)),
            Self::KillBrowser => ("browser_crashed", (began, dead + 1_000)),
            _ => return None,
        };
        Some(Ending { reason, between })
    }
}

impl Stage {
    /// Causes the fault, and waits until it is over.
    pub(super) async fn strike(&mut self, trouble: Trouble) -> Struck {
        let began = now();
        let mut dead = None;
        match trouble {
            Trouble::KillOwner => {
                self.owner.take().unwrap().kill().await;
                dead = Some(now());
                self.start_owner().await;
            }
            Trouble::KillGateway => {
                self.gateway.take().unwrap().kill().await;
                self.start_gateway().await;
            }
            Trouble::EndOwner => {
                let mut old = self.owner.take().unwrap();
                assert!(old.terminate().await.success(), "the owner ends well");
                self.start_owner().await;
            }
            Trouble::EndGateway => {
                let mut old = self.gateway.take().unwrap();
                assert!(old.terminate().await.success(), "the gateway ends well");
                self.start_gateway().await;
            }
            Trouble::StopOwner(_) | Trouble::StopGateway(_) | Trouble::KillBrowser => {
                dead = Some(self.signal(trouble).await);
            }
            _ => self.strike_redis(trouble).await,
        }
        Struck { began, dead: dead.unwrap_or(began), over: now() }
    }

    /// Sends the signal, and returns the moment.
    async fn signal(&self, trouble: Trouble) -> i64 {
        let (pid, stands) = match trouble {
            Trouble::StopOwner(stands) => (self.owner().pid(), stands),
            Trouble::StopGateway(stands) => (self.gateway().pid(), stands),
            _ => {
                processes::browsers(self.owner().pid()).into_iter().for_each(processes::kill);
                return now();
            }
        };
        processes::signal(pid, Signal::STOP);
        let stopped = now();
        tokio::time::sleep(Duration::from_secs(stands)).await;
        processes::signal(pid, Signal::CONT);
        stopped
    }

    async fn strike_redis(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::DropConnections(kind) => {
                self.redis.ask(&["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"]).await;
            }
            Trouble::PauseRedis => {
                self.redis.pause();
                tokio::time::sleep(PAUSED).await;
                self.redis.go_on();
            }
            Trouble::RestartRedis => self.redis.restart(AWAY).await,
            Trouble::EmptyRedis => self.redis.restart_empty(AWAY).await,
            Trouble::FailOver => self.fail_over().await,
            Trouble::BlackHole(seconds) => {
                self.way.fall_silent();
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                self.way.go_on();
            }
            Trouble::BlackHoleThenClose(seconds) => {
                self.way.fall_silent();
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                self.way.close_all();
            }
            Trouble::FillMemory => {
                self.redis.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
                tokio::time::sleep(REFUSES).await;
                self.redis.ask(&["CONFIG", "SET", "maxmemory", "0"]).await;
            }
            _ => {
                self.redis.ask(&["SCRIPT", "FLUSH"]).await;
            }
        }
    }

    /// Makes the replica the master and the master its replica, without closing a connection. New connections reach the
    /// new master.
    async fn fail_over(&mut self) {
        let next = self.replica.take().unwrap();
        next.ask(&["REPLICAOF", "NO", "ONE"]).await;
        // What is written from here on is lost.
        tokio::time::sleep(LAG).await;
        self.redis.ask(&["REPLICAOF", "127.0.0.1", &next.port().to_string()]).await;
        self.way.aim(next.port());
        self.replica = Some(std::mem::replace(&mut self.redis, next));
    }

    /// Starts what the fault needs.
    pub(super) async fn prepare(&mut self, trouble: Trouble) {
        if trouble != Trouble::FailOver {
            return;
        }
        if self.replica.is_none() {
            let replica = Redis::start_durable().await;
            replica.ask(&["REPLICAOF", "127.0.0.1", &self.redis.port().to_string()]).await;
            self.replica = Some(replica);
        }
        let replica = self.replica.as_ref().unwrap();
        let follows = async || replica.ask(&["INFO", "replication"]).await.contains("master_link_status:up");
        until("the replica follows", Duration::from_secs(20), follows).await;
    }
}
