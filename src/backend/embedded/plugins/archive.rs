//! A plugin as an archive, for the workspace that is to have it: a gzipped tar, with nothing compressed,
//! because it's small and seldom asked for. Once the workspace has a token of its own, only that opens it.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::IntoResponse;

use super::super::answer::{Answer, Refuse, bad, broken};
use super::super::folder::Files;
use super::super::guard::{self, Access};
use super::super::payload::Params;
use super::super::platform::App;
use super::checks;
use super::source::{self, Fetched};

const BLOCK: usize = 512;
/// What a stored block of deflate holds at most.
const STORED: usize = 65_535;

pub(crate) async fn download(
    access: Access,
    State(platform): App,
    Path((_, name)): Path<(String, String)>,
    params: Params,
) -> Answer {
    let workspace = access.uuid().refuse(broken("auth check failed"))?;
    guard::own_token(&platform, &workspace, access.bearer.as_deref()).await?;
    source::valid_name(&name).refuse(bad("invalid plugin name"))?;
    let from = params.get("source").filter(|from| !from.is_empty());
    let from = from.map_or_else(|| format!("local://{name}"), str::to_owned);
    let fetched = source::fetch(&platform, &from)?;
    if fetched.name != name {
        let told = format!("source resolved to plugin {:?} but URL requested {name:?}", fetched.name);
        return Err(bad(&told).with("requested_name", name).with("resolved_name", fetched.name));
    }
    checks::declared(&fetched.files).map_err(|refusal| refusal.with("source", from.as_str()))?;
    attached(&fetched, &from)
}

fn attached(plugin: &Fetched, from: &str) -> Answer {
    let value = |text: &str| HeaderValue::try_from(text).refuse(broken("failed to pack plugin"));
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/gzip"));
    let disposition = format!("attachment; filename=\"{}.tar.gz\"", plugin.name);
    headers.insert(header::CONTENT_DISPOSITION, value(&disposition)?);
    headers.insert("x-plugin-name", value(&plugin.name)?);
    headers.insert("x-plugin-source", value(from)?);
    Ok((headers, Body::from(gzipped(&tarred(&plugin.files)))).into_response())
}

/// A header and whole blocks of content for each file, then two empty blocks.
fn tarred(files: &Files) -> Vec<u8> {
    let mut tar = Vec::new();
    for (path, content) in files {
        tar.extend(entry(path, content.len()));
        tar.extend(content);
        tar.resize(tar.len().next_multiple_of(BLOCK), 0);
    }
    tar.resize(tar.len() + 2 * BLOCK, 0);
    tar
}

/// Name, mode, owner, group, size, time, checksum (as blanks first), kind, and the format's mark.
fn entry(path: &str, size: usize) -> Vec<u8> {
    let fields = |checksum: &str| {
        let mut header = Vec::with_capacity(BLOCK);
        for (text, width) in [
            (path, 100),
            ("0000644\0", 8),
            ("0000000\0", 8),
            ("0000000\0", 8),
            (&format!("{size:011o}\0"), 12),
            ("00000000000\0", 12),
            (checksum, 8),
            ("0", 1),
            ("", 100),
            ("ustar\x0000", 8),
        ] {
            let filled = header.len() + width;
            header.extend(text.bytes().take(width));
            header.resize(filled, 0);
        }
        header.resize(BLOCK, 0);
        header
    };
    let sum: u32 = fields("        ").iter().map(|byte| u32::from(*byte)).sum();
    fields(&format!("{sum:06o}\0 "))
}

fn gzipped(plain: &[u8]) -> Vec<u8> {
    let mut zipped = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut blocks = plain.chunks(STORED).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        zipped.push(blocks.peek().is_none().into());
        zipped.extend(length.to_le_bytes());
        zipped.extend((!length).to_le_bytes());
        zipped.extend(block);
    }
    zipped.extend(crc32(plain).to_le_bytes());
    zipped.extend((plain.len() as u32).to_le_bytes());
    zipped
}

fn crc32(bytes: &[u8]) -> u32 {
    let shifted = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc: u32, byte| (0..8).fold(crc ^ u32::from(*byte), shifted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_gzips() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_header_sums_up_to_its_checksum() {
        let header = entry("skills/a.md", 9);
        let field = String::from_utf8(header.iter().skip(148).take(6).copied().collect()).unwrap_or_default();
        let others =
            header.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) });
        assert_eq!(u32::from_str_radix(&field, 8), Ok(others.sum()));
        assert_eq!(header.len(), BLOCK);
    }
}
