//! The posts that somebody must hold wherever people live, so that an alert finds those whose turn it is.

use super::ScopeKind;

/// A post that chains of alerts ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which duty.
    pub duty: &'static str,
    /// At which level.
    pub level: u8,
    /// For what an office gives it, if nothing stands against it; somebody who holds it for more than that holds it here too.
    pub of: ScopeKind,
}

/// The duties that own a level of some chain (alerting.md). Who keeps an order is named with the order.
pub const ASKED: [Asked; 6] = [
    Asked { duty: "command", level: 3, of: ScopeKind::Community },
    Asked { duty: "office", level: 2, of: ScopeKind::Community },
    Asked { duty: "nurse", level: 1, of: ScopeKind::Community },
    Asked { duty: "grid", level: 1, of: ScopeKind::Grid },
    Asked { duty: "leader", level: 1, of: ScopeKind::Building },
    Asked { duty: "keeper", level: 1, of: ScopeKind::Quarantine },
];
