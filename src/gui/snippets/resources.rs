//! Training jobs, models and endpoint configurations as code.

use super::call::{Call, python_call};
use super::value::{Style, Value, map, number, quoted, text};
use super::{Place, Snippet};
use crate::domain::data_capture::DataCapture;
use crate::domain::endpoint_config::{EndpointConfig, ProductionVariant};
use crate::domain::model::Model;
use crate::domain::tag::Tag;
use crate::domain::training_job::{TrainingJob, TrainingJobSpec};
use crate::gui::pages::naming;
use crate::workspace::Snapshot;

/// A training job: look at it, stop it while it runs, start one like it.
pub fn training_job(snapshot: &Snapshot, job: &TrainingJob) -> Vec<Snippet> {
    let place = Place::of(snapshot);
    let name = job.name();
    let mut out = Vec::new();
    let look = Call::new("DescribeTrainingJob", [("TrainingJobName", text(name))])
        .shows("print(answer[\"TrainingJobStatus\"], answer.get(\"FinalMetricDataList\"))");
    out.extend(look.snippets(&place, "Look at it"));
    out.push(place.sdk(
        "Look at it",
        "",
        &format!(
            "answer = session.describe_training_job({})\n\
             print(answer[\"TrainingJobStatus\"], answer.get(\"FinalMetricDataList\"))\n",
            quoted(name)
        ),
    ));
    if !job.status.is_final() {
        let stop = Call::new("StopTrainingJob", [("TrainingJobName", text(name))]);
        out.extend(stop.snippets(&place, "Stop it"));
        out.push(place.sdk("Stop it", "", &format!("session.stop_training_job({})\n", quoted(name))));
    }
    let again = naming::numbered(naming::stem(name), |name| snapshot.training_jobs.contains(name));
    out.extend(start(&place, &TrainingJobSpec { name: again, ..job.spec.clone() }, "Start one like it"));
    out
}

/// A training job that is about to be started.
pub fn new_training_job(snapshot: &Snapshot, spec: &TrainingJobSpec) -> Vec<Snippet> {
    start(&Place::of(snapshot), spec, "Start it")
}

fn start(place: &Place, spec: &TrainingJobSpec, title: &str) -> Vec<Snippet> {
    let role = spec.role_arn.clone().unwrap_or_else(|| place.role_arn());
    let hyperparameters = Value::Map(spec.hyperparameters.iter().map(|(k, v)| (k.clone(), text(v))).collect());
    let channels = spec.channels.iter().map(|channel| {
        let source = map([
            ("S3DataType", text("S3Prefix")),
            ("S3Uri", text(channel.data.to_string())),
            ("S3DataDistributionType", text("FullyReplicated")),
        ]);
        let mut members = vec![
            ("ChannelName".to_owned(), text(&channel.name)),
            ("DataSource".to_owned(), map([("S3DataSource", source)])),
        ];
        members.extend(channel.content_type.as_ref().map(|kind| ("ContentType".to_owned(), text(kind))));
        Value::Map(members)
    });
    let call = Call::new(
        "CreateTrainingJob",
        [
            ("TrainingJobName", text(&spec.name)),
            (
                "AlgorithmSpecification",
                map([("TrainingImage", text(&spec.image)), ("TrainingInputMode", text("File"))]),
            ),
            ("RoleArn", text(&role)),
            ("HyperParameters", hyperparameters.clone()),
            ("InputDataConfig", Value::List(channels.collect())),
            ("OutputDataConfig", map([("S3OutputPath", text(spec.output.to_string()))])),
            (
                "ResourceConfig",
                map([
                    ("InstanceType", text(&spec.instance_type)),
                    ("InstanceCount", number(f64::from(spec.instance_count))),
                    ("VolumeSizeInGB", number(f64::from(spec.volume_size_gb))),
                ]),
            ),
            ("StoppingCondition", map([("MaxRuntimeInSeconds", number(f64::from(spec.max_runtime_s)))])),
        ],
    );
    let call = tagged(call, &spec.tags).with_missing(&spec.extras).then(format!(
        "sagemaker.get_waiter(\"training_job_completed_or_stopped\").wait(\n    TrainingJobName={}, WaiterConfig={{\"Delay\": 2}}\n)",
        quoted(&spec.name)
    ));
    let mut out = call.snippets(place, title);

    let estimator = python_call(
        "Estimator",
        &[
            member("image_uri", text(&spec.image)),
            member("role", text(role)),
            member("instance_count", number(f64::from(spec.instance_count))),
            member("instance_type", text(&spec.instance_type)),
            member("volume_size", number(f64::from(spec.volume_size_gb))),
            member("max_run", number(f64::from(spec.max_runtime_s))),
            member("output_path", text(spec.output.to_string())),
            member("hyperparameters", hyperparameters),
        ],
    );
    let inputs: Vec<String> = spec
        .channels
        .iter()
        .map(|channel| {
            let kind = channel
                .content_type
                .as_ref()
                .map(|kind| format!(", content_type={}", quoted(kind)))
                .unwrap_or_default();
            format!("        {}: TrainingInput({}{kind}),\n", quoted(&channel.name), quoted(&channel.data.to_string()))
        })
        .collect();
    let body = format!(
        "estimator = {}\nestimator.fit(\n    {{\n{}    }},\n    job_name={},\n)\n",
        with_session(&estimator),
        inputs.concat(),
        quoted(&spec.name)
    );
    let imports = "from sagemaker.estimator import Estimator\nfrom sagemaker.inputs import TrainingInput\n";
    out.push(place.sdk(title, imports, &body));
    out
}

