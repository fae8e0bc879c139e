//! Where the window can be.

use serde::{Deserialize, Serialize};

use crate::domain::reference::{Kind, ResourceRef};

/// A place; kept over a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Route {
    /// The checklist, what runs, what it costs.
    #[default]
    Home,
    /// All buckets.
    Buckets,
    /// One bucket, at a prefix (empty: its root).
    Bucket {
        /// Bucket.
        name: String,
        /// Prefix, empty or ending in `/`.
        prefix: String,
    },
    /// All training jobs.
    TrainingJobs,
    /// One training job.
    TrainingJob(String),
    /// The wizard.
    NewTrainingJob {
        /// Start from this job's values.
        clone_of: Option<String>,
    },
    /// All models.
    Models,
    /// One model.
    Model(String),
    /// The form.
    NewModel {
        /// Start from this job's artefact.
        from_job: Option<String>,
    },
    /// All endpoint configurations.
    EndpointConfigs,
    /// One endpoint configuration.
    EndpointConfig(String),
    /// The form.
    NewEndpointConfig {
        /// Start from this configuration's values.
        clone_of: Option<String>,
        /// Or from these models, one variant each.
        models: Vec<String>,
    },
    /// All endpoints.
    Endpoints,
    /// One endpoint.
    Endpoint(String),
    /// The form.
    NewEndpoint {
        /// Start with this configuration.
        config: Option<String>,
    },
    /// Several models on the same labelled rows.
    Compare,
    /// What runs, what it costs, and how to end it.
    Cleanup,
    /// Settings.
    Settings,
}

impl Route {
    /// The page of a resource.
    pub fn of(resource: &ResourceRef) -> Self {
        let name = resource.name.clone();
        match resource.kind {
            Kind::Bucket => Self::Bucket { name, prefix: String::new() },
            Kind::TrainingJob => Self::TrainingJob(name),
            Kind::Model => Self::Model(name),
            Kind::EndpointConfig => Self::EndpointConfig(name),
            Kind::Endpoint => Self::Endpoint(name),
        }
    }

    /// The list page of a kind.
    pub fn list_of(kind: Kind) -> Self {
        match kind {
            Kind::Bucket => Self::Buckets,
            Kind::TrainingJob => Self::TrainingJobs,
            Kind::Model => Self::Models,
            Kind::EndpointConfig => Self::EndpointConfigs,
            Kind::Endpoint => Self::Endpoints,
        }
    }

    /// The entry of the rail that this place belongs to.
    #[must_use]
    pub fn section(&self) -> Self {
        match self {
            Self::Home => Self::Home,
            Self::Buckets | Self::Bucket { .. } => Self::Buckets,
            Self::TrainingJobs | Self::TrainingJob(_) | Self::NewTrainingJob { .. } => Self::TrainingJobs,
            Self::Models | Self::Model(_) | Self::NewModel { .. } => Self::Models,
            Self::EndpointConfigs | Self::EndpointConfig(_) | Self::NewEndpointConfig { .. } => Self::EndpointConfigs,
            Self::Endpoints | Self::Endpoint(_) | Self::NewEndpoint { .. } => Self::Endpoints,
            Self::Compare => Self::Compare,
            Self::Cleanup => Self::Cleanup,
            Self::Settings => Self::Settings,
        }
    }

    /// The resource that this place shows, if it shows one.
    pub fn resource(&self) -> Option<ResourceRef> {
        match self {
            Self::Bucket { name, .. } => Some(ResourceRef::new(Kind::Bucket, name)),
            Self::TrainingJob(name) => Some(ResourceRef::new(Kind::TrainingJob, name)),
            Self::Model(name) => Some(ResourceRef::new(Kind::Model, name)),
            Self::EndpointConfig(name) => Some(ResourceRef::new(Kind::EndpointConfig, name)),
            Self::Endpoint(name) => Some(ResourceRef::new(Kind::Endpoint, name)),
            _ => None,
        }
    }

    /// Whether it is a form: opened anew, it starts anew.
    pub fn is_form(&self) -> bool {
        matches!(
            self,
            Self::NewTrainingJob { .. }
                | Self::NewModel { .. }
                | Self::NewEndpointConfig { .. }
                | Self::NewEndpoint { .. }
        )
    }

    /// The last crumb.
    pub fn title(&self) -> String {
        match self {
            Self::Home => "Home".to_owned(),
            Self::Buckets => "Data".to_owned(),
            Self::TrainingJobs => "Training".to_owned(),
            Self::NewTrainingJob { .. } => "New training job".to_owned(),
            Self::Models => "Models".to_owned(),
            Self::NewModel { .. } => "New model".to_owned(),
            Self::EndpointConfigs => "Endpoint configs".to_owned(),
            Self::NewEndpointConfig { .. } => "New endpoint config".to_owned(),
            Self::Endpoints => "Endpoints".to_owned(),
            Self::NewEndpoint { .. } => "New endpoint".to_owned(),
            Self::Compare => "Compare".to_owned(),
            Self::Cleanup => "Cleanup".to_owned(),
            Self::Settings => "Settings".to_owned(),
            Self::Bucket { name, prefix } => match prefix.trim_end_matches('/').rsplit('/').next() {
                Some(last) if !last.is_empty() => last.to_owned(),
                _ => name.clone(),
            },
            Self::TrainingJob(name) | Self::Model(name) | Self::EndpointConfig(name) | Self::Endpoint(name) => {
                name.clone()
            }
        }
    }

    /// The crumbs before the last, outermost first.
    pub fn parents(&self) -> Vec<Self> {
        let section = self.section();
        if section == *self {
            return Vec::new();
        }
        let mut parents = vec![section];
        if let Self::Bucket { name, prefix } = self {
            let folders: Vec<&str> = prefix.split_terminator('/').collect();
            for depth in 0..folders.len() {
                let prefix = folders[..depth].iter().fold(String::new(), |path, folder| path + folder + "/");
                parents.push(Self::Bucket { name: name.clone(), prefix });
            }
        }
        parents
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crumbs_of_a_folder() {
        let at = |prefix: &str| Route::Bucket { name: "b".into(), prefix: prefix.into() };
        assert_eq!(at("x/y/").parents(), [Route::Buckets, at(""), at("x/")]);
        assert_eq!(at("x/y/").title(), "y");
        assert_eq!(at("").parents(), [Route::Buckets]);
        assert_eq!(at("").title(), "b");
        assert!(Route::Home.parents().is_empty());
    }
}
