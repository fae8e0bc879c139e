//! The metrics that SageMaker has of an endpoint's variants, made from what the data plane counts.

use crate::domain::metric::{MetricId, NO_UNIT};
use crate::serving::Collected;
use crate::stats::metric::Summary;
use crate::workspace::Datum;

/// All metrics of one variant. `instances`: how many it had.
pub(super) fn data(collected: &Collected, instances: u32, mut each: impl FnMut(Datum)) {
    for tally in &collected.tallies {
        let mut tell = |name: &str, unit: &str, summary: Summary| {
            let id = MetricId::of_variant(name, &collected.endpoint, &collected.variant);
            each(Datum { id, unit: unit.to_owned(), at_s: tally.at_s, summary });
        };
        let requests = tally.requests as f64;
        tell("Invocations", NO_UNIT, Summary::of(1.0, requests));
        tell("InvocationsPerInstance", NO_UNIT, Summary::of(1.0 / f64::from(instances.max(1)), requests));
        // For each request 1 is sent or 0, so that their average is the share of the failures.
        let (client, server) = (tally.client_errors as f64, tally.server_errors as f64);
        tell("Invocation4XXErrors", NO_UNIT, ones_and_zeros(client, requests));
        tell("Invocation5XXErrors", NO_UNIT, ones_and_zeros(server, requests));
        tell("InvocationModelErrors", NO_UNIT, ones_and_zeros(client + server, requests));
        tell("ModelLatency", "Microseconds", tally.latency.clone());
        tell("OverheadLatency", "Microseconds", tally.overhead.clone());
    }
}

fn ones_and_zeros(ones: f64, of: f64) -> Summary {
    let mut all = Summary::default();
    all.add(1.0, ones);
    all.add(0.0, of - ones);
    all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::serving::Tally;

    #[test]
    fn a_tally_becomes_the_metrics_of_its_variant() {
        let tally = Tally {
            at_s: 60,
            requests: 8,
            client_errors: 2,
            server_errors: 1,
            latency: Summary::of(250.0, 8.0),
            overhead: Summary::default(),
        };
        let collected = Collected { endpoint: "e".to_owned(), variant: Arc::from("A"), tallies: vec![tally] };
        let mut told = Vec::new();
        data(&collected, 4, |datum| {
            assert_eq!((datum.id.dimension("EndpointName"), datum.id.dimension("VariantName")), (Some("e"), Some("A")));
            told.push((datum.id.name, datum.summary.count, datum.summary.sum));
        });
        let expected = [
            ("Invocations", 8.0, 8.0),
            ("InvocationsPerInstance", 8.0, 2.0),
            ("Invocation4XXErrors", 8.0, 2.0),
            ("Invocation5XXErrors", 8.0, 1.0),
            ("InvocationModelErrors", 8.0, 3.0),
            ("ModelLatency", 8.0, 2_000.0),
            ("OverheadLatency", 0.0, 0.0),
        ];
        assert_eq!(told, expected.map(|(name, count, sum)| (name.to_owned(), count, sum)));
    }
}