/// A model: look at it, make one like it, delete it.
pub fn model(snapshot: &Snapshot, model: &Model) -> Vec<Snippet> {
    let place = Place::of(snapshot);
    let name = &model.name;
    let look = Call::new("DescribeModel", [("ModelName", text(name))]).shows("print(answer[\"PrimaryContainer\"])");
    let mut out = look.snippets(&place, "Look at it");
    let body = format!("print(session.describe_model({})[\"PrimaryContainer\"])\n", quoted(name));
    out.push(place.sdk("Look at it", "", &body));
    let free = naming::free(name, |name| snapshot.models.contains(name));
    out.extend(make_model(&place, &Model { name: free, ..model.clone() }, "Make one like it"));
    out.extend(Call::new("DeleteModel", [("ModelName", text(name))]).snippets(&place, "Delete it"));
    out.push(place.sdk("Delete it", "", &format!("session.delete_model({})\n", quoted(name))));
    out
}

/// A model that is about to be made.
pub fn new_model(snapshot: &Snapshot, model: &Model) -> Vec<Snippet> {
    make_model(&Place::of(snapshot), model, "Make it")
}

fn make_model(place: &Place, model: &Model, title: &str) -> Vec<Snippet> {
    let role = model.execution_role_arn.clone().unwrap_or_else(|| place.role_arn());
    let environment = Value::Map(model.environment.iter().map(|(k, v)| (k.clone(), text(v))).collect());
    let mut container =
        vec![("Image".to_owned(), text(&model.image)), ("ModelDataUrl".to_owned(), text(model.model_data.to_string()))];
    if !model.environment.is_empty() {
        container.push(("Environment".to_owned(), environment.clone()));
    }
    let call = Call::new(
        "CreateModel",
        [
            ("ModelName", text(&model.name)),
            ("PrimaryContainer", Value::Map(container)),
            ("ExecutionRoleArn", text(&role)),
        ],
    );
    let mut out = tagged(call, &model.tags).with_missing(&model.extras).snippets(place, title);
    let mut members = vec![
        member("image_uri", text(&model.image)),
        member("model_data", text(model.model_data.to_string())),
        member("role", text(role)),
        member("name", text(&model.name)),
    ];
    if !model.environment.is_empty() {
        members.push(member("env", environment));
    }
    let body = format!("model = {}\nmodel.create()\n", with_session(&python_call("Model", &members)));
    out.push(place.sdk(title, "from sagemaker.model import Model\n", &body));
    out
}

/// An endpoint configuration: look at it, make one like it, delete it.
pub fn endpoint_config(snapshot: &Snapshot, config: &EndpointConfig) -> Vec<Snippet> {
    let place = Place::of(snapshot);
    let name = &config.name;
    let look = Call::new("DescribeEndpointConfig", [("EndpointConfigName", text(name))]).shows(
        "for variant in answer[\"ProductionVariants\"]:\n    \
         print(variant[\"VariantName\"], variant[\"ModelName\"], variant[\"InitialVariantWeight\"])",
    );
    let mut out = look.snippets(&place, "Look at it");
    let body = format!(
        "answer = session.describe_endpoint_config({})\n\
         for variant in answer[\"ProductionVariants\"]:\n    \
         print(variant[\"VariantName\"], variant[\"ModelName\"], variant[\"InitialVariantWeight\"])\n",
        quoted(name)
    );
    out.push(place.sdk("Look at it", "", &body));
    let free = naming::free(name, |name| snapshot.endpoint_configs.contains(name));
    out.extend(make_config(&place, &EndpointConfig { name: free, ..config.clone() }, "Make one like it"));
    let delete = Call::new("DeleteEndpointConfig", [("EndpointConfigName", text(name))]);
    out.extend(delete.snippets(&place, "Delete it"));
    out.push(place.sdk("Delete it", "", &format!("session.delete_endpoint_config({})\n", quoted(name))));
    out
}

