//! What endpoints serve, kept on disk apart from the buckets: a manifest a deployment, and the artefacts that it names.
//!
//! A model may be deleted and its object overwritten while an endpoint serves it, and the endpoint still comes back after a restart with
//! exactly what it served. Artefacts are links to the object's body (a copy where the disk has no links), named by their content, so
//! that two deployments of one artefact are one file.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::domain::algorithm::Algorithm;
use crate::domain::data_capture::DataCapture;
use crate::domain::endpoint::EndpointVariant;
use crate::domain::endpoint_config::shadow_share;
use crate::domain::s3_uri::S3Uri;
use crate::domain::time::Timestamp;
use crate::serving::{FleetSpec, VariantSpec};
use crate::store::Objects;
use crate::util::file::{sync_parent, write_whole};

/// The files of all fleets.
#[derive(Debug)]
pub(super) struct FleetFiles {
    root: PathBuf,
    /// Held while artefacts are linked and named in a manifest, and while unnamed ones are swept.
    files: Mutex<()>,
    /// Deployments whose files are on their way, so that no sweep takes them before the world knows of them.
    reserved: Mutex<HashSet<FleetKey>>,
}

/// One deployment of one endpoint: what its files are filed under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FleetKey {
    /// The endpoint.
    pub(super) endpoint: String,
    /// When the endpoint was made: a later one of the same name is another.
    pub(super) created: Timestamp,
    /// The deployment's number.
    pub(super) number: u64,
}

/// Where a variant's model comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Origin {
    /// What reads the artefact.
    pub(super) algorithm: Algorithm,
    /// The artefact in its bucket.
    pub(super) artifact: S3Uri,
}

/// What a fleet is to be made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Planned {
    /// The production variants.
    pub(super) variants: Vec<(EndpointVariant, Origin)>,
    /// The shadow variants.
    pub(super) shadows: Vec<(EndpointVariant, Origin)>,
}

/// A manifest as it is on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Manifest {
    config_name: String,
    variants: Vec<ManifestVariant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_capture: Option<DataCapture>,
    #[serde(default)]
    shadows: Vec<ManifestVariant>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ManifestVariant {
    name: String,
    model_name: String,
    algorithm: Algorithm,
    artifact: S3Uri,
    file: String,
}

impl Manifest {
    fn all(&self) -> impl Iterator<Item = &ManifestVariant> {
        self.variants.iter().chain(&self.shadows)
    }
}

/// A fleet ready to be built, and what its files are called towards people.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prepared {
    /// What to build.
    pub(super) spec: FleetSpec,
    /// File on disk → artefact in its bucket, for words.
    names: Vec<(PathBuf, S3Uri)>,
}

impl Prepared {
    /// An error's words with the artefacts' own names instead of ours.
    pub(super) fn explain(&self, words: &str) -> String {
        self.names
            .iter()
            .fold(words.to_owned(), |words, (path, uri)| words.replace(&path.display().to_string(), &uri.to_string()))
    }
}

impl FleetFiles {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, files: Mutex::default(), reserved: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserved(&self) -> MutexGuard<'_, HashSet<FleetKey>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps every sweep away from a deployment until [`FleetFiles::release`].
    pub(super) fn reserve(&self, key: &FleetKey) {
        self.reserved().insert(key.clone());
    }

    /// From now on the deployment's files stay only while the world names it.
    pub(super) fn release(&self, key: &FleetKey) {
        self.reserved().remove(key);
    }

    fn artifacts(&self) -> PathBuf {
        self.root.join("artifacts")
    }

    fn manifest(&self, key: &FleetKey) -> PathBuf {
        self.root.join(format!("{}.{}.{}.json", key.endpoint, key.created.0, key.number))
    }

    /// Keeps the artefacts of a deployment and writes its manifest, flushed.
    ///
    /// # Errors
    /// In words: which variant's artefact is missing, or what the disk refused.
    pub(super) fn prepare(
        &self,
        objects: &Objects,
        key: &FleetKey,
        config_name: &str,
        planned: &Planned,
        data_capture: Option<DataCapture>,
    ) -> Result<Prepared, String> {
        let _files = self.lock();
        let folder = self.artifacts();
        let refused =
            |error: io::Error| format!("The fleet's files could not be kept in {}: {error}", folder.display());
        fs::create_dir_all(&folder).map_err(refused)?;
        let keep_one = |(variant, origin): &(EndpointVariant, Origin)| -> Result<ManifestVariant, String> {
            let (object, mut body) = objects.open(&origin.artifact).map_err(|error| {
                format!("Variant {} (model {}) could not be loaded: {error}", variant.name, variant.model_name)
            })?;
            let file = format!("{}.tar.gz", object.etag);
            let to = folder.join(&file);
            if !to.exists() {
                keep(&mut body, &objects.path(&origin.artifact), &to).map_err(refused)?;
            }
            Ok(ManifestVariant {
                name: variant.name.clone(),
                model_name: variant.model_name.clone(),
                algorithm: origin.algorithm,
                artifact: origin.artifact.clone(),
                file,
            })
        };
        let manifest = Manifest {
            config_name: config_name.to_owned(),
            variants: planned.variants.iter().map(&keep_one).collect::<Result<_, _>>()?,
            shadows: planned.shadows.iter().map(&keep_one).collect::<Result<_, _>>()?,
            data_capture,
        };
        let path = self.manifest(key);
        let bytes = serde_json::to_vec(&manifest).map_err(|error| error.to_string())?;
        write_whole(&path, &bytes).map_err(refused)?;
        let running = |planned: &[(EndpointVariant, Origin)]| -> Vec<EndpointVariant> {
            planned.iter().map(|(variant, _)| variant.clone()).collect()
        };
        Ok(self.prepared(key, manifest, &running(&planned.variants), &running(&planned.shadows)))
    }

