//! What the fixtures show: the smallest picture and sound that there are, and how JSON becomes what the protocol
//! library takes.

use rmcp::model::{ContentBlock, JsonObject, ResourceContents};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One red pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
/// A WAV file without a sample.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

pub fn image() -> ContentBlock {
    ContentBlock::image(PNG, "image/png")
}

pub fn audio() -> ContentBlock {
    ContentBlock::audio(WAV, "audio/wav")
}

pub fn embedded(uri: &str, kind: &str, text: &str) -> ContentBlock {
    ContentBlock::resource(text_of(uri, kind, text))
}

pub fn text_of(uri: &str, kind: &str, text: &str) -> ResourceContents {
    ResourceContents::text(text, uri).with_mime_type(kind)
}

pub fn picture_at(uri: &str) -> ResourceContents {
    ResourceContents::blob(PNG, uri).with_mime_type("image/png")
}

/// What this program's source says in JSON.
pub fn written<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the protocol knows this shape")
}

pub fn object(value: Value) -> JsonObject {
    written(value)
}
