//! Tenants that do what no embedded one does: their lines break where a test breaks them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::PATIENCE;

pub struct Scripted {
    pub url: String,
    script: Arc<Script>,
    lines: UnboundedReceiver<TcpStream>,
}

#[derive(Default)]
struct Script {
    /// What it kept, the newest first.
    kept: Mutex<Vec<Value>>,
    /// What it answers to a WebSocket, in place of one.
    instead: Mutex<Option<String>>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (script, (opened, lines)) = (Arc::new(Script::default()), unbounded_channel());
        let playing = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(play(stream, Arc::clone(&playing), opened.clone()));
            }
        });
        Self { url, script, lines }
    }

    /// The server's next WebSocket, from now on bytes.
    pub async fn line(&mut self) -> TcpStream {
        timeout(PATIENCE, self.lines.recv()).await.expect("a line in time").unwrap()
    }

    pub fn keeps(&self, kind: &str, workspace: &str) {
        let id = uuid::Uuid::new_v4().to_string();
        let one = json!({ "id": id, "event_type": kind, "workspace_id": workspace, "payload": {} });
        self.script.kept.lock().unwrap().insert(0, one);
        self.script.kept.lock().unwrap().truncate(100);
    }

    pub fn answers_instead(&self, answer: &str) {
        *self.script.instead.lock().unwrap() = Some(answer.to_owned());
    }

    /// Returns once it was asked so often.
    pub async fn was_asked(&self, path: &str, times: usize) {
        let asked = async {
            while self.asked(path) < times {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, asked).await.expect("enough requests in time");
    }

    pub fn asked(&self, path: &str) -> usize {
        self.script.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

async fn play(mut stream: TcpStream, script: Arc<Script>, opened: UnboundedSender<TcpStream>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte @ 0..) = stream.read_u8().await else { return };
            head.push(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        script.asked.lock().unwrap().push(path.clone());
        let answer = match path.as_str() {
            "/ws" => match &*script.instead.lock().unwrap() {
                Some(instead) => instead.clone(),
                None => switched(&head),
            },
            "/events" => json_answer(&Value::from(script.kept.lock().unwrap().clone())),
            _ => json_answer(&json!([])),
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
        if answer.starts_with("HTTP/1.1 101") {
            let _ = opened.send(stream);
            return;
        }
    }
}

fn switched(head: &str) -> String {
    let lower = head.to_ascii_lowercase();
    let at = lower.find("sec-websocket-key: ").unwrap() + "sec-websocket-key: ".len();
    let key = head[at..].lines().next().unwrap();
    let accept = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

fn json_answer(body: &Value) -> String {
    let body = body.to_string();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A text as a WebSocket's server sends it.
pub fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(length) if length < 126 => frame.push(length),
        _ => {
            frame.push(127);
            frame.extend((text.len() as u64).to_be_bytes());
        }
    }
    frame.extend(text.as_bytes());
    frame
}

pub fn event(kind: &str, workspace: &str) -> Vec<u8> {
    frame(&json!({ "event": kind, "workspace_id": workspace, "timestamp": "", "payload": {} }).to_string())
}
