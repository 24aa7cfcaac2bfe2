//! What a file is, by the ending of its name: for uploads, and for resources.

/// Of a text. What nobody knows is plain.
pub fn of_text(name: &str) -> &'static str {
    match ending(name).as_str() {
        "md" | "markdown" => "text/markdown",
        "csv" => "text/csv",
        "htm" | "html" => "text/html",
        "css" => "text/css",
        "js" | "mjs" => "text/javascript",
        "ts" => "text/x-typescript",
        "py" => "text/x-python",
        "rs" => "text/x-rust",
        "sh" => "text/x-shellscript",
        "xml" => "text/xml",
        "json" => "application/json",
        "toml" => "application/toml",
        "yaml" | "yml" => "application/yaml",
        "svg" => "image/svg+xml",
        _ => "text/plain",
    }
}

/// Of what isn't text.
pub fn of_bytes(name: &str) -> &'static str {
    match ending(name).as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        "tar" => "application/x-tar",
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

fn ending(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_says_what_a_file_is() {
        let texts = ["a/b.MD", "a.CSV", "notes", "md", "a.tar.gz", "x.md/y"].map(of_text);
        assert_eq!(texts, ["text/markdown", "text/csv", "text/plain", "text/plain", "text/plain", "text/plain"]);
        assert_eq!(
            ["a.PNG", "a.tar.gz", "x.md"].map(of_bytes),
            ["image/png", "application/gzip", "application/octet-stream"]
        );
    }
}
