//! Small closed lists that are words in JSON and fixed numbers on the log.

/// Declares an enum whose variants have a word (JSON) and a number (postcard) of their own.
///
/// postcard would otherwise write the position of a variant, and inserting one would silently change what old bytes mean.
macro_rules! coded {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $code:literal $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every value, in the order of its declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in JSON, subjects and files.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of a word, if it is one of ours.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }

            /// The number used on the log, fixed for ever.
            pub const fn code(self) -> u8 {
                match self { $(Self::$variant => $code),+ }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { formatter.write_str(self.word()) }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() { serializer.serialize_str(self.word()) } else { serializer.serialize_u8(self.code()) }
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use ::serde::de::Error as _;
                const WORDS: &[&str] = &[$($word),+];
                if deserializer.is_human_readable() {
                    let word = <::std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                    Self::from_word(&word).ok_or_else(|| D::Error::unknown_variant(&word, WORDS))
                } else {
                    match u8::deserialize(deserializer)? {
                        $($code => Ok(Self::$variant),)+
                        code => Err(D::Error::custom(format_args!("unknown {} code {code}", stringify!($name)))),
                    }
                }
            }
        }
    };
}
pub(crate) use coded;
