//! Class full: what class work is told, and the name of the person. It waits sealed, is opened on the way to the stream, and lies open only
//! there, for a day (docs/adr/0028).

use std::collections::BTreeSet;

use bus::{Keyring, ReadError};
use domain::values::{CommunityId, SealedPart, field};
use serde::{Deserialize, Serialize};

use crate::{error::AlertingError, rows::Waiting};

/// What a message is still to be told: the file of the person, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) community: CommunityId,
    pub(crate) file: SealedPart,
}

/// Why messages cannot be opened now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the key store does not answer")]
    Away(#[from] ReadError),
    #[error(transparent)]
    Service(#[from] AlertingError),
}

/// Writes names into messages. Who is not known, or whose key was destroyed, has none.
pub(crate) async fn open(keyring: &Keyring, rows: &mut [Waiting]) -> Result<(), OpenError> {
    let ids: BTreeSet<_> = rows.iter().filter_map(|row| row.named.as_ref().map(|named| named.file.key)).collect();
    let keys = keyring.get(&ids).await?;
    for row in rows {
        let opened = row.named.take().and_then(|Named { community, file }| {
            let fields = file.open(keys.get(&file.key)?, &community);
            fields.inspect_err(|error| tracing::error!(key = %file.key, %error, "a sealed part does not open")).ok()
        });
        let mut body: serde_json::Value = serde_json::from_slice(&row.payload).map_err(AlertingError::from)?;
        if let Some(person) = body.pointer_mut("/data/person").and_then(serde_json::Value::as_object_mut) {
            person.insert("name".to_owned(), opened.as_ref().and_then(|fields| fields.first(field::NAME)).into());
        }
        row.payload = serde_json::to_vec(&body).map_err(AlertingError::from)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bus::{KeyStore, StoredKey};
    use domain::{
        log::LogPosition,
        values::{CommandId, DeploymentKey, KeyId, PrivateFields, SecretKey, Timestamp},
    };

    use super::*;

    const KEY: KeyId = KeyId([7; 16]);

    fn community() -> CommunityId {
        "u07".parse().unwrap()
    }

    fn waiting(key: &SecretKey, body: &str) -> Waiting {
        let fields = PrivateFields::default().with(field::NAME, Some("杨桂英"));
        let place = (CommandId(uuid::Uuid::from_u128(1)), 0);
        let file = SealedPart::seal(&fields, (KEY, key), [3; 24], &community(), place).unwrap();
        let named = Some(Named { community: community(), file });
        Waiting { subject: "s".to_owned(), payload: body.as_bytes().to_vec(), source: LogPosition::default(), recorded_at: Timestamp(0), named }
    }

    async fn opened(keyring: &Keyring, row: Waiting) -> String {
        let mut rows = [row];
        open(keyring, &mut rows).await.unwrap();
        assert_eq!(rows[0].named, None);
        String::from_utf8(rows[0].payload.clone()).unwrap()
    }

    #[tokio::test]
    async fn a_name_is_written_in_while_there_is_a_key_and_nothing_else_changes() {
        let (keys, secrets, key) = (KeyStore::in_memory(), DeploymentKey::new(&[1; 32]), SecretKey([9; 32]));
        let stored = || StoredKey { name: KEY.to_string(), bytes: secrets.wrap(&key, KEY, [4; 24]).unwrap().into() };
        keys.create(vec![stored()]).await.unwrap();
        let keyring = || Keyring::new(keys.clone(), secrets.clone());
        let of = |person: &str| format!(r#"{{"data":{{"n":1,"person":{person}}}}}"#);
        let (somebody, nobody) = (of(r#"{"ref":"p1"}"#), of("null"));
        assert_eq!(opened(&keyring(), waiting(&key, &somebody)).await, of(r#"{"name":"杨桂英","ref":"p1"}"#));
        assert_eq!(opened(&keyring(), Waiting { named: None, ..waiting(&key, &somebody) }).await, of(r#"{"name":null,"ref":"p1"}"#));
        assert_eq!(opened(&keyring(), Waiting { named: None, ..waiting(&key, &nobody) }).await, nobody);
        let elsewhere = Named { community: "u08".parse().unwrap(), ..waiting(&key, "").named.unwrap() };
        let moved = Waiting { named: Some(elsewhere), ..waiting(&key, &somebody) };
        assert_eq!(opened(&keyring(), moved).await, of(r#"{"name":null,"ref":"p1"}"#), "another community's file");
        keys.destroy(&KEY.to_string()).await.unwrap();
        assert_eq!(opened(&keyring(), waiting(&key, &somebody)).await, of(r#"{"name":null,"ref":"p1"}"#), "who was forgotten has no name");
    }
}
