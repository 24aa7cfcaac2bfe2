//! How one-time pages look: plain HTML that needs no scripts, readable on a phone, by a screen reader and in
//! the dark.

use std::sync::LazyLock;

use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use sha2::{Digest, Sha256};

use crate::drops::{Kind, Page, Wants};
use crate::secrets::Credential;
use crate::text::{start, visible};

const STYLE: &str = include_str!("page.css");

/// Nothing but the style below, and forms that come back here.
pub(super) fn security_policy() -> HeaderValue {
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        let style = STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; \
             base-uri 'none'"
        );
        HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
    });
    POLICY.clone()
}

/// What waits, and the form that uses it; `wrong` says what was wrong with the last try.
pub(super) fn landing(page: &Page, wrong: Option<&str>) -> String {
    let wrong = wrong.map(|why| format!("<p class=\"wrong\" role=\"alert\">{}</p>\n", escaped(why)));
    let (title, said, value, button) = match page.kind {
        Kind::Sink => (
            "A credential waits here",
            "It is shown once, to whoever opens it first. Open it when you can put it away at once.",
            "",
            "Reveal once",
        ),
        Kind::Source => (
            "A value is wanted here",
            "It is used once, for this alone, and never shown again.",
            VALUE_FIELD,
            "Hand it over",
        ),
    };
    let form = format!(
        r#"<form method="post">
{proof}{value}<button>{button}</button>
</form>
"#,
        proof = proof_field(page.wants),
    );
    let (facts, end, wrong) = (facts(page), end(page), wrong.unwrap_or_default());
    whole(title, &format!("<dl>\n{facts}{end}</dl>\n<p>{said}</p>\n{wrong}{form}"))
}

const VALUE_FIELD: &str = r#"<label for="value">Value, on one line; what has several comes from a file</label>
<input id="value" name="value" type="password" autocomplete="off" spellcheck="false" required>
"#;

fn proof_field(wants: Wants) -> &'static str {
    match wants {
        Wants::Code => {
            r#"<label for="proof">Code, as the server told it on its terminal or in its log</label>
<input id="proof" name="code" type="text" placeholder="1A2B-3C4D-5E6F" maxlength="40" autocapitalize="characters"
autocomplete="off" spellcheck="false" autofocus required>
"#
        }
        Wants::Bearer => {
            r#"<label for="proof">The owner's bearer</label>
<input id="proof" name="bearer" type="password" autocomplete="current-password" autofocus required>
"#
        }
    }
}

pub(super) fn revealed(page: &Page, credential: &Credential) -> String {
    let body = format!(
        r#"<dl>
{facts}</dl>
<label for="credential">The credential</label>
<textarea id="credential" readonly autofocus rows="3" spellcheck="false">
{credential}</textarea>
<p>Put it away now: this page doesn't show it again, and neither does anything else.</p>
"#,
        facts = facts(page),
        credential = escaped(credential.expose()),
    );
    whole("Shown this once", &body)
}

pub(super) fn filled() -> String {
    whole(
        "Handed over",
        "<p>The value is kept sealed until the call that wanted it uses it. You can close this page.</p>\n",
    )
}

pub(super) fn gone(kind: Kind) -> String {
    let said = match kind {
        Kind::Sink => {
            "<p>What waited here was shown once already, or its time is over, or the page was closed after too many \
             wrong tries. What nobody was shown is revoked. If somebody was, and it wasn't you, revoke that \
             credential now.</p>\n"
        }
        Kind::Source => "<p>A value was handed over here already, or the time for it is over.</p>\n",
    };
    whole("Nothing is here any more", said)
}

pub(super) fn unknown() -> String {
    whole("No such page", "<p>Open the link exactly as it was given.</p>\n")
}

pub(super) fn broken() -> String {
    whole("This didn't work", "<p>The server can't reach its state now; its log says why. Try again in a moment.</p>\n")
}

fn facts(page: &Page) -> String {
    let purpose = &page.purpose;
    let what = match page.kind {
        Kind::Sink => "Name",
        Kind::Source => "For",
    };
    let prefix = page.prefix.as_ref().map(|prefix| fact("Begins with", prefix)).unwrap_or_default();
    format!(
        "{}{prefix}{}{}{}",
        fact(what, &purpose.about),
        fact("Tool", &purpose.tool),
        fact("Asked for by", &purpose.caller),
        fact("Organisation", &purpose.tenant),
    )
}

fn end(page: &Page) -> String {
    let left = (page.until - Utc::now()).num_minutes().max(0) + 1;
    fact("Page open until", &format!("{} ({left} min)", page.until.format("%H:%M UTC")))
}

fn fact(name: &str, text: &str) -> String {
    let text = visible(text);
    format!("<div><dt>{name}</dt><dd dir=\"auto\">{}</dd></div>\n", escaped(&start(&text, 200)))
}

fn whole(title: &str, body: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · molecule-org-mcp</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}</main>
</body>
</html>
"#
    )
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
