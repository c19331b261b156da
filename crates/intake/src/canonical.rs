//! The canonical form of a command (RFC 8785) in one pass over its bytes, for what is written as nearly every program writes it.
//!
//! The hash of these bytes stands on the log for ever, so there is one definition of them: `serde_json_canonicalizer` over a tree.
//! This is the same in a fraction of the time, or nothing: whatever could come out otherwise is left to the tree.

/// Deepest nesting that is followed: commands have five levels.
const DEPTH_MAX: usize = 16;
/// Digits that a number of 64 bits gives back as they were written.
const DIGITS_MAX: usize = 15;

/// The canonical bytes of an object that was parsed before, without its field `unsaid` and without every field that is `null`.
/// Nothing where the tree must be asked: escapes, keys beyond ASCII or twice, numbers that are usually written in another way.
pub(crate) fn canonical(json: &[u8], unsaid: &[u8]) -> Option<Vec<u8>> {
    let mut writer = Writer { json, at: 0, out: Vec::with_capacity(json.len()), unsaid };
    writer.skip_space();
    if writer.peek()? != b'{' {
        return None;
    }
    writer.object(0)?;
    writer.skip_space();
    (writer.at == json.len()).then_some(writer.out)
}

struct Writer<'a> {
    json: &'a [u8],
    at: usize,
    out: Vec<u8>,
    unsaid: &'a [u8],
}

/// A field of an object, and where its canonical bytes lie; an empty place when it is left out.
struct Field<'a> {
    key: &'a [u8],
    from: usize,
    to: usize,
}

impl<'a> Writer<'a> {
    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Passes this byte, and nothing else.
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Passes a byte that ends something, or the comma before what comes next.
    fn ends(&mut self, end: u8) -> Option<bool> {
        self.skip_space();
        let found = self.peek()?;
        self.at += 1;
        (found == end || found == b',').then_some(found == end)
    }

    fn is_empty(&mut self, end: u8) -> bool {
        self.skip_space();
        let empty = self.peek() == Some(end);
        self.at += usize::from(empty);
        empty
    }

    /// Writes a value.
    fn value(&mut self, depth: usize) -> Option<()> {
        self.skip_space();
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => {
                let text = self.text()?;
                self.quoted(text);
                Some(())
            }
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        (depth < DEPTH_MAX).then_some(())?;
        self.expect(b'{')?;
        let begin = self.out.len();
        self.out.push(b'{');
        let (mut fields, mut in_order): (Vec<Field<'a>>, bool) = (Vec::with_capacity(8), true);
        let mut ended = self.is_empty(b'}');
        while !ended {
            self.skip_space();
            let key = self.text().filter(|key| key.is_ascii())?;
            self.expect(b':')?;
            let comma = self.out.len();
            if comma > begin + 1 {
                self.out.push(b',');
            }
            let from = self.out.len();
            self.quoted(key);
            self.out.push(b':');
            let value = self.out.len();
            self.value(depth + 1)?;
            if self.out[value..] == *b"null" || (depth == 0 && key == self.unsaid) {
                self.out.truncate(comma);
            }
            in_order &= fields.last().is_none_or(|last| last.key < key);
            fields.push(Field { key, from, to: self.out.len().max(from) });
            ended = self.ends(b'}')?;
        }
        if !in_order {
            self.put_in_order(begin, fields)?;
        }
        self.out.push(b'}');
        Some(())
    }

    /// Writes the fields of an object again, in the order of their keys; nothing when one stands there twice.
    fn put_in_order(&mut self, begin: usize, mut fields: Vec<Field<'a>>) -> Option<()> {
        fields.sort_unstable_by_key(|field| field.key);
        if fields.windows(2).any(|pair| pair[0].key == pair[1].key) {
            return None;
        }
        let written = self.out.split_off(begin);
        self.out.push(b'{');
        for field in fields.iter().filter(|field| field.from < field.to) {
            if self.out.len() > begin + 1 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(&written[field.from - begin..field.to - begin]);
        }
        Some(())
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        (depth < DEPTH_MAX).then_some(())?;
        self.expect(b'[')?;
        self.out.push(b'[');
        let mut ended = self.is_empty(b']');
        while !ended {
            self.value(depth + 1)?;
            ended = self.ends(b']')?;
            if !ended {
                self.out.push(b',');
            }
        }
        self.out.push(b']');
        Some(())
    }

    /// Passes a text without escapes, and gives what is between its quotes: that is how it is written canonically, too.
    fn text(&mut self) -> Option<&'a [u8]> {
        let text = self.json.get(self.at..)?.strip_prefix(b"\"")?;
        let length = text.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        self.at += length + 2;
        (text[length] == b'"').then_some(&text[..length])
    }

