//! `DeploymentConfig`: a deployment's plan as it comes over the wire and as it goes back.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::super::errors::WireError;
use super::super::refusal::validation;
use super::super::shapes::not_available;
use crate::domain::deployment::{Alarm, Capacity, DeploymentPlan, Routing};
use crate::domain::endpoint::Endpoint;

/// The member under which a request's settings are kept.
pub(super) const DEPLOYMENT_CONFIG: &str = "DeploymentConfig";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeploymentConfig {
    blue_green_update_policy: Option<BlueGreenUpdatePolicy>,
    rolling_update_policy: Option<RollingUpdatePolicy>,
    auto_rollback_configuration: Option<AutoRollbackConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BlueGreenUpdatePolicy {
    traffic_routing_configuration: TrafficRoutingConfig,
    #[serde(default)]
    termination_wait_in_seconds: u32,
    maximum_execution_timeout_in_seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrafficRoutingConfig {
    r#type: String,
    #[serde(default)]
    wait_interval_in_seconds: u32,
    canary_size: Option<CapacitySize>,
    linear_step_size: Option<CapacitySize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RollingUpdatePolicy {
    maximum_batch_size: CapacitySize,
    wait_interval_in_seconds: u32,
    maximum_execution_timeout_in_seconds: Option<u32>,
    rollback_maximum_batch_size: Option<CapacitySize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CapacitySize {
    r#type: String,
    value: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AutoRollbackConfiguration {
    #[serde(default)]
    alarms: Vec<NamedAlarm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamedAlarm {
    alarm_name: String,
}

impl CapacitySize {
    fn read(&self) -> Result<Capacity, WireError> {
        match self.r#type.as_str() {
            "CAPACITY_PERCENT" => Ok(Capacity::Percent(self.value)),
            "INSTANCE_COUNT" => Ok(Capacity::Instances(self.value)),
            other => Err(validation(format!("Type {other} must be CAPACITY_PERCENT or INSTANCE_COUNT"))),
        }
    }
}

impl TrafficRoutingConfig {
    fn read(&self) -> Result<Routing, WireError> {
        let wait_s = self.wait_interval_in_seconds;
        let kind = self.r#type.as_str();
        let needed = |size: &Option<CapacitySize>, name: &str| match size {
            Some(size) => size.read(),
            None => Err(validation(format!("TrafficRoutingConfiguration of Type {kind} needs {name}"))),
        };
        let routing = match kind {
            "ALL_AT_ONCE" => Routing::AllAtOnce,
            "CANARY" => Routing::Canary { size: needed(&self.canary_size, "CanarySize")?, wait_s },
            "LINEAR" => Routing::Linear { step: needed(&self.linear_step_size, "LinearStepSize")?, wait_s },
            other => {
                return Err(validation(format!(
                    "TrafficRoutingConfiguration.Type {other} must be ALL_AT_ONCE, CANARY or LINEAR"
                )));
            }
        };
        let strange = [
            ("CanarySize", self.canary_size.is_some() && kind != "CANARY"),
            ("LinearStepSize", self.linear_step_size.is_some() && kind != "LINEAR"),
        ];
        match strange.iter().find(|(_, is_strange)| *is_strange) {
            Some((name, _)) => {
                Err(validation(format!("{name} does not go with TrafficRoutingConfiguration.Type {kind}")))
            }
            None => Ok(routing),
        }
    }
}

/// The plan that a request asks for. Whether its sizes fit the fleet is the engine's to say.
pub(super) fn read(config: Option<&DeploymentConfig>) -> Result<DeploymentPlan, WireError> {
    let Some(config) = config else { return Ok(DeploymentPlan::default()) };
    let alarms = config.auto_rollback_configuration.iter().flat_map(|rollback| &rollback.alarms);
    let alarms = alarms.map(|alarm| Alarm::from(alarm.alarm_name.as_str())).collect();
    match (&config.blue_green_update_policy, &config.rolling_update_policy) {
        (Some(_), Some(_)) => Err(validation(
            "DeploymentConfig names BlueGreenUpdatePolicy and RollingUpdatePolicy: name one of them".to_owned(),
        )),
        (Some(policy), None) => Ok(DeploymentPlan {
            routing: policy.traffic_routing_configuration.read()?,
            bake_s: policy.termination_wait_in_seconds,
            max_execution_s: policy.maximum_execution_timeout_in_seconds,
            alarms,
        }),
        (None, Some(policy)) => {
            let back = policy.rollback_maximum_batch_size.as_ref();
            not_available(
                back.is_some_and(|size| size.r#type != "CAPACITY_PERCENT" || size.value != 100),
                "RollbackMaximumBatchSize",
                "all traffic goes back at once; leave it away or say CAPACITY_PERCENT 100",
            )?;
            Ok(DeploymentPlan {
                routing: Routing::Rolling {
                    batch: policy.maximum_batch_size.read()?,
                    wait_s: policy.wait_interval_in_seconds,
                },
                bake_s: 0,
                max_execution_s: policy.maximum_execution_timeout_in_seconds,
                alarms,
            })
        }
        (None, None) => Ok(DeploymentPlan { alarms, ..DeploymentPlan::default() }),
    }
}

/// Settings of an earlier deployment, to be used again.
pub(super) fn kept(config: &Value) -> Result<DeploymentConfig, WireError> {
    DeploymentConfig::deserialize(config).map_err(|error| {
        validation(format!(
            "RetainDeploymentConfig: the settings of the last deployment cannot be used again ({error}); give a DeploymentConfig"
        ))
    })
}

/// The settings of an endpoint's newest deployment: as a client gave them, or as the plan of the window says.
pub(super) fn last(endpoint: &Endpoint) -> Option<Value> {
    let given = endpoint.extras.members().get(DEPLOYMENT_CONFIG).cloned();
    given.or_else(|| {
        let plan = &endpoint.deployments.last()?.plan;
        (*plan != DeploymentPlan::default()).then(|| written(plan))
    })
}

fn written(plan: &DeploymentPlan) -> Value {
    let size = |capacity: Capacity| match capacity {
        Capacity::Percent(value) => json!({ "Type": "CAPACITY_PERCENT", "Value": value }),
        Capacity::Instances(value) => json!({ "Type": "INSTANCE_COUNT", "Value": value }),
    };
    let mut out = Map::new();
    let mut policy = match plan.routing {
        Routing::AllAtOnce => {
            json!({ "TrafficRoutingConfiguration": { "Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0 } })
        }
        Routing::Canary { size: canary, wait_s } => json!({ "TrafficRoutingConfiguration": {
            "Type": "CANARY", "WaitIntervalInSeconds": wait_s, "CanarySize": size(canary) } }),
        Routing::Linear { step, wait_s } => json!({ "TrafficRoutingConfiguration": {
            "Type": "LINEAR", "WaitIntervalInSeconds": wait_s, "LinearStepSize": size(step) } }),
        Routing::Rolling { batch, wait_s } => {
            json!({ "MaximumBatchSize": size(batch), "WaitIntervalInSeconds": wait_s })
        }
    };
    if let Some(limit) = plan.max_execution_s {
        policy["MaximumExecutionTimeoutInSeconds"] = json!(limit);
    }
    if matches!(plan.routing, Routing::Rolling { .. }) {
        out.insert("RollingUpdatePolicy".to_owned(), policy);
    } else {
        policy["TerminationWaitInSeconds"] = json!(plan.bake_s);
        out.insert("BlueGreenUpdatePolicy".to_owned(), policy);
    }
    if !plan.alarms.is_empty() {
        let alarms: Vec<Value> = plan.alarms.iter().map(|alarm| json!({ "AlarmName": alarm.to_string() })).collect();
        out.insert("AutoRollbackConfiguration".to_owned(), json!({ "Alarms": alarms }));
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(value: Value) -> Result<DeploymentPlan, String> {
        let config: DeploymentConfig = serde_json::from_value(value).map_err(|error| error.to_string())?;
        read(Some(&config)).map_err(|error| error.message)
    }

    fn blue_green(routing: &Value) -> Value {
        json!({ "BlueGreenUpdatePolicy": { "TrafficRoutingConfiguration": routing } })
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let alarms = json!({ "Alarms": [{ "AlarmName": "counterpoise-error-rate>1%" }, { "AlarmName": "mine" }] });
        let percent = json!({ "Type": "CAPACITY_PERCENT", "Value": 10 });
        let instances = json!({ "Type": "INSTANCE_COUNT", "Value": 2 });
        for config in [
            json!({
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": { "Type": "CANARY", "WaitIntervalInSeconds": 60, "CanarySize": percent },
                    "TerminationWaitInSeconds": 300,
                    "MaximumExecutionTimeoutInSeconds": 900,
                },
                "AutoRollbackConfiguration": alarms,
            }),
            json!({ "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": { "Type": "LINEAR", "WaitIntervalInSeconds": 1, "LinearStepSize": instances },
                "TerminationWaitInSeconds": 0,
            } }),
            json!({ "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": { "Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0 },
                "TerminationWaitInSeconds": 5,
            } }),
            json!({ "RollingUpdatePolicy": { "MaximumBatchSize": percent, "WaitIntervalInSeconds": 3 } }),
        ] {
            assert_eq!(written(&plan(config.clone()).unwrap()), config);
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused_in_words() {
        let size = json!({ "Type": "CAPACITY_PERCENT", "Value": 10 });
        for (config, words) in [
            (blue_green(&json!({ "Type": "CANARY", "WaitIntervalInSeconds": 1 })), "needs CanarySize"),
            (
                blue_green(&json!({ "Type": "LINEAR", "WaitIntervalInSeconds": 1, "CanarySize": size })),
                "needs LinearStepSize",
            ),
            (
                blue_green(&json!({ "Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 1, "CanarySize": size })),
                "CanarySize does not go with",
            ),
            (blue_green(&json!({ "Type": "SLOWLY", "WaitIntervalInSeconds": 1 })), "ALL_AT_ONCE, CANARY or LINEAR"),
            (
                json!({ "RollingUpdatePolicy": { "MaximumBatchSize": size, "WaitIntervalInSeconds": 1, "RollbackMaximumBatchSize": size } }),
                "all traffic goes back at once",
            ),
        ] {
            let refused = plan(config).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
    }
}
