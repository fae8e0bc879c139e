//! Arbitrary records of every type: not what a person would make, but whatever the types can hold.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::domain::accuracy::{Compared, Labelled, Watched};
use crate::domain::algorithm::Algorithm;
use crate::domain::bucket::{Bucket, Object};
use crate::domain::deployment::{Alarm, Capacity, DeploymentPlan, FleetMeasured, Routing};
use crate::domain::endpoint::{
    Deployment, DeploymentOutcome, DeploymentStage, Endpoint, EndpointStatus, EndpointVariant, Retain, RollbackCause,
    WeightChange,
};
use crate::domain::endpoint_config::{EndpointConfig, ProductionVariant};
use crate::domain::event::{Event, Severity};
use crate::domain::extras::Extras;
use crate::domain::model::Model;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::s3_uri::S3Uri;
use crate::domain::tag::Tag;
use crate::domain::time::Timestamp;
use crate::domain::traffic_test::{TrafficTest, TrafficTestSpec, TrafficTestStatus};
use crate::domain::training_job::{
    Channel, FinalMetric, SecondaryStatus, TrainingJob, TrainingJobSpec, TrainingJobStatus, TrainingSummary, Transition,
};

/// Any text, control characters and all.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-zA-Z0-9-]{1,20}"]
}

fn time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp)
}

/// Every finite number, subnormal ones and the negative zero too.
fn number() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("records hold finite numbers", |value| value.is_finite())
}

fn uri() -> impl Strategy<Value = S3Uri> {
    ("[a-z0-9]{3,20}", "[^\u{0}]{0,40}").prop_map(|(bucket, key)| S3Uri::new(bucket, key))
}

fn tags() -> impl Strategy<Value = Vec<Tag>> {
    vec((text(), text()).prop_map(|(key, value)| Tag { key, value }), 0..4)
}

fn words() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(text(), text(), 0..5)
}

pub(super) fn bucket() -> impl Strategy<Value = Bucket> {
    (text(), time(), tags()).prop_map(|(name, created, tags)| Bucket { name, created, tags })
}

pub(super) fn object() -> impl Strategy<Value = Object> {
    (text(), any::<u64>(), text(), time(), text()).prop_map(|(key, size, etag, modified, content_type)| Object {
        key,
        size,
        etag,
        modified,
        content_type,
        details: None,
    })
}

pub(super) fn model() -> impl Strategy<Value = Model> {
    (text(), text(), uri(), words(), of(text()), time(), tags()).prop_map(
        |(name, image, model_data, environment, execution_role_arn, created, tags)| Model {
            name,
            image,
            model_data,
            environment,
            execution_role_arn,
            created,
            tags,
            extras: Extras::default(),
        },
    )
}

pub(super) fn endpoint_config() -> impl Strategy<Value = EndpointConfig> {
    let variant = (text(), text(), any::<u32>(), text(), number()).prop_map(
        |(name, model_name, initial_instance_count, instance_type, initial_weight)| ProductionVariant {
            name,
            model_name,
            initial_instance_count,
            instance_type,
            initial_weight,
        },
    );
    (text(), vec(variant, 0..4), time(), tags()).prop_map(|(name, variants, created, tags)| EndpointConfig {
        name,
        shadow_variants: variants.iter().take(1).cloned().collect(),
        variants,
        created,
        tags,
        data_capture: None,
        extras: Extras::default(),
    })
}