    fn quoted(&mut self, text: &[u8]) {
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.json[self.at..].starts_with(word).then_some(())?;
        self.at += word.len();
        self.out.extend_from_slice(word);
        Some(())
    }

    /// A number that is written as ECMAScript writes it: no exponent, nothing that could be left out, few digits.
    fn number(&mut self) -> Option<()> {
        let rest = &self.json[self.at..];
        let length = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')).unwrap_or(rest.len());
        let number = &rest[..length];
        let digits = number.strip_prefix(b"-").unwrap_or(number);
        let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
        let (whole, fraction) = (&digits[..point], digits.get(point + 1..));
        let plain = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        let usual_whole = plain(whole) && (whole[0] != b'0' || whole.len() == 1);
        let usual_fraction = fraction.is_none_or(|fraction| plain(fraction) && fraction.last() != Some(&b'0'));
        // below 0.1 an exponent may be usual, and zero has no sign
        let small = whole == b"0" && fraction.map_or(number.len() != whole.len(), |fraction| fraction.first() == Some(&b'0'));
        if !usual_whole || !usual_fraction || small || digits.len() > DIGITS_MAX {
            return None;
        }
        self.at += length;
        self.out.extend_from_slice(number);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::canonical;

    fn without_nulls(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|_, field| !field.is_null());
                fields.values_mut().for_each(without_nulls);
            }
            Value::Array(items) => items.iter_mut().for_each(without_nulls),
            _ => {}
        }
    }

    /// What the canonical bytes are.
    fn by_tree(json: &str) -> Vec<u8> {
        let mut value: Value = serde_json::from_str(json).unwrap();
        value.as_object_mut().unwrap().remove("sent_at");
        without_nulls(&mut value);
        serde_json_canonicalizer::to_vec(&value).unwrap()
    }

    fn json() -> impl Strategy<Value = Value> {
        let number = prop_oneof![
            any::<i64>().prop_map(Value::from),
            (-5000..5000_i64).prop_map(|tenths| Value::from(tenths as f64 / 10.0)),
            any::<f64>().prop_map(Value::from)
        ];
        let text = prop_oneof![
            "[a-z0-9]{0,6}".prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
            "[\u{4e00}-\u{4e10}\u{1f600}\u{2028}\u{7f}]{0,3}".prop_map(Value::from)
        ];
        let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, text];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let key = prop_oneof![6 => "[a-e_]{0,3}", 1 => ".{0,3}", 1 => Just("sent_at".to_owned())];
            let fields = prop::collection::vec((key, inner.clone()), 0..6).prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>()));
            prop_oneof![prop::collection::vec(inner, 0..4).prop_map(Value::Array), fields]
        })
    }

    proptest! {
        #[test]
        fn the_same_bytes_as_by_the_tree_or_none(value in json(), pretty in any::<bool>()) {
            let value = serde_json::json!({"data": value, "sent_at": "x", "at": null, "id": 1});
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            if let Some(bytes) = canonical(text.as_bytes(), b"sent_at") {
                prop_assert_eq!(String::from_utf8(bytes).unwrap(), String::from_utf8(by_tree(&text)).unwrap());
            }
        }
    }

    #[test]
    fn what_programs_usually_write_needs_no_tree() {
        for json in [
            r#"{"type":"visit.record","id":"01922f0c","data":{"household":"h1","floor":3,"celsius":36.5,"people":[{"b":-0.5,"a":null}],"none":[],"nothing":{}}}"#,
            " {\n\t\"b\" : \"杨桂英\" ,\r\n \"a\" : [ 1 , true , null , false ] , \"sent_at\" : \"2020\" } ",
            r#"{"sent_at":1,"a":{"sent_at":2}}"#,
            r#"{"a":null,"b":null}"#,
        ] {
            let bytes = canonical(json.as_bytes(), b"sent_at");
            assert_eq!(bytes.map(|bytes| String::from_utf8(bytes).unwrap()), Some(String::from_utf8(by_tree(json)).unwrap()), "{json}");
        }
    }

    #[test]
    fn what_could_come_out_otherwise_is_left_to_the_tree() {
        for json in [
            r#"{"a":"\u0041"}"#,
            r#"{"a":1e3}"#,
            r#"{"a":1.50}"#,
            r#"{"a":-0}"#,
            r#"{"a":0.01}"#,
            r#"{"a":1234567890123456}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"b":2,"a":null}"#,
            r#"{"é":1}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":tru}"#,
            r#"{"a":1} x"#,
            r#"{"a":1"#,
            r#"["a"]"#,
            "",
        ] {
            assert_eq!(canonical(json.as_bytes(), b"sent_at"), None, "{json}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100), "]".repeat(100));
        assert_eq!(canonical(deep.as_bytes(), b"sent_at"), None);
    }
}
