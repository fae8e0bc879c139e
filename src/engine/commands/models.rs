//! Models, endpoint configurations, and the tags of everything.

use super::super::change::{Change, Row};
use super::super::control::Control;
use super::super::machine::Tell;
use super::{Outcome, free, made, missing, valid};
use crate::domain::arn::ArnKind;
use crate::domain::endpoint_config::EndpointConfig;
use crate::domain::model::Model;
use crate::domain::reference::{Kind, ResourceRef};
use crate::domain::tag::{self, Tag};
use crate::workspace::{CommandError, Reply};

pub(super) fn create_model(control: &mut Control, mut model: Model) -> Outcome {
    valid(model.validate())?;
    let name = model.name.clone();
    free(control.world.models.any_case(&name).is_some(), Kind::Model, &name)?;
    let uri = &model.model_data;
    let objects = control.world.objects.get(&uri.bucket).ok_or_else(|| missing(Kind::Bucket, &uri.bucket))?;
    if !objects.contains(&uri.key) {
        return Err(CommandError::NoObject(uri.clone()));
    }
    model.created = control.now();
    let tell = Tell::info(format!("Model {name} created"));
    control.commit(Change::row(Row::Model(model)).tell(tell, Kind::Model, &name))?;
    Ok(made(Kind::Model, &name))
}

pub(super) fn delete_model(control: &mut Control, name: &str) -> Outcome {
    if !control.world.models.contains(name) {
        return Err(missing(Kind::Model, name));
    }
    let tell = Tell::info(format!("Model {name} deleted"));
    control.commit(Change::row(Row::NoModel(name.to_owned())).tell(tell, Kind::Model, name))?;
    Ok(Reply::Done)
}

pub(super) fn create_config(control: &mut Control, mut config: EndpointConfig) -> Outcome {
    valid(config.validate())?;
    let name = config.name.clone();
    free(control.world.endpoint_configs.any_case(&name).is_some(), Kind::EndpointConfig, &name)?;
    if let Some(variant) = config.all_variants().find(|v| !control.world.models.contains(&v.model_name)) {
        return Err(missing(Kind::Model, &variant.model_name));
    }
    config.created = control.now();
    let tell = Tell::info(format!("Endpoint configuration {name} created"));
    control.commit(Change::row(Row::EndpointConfig(config)).tell(tell, Kind::EndpointConfig, &name))?;
    Ok(made(Kind::EndpointConfig, &name))
}

pub(super) fn delete_config(control: &mut Control, name: &str) -> Outcome {
    if !control.world.endpoint_configs.contains(name) {
        return Err(missing(Kind::EndpointConfig, name));
    }
    let moving = control.world.endpoints.values().find(|endpoint| {
        endpoint.status.is_changing()
            && (endpoint.config_name == name || endpoint.requested_config.as_deref() == Some(name))
    });
    if let Some(endpoint) = moving {
        return Err(CommandError::InUse {
            resource: ResourceRef::new(Kind::EndpointConfig, name),
            why: format!(
                "Cannot delete it while endpoint {} is {}; wait until that is InService",
                endpoint.name,
                endpoint.status.as_str()
            ),
        });
    }
    let tell = Tell::info(format!("Endpoint configuration {name} deleted"));
    control.commit(Change::row(Row::NoEndpointConfig(name.to_owned())).tell(tell, Kind::EndpointConfig, name))?;
    Ok(Reply::Done)
}

pub(super) fn add_tags(control: &mut Control, kind: ArnKind, name: &str, tags: Vec<Tag>) -> Outcome {
    // Checked by itself first: a key that is there twice in the wish is a mistake, not an order.
    valid(tag::validate(&tags))?;
    retag(control, kind, name, |old| {
        for new in tags {
            match old.iter_mut().find(|tag| tag.key == new.key) {
                Some(tag) => tag.value = new.value,
                None => old.push(new),
            }
        }
    })
}

pub(super) fn delete_tags(control: &mut Control, kind: ArnKind, name: &str, keys: &[String]) -> Outcome {
    retag(control, kind, name, |old| old.retain(|tag| !keys.contains(&tag.key)))
}

fn retag(control: &mut Control, kind: ArnKind, name: &str, edit: impl FnOnce(&mut Vec<Tag>)) -> Outcome {
    let world = &control.world;
    let reference = ResourceRef::new(
        match kind {
            ArnKind::TrainingJob => Kind::TrainingJob,
            ArnKind::Model => Kind::Model,
            ArnKind::EndpointConfig => Kind::EndpointConfig,
            ArnKind::Endpoint => Kind::Endpoint,
        },
        name,
    );
    let none = || CommandError::NotFound(reference.clone());
    let (before, row) = match kind {
        ArnKind::TrainingJob => {
            let mut job = (**world.training_jobs.get(name).ok_or_else(none)?).clone();
            (edited(&mut job.spec.tags, edit)?, Row::TrainingJob(job))
        }
        ArnKind::Model => {
            let mut model = (**world.models.get(name).ok_or_else(none)?).clone();
            (edited(&mut model.tags, edit)?, Row::Model(model))
        }
        ArnKind::EndpointConfig => {
            let mut config = (**world.endpoint_configs.get(name).ok_or_else(none)?).clone();
            (edited(&mut config.tags, edit)?, Row::EndpointConfig(config))
        }
        ArnKind::Endpoint => {
            let mut endpoint = (**world.endpoints.get(name).ok_or_else(none)?).clone();
            (edited(&mut endpoint.tags, edit)?, Row::Endpoint(endpoint))
        }
    };
    if before {
        let tell = Tell::info(format!("Tags of {reference} changed"));
        control.commit(Change::row(row).tell(tell, reference.kind, name))?;
    }
    Ok(Reply::Resource(reference))
}

/// Edits tags and answers whether that changed anything.
fn edited(tags: &mut Vec<Tag>, edit: impl FnOnce(&mut Vec<Tag>)) -> Result<bool, CommandError> {
    let before = tags.clone();
    edit(tags);
    valid(tag::validate(tags))?;
    Ok(*tags != before)
}
