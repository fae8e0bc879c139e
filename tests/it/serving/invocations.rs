//! What `POST /endpoints/{name}/invocations` answers, and the other paths of the port.

use std::time::Duration;

use counterpoise::domain::endpoint::EndpointStatus;
use serde_json::{Value, json};

use super::server::{Server, fleet, receive, receive_all};
use crate::support::scripted::world;

async fn text(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_content_type_is_answered_for_one_row_and_for_many() {
    let server = Server::start().await;
    server.install(fleet(&server.serving, &[("A", 1.0, 1.5)]));
    for (content_type, body, expected) in [
        ("text/csv", "1,2", "1.5"),
        ("text/csv", "1,2\n3,4\n5,", "1.5,1.5,1.5"),
        ("text/csv; charset=utf-8", "1,2\r\n3,4\r\n", "1.5,1.5"),
        ("text/libsvm", "0:1 1:2", "1.5"),
        ("text/x-libsvm", "1 0:1\n0 1:2\n", "1.5,1.5"),
        ("application/json", r#"{"instances": [{"features": [1, 2]}, {"features": [3, 4]}]}"#, "1.5,1.5"),
        ("application/json", "[[1, 2], [3, 4]]", "1.5,1.5"),
        ("application/jsonlines", "{\"features\": [1, 2]}\n[3, 4]\n", "1.5,1.5"),
    ] {
        let answer = server.invocation(content_type, body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{content_type} {body}");
        let headers = answer.headers().clone();
        assert_eq!(headers["content-type"], "text/csv; charset=utf-8");
        assert_eq!(headers["x-amzn-invoked-production-variant"], "A");
        assert_eq!(headers["x-counterpoise-drawn"], "epoch=1;place=0;probability=1");
        assert_eq!(headers["x-amzn-requestid"].len(), 36);
        assert_eq!(answer.text().await.unwrap(), expected, "{content_type} {body}");
    }
    let (_, body) = text(server.invocation("text/csv", "1,2").header("accept", "application/json")).await;
    assert_eq!(body, r#"{"predictions": [{"score": 1.5}]}"#);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_the_right_status_and_say_what_was_expected() {
    let server = Server::with_two_variants().await;
    for (content_type, body, status, code, says) in [
        ("application/x-www-form-urlencoded", "1,2", 415, "ModelError", "this endpoint takes text/csv"),
        ("text/csv", "1,2\n1,2,3", 400, "ModelError", "row 2 has 3 columns, but the model takes 2 features"),
        ("text/csv", "1,x", 400, "ModelError", "row 1, column 2"),
        ("text/csv", "", 400, "ModelError", "the body holds no row"),
        ("application/json", "{", 400, "ModelError", "not JSON"),
        ("text/libsvm", "0:1 9:1", 400, "ModelError", "expects 2 features"),
    ] {
        let answer = server.invocation(content_type, body).send().await.unwrap();
        assert_eq!(answer.status(), 424, "{body}");
        assert_eq!(answer.headers()["x-amzn-errortype"], code);
        assert!(answer.headers().contains_key("x-amzn-invoked-production-variant"));
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert!(body["OriginalMessage"].as_str().unwrap().contains(says), "{body}");
        assert_eq!(
            (&body["OriginalStatusCode"], &body["ErrorCode"]),
            (&json!(status), &json!("CLIENT_ERROR_FROM_MODEL"))
        );
        assert_eq!(body["LogStreamArn"], "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/e");
    }
    let answer = server.invocation("text/csv", "1,2").header("accept", "image/png").send().await.unwrap();
    assert_eq!(answer.status(), 424);
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(body["OriginalStatusCode"], 406);
    for content_type in ["text/plain", "application/x-npy"] {
        let body: Value = serde_json::from_str(&text(server.invocation(content_type, "1,2")).await.1).unwrap();
        assert_eq!(body["OriginalStatusCode"], 415, "{content_type}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_do_not_answer_say_why() {
    let server = Server::start().await;
    let said = || async {
        let answer = server.invocation("text/csv", "1,2").send().await.unwrap();
        let (status, code) = (answer.status().as_u16(), answer.headers()["x-amzn-errortype"].clone());
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        (status, code.to_str().unwrap().to_owned(), body["message"].as_str().unwrap().to_owned())
    };
    let expected = (400, "ValidationError".to_owned(), "Endpoint e of account 000000000000 not found.".to_owned());
    assert_eq!(said().await, expected);

    let mut endpoint = world::realistic().endpoints.values().next().unwrap().as_ref().clone();
    endpoint.name = "e".to_owned();
    for (state, says) in [(EndpointStatus::Creating, "is Creating"), (EndpointStatus::Failed, "no such file")] {
        endpoint.status = state;
        endpoint.failure_reason = Some("no such file".to_owned());
        let one = endpoint.clone();
        server.workspace.change(move |snapshot| snapshot.endpoints.insert("e", one));
        let (status, _, message) = said().await;
        assert!(status == 400 && message.contains(says), "{message}");
    }

    server.install(fleet(&server.serving, &[("A", 0.0, 1.0)]));
    let (status, code, message) = said().await;
    assert_eq!((status, code.as_str()), (503, "ServiceUnavailable"));
    assert!(message.contains("weight 0"), "{message}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_variant_is_obeyed_and_attributes_come_back() {
    let server = Server::with_two_variants().await;
    for _ in 0..10 {
        let request = server
            .invocation("text/csv", "1,2")
            .header("X-Amzn-SageMaker-Target-Variant", "B")
            .header("X-Amzn-SageMaker-Custom-Attributes", "trace=7")
            .header("X-Amzn-SageMaker-Inference-Id", "abc");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["x-amzn-invoked-production-variant"], "B");
        assert!(!answer.headers().contains_key("x-counterpoise-drawn"), "what the client chose was not drawn");
        assert_eq!(answer.headers()["x-amzn-sagemaker-custom-attributes"], "trace=7");
        assert_eq!(answer.headers()["x-amzn-sagemaker-inference-id"], "abc");
        assert_eq!(answer.text().await.unwrap(), "20");
    }
    let (status, body) =
        text(server.invocation("text/csv", "1,2").header("X-Amzn-SageMaker-Target-Variant", "C")).await;
    assert!(status == 400 && body.contains("Variant C not found") && body.contains("A, B"), "{body}");
    let target = server.invocation("text/csv", "1,2").header("X-Amzn-SageMaker-Target-Model", "m.tar.gz");
    let (status, body) = text(target).await;
    assert!(status == 400 && body.contains("is not a multi-model endpoint"), "{body}");
    let long = "x".repeat(65);
    let (status, body) = text(server.invocation("text/csv", "1,2").header("X-Amzn-SageMaker-Inference-Id", long)).await;
    assert!(status == 400 && body.contains("at most 64 characters"), "{body}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_weights_are_obeyed_by_the_next_request() {
    let server = Server::with_two_variants().await;
    for round in 0..20 {
        let (on, off) = if round % 2 == 0 { ("A", "B") } else { ("B", "A") };
        let weights = [(on.to_owned(), 1.0), (off.to_owned(), 0.0)];
        server.serving.set_weights("e", &weights, "flip").unwrap();
        for _ in 0..5 {
            let answer = server.invocation("text/csv", "1,2").send().await.unwrap();
            assert_eq!(answer.headers()["x-amzn-invoked-production-variant"], on);
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_kept_and_pipelined_requests_are_answered_in_order() {
    let server = Server::with_two_variants().await;
    let request = |variant: &str| {
        format!(
            "POST /endpoints/e/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 3\r\n\
             X-Amzn-SageMaker-Target-Variant: {variant}\r\n\r\n1,2"
        )
    };
    let mut stream = server.send((request("A") + &request("B") + &request("A")).as_bytes());
    let answers =
        receive(&mut stream, |text| text.matches("HTTP/1.1 200 OK").count() == 3 && text.ends_with("\r\n\r\n10"));
    let bodies: Vec<&str> = answers.split("\r\n\r\n").skip(1).map(|body| &body[..2]).collect();
    assert_eq!(bodies, ["10", "20", "10"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_have_sagemakers_limit_and_not_a_byte_more() {
    const LIMIT: usize = 6_291_456;
    let server = Server::with_two_variants().await;
    // Rows of four bytes; the last is padded with blanks to the very limit.
    let mut largest = "1,2\n".repeat(LIMIT / 4 - 1);
    largest.push_str("1,2 ");
    assert_eq!(largest.len(), LIMIT);
    let (status, body) = text(server.invocation("text/csv", largest.clone())).await;
    assert_eq!(status, 200, "{}", &body[..body.len().min(200)]);
    assert_eq!(body.split(',').count(), LIMIT / 4);

    largest.push(' ');
    let (status, body) = text(server.invocation("text/csv", largest.clone())).await;
    assert_eq!(status, 413);
    assert!(body.contains("6291456 bytes"), "{body}");

    // The same in chunks, whose sum nobody announces.
    let head = "POST /endpoints/e/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n\
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let chunked = format!("{head}{:x}\r\n{largest}\r\n0\r\n\r\n", largest.len());
    let mut stream = server.connect();
    // What is too long is read to its end all the same, so that the sender comes to hear the answer.
    std::io::Write::write_all(&mut stream, chunked.as_bytes()).unwrap();
    let answer = receive_all(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_metrics_and_a_method_that_is_not_taken() {
    let server = Server::with_two_variants().await;
    let get = |path: &str| server.client.get(server.url(path));
    assert_eq!(text(get("/ping")).await, (200, String::new()));
    assert_eq!(text(server.client.head(server.url("/ping"))).await.0, 200);
    for _ in 0..3 {
        text(server.invocation("text/csv", "1,2").header("X-Amzn-SageMaker-Target-Variant", "A")).await;
    }
    text(server.invocation("text/csv", "1").header("X-Amzn-SageMaker-Target-Variant", "A")).await;
    let (status, page) = text(get("/metrics")).await;
    assert_eq!(status, 200);
    for line in [
        "counterpoise_requests_total{endpoint=\"e\",variant=\"A\",model=\"answers-10\"} 4",
        "counterpoise_client_errors_total{endpoint=\"e\",variant=\"A\",model=\"answers-10\"} 1",
        "counterpoise_server_errors_total{endpoint=\"e\",variant=\"A\",model=\"answers-10\"} 0",
        "counterpoise_requests_total{endpoint=\"e\",variant=\"B\",model=\"answers-20\"} 0",
        "counterpoise_variant_weight{endpoint=\"e\",variant=\"B\",model=\"answers-20\"} 1",
        "counterpoise_model_latency_seconds_count{endpoint=\"e\",variant=\"A\",model=\"answers-10\"} 4",
        "counterpoise_in_flight_requests{endpoint=\"e\"} 0",
        "# TYPE counterpoise_model_latency_seconds summary",
    ] {
        assert!(page.lines().any(|have| have == line), "{line} is missing in\n{page}");
    }

    // Whatever else has no signature is S3's, where the first part of a path names a bucket.
    let answer = get("/endpoints").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (404, &"application/xml".parse().unwrap())
    );
    assert_eq!(answer.headers()["x-amz-request-id"], answer.headers()["x-amzn-requestid"]);
    let body = answer.text().await.unwrap();
    assert!(body.contains("<Code>NoSuchBucket</Code>"), "{body}");
    let answer = server.client.head(server.url("/endpoints/e")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (404, String::new()));
    let answer = get("/endpoints/e/invocations").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["allow"]), (405, &"POST".parse().unwrap()));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_web_page_of_another_origin_gets_in() {
    let server = Server::with_two_variants().await;
    let ask = |name: &'static str, value: String| server.invocation("text/csv", "1,2").header(name, value);
    assert_eq!(text(ask("host", "attacker.example".to_owned())).await.0, 403);
    assert_eq!(text(ask("origin", "http://attacker.example".to_owned())).await.0, 403);
    assert_eq!(text(ask("origin", "null".to_owned())).await.0, 403);
    assert_eq!(text(ask("origin", format!("http://localhost:{}", server.address.port()))).await.0, 200);
    assert_eq!(text(ask("host", "bucket.localhost:1".to_owned())).await.0, 200);
    let mut stream = server.send(b"GET /ping HTTP/1.0\r\n\r\n");
    assert!(receive_all(&mut stream).starts_with("HTTP/1.0 400"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn measurements_follow_the_requests() {
    let server = Server::with_two_variants().await;
    for _ in 0..20 {
        assert_eq!(text(server.invocation("text/csv", "1,2\n3,4")).await.0, 200);
    }
    text(server.invocation("text/csv", "1,2").header("X-Amzn-SageMaker-Target-Variant", "A")).await;
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let live = server.serving.live("e").unwrap();
        let sum = |of: fn(&counterpoise::stats::live::VariantLive) -> u64| live.variants.iter().map(of).sum::<u64>();
        if sum(|v| v.requests) == 21 {
            assert_eq!((sum(|v| v.drawn), sum(|v| v.predictions)), (20, 40), "the forced one is not drawn");
            assert_eq!(live.in_flight, 0);
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{live:?}");
        tokio::task::yield_now().await;
    }
    server.stop().await;
}
