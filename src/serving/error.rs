//! Why a request was not answered with a prediction. How that looks on the wire is the AWS room's to say.

use super::window::TURNED_AWAY;

/// A request that got no prediction.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvokeError {
    /// No fleet serves under this name.
    #[error("Endpoint {0} does not serve")]
    UnknownEndpoint(String),
    /// The client forced a variant that the endpoint doesn't have.
    #[error("Variant {target} not found: the variants of endpoint {endpoint} are {have}")]
    UnknownVariant {
        /// Endpoint.
        endpoint: String,
        /// What was asked for.
        target: String,
        /// What there is, separated by commas.
        have: String,
    },
    /// Nothing may be drawn.
    #[error(
        "Every variant of endpoint {0} has weight 0, so none may answer: give one of them a weight above 0, or name one in X-Amzn-SageMaker-Target-Variant"
    )]
    NoWeight(String),
    /// Every instance of the variant works on a heavy request, and as many wait as may.
    #[error(
        "Variant {variant} works on as many heavy requests as it has instances ({instances}), and {waiting} more wait: ask again later, send fewer rows a request, or give it more instances (UpdateEndpointWeightsAndCapacities)"
    )]
    Busy {
        /// Variant.
        variant: String,
        /// Its instances.
        instances: u32,
        /// Requests that wait.
        waiting: u32,
    },
    /// The body is written in a way that the model doesn't read.
    #[error("{}: this endpoint takes text/csv, text/libsvm, application/json and application/jsonlines, and of a linear learner application/x-recordio-protobuf", match .0 { Some(given) => format!("Content type {given} is not supported"), None => "The request has no Content-Type".to_owned() })]
    ContentType(Option<String>),
    /// The client wants the answer in a way that the model doesn't write.
    #[error("Accept type {given} is not supported: {algorithm} answers {can}")]
    Accept {
        /// What was asked for.
        given: String,
        /// The algorithm's name.
        algorithm: String,
        /// What it can do, separated by commas.
        can: String,
    },
    /// The body can't be read as what its content type says; which row, what was expected and what came.
    #[error("{0}")]
    Body(String),
    /// The rows are read and don't fit the model.
    #[error("{0}")]
    Unfit(String),
    /// The body is longer than SageMaker takes.
    #[error("The request body has more than {limit} bytes, the most that an endpoint takes: send fewer rows a request")]
    TooLarge {
        /// Bytes.
        limit: usize,
    },
    /// The model gave no usable answer; the fault is ours.
    #[error("{0}")]
    Model(String),
}

impl InvokeError {
    /// The status that a model's container refuses with; `None` for what no container has seen.
    pub fn container_status(&self) -> Option<u16> {
        match self {
            Self::UnknownEndpoint(_)
            | Self::UnknownVariant { .. }
            | Self::NoWeight(_)
            | Self::Busy { .. }
            | Self::TooLarge { .. } => None,
            Self::ContentType(_) => Some(415),
            Self::Accept { .. } => Some(406),
            Self::Body(_) | Self::Unfit(_) => Some(400),
            Self::Model(_) => Some(500),
        }
    }

    /// The status that is measured of a variant that took the request.
    pub fn status_of_variant(&self) -> u16 {
        match self {
            Self::Busy { .. } => TURNED_AWAY,
            other => other.container_status().unwrap_or(500),
        }
    }

    /// Whether the fault is on our side (5xx).
    pub fn is_server(&self) -> bool {
        matches!(self, Self::NoWeight(_) | Self::Busy { .. } | Self::Model(_))
    }
}