    /// What a deployment serves, from its manifest; weights and instance counts by the order of `variants`.
    ///
    /// # Errors
    /// In words, when the manifest is missing or does not name the variants.
    pub(super) fn restore(
        &self,
        key: &FleetKey,
        variants: &[EndpointVariant],
        shadows: &[EndpointVariant],
    ) -> Result<Prepared, String> {
        let path = self.manifest(key);
        let manifest: Manifest = fs::read(&path)
            .map_err(|error| error.to_string())
            .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()))
            .map_err(|why| format!("{} could not be read: {why}", path.display()))?;
        let same = |kept: &[ManifestVariant], running: &[EndpointVariant]| {
            kept.iter().map(|v| &v.name).eq(running.iter().map(|v| &v.name))
        };
        if !same(&manifest.variants, variants) || !same(&manifest.shadows, shadows) {
            return Err(format!("{} names other variants than the endpoint has", path.display()));
        }
        Ok(self.prepared(key, manifest, variants, shadows))
    }

    fn prepared(
        &self,
        key: &FleetKey,
        manifest: Manifest,
        variants: &[EndpointVariant],
        shadows: &[EndpointVariant],
    ) -> Prepared {
        let folder = self.artifacts();
        let names = manifest.all().map(|variant| (folder.join(&variant.file), variant.artifact.clone())).collect();
        let spec = |(variant, running): (ManifestVariant, &EndpointVariant)| VariantSpec {
            name: variant.name,
            model_name: variant.model_name,
            algorithm: variant.algorithm,
            artifact: folder.join(variant.file),
            weight: running.weight,
            instances: running.instance_count,
        };
        let share =
            |shadow: &EndpointVariant| shadow_share(shadow.weight, variants.iter().map(|variant| variant.weight));
        let shadows = manifest
            .shadows
            .into_iter()
            .zip(shadows)
            .map(|(variant, running)| VariantSpec { weight: share(running), ..spec((variant, running)) });
        let spec = FleetSpec {
            endpoint: key.endpoint.clone(),
            config_name: manifest.config_name,
            deployment: key.number,
            shadows: shadows.collect(),
            variants: manifest.variants.into_iter().zip(variants).map(spec).collect(),
            data_capture: manifest.data_capture,
        };
        Prepared { spec, names }
    }

    /// Forgets every deployment that `keep` doesn't want, and every artefact that no manifest names any more. What can't be removed
    /// now is tried again next time.
    pub(super) fn sweep(&self, keep: impl Fn(&FleetKey) -> bool) {
        let _files = self.lock();
        let Ok(entries) = fs::read_dir(&self.root) else { return };
        let mut wanted = HashSet::new();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| *name != "artifacts") else { continue };
            match parse_key(name) {
                Some(key) if self.reserved().contains(&key) || keep(&key) => {
                    let manifest =
                        fs::read(entry.path()).ok().and_then(|b| serde_json::from_slice::<Manifest>(&b).ok());
                    wanted.extend(manifest.iter().flat_map(Manifest::all).map(|v| v.file.clone()));
                }
                _ => {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
        for entry in fs::read_dir(self.artifacts()).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_none_or(|name| !wanted.contains(name)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Endpoint names have no dot, so the parts of a manifest's name are told apart by it.
fn parse_key(name: &str) -> Option<FleetKey> {
    let mut parts = name.strip_suffix(".json")?.split('.');
    let key = FleetKey {
        endpoint: parts.next()?.to_owned(),
        created: Timestamp(parts.next()?.parse().ok()?),
        number: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(key)
}

/// Gives a body a second name, or copies it where that can't be done. `body` is open already: where the path has been given to a newer
/// body in the meantime, what is kept is still this one.
fn keep(body: &mut File, path: &Path, to: &Path) -> io::Result<()> {
    if fs::hard_link(path, to).is_ok() {
        if same_file(body, to)? {
            return sync_parent(to);
        }
        fs::remove_file(to)?;
    }
    let temporary = to.with_extension("tmp");
    let mut copy = File::create(&temporary)?;
    io::copy(body, &mut copy)?;
    copy.sync_all()?;
    fs::rename(&temporary, to)?;
    sync_parent(to)
}

#[cfg(unix)]
fn same_file(body: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (a, b) = (body.metadata()?, fs::metadata(path)?);
    Ok((a.dev(), a.ino()) == (b.dev(), b.ino()))
}

/// Without inode numbers a copy is the safe answer.
#[cfg(not(unix))]
fn same_file(_body: &File, _path: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_names_round_trip() {
        let files = FleetFiles::new(PathBuf::from("/x"));
        let key = FleetKey { endpoint: "boston-live".into(), created: Timestamp(1_700), number: 3 };
        let path = files.manifest(&key);
        assert_eq!(parse_key(path.file_name().unwrap().to_str().unwrap()), Some(key));
        assert_eq!(parse_key("boston.1.json"), None);
        assert_eq!(parse_key("boston.1.2.tmp"), None);
    }
}
