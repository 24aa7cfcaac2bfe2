//! An argument of a prompt: what it may be, and how it stands in the text.

use std::borrow::Cow;

use serde_json::Value;

use crate::backend::holds_key_form;
use crate::completions::Names;
use crate::failure::Failure;
use crate::fence;
use crate::policy::role::Role;

/// Characters of a name.
const LONGEST: usize = 200;

#[derive(Debug)]
pub struct Argument {
    pub name: &'static str,
    pub about: &'static str,
    pub kind: Kind,
    /// What stands in the text where nothing is given; none: it has to be given.
    pub usual: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Which of them there are can be completed.
    NameOf(Names),
    /// A number from the first to the second.
    Whole(u32, u32),
    /// In a person's own words.
    Words,
}

impl Argument {
    pub const fn required(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, about, kind, usual: None }
    }

    pub const fn optional(name: &'static str, kind: Kind, about: &'static str, usual: &'static str) -> Self {
        Self { name, about, kind, usual: Some(usual) }
    }

    pub fn is_required(&self) -> bool {
        self.usual.is_none()
    }

    /// Clients write `""` for what a person left open.
    pub(super) fn filled(&self, given: Option<&Value>, prompt: &str) -> Result<Cow<'static, str>, Failure> {
        let given = match given {
            None | Some(Value::Null) => "",
            Some(Value::String(text)) => text.trim(),
            Some(_) => return Err(self.wrong("a text")),
        };
        match (given, self.usual) {
            ("", Some(usual)) => Ok(Cow::Borrowed(usual)),
            ("", None) => Err(Failure::invalid(format!("the prompt `{prompt}` needs `{}`: {}", self.name, self.about))
                .next(format!("Give `{}`.", self.name))),
            (given, _) => self.shown(given).map(Cow::Owned),
        }
    }

    fn shown(&self, given: &str) -> Result<String, Failure> {
        match self.kind {
            Kind::Whole(least, most) => {
                let number = given.parse().ok().filter(|number: &u32| (least..=most).contains(number));
                let number = number.ok_or_else(|| self.wrong(&format!("a number from {least} to {most}")))?;
                Ok(number.to_string())
            }
            Kind::NameOf(Names::Roles) => {
                let names = Role::ALL.map(Role::as_str);
                let role = names.into_iter().find(|role| given.eq_ignore_ascii_case(role));
                role.map(str::to_owned).ok_or_else(|| self.wrong(&names.join(", ")))
            }
            Kind::NameOf(_) | Kind::Words => self.quoted(given),
        }
    }

    fn quoted(&self, given: &str) -> Result<String, Failure> {
        if given.chars().count() > LONGEST {
            return Err(self.wrong(&format!("{LONGEST} characters at most")));
        }
        if holds_key_form(given) {
            return Err(Failure::invalid(format!("`{}` holds what looks like a key itself", self.name))
                .next("Give its name, its id or its first eight characters, and treat that key as leaked."));
        }
        Ok(fence::quoted(given))
    }

    fn wrong(&self, expected: &str) -> Failure {
        Failure::invalid(format!("`{}`: expected {expected}", self.name)).next(format!("Correct `{}`.", self.name))
    }
}
