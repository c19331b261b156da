//! The writer after an append that was refused: what of it stands on the log all the same, and whether anything was appended first at all.
//! What is pending is forgotten and the log read to its head, so that whatever is left is decided again over what is there.

use std::time::Duration;

use domain::{Commit, log::CommitHash};

use crate::{
    batch::Appended,
    writer::{Writer, WriterError},
};

/// How often in a row, a pause apart, the log may refuse an append and show nothing that was appended first: while a cluster agrees.
const DENIED_MAX: u32 = 10;
/// That pause.
const DENIED_PAUSE: Duration = Duration::from_millis(250);

impl Writer {
    /// After a conflict: what of the batch stands right behind the head it was decided on.
    pub(crate) async fn find_out(&mut self, commits: &[Commit], hashes: &[CommitHash]) -> Result<Appended, WriterError> {
        let stored = self.standing(hashes).await?;
        if stored == commits.len() {
            let last = self.position.sequence + commits.len() as u64;
            return Ok(Appended::Done(self.settle(commits, hashes, last)?));
        }
        self.world.forget_pending();
        self.position = self.catch_up().await?;
        Ok(Appended::InPart(stored))
    }

    /// How many of a batch stand behind the head, from the first on: each is stored behind the one before it or not at all.
    async fn standing(&mut self, hashes: &[CommitHash]) -> Result<usize, WriterError> {
        // mostly all of them do, or none
        if self.stands(hashes, hashes.len().saturating_sub(1)).await? {
            return Ok(hashes.len());
        }
        let mut stored = 0;
        while self.stands(hashes, stored).await? {
            stored += 1;
        }
        Ok(stored)
    }

    /// Whether the one at a place of a batch stands where it would.
    async fn stands(&mut self, hashes: &[CommitHash], place: usize) -> Result<bool, WriterError> {
        let found = self.read(self.position.sequence + 1 + place as u64).await?;
        Ok(found.is_some_and(|stored| hashes.get(place) == Some(&stored.position().hash)))
    }

    /// Makes sure that something was appended first: a server that denies what it cannot show has lost the end of its stream.
    pub(crate) async fn moved_since(&mut self, before: u64) -> Result<(), WriterError> {
        self.denied = if self.position.sequence == before { self.denied + 1 } else { 0 };
        match self.denied {
            0 => Ok(()),
            1..=DENIED_MAX => self.pause(DENIED_PAUSE).await,
            _ => Err(WriterError::Denied(before)),
        }
    }
}
