//! The tenant's routes as data.
//!
//! A tool names the routes it may use; the backend sends nothing that isn't among them, and docs,
//! journal and contract tests read the same constants.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One route: a method and a path with `{placeholders}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    acts: bool,
}

impl Route {
    const fn new(method: Method, path: &'static str) -> Self {
        let acts = !matches!(method, Method::Get);
        Self { method, path, acts }
    }

    pub const fn get(path: &'static str) -> Self {
        Self::new(Method::Get, path)
    }

    pub const fn post(path: &'static str) -> Self {
        Self::new(Method::Post, path)
    }

    pub const fn put(path: &'static str) -> Self {
        Self::new(Method::Put, path)
    }

    pub const fn patch(path: &'static str) -> Self {
        Self::new(Method::Patch, path)
    }

    pub const fn delete(path: &'static str) -> Self {
        Self::new(Method::Delete, path)
    }

    /// A GET that changes something all the same (the tenant has one).
    #[must_use]
    pub const fn acting(mut self) -> Self {
        self.acts = true;
        self
    }

    /// A POST that only asks (the tenant has one): it may be repeated, and a read may use it.
    #[must_use]
    pub const fn asking(mut self) -> Self {
        self.acts = false;
        self
    }

    /// Whether asking may change something: then it is never repeated by us.
    pub const fn acts(&self) -> bool {
        self.acts
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path)
    }
}
