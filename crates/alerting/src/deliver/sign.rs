//! Signatures: what convinces a receiver that a call is ours.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::hmac;

fn hmac_sha256(key: &[u8], text: &[u8]) -> String {
    BASE64_STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text))
}

/// `webhook-signature` of the Standard Webhooks scheme: over id, time and body, joined by full stops.
pub(super) fn webhook(key: &[u8], id: &str, real_seconds: i64, body: &[u8]) -> String {
    let signed = [format!("{id}.{real_seconds}.").as_bytes(), body].concat();
    format!("v1,{}", hmac_sha256(key, &signed))
}

/// `sign` in the address of a DingTalk robot: keyed by the secret, over time and secret.
pub(super) fn dingtalk(secret: &str, real_ms: i64) -> String {
    hmac_sha256(secret.as_bytes(), format!("{real_ms}\n{secret}").as_bytes())
}

/// `sign` in the body for a Feishu robot: keyed by time and secret, over nothing.
pub(super) fn feishu(secret: &str, real_seconds: i64) -> String {
    hmac_sha256(format!("{real_seconds}\n{secret}").as_bytes(), b"")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first is the example of the Standard Webhooks specification; the others were made with Python's hmac.
    #[test]
    fn signatures_are_those_that_others_make() {
        let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = webhook(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(dingtalk("SECabc", 1_580_972_640_000), "RCS1ZTE93eWZ0nfs08so7jY2WlclUMRDlnAfncQUACQ=");
        assert_eq!(feishu("SECabc", 1_580_972_640), "qHKG7/jne70a3vLGa06OD+NucBDy+VvzS8jZB4VTvzc=");
    }
}
