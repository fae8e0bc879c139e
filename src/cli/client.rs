//! A client that knows nothing of Counterpoise: HTTP/1.1 over a plain TCP connection, and the two shapes of answer.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// One kept-alive connection.
pub struct Client {
    host: String,
    stream: BufReader<TcpStream>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// For example 200.
    pub status: u16,
    /// Media type without parameters.
    pub content_type: String,
    /// `x-Amzn-Invoked-Production-Variant`.
    pub variant: Option<String>,
    /// Whether it has the request id that every answer of ours has.
    pub is_ours: bool,
    /// Text.
    pub body: String,
}

impl Client {
    /// Connects to `http://host:port`.
    pub fn connect(base_url: &str) -> Result<Self> {
        let host = base_url.strip_prefix("http://").unwrap_or(base_url).trim_end_matches('/').to_owned();
        let stream = TcpStream::connect(&host).with_context(|| format!("no connection to {base_url}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { host, stream: BufReader::new(stream) })
    }

    /// Posts `body` and reads the answer. `variant` forces one.
    pub fn post(&mut self, path: &str, content_type: &str, variant: Option<&str>, body: &str) -> Result<Answer> {
        let forced = variant.map(|name| format!("X-Amzn-SageMaker-Target-Variant: {name}\r\n")).unwrap_or_default();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n{forced}\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).context("the request could not be sent")?;
        read_answer(&mut self.stream)
    }
}

impl Client {
    /// `host:port`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Asks for a page, with these headers besides.
    pub fn get(&mut self, path: &str, headers: &[(String, String)]) -> Result<Answer> {
        let more = headers.iter().fold(String::new(), |mut more, (name, value)| {
            more.extend([name, ": ", value, "\r\n"]);
            more
        });
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{more}\r\n", self.host);
        self.stream.get_mut().write_all(request.as_bytes()).context("the request could not be sent")?;
        read_answer(&mut self.stream)
    }
}

fn read_answer(stream: &mut impl BufRead) -> Result<Answer> {
    let mut line = String::new();
    stream.read_line(&mut line).context("no answer")?;
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.with_context(|| format!("the answer does not begin with a status line: {line:?}"))?;
    let (mut length, mut content_type, mut variant, mut is_ours) = (None, String::new(), None, false);
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = Some(value.parse().context("content-length is not a number")?),
            "content-type" => value.split(';').next().unwrap_or_default().trim().clone_into(&mut content_type),
            "x-amzn-invoked-production-variant" => variant = Some(value.to_owned()),
            "x-amzn-requestid" => is_ours = true,
            _ => {}
        }
    }
    let mut body = vec![0; length.context("the answer does not say how long it is")?];
    stream.read_exact(&mut body)?;
    let body = String::from_utf8(body).context("the answer is not text")?;
    Ok(Answer { status, content_type, variant, is_ours, body })
}

impl Answer {
    /// One number a row: the value of a regression, or the class (0 or 1; a bare probability counts as 1 from one half on).
    pub fn predictions(&self, classes: bool) -> Result<Vec<f64>> {
        if self.status != 200 {
            bail!("{}: {}", self.status, self.body.trim());
        }
        if self.content_type == "application/json" {
            let answer: serde_json::Value = serde_json::from_str(&self.body).context("the answer is not JSON")?;
            let rows = answer["predictions"].as_array().context("the answer has no list of predictions")?;
            let field = if classes { "predicted_label" } else { "score" };
            return rows
                .iter()
                .map(|row| row[field].as_f64().with_context(|| format!("a prediction has no {field}: {row}")))
                .collect();
        }
        self.body
            .split([',', '\n'])
            .map(str::trim)
            .filter(|field| !field.is_empty())
            .map(|field| field.parse::<f64>().with_context(|| format!("{field:?} is not a number")))
            .map(|value| value.map(|value| if classes { f64::from(value >= 0.5) } else { value }))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        read_answer(&mut text.as_bytes()).unwrap()
    }

    #[test]
    fn both_shapes_of_answer_are_read() {
        let csv = answer(
            "HTTP/1.1 200 OK\r\nContent-Type: text/csv; charset=utf-8\r\nX-Amzn-Invoked-Production-Variant: A\r\ncontent-length: 7\r\n\r\n0.2,0.7",
        );
        assert_eq!(csv.variant.as_deref(), Some("A"));
        assert_eq!(csv.predictions(true).unwrap(), [0.0, 1.0]);
        assert_eq!(csv.predictions(false).unwrap(), [0.2, 0.7]);
        let body = r#"{"predictions": [{"score": 0.4, "predicted_label": 0}, {"score": 0.9, "predicted_label": 1}]}"#;
        let json = answer(&format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert_eq!(json.predictions(true).unwrap(), [0.0, 1.0]);
        assert_eq!(json.predictions(false).unwrap(), [0.4, 0.9]);
    }

    #[test]
    fn an_error_answer_is_an_error() {
        let bad =
            answer("HTTP/1.1 415 Unsupported Media Type\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nno.\n");
        assert_eq!(bad.predictions(true).unwrap_err().to_string(), "415: no.");
        assert!(read_answer(&mut "nonsense\r\n\r\n".as_bytes()).is_err());
    }
}