fn deployment() -> impl Strategy<Value = Deployment> {
    use DeploymentStage::{Baking, Done, Draining, Loading, Probing, RollingBack, Shifting, Swapped};
    let outcome = prop_oneof![
        Just(DeploymentOutcome::InProgress),
        Just(DeploymentOutcome::Succeeded),
        text().prop_map(DeploymentOutcome::Failed),
        text().prop_map(|reason| DeploymentOutcome::RolledBack { cause: RollbackCause::ByHand, reason }),
    ];
    let stages =
        vec((select(vec![Loading, Probing, Shifting, Baking, Swapped, RollingBack, Draining, Done]), time()), 0..5);
    let asked = (any::<u64>(), text(), of(text()));
    let plain = (asked, time(), of(time()), stages, outcome, any::<u64>(), any::<u64>()).prop_map(
        |((number, config_name, from_config), started, ended, stages, outcome, requests, failed_requests)| {
            let begun = Deployment::begun(number, &config_name, from_config.as_deref(), started);
            Deployment { ended, stages, outcome, requests, failed_requests, ..begun }
        },
    );
    (plain, plan(), vec((number(), time()), 0..3), of(text()), any::<u32>()).prop_map(
        |(plain, plan, shares, reason, resumed)| Deployment {
            plan,
            shares,
            rollback: reason.map(|reason| (RollbackCause::Alarm, reason)),
            measured: Some((FleetMeasured::default(), FleetMeasured { p99_us: Some(7), ..FleetMeasured::default() })),
            resumed,
            retain: Retain::as_left(3),
            accuracy: Some(Watched {
                apart: Compared { new: Labelled { labels: 7, score: Some(0.25) }, ..Compared::default() },
                evidence: 1.5,
                ..Watched::default()
            }),
            variants: vec![EndpointVariant {
                name: "a".into(),
                model_name: "m".into(),
                weight: 1.0,
                instance_count: 1,
                instance_type: "ml.m5.large".into(),
            }],
            served: vec![EndpointVariant {
                name: "b".into(),
                model_name: "n".into(),
                weight: 9.0,
                instance_count: 3,
                instance_type: "ml.m5.large".into(),
            }],
            ..plain
        },
    )
}

fn plan() -> impl Strategy<Value = DeploymentPlan> {
    let part = prop_oneof![any::<u32>().prop_map(Capacity::Percent), any::<u32>().prop_map(Capacity::Instances)];
    let routing = prop_oneof![
        Just(Routing::AllAtOnce),
        (part.clone(), any::<u32>()).prop_map(|(size, wait_s)| Routing::Canary { size, wait_s }),
        (part.clone(), any::<u32>()).prop_map(|(step, wait_s)| Routing::Linear { step, wait_s }),
        (part, any::<u32>()).prop_map(|(batch, wait_s)| Routing::Rolling { batch, wait_s }),
    ];
    let alarm = prop_oneof![
        (number(), any::<u32>()).prop_map(|(above, min_requests)| Alarm::ErrorRate { above, min_requests }),
        (number(), any::<u32>()).prop_map(|(above_ms, min_requests)| Alarm::P99Latency { above_ms, min_requests }),
        number().prop_map(|alpha| Alarm::Accuracy { alpha }),
        text().prop_map(Alarm::CloudWatch),
    ];
    (routing, any::<u32>(), of(any::<u32>()), vec(alarm, 0..3)).prop_map(
        |(routing, bake_s, max_execution_s, alarms)| DeploymentPlan { routing, bake_s, max_execution_s, alarms },
    )
}

pub(super) fn endpoint() -> impl Strategy<Value = Endpoint> {
    use EndpointStatus::{Creating, Deleting, Failed, InService, RollingBack, Updating};
    let variant = (text(), text(), number(), any::<u32>(), text()).prop_map(
        |(name, model_name, weight, instance_count, instance_type)| EndpointVariant {
            name,
            model_name,
            weight,
            instance_count,
            instance_type,
        },
    );
    let weights = || vec((text(), number()), 0..3);
    let change = (time(), weights(), weights()).prop_map(|(at, before, after)| WeightChange {
        at,
        before,
        after,
        shadows: Vec::new(),
    });
    let head = (
        text(),
        text(),
        of(text()),
        select(vec![Creating, InService, Updating, RollingBack, Failed, Deleting]),
        of(text()),
    );
    let times = (time(), time(), of(time()));
    (head, vec(variant, 0..4), times, vec(deployment(), 0..4), vec(change, 0..4), tags()).prop_map(
        |(head, variants, times, deployments, weight_changes, tags)| Endpoint {
            name: head.0,
            config_name: head.1,
            requested_config: head.2,
            status: head.3,
            failure_reason: head.4,
            shadow_variants: variants.iter().take(1).cloned().collect(),
            variants,
            created: times.0,
            modified: times.1,
            in_service_since: times.2,
            deployments,
            weight_changes,
            tags,
            ground_truth: None,
            extras: Extras::default(),
        },
    )
}

