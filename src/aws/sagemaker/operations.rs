//! The one table of operations: what is in it is dispatched, counted as covered, and called by a test.

use std::pin::Pin;

use super::{Outcome, Request, endpoint_configs, endpoints, models, search, tags, training_jobs};

/// An answer under way.
type Answering = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What carries an operation out.
pub(super) type Handler = fn(Request) -> Answering;

/// Every operation that is carried out here, by its name in AWS's model.
#[allow(private_interfaces, reason = "other rooms read the names; only this one calls the handlers")]
pub const OPERATIONS: &[(&str, Handler)] = &[
    ("AddTags", |request| Box::pin(tags::add(request))),
    ("CreateEndpoint", |request| Box::pin(endpoints::create(request))),
    ("CreateEndpointConfig", |request| Box::pin(endpoint_configs::create(request))),
    ("CreateModel", |request| Box::pin(models::create(request))),
    ("CreateTrainingJob", |request| Box::pin(training_jobs::create(request))),
    ("DeleteEndpoint", |request| Box::pin(endpoints::delete(request))),
    ("DeleteEndpointConfig", |request| Box::pin(endpoint_configs::delete(request))),
    ("DeleteModel", |request| Box::pin(models::delete(request))),
    ("DeleteTags", |request| Box::pin(tags::delete(request))),
    ("DeleteTrainingJob", |request| Box::pin(training_jobs::delete(request))),
    ("DescribeEndpoint", |request| Box::pin(endpoints::describe(request))),
    ("DescribeEndpointConfig", |request| Box::pin(async move { endpoint_configs::describe(&request) })),
    ("DescribeModel", |request| Box::pin(async move { models::describe(&request) })),
    ("DescribeTrainingJob", |request| Box::pin(training_jobs::describe(request))),
    ("GetSearchSuggestions", |request| Box::pin(async move { search::suggest(&request) })),
    ("ListEndpointConfigs", |request| Box::pin(endpoint_configs::list(request))),
    ("ListEndpoints", |request| Box::pin(endpoints::list(request))),
    ("ListModels", |request| Box::pin(models::list(request))),
    ("ListTags", |request| Box::pin(async move { tags::list(&request) })),
    ("ListTrainingJobs", |request| Box::pin(training_jobs::list(request))),
    ("Search", |request| Box::pin(search::search(request))),
    ("StopTrainingJob", |request| Box::pin(training_jobs::stop(request))),
    ("UpdateEndpoint", |request| Box::pin(endpoints::update(request))),
    ("UpdateEndpointWeightsAndCapacities", |request| Box::pin(endpoints::update_weights(request))),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(OPERATIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
