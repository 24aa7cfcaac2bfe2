//! The resources that the suite reads. Their addresses have a scheme of their own.

use rmcp::ErrorData;
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};
use serde_json::json;

use crate::content::{picture_at, text_of};

const SCHEME: &str = "test://";
const TEXT: &str = "test://static-text";
const PICTURE: &str = "test://static-binary";

pub fn is_of_the_suite(uri: &str) -> bool {
    uri.starts_with(SCHEME)
}

pub fn listed() -> Vec<Resource> {
    let resource = |uri: &str, name: &str, kind: &str| {
        Resource::new(uri, name).with_description(format!("{name}, for the conformance suite")).with_mime_type(kind)
    };
    vec![resource(TEXT, "A text", "text/plain"), resource(PICTURE, "A picture", "image/png")]
}

pub fn template() -> ResourceTemplate {
    ResourceTemplate::new("test://template/{id}/data", "Data by id")
        .with_description("What an id stands for, for the conformance suite")
        .with_mime_type("application/json")
}

pub fn read(uri: &str) -> Option<ResourceContents> {
    match uri {
        TEXT => Some(text_of(uri, "text/plain", "This is the content of the static text resource.")),
        PICTURE => Some(picture_at(uri)),
        _ => {
            let id = uri.strip_prefix("test://template/")?.strip_suffix("/data")?;
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            Some(text_of(uri, "application/json", &data.to_string()))
        }
    }
}

pub fn not_found(uri: &str) -> ErrorData {
    ErrorData::resource_not_found("Resource not found", Some(json!({ "uri": uri })))
}
