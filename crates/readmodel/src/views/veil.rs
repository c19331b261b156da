//! Private text on its way to a page: `null` until it was opened for somebody who may see it.

use domain::values::{Private, PrivateFields, SealedPart};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A private part of a view. As JSON: `null`, or an object of lists of texts by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Veiled {
    /// There is nothing, or the viewer may not see it, or its key was destroyed.
    #[default]
    Nothing,
    /// Still sealed; shown as `null`.
    Sealed(SealedPart),
    /// Opened.
    Open(PrivateFields),
}

/// A view that may hold private parts.
pub trait Veils {
    /// Calls `visit` with each private part.
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled));
}

impl From<Option<&Private>> for Veiled {
    fn from(private: Option<&Private>) -> Self {
        match private {
            None => Self::Nothing,
            Some(Private::Sealed(part)) => Self::Sealed(part.clone()),
            Some(Private::Plain { fields, .. }) => Self::Open(fields.clone()),
        }
    }
}

impl Veiled {
    /// Without all that was opened but one field.
    pub fn keep_only(&mut self, name: &str) {
        let Self::Open(fields) = self else { return };
        let kept = PrivateFields::default().with_all(name, fields.all(name));
        *self = if kept.is_empty() { Self::Nothing } else { Self::Open(kept) };
    }

    /// The first value of a field, once opened.
    pub fn first(&self, name: &str) -> Option<&str> {
        match self {
            Self::Open(fields) => fields.first(name),
            Self::Nothing | Self::Sealed(_) => None,
        }
    }
}

impl Serialize for Veiled {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing | Self::Sealed(_) => serializer.serialize_none(),
            Self::Open(fields) => fields.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Veiled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<PrivateFields>::deserialize(deserializer).map(|fields| fields.map_or(Self::Nothing, Self::Open))
    }
}

impl<T: Veils> Veils for Vec<T> {
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled)) {
        self.iter_mut().for_each(|item| item.each_veiled(visit));
    }
}
