//! Shadow variants over real HTTP: they see what production answers, at their share, and no client ever sees or waits for them.

use std::sync::Arc;

use counterpoise::domain::label::{Label, LabelReport};
use counterpoise::stats::live::{EndpointLive, ShadowLive};

use super::server::{LIMIT, Server, fleet, shadowed};

/// Sends rows one after the other; every answer comes from production.
async fn ask(server: &Server, requests: usize) {
    for _ in 0..requests {
        let answer = server.invocation("text/csv", "1,2").send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["x-amzn-invoked-production-variant"]),
            (200, &"A".parse().unwrap())
        );
        assert_eq!(answer.text().await.unwrap(), "10");
    }
}

async fn until(server: &Server, what: impl Fn(&EndpointLive) -> bool) -> Arc<EndpointLive> {
    server.until("the shadows", |serving| serving.live("e").filter(|live| what(live))).await
}

/// Copies that were made, whether they are answered or wait, and those that were not.
fn seen(shadow: &ShadowLive) -> u64 {
    shadow.variant.requests + u64::from(shadow.variant.busy + shadow.variant.waiting)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shadows_see_their_share_and_nobody_sees_them() {
    let server = Server::start().await;
    server.install(shadowed(
        &server.serving,
        &[("A", 1.0, 10.0)],
        &[("all", 1.0, 20.0), ("some", 0.25, 30.0), ("none", 0.0, 40.0)],
    ));
    ask(&server, 400).await;
    let live =
        until(&server, |live| live.shadows[0].variant.requests == 400 && live.shadows[1].variant.waiting == 0).await;
    let [all, some, none] = live.shadows.as_slice() else { panic!("{live:?}") };
    assert_eq!((all.share, all.dropped, all.variant.client_errors, all.variant.predictions), (1.0, 0, 0, 400));
    // 400 copies at ¼: five standard deviations are 43.
    assert!((57..=143).contains(&seen(some)), "{some:?}");
    assert_eq!((none.variant.requests, none.share), (0, 0.0));
    assert_eq!((live.variants.len(), live.variants[0].requests), (1, 400), "they are no production variants");
    assert_eq!(server.serving.counts("e"), Some((400, 0)));
    // Nobody can ask for one, and what a client asked a variant for by name says nothing about the traffic.
    let by_name =
        server.invocation("text/csv", "1,2").header("x-amzn-sagemaker-target-variant", "all").send().await.unwrap();
    assert_eq!(by_name.status(), 400);
    let forced =
        server.invocation("text/csv", "1,2").header("x-amzn-sagemaker-target-variant", "A").send().await.unwrap();
    assert_eq!(forced.status(), 200);
    // Another share is obeyed from the next request on.
    server.serving.set_shadow_shares("e", &[("none".to_owned(), 1.0), ("all".to_owned(), 0.0)]).unwrap();
    ask(&server, 50).await;
    let live = until(&server, |live| live.shadows[2].variant.requests == 50).await;
    assert_eq!(live.shadows[0].variant.requests, 400);
    let labels = r#"{endpoint="e",variant="none",model="answers-40"}"#;
    let lines = [
        format!("counterpoise_shadow_requests_total{labels} 50"),
        format!("counterpoise_shadow_dropped_total{labels} 0"),
        format!("counterpoise_shadow_share{labels} 1"),
    ];
    server.assert_metrics(&lines).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_that_can_not_keep_up_drops_and_counts_and_slows_nobody() {
    let server = Server::start().await;
    server.install(shadowed(&server.serving, &[("A", 1.0, 10.0)], &[("S", 1.0, 20.0)]));
    // Without an instance it answers nothing: every copy that it gets waits.
    server.serving.set_instances("e", &[("S".to_owned(), 0)]).unwrap();
    ask(&server, 1_200).await;
    let live = until(&server, |live| live.variants[0].requests == 1_200).await;
    let shadow = &live.shadows[0];
    assert_eq!((shadow.variant.waiting, shadow.dropped, shadow.variant.requests), (1_000, 200, 0));
    assert_eq!((live.variants[0].server_errors, live.in_flight), (0, 0));
    server.serving.set_instances("e", &[("S".to_owned(), 2)]).unwrap();
    let live = until(&server, |live| live.shadows[0].variant.requests == 1_000).await;
    assert_eq!(live.shadows[0].variant.waiting, 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_that_a_model_refuses_are_its_own_errors() {
    let server = Server::start().await;
    server.install(shadowed(&server.serving, &[("A", 1.0, 10.0)], &[("S", 1.0, 20.0)]));
    let refused = server.invocation("text/csv", "1").send().await.unwrap();
    assert_eq!(refused.status(), 424);
    let live = until(&server, |live| live.shadows[0].variant.requests == 1).await;
    assert_eq!(live.shadows[0].variant.client_errors, 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heavy_requests_are_copied_too_and_measurements_go_on_through_an_update() {
    let server = Server::start().await;
    server.install(shadowed(&server.serving, &[("A", 1.0, 10.0)], &[("S", 1.0, 20.0)]));
    let answer = server.invocation("text/csv", "1,2\n".repeat(20_000)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    until(&server, |live| live.shadows[0].variant.predictions == 20_000).await;
    server.install(shadowed(&server.serving, &[("A", 1.0, 10.0)], &[("S", 0.5, 20.0), ("T", 1.0, 30.0)]));
    let live = server.serving.live("e").unwrap();
    let of = |n: usize| (live.shadows[n].variant.requests, live.shadows[n].share);
    assert_eq!((of(0), of(1)), ((1, 0.5), (0, 1.0)));
    // As a production variant it begins anew: what it answered as a shadow, no client has seen.
    server.install(fleet(&server.serving, &[("S", 1.0, 20.0)]));
    let live = server.serving.live("e").unwrap();
    assert_eq!((live.shadows.len(), live.variants[0].requests), (0, 0));
    server.stop().await;
}

/// Asks with inference ids; every answer comes from production.
async fn ask_by_id(server: &Server, ids: std::ops::Range<usize>) {
    for id in ids {
        let request = server.invocation("text/csv", "1,2").header("x-amzn-sagemaker-inference-id", format!("id-{id}"));
        assert_eq!(request.send().await.unwrap().text().await.unwrap(), "10");
    }
}

fn label(server: &Server, ids: std::ops::Range<usize>, value: f64) -> LabelReport {
    let labels = ids.map(|id| Label { id: format!("id-{id}"), values: vec![value] }).collect();
    server.serving.label("e", labels, true).unwrap().wait(LIMIT).unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_compare_a_shadow_with_what_clients_got_whichever_comes_first() {
    let server = Server::start().await;
    server.install(shadowed(&server.serving, &[("A", 1.0, 10.0)], &[("S", 1.0, 20.0)]));
    // Labels first: the shadow has not answered anything yet.
    server.serving.set_instances("e", &[("S".to_owned(), 0)]).unwrap();
    ask_by_id(&server, 0..40).await;
    assert_eq!(label(&server, 0..40, 20.0).counts.joined, 40);
    assert_eq!(server.serving.live("e").unwrap().shadows[0].variant.labelled, 0);
    server.serving.set_instances("e", &[("S".to_owned(), 1)]).unwrap();
    until(&server, |live| live.shadows[0].variant.labelled == 40).await;
    // Then answers first.
    ask_by_id(&server, 40..100).await;
    until(&server, |live| live.shadows[0].variant.requests == 100).await;
    assert_eq!(label(&server, 40..100, 20.0).counts.joined, 60);
    assert_eq!(label(&server, 0..100, 20.0).counts.repeated, 100);
    assert_eq!(label(&server, 0..100, 10.0).counts.contradictory, 100);
    // A chosen variant's request has no copy, so its label compares nothing.
    let forced = server.invocation("text/csv", "1,2").header("x-amzn-sagemaker-target-variant", "A");
    forced.header("x-amzn-sagemaker-inference-id", "id-100").send().await.unwrap();
    assert_eq!(label(&server, 100..101, 20.0).counts.forced, 1);
    let live = until(&server, |live| live.shadows[0].variant.labelled == 100).await;
    assert_eq!((live.shadows[0].variant.rmse, live.variants[0].rmse), (Some(0.0), Some(10.0)));
    // The first 50 errors, of 25 requests, tell how large an error may count.
    let versus = live.shadows[0].versus.unwrap();
    assert_eq!((versus.test.rows, versus.test.a_only, versus.test.b_only), (75, 0, 75));
    assert!(versus.test.decided.unwrap().b_better);
    assert_eq!(live.variants[0].labelled, 100, "production counts its own labels once");
    // An update that keeps it goes on with what is known.
    server.install(shadowed(&server.serving, &[("B", 1.0, 10.0)], &[("S", 0.5, 20.0)]));
    assert_eq!(server.serving.live("e").unwrap().shadows[0].versus, Some(versus));
    server.stop().await;
}
