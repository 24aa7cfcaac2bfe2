//! What a variable of an entry is set to: a text, what another variable holds where the client runs, or a text that
//! the client fills in. Of what we write, keys and grants are only ever references, and each client writes those in its
//! own way.

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Value {
    Plain(String),
    /// What this variable holds where the client runs.
    Of(String),
    /// A text that the client fills in, as somebody wrote it.
    Pattern(String),
}

/// Why a text isn't known before the client has filled it in.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum Unfilled {
    /// It wants this variable, which isn't set here.
    Unset(String),
    /// Only the client knows what goes there: an input of its user's, a folder of its own.
    ClientsOwn,
}

/// How a client refers to a variable of its own environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Refers {
    /// `${NAME}` or `${NAME:-otherwise}`
    Braces,
    /// The same, or `$NAME`
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
            (Value::Plain(text) | Value::Pattern(text), _) => Some(text.clone()),
            (Value::Of(name), Self::Braces | Self::Dollar) => Some(format!("${{{name}}}")),
            (Value::Of(name), Self::EnvBraces) => Some(format!("${{env:{name}}}")),
            (Value::Of(_), Self::Listed | Self::Never) => None,
        }
    }

    /// What a text in the entry's `env` means to the client.
    pub(in crate::cli) fn read(self, text: &str) -> Value {
        match self.cut(text) {
            None => Value::Plain(text.to_owned()),
            Some(("", Asked::Variable { name, otherwise: None }, "")) => Value::Of(name.to_owned()),
            Some(_) => Value::Pattern(text.to_owned()),
        }
    }

    /// What the client makes of a text, as far as that is known outside of it.
    pub(in crate::cli) fn filled(
        self,
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<String, Unfilled> {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, asked, after)) = self.cut(rest) {
            let Asked::Variable { name, otherwise } = asked else { return Err(Unfilled::ClientsOwn) };
            let value = variable(name).or_else(|| otherwise.map(ToOwned::to_owned));
            filled.push_str(before);
            filled.push_str(&value.ok_or_else(|| Unfilled::Unset(name.to_owned()))?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// Around the first place where the client puts something else.
    fn cut(self, text: &str) -> Option<(&str, Asked<'_>, &str)> {
        if matches!(self, Self::Listed | Self::Never) {
            return None;
        }
        text.match_indices('$').find_map(|(at, _)| {
            let (before, rest) = (text.get(..at)?, text.get(at + 1..)?);
            if let Some(braced) = rest.strip_prefix('{') {
                let (inside, after) = braced.split_once('}').filter(|(inside, _)| !inside.is_empty())?;
                return Some((before, self.asked(inside), after));
            }
            let end = rest.find(|letter| !is_of_name(letter)).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
            (self == Self::Dollar).then_some((before, Asked::Variable { name, otherwise: None }, after))
        })
    }

    /// What stands between the braces.
    fn asked(self, inside: &str) -> Asked<'_> {
        let (name, otherwise) = match self {
            Self::EnvBraces => (inside.strip_prefix("env:"), None),
            _ => match inside.split_once(":-") {
                Some((name, otherwise)) => (Some(name), Some(otherwise)),
                None => (Some(inside), None),
            },
        };
        // A reference within another ends elsewhere.
        let is_simple = otherwise.is_none_or(|text| !text.contains('$'));
        match name.filter(|name| is_simple && !name.is_empty() && name.chars().all(is_of_name)) {
            Some(name) => Asked::Variable { name, otherwise },
            None => Asked::ClientsOwn,
        }
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

/// What a client puts in the place of a reference.
enum Asked<'a> {
    Variable { name: &'a str, otherwise: Option<&'a str> },
    ClientsOwn,
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_as_it_was_written() {
        let of = Value::Of("KEY_1".to_owned());
        for refers in [Refers::Braces, Refers::Dollar, Refers::EnvBraces] {
            assert_eq!(refers.read(&refers.written(&of).unwrap()), of, "{refers:?}");
            for plain in ["", "text", "${", "${}", "/a/$"] {
                assert_eq!(refers.read(plain), Value::Plain(plain.to_owned()), "{refers:?}");
            }
            for pattern in ["a${KEY_1}", "${a b}", "${KEY_1:-none}", "${input:k}"] {
                let read = refers.read(pattern);
                assert_eq!(read, Value::Pattern(pattern.to_owned()), "{refers:?}");
                assert_eq!(refers.written(&read).as_deref(), Some(pattern), "it stays as it is");
            }
        }
        assert_eq!(Refers::Dollar.read("$KEY_1"), of);
        assert_eq!(Refers::Braces.read("$KEY_1"), Value::Plain("$KEY_1".to_owned()));
        assert_eq!(Refers::Never.read("${KEY_1}"), Value::Plain("${KEY_1}".to_owned()));
    }

    #[test]
    fn a_text_is_filled_in_as_its_client_does_it() {
        let known = |name: &str| (name == "HOME").then(|| "/home/me".to_owned());
        let of = |refers: Refers, text: &str| refers.filled(text, known);
        for (refers, text, filled) in [
            (Refers::Braces, "${HOME}/bin/${DIR:-x}/$HOME", "/home/me/bin/x/$HOME"),
            (Refers::Braces, "${URL:-http://a:1/}", "http://a:1/"),
            (Refers::Dollar, "$HOME/bin:${HOME}/b", "/home/me/bin:/home/me/b"),
            (Refers::EnvBraces, "${env:HOME}/$HOME", "/home/me/$HOME"),
            (Refers::Listed, "${HOME}", "${HOME}"),
            (Refers::Never, "$HOME", "$HOME"),
        ] {
            assert_eq!(of(refers, text).as_deref(), Ok(filled), "{refers:?}");
        }
        assert_eq!(of(Refers::Braces, "/a/${GONE}"), Err(Unfilled::Unset("GONE".to_owned())));
        assert_eq!(of(Refers::EnvBraces, "${env:GONE}"), Err(Unfilled::Unset("GONE".to_owned())));
        for own in ["${input:k}", "${userHome}/x", "${workspaceFolder}"] {
            assert_eq!(of(Refers::EnvBraces, own), Err(Unfilled::ClientsOwn), "{own}");
        }
        assert_eq!(of(Refers::Braces, "${DIR:-${HOME}}"), Err(Unfilled::ClientsOwn));
    }
}
