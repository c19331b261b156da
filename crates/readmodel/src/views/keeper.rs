//! Who keeps an order (包保): whoever has the duty of a keeper nearest to it, so that alerts about it find the same people.

use domain::{
    responsibility::{Near, Post, Scope, ScopeKind, Standing},
    values::{StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

/// The duty of those who keep orders.
pub const KEEPER: &str = "keeper";
/// The level at which they have it: nearest to the door.
pub const KEEPER_LEVEL: u8 = 1;

/// Somebody who keeps an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeper {
    /// Who.
    pub staff: StaffId,
    /// In what standing; nothing: by the roster, for a shift.
    pub standing: Option<Standing>,
    /// For what they have the duty: `quarantine`, `person`, `household`, `unit`, `building`, `grid`, `estate`, `area` or `community`.
    pub scope: ScopeKind,
}

/// Who keeps an order at a time: those on duty for the nearest of what a keeper of it may be for, of which somebody is. `post` is what is
/// known of a keeper's post for something.
pub fn keepers<'a>(path: &[Near], post: impl Fn(&Scope) -> Option<&'a Post>, is_there: impl Fn(&StaffId) -> bool, now: Timestamp) -> Vec<Keeper> {
    let of_scope = |scope: &Scope| -> Vec<Keeper> {
        let on_duty = post(scope).map(|post| post.on_duty(now, &is_there)).unwrap_or_default().into_iter();
        on_duty.map(|(staff, standing)| Keeper { staff, standing, scope: scope.kind }).collect()
    };
    let of_near = |near: &Near| near.iter().flat_map(&of_scope).collect::<Vec<_>>();
    path.iter().map(of_near).find(|keepers| !keepers.is_empty()).unwrap_or_default()
}
