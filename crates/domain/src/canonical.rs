//! Whether stored bytes are the one form in which a value is written: looked at while the value is encoded, so that nothing is copied.

use postcard::{Error, Result, ser_flavors::Flavor};
use serde::Serialize;

/// Whether a value is written as these bytes and no others. What cannot be written is not.
pub(crate) fn encodes_to(value: &impl Serialize, bytes: &[u8]) -> bool {
    postcard::serialize_with_flavor(value, Expected { rest: bytes }).unwrap_or(false)
}

/// Bytes that are still to come; the first that does not ends the encoding.
struct Expected<'a> {
    rest: &'a [u8],
}

impl Flavor for Expected<'_> {
    /// Whether nothing is left over.
    type Output = bool;

    // called for every byte of ids and numbers
    #[inline]
    fn try_push(&mut self, byte: u8) -> Result<()> {
        match self.rest.split_first() {
            Some((expected, rest)) if *expected == byte => {
                self.rest = rest;
                Ok(())
            }
            _ => Err(Error::SerializeBufferFull),
        }
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> Result<()> {
        self.rest = self.rest.strip_prefix(bytes).ok_or(Error::SerializeBufferFull)?;
        Ok(())
    }

    fn finalize(self) -> Result<bool> {
        Ok(self.rest.is_empty())
    }
}
