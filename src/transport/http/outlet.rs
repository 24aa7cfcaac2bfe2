//! What every answer over HTTP passes last: no secret that we hold leaves in its headers or its body. A body that is
//! there already is looked at whole, a stream event by event, as rmcp writes each of them in one piece.

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use futures_util::StreamExt;

use crate::secrets::{Revealed, held};

pub(super) async fn filtered(response: Response<Body>) -> Response<Body> {
    if response.extensions().get::<Revealed>().is_some() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    clean(&mut parts.headers);
    if body.size_hint().exact().is_none() {
        let stream = body.into_data_stream().map(|chunk| chunk.map(cleaned));
        return Response::from_parts(parts, Body::from_stream(stream));
    }
    let Ok(whole) = to_bytes(body, usize::MAX).await else {
        let mut broken = Response::new(Body::empty());
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return broken;
    };
    let body = cleaned(whole.clone());
    if body != whole {
        parts.headers.remove(CONTENT_LENGTH);
    }
    Response::from_parts(parts, body.into())
}

fn cleaned(bytes: Bytes) -> Bytes {
    held::without(&bytes).map_or(bytes, Bytes::from)
}

fn clean(headers: &mut HeaderMap) {
    for value in headers.values_mut() {
        if let Some(clean) = held::without(value.as_bytes()) {
            *value = HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static(held::REMOVED));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::stream;

    use super::*;
    use crate::secrets::held::Held;

    const SECRET: &str = "held-while-answers-leave";

    async fn left(response: Response<Body>) -> (HeaderMap, String) {
        let (parts, body) = filtered(response).await.into_parts();
        (parts.headers, String::from_utf8(to_bytes(body, 1000).await.unwrap().into()).unwrap())
    }

    fn saying(body: Body) -> Response<Body> {
        let said = HeaderValue::from_str(&format!("of {SECRET}")).unwrap();
        let mut response = Response::new(body);
        response.headers_mut().insert("x-said", said);
        response
    }

    #[tokio::test]
    async fn neither_headers_nor_bodies_nor_streams_let_a_secret_out() {
        let _held = Held::new(Arc::new(SECRET.into()));
        let body = format!("data: {SECRET}\n\n");
        let events = stream::iter([Ok::<_, std::io::Error>(body.clone()), Ok("data: x\n\n".to_owned())]);
        for (body, expected) in [
            (Body::from(body.clone()), "data: [removed]\n\n"),
            (Body::from_stream(events), "data: [removed]\n\ndata: x\n\n"),
        ] {
            let (headers, body) = left(saying(body)).await;
            assert_eq!((headers["x-said"].as_bytes(), body.as_str()), (&b"of [removed]"[..], expected));
        }
    }

    #[tokio::test]
    async fn a_changed_body_has_no_length_of_before_and_a_sink_keeps_all() {
        let _held = Held::new(Arc::new(SECRET.into()));
        let mut response = saying(Body::from(SECRET));
        response.headers_mut().insert(CONTENT_LENGTH, SECRET.len().into());
        let (headers, body) = left(response).await;
        assert_eq!((headers.get(CONTENT_LENGTH), body.as_str()), (None, held::REMOVED));
        let mut sink = saying(Body::from(SECRET));
        sink.extensions_mut().insert(Revealed);
        assert_eq!(left(sink).await.1, SECRET);
    }
}
