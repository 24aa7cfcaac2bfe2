//! What a variable of an entry is set to: a text, or what another variable holds where the client runs. Keys and
//! grants are only ever the latter, and each client writes that in its own way.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Value {
    Plain(String),
    /// What this variable holds where the client runs.
    Of(String),
}

/// How a client refers to a variable of its own environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refers {
    /// `${NAME}`
    Braces,
    /// `${NAME}` or `$NAME`
    Dollar,
    /// `${env:NAME}`
    EnvBraces,
    /// Names in a list of their own: what they hold is passed on as it is.
    Listed,
    Never,
}

impl Refers {
    /// What stands in the entry's `env`. None where it doesn't stand there.
    pub fn written(self, value: &Value) -> Option<String> {
        match (value, self) {
            (Value::Plain(text), _) => Some(text.clone()),
            (Value::Of(name), Self::Braces | Self::Dollar) => Some(format!("${{{name}}}")),
            (Value::Of(name), Self::EnvBraces) => Some(format!("${{env:{name}}}")),
            (Value::Of(_), Self::Listed | Self::Never) => None,
        }
    }

    /// What a text in the entry's `env` means to the client.
    pub fn read(self, text: &str) -> Value {
        let braced = |begin: &str| text.strip_prefix(begin)?.strip_suffix('}');
        let name = match self {
            // `${NAME:-otherwise}` is the same variable.
            Self::Braces => braced("${").map(|name| name.split_once(":-").map_or(name, |(name, _)| name)),
            Self::Dollar => braced("${").or_else(|| text.strip_prefix('$')),
            Self::EnvBraces => braced("${env:"),
            Self::Listed | Self::Never => None,
        };
        name.filter(|name| is_name(name))
            .map_or_else(|| Value::Plain(text.to_owned()), |name| Value::Of(name.to_owned()))
    }

    /// Whether what it starts gets the client's whole environment, and not some of it.
    pub fn hands_on_all(self) -> bool {
        !matches!(self, Self::Listed | Self::Never)
    }

    /// Whether the client would make something else of this text.
    pub fn changes(self, text: &str) -> bool {
        !matches!(self, Self::Listed | Self::Never) && text.contains('$')
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_as_it_was_written() {
        let of = Value::Of("KEY_1".to_owned());
        for refers in [Refers::Braces, Refers::Dollar, Refers::EnvBraces] {
            assert_eq!(refers.read(&refers.written(&of).unwrap()), of, "{refers:?}");
            for plain in ["", "text", "${", "${}", "a${KEY_1}", "${a b}", "/a/$"] {
                assert_eq!(refers.read(plain), Value::Plain(plain.to_owned()), "{refers:?}");
            }
        }
        assert_eq!(Refers::Dollar.read("$KEY_1"), of);
        assert_eq!(Refers::Braces.read("${KEY_1:-none}"), of);
        assert_eq!(Refers::Braces.read("$KEY_1"), Value::Plain("$KEY_1".to_owned()));
        assert_eq!(Refers::Never.read("${KEY_1}"), Value::Plain("${KEY_1}".to_owned()));
    }
}