/// An endpoint configuration that is about to be made.
pub fn new_endpoint_config(snapshot: &Snapshot, config: &EndpointConfig) -> Vec<Snippet> {
    make_config(&Place::of(snapshot), config, "Make it")
}

pub(super) fn make_config(place: &Place, config: &EndpointConfig, title: &str) -> Vec<Snippet> {
    let variant = |variant: &ProductionVariant| {
        map([
            ("VariantName", text(&variant.name)),
            ("ModelName", text(&variant.model_name)),
            ("InstanceType", text(&variant.instance_type)),
            ("InitialInstanceCount", number(f64::from(variant.initial_instance_count))),
            ("InitialVariantWeight", number(variant.initial_weight)),
        ])
    };
    let call = Call::new(
        "CreateEndpointConfig",
        [
            ("EndpointConfigName", text(&config.name)),
            ("ProductionVariants", Value::List(config.variants.iter().map(variant).collect())),
        ],
    );
    let call = match config.shadow_variants.as_slice() {
        [] => call,
        shadows => call.with("ShadowProductionVariants", Value::List(shadows.iter().map(variant).collect())),
    };
    let capture = config.data_capture.as_ref().map(capture_value);
    let call = match &capture {
        Some(capture) => call.with("DataCaptureConfig", capture.clone()),
        None => call,
    };
    let mut out = tagged(call, &config.tags).with_missing(&config.extras).snippets(place, title);
    let listed = |variants: &[ProductionVariant]| {
        let each = variants.iter().map(|variant| {
            let call = python_call(
                "production_variant",
                &[
                    member("model_name", text(&variant.model_name)),
                    member("instance_type", text(&variant.instance_type)),
                    member("initial_instance_count", number(f64::from(variant.initial_instance_count))),
                    member("variant_name", text(&variant.name)),
                    member("initial_weight", number(variant.initial_weight)),
                ],
            );
            format!("        {},\n", call.replace('\n', "\n        "))
        });
        each.collect::<String>()
    };
    let shadows = match config.shadow_variants.as_slice() {
        [] => String::new(),
        shadows => format!("    ShadowProductionVariants=[\n{}    ],\n", listed(shadows)),
    };
    let capture = capture.map_or_else(String::new, |capture| {
        format!("    DataCaptureConfig={},\n", capture.write(Style::Python, 4, 22))
    });
    let body = format!(
        "session.sagemaker_client.create_endpoint_config(\n    EndpointConfigName={},\n    ProductionVariants=[\n{}    ],\n{shadows}{capture})\n",
        quoted(&config.name),
        listed(&config.variants)
    );
    out.push(place.sdk(title, "from sagemaker.session import production_variant\n", &body));
    out
}

/// `DataCaptureConfig` as a request has it.
fn capture_value(capture: &DataCapture) -> Value {
    let texts = |list: &[String]| Value::List(list.iter().map(text).collect());
    let modes = [(capture.input, "Input"), (capture.output, "Output")].into_iter().filter(|(is_on, _)| *is_on);
    let mut members = vec![
        member("EnableCapture", Value::Flag(capture.enabled)),
        member("InitialSamplingPercentage", Value::Whole(capture.sampling_percent.into())),
        member("DestinationS3Uri", text(capture.destination.to_string())),
        member("CaptureOptions", Value::List(modes.map(|(_, mode)| map([("CaptureMode", text(mode))])).collect())),
    ];
    if let Some(key) = &capture.kms_key_id {
        members.push(member("KmsKeyId", text(key)));
    }
    let lists = [("CsvContentTypes", &capture.csv_content_types), ("JsonContentTypes", &capture.json_content_types)];
    let given: Vec<_> =
        lists.iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| member(name, texts(list))).collect();
    if !given.is_empty() {
        members.push(member("CaptureContentTypeHeader", Value::Map(given)));
    }
    Value::Map(members)
}

pub(super) fn tagged(call: Call, tags: &[Tag]) -> Call {
    if tags.is_empty() {
        return call;
    }
    let tags = tags.iter().map(|tag| map([("Key", text(&tag.key)), ("Value", text(&tag.value))]));
    call.with("Tags", Value::List(tags.collect()))
}

fn member(name: &str, value: Value) -> (String, Value) {
    (name.to_owned(), value)
}

/// The same call with the session, which is no literal.
fn with_session(call: &str) -> String {
    match call.strip_suffix("\n)") {
        Some(lines) => format!("{lines}\n    sagemaker_session=session,\n)"),
        None => format!("{}, sagemaker_session=session)", call.trim_end_matches(')')),
    }
}