fn training_job_spec() -> impl Strategy<Value = TrainingJobSpec> {
    let channel =
        (text(), uri(), of(text())).prop_map(|(name, data, content_type)| Channel { name, data, content_type });
    let head = (text(), select(Algorithm::ALL.to_vec()), text(), words(), vec(channel, 0..3));
    let machine = (uri(), text(), any::<u32>(), any::<u32>(), any::<u32>());
    (head, machine, of(text()), tags()).prop_map(|(head, machine, role_arn, tags)| TrainingJobSpec {
        name: head.0,
        algorithm: head.1,
        image: head.2,
        hyperparameters: head.3,
        channels: head.4,
        output: machine.0,
        instance_type: machine.1,
        instance_count: machine.2,
        volume_size_gb: machine.3,
        max_runtime_s: machine.4,
        role_arn,
        tags,
        extras: Extras::default(),
    })
}

fn secondary() -> impl Strategy<Value = SecondaryStatus> {
    use SecondaryStatus::*;
    select(vec![
        Starting,
        Downloading,
        Training,
        Uploading,
        Restarting,
        Stopping,
        Stopped,
        MaxRuntimeExceeded,
        Completed,
        Failed,
    ])
}

fn training_summary() -> impl Strategy<Value = TrainingSummary> {
    (any::<u64>(), any::<u64>(), number(), any::<u32>(), of(any::<u32>()), number(), any::<u64>()).prop_map(
        |(rows, features, density, rounds, best_round, training_s, artifact_bytes)| TrainingSummary {
            rows,
            features,
            density,
            rounds,
            best_round,
            training_s,
            artifact_bytes,
        },
    )
}

pub(super) fn training_job() -> impl Strategy<Value = TrainingJob> {
    use TrainingJobStatus::{Completed, Failed, InProgress, Stopped, Stopping};
    let transition =
        (secondary(), time(), text()).prop_map(|(status, started, message)| Transition { status, started, message });
    let metric = (text(), number(), time()).prop_map(|(name, value, at)| FinalMetric { name, value, at });
    let state = (select(vec![InProgress, Completed, Failed, Stopping, Stopped]), secondary(), vec(transition, 0..4));
    let times = (time(), of(time()), of(time()));
    let outcome = (of(text()), of(uri()), vec(metric, 0..4), of(training_summary()), any::<u32>());
    (training_job_spec(), state, times, outcome).prop_map(|(spec, state, times, outcome)| TrainingJob {
        spec,
        status: state.0,
        secondary: state.1,
        transitions: state.2,
        created: times.0,
        started: times.1,
        ended: times.2,
        failure_reason: outcome.0,
        artifact: outcome.1,
        final_metrics: outcome.2,
        summary: outcome.3,
        attempts: outcome.4,
    })
}

pub(super) fn traffic_test() -> impl Strategy<Value = TrafficTest> {
    use TrafficTestStatus::{Completed, Failed, Running, Stopped};
    let spec = (text(), uri(), number(), any::<u32>(), any::<u32>(), any::<u32>(), any::<u64>()).prop_map(
        |(endpoint, data, requests_per_second, duration_s, rows_per_request, connections, seed)| TrafficTestSpec {
            endpoint,
            data,
            requests_per_second,
            duration_s,
            rows_per_request,
            connections,
            seed,
        },
    );
    let counts = (any::<u64>(), any::<u64>(), any::<u64>());
    (spec, select(vec![Running, Completed, Stopped, Failed]), time(), of(time()), counts, of(text())).prop_map(
        |(spec, status, started, ended, (planned, sent, failed), failure_reason)| TrafficTest {
            spec,
            status,
            started,
            ended,
            planned,
            sent,
            failed,
            failure_reason,
        },
    )
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    use Severity::{Error, Info, Success, Warning};
    let about = of((select(Kind::ALL.to_vec()), text()).prop_map(|(kind, name)| ResourceRef { kind, name }));
    (any::<u64>(), time(), select(vec![Info, Success, Warning, Error]), text(), of(text()), about)
        .prop_map(|(number, at, severity, text, detail, about)| Event { number, at, severity, text, detail, about })
}
