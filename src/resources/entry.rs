//! One resource, or one kind of them: its address as a template, and the call of a tool that it stands for.

use crate::completions::Names;

#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// RFC 6570: literals, `{name}`, `{+path}` at the end, and `{?a,b}` after it.
    pub template: &'static str,
    pub name: &'static str,
    pub title: &'static str,
    pub about: &'static str,
    /// The read tool that is called.
    pub tool: &'static str,
    /// In the order of the template.
    pub variables: &'static [Variable],
    pub form: Form,
    /// The variable that says where the next part begins; the tool's answer has its value in `next`.
    pub goes_on: Option<&'static str>,
    /// What has to happen for a reader to want it anew.
    pub subject: Subject,
    pub audience: Audience,
    /// From 0 to 1.
    pub priority: f32,
}

/// What the contents are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The tool's answer.
    Json,
    /// What is in a file, or a text: the answer's `content`, or its bytes.
    File,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Everybody,
    Assistant,
}

/// What a resource is about. Where the address names a workspace, only that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// Any workspace, and what belongs to none.
    Organisation,
    Workspace,
    Activity,
    Schedules,
    Files,
    Keys,
    OrgTemplates,
    Journal,
    /// It stays as it is until it is gone.
    Nothing,
}

/// A part of the address that is chosen.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    pub name: &'static str,
    pub becomes: Becomes,
    /// What there is a list of, to choose from.
    pub names: Option<Names>,
}

/// What a variable is to the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// The argument of the same name.
    Text,
    Number,
    /// The argument of the same name, with the slash that the address hasn't.
    WholePath,
    /// `since` and `until`.
    Day,
}

impl Variable {
    pub const fn text(name: &'static str) -> Self {
        Self { name, becomes: Becomes::Text, names: None }
    }

    pub const fn number(name: &'static str) -> Self {
        Self { name, becomes: Becomes::Number, names: None }
    }

    pub const fn becoming(mut self, becomes: Becomes) -> Self {
        self.becomes = becomes;
        self
    }

    pub const fn of(mut self, names: Names) -> Self {
        self.names = Some(names);
        self
    }
}

impl Entry {
    /// The template without its query.
    pub fn path(&self) -> &'static str {
        self.template.split("{?").next().unwrap_or_default()
    }

    /// It has one address, so it is listed by itself.
    pub fn is_one(&self) -> bool {
        !self.path().contains('{')
    }

    /// It has variables, if only in its query.
    pub fn is_template(&self) -> bool {
        !self.variables.is_empty()
    }

    pub fn variable(&self, name: &str) -> Option<&'static Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// The variables of its query.
    pub fn choices(&self) -> impl Iterator<Item = &'static Variable> {
        let path = self.path();
        let in_path = move |name: &str| path.contains(&format!("{{{name}}}")) || path.contains(&format!("{{+{name}}}"));
        self.variables.iter().filter(move |variable| !in_path(variable.name))
    }
}
