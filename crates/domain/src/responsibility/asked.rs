//! The posts that somebody must hold wherever people live, so that an alert finds those whose turn it is.

use super::ScopeKind;

/// A post that chains of alerts ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which duty.
    pub duty: &'static str,
    /// What people call whoever holds it, in Chinese and in English.
    pub called: (&'static str, &'static str),
    /// At which level.
    pub level: u8,
    /// For what an office gives it, if nothing stands against it; somebody who holds it for more than that holds it here too.
    pub of: ScopeKind,
}

/// The duties that own a level of some chain (alerting.md). Who keeps an order is named with the order.
pub const ASKED: [Asked; 6] = [
    Asked { duty: "command", called: ("镇街指挥部", "town command"), level: 3, of: ScopeKind::Community },
    Asked { duty: "office", called: ("社区办公室", "office"), level: 2, of: ScopeKind::Community },
    Asked { duty: "nurse", called: ("护士", "nurse"), level: 1, of: ScopeKind::Community },
    Asked { duty: "grid", called: ("网格员", "grid worker"), level: 1, of: ScopeKind::Grid },
    Asked { duty: "leader", called: ("楼长", "leader"), level: 1, of: ScopeKind::Building },
    Asked { duty: "keeper", called: ("包保人", "keeper"), level: 1, of: ScopeKind::Quarantine },
];

/// What people call whoever holds a duty; one that no chain asks for by its word.
pub fn called(duty: &str) -> (&str, &str) {
    ASKED.iter().find(|asked| asked.duty == duty).map_or((duty, duty), |asked| asked.called)
}
