//! The workspace's own certificate authority: one key in the workspace's folder, never installed anywhere. It can vouch for names below
//! `amazonaws.com` only, for clients that were pointed at its certificate, and is used for the hosts of STS.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints, SerialNumber, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;

const DAY_MS: i64 = 24 * 3_600_000;

/// How long the authority's certificate holds, and how much of that may be left before it is signed again, days.
const AUTHORITY_DAYS: (i64, i64) = (730, 90);

/// The same for a host's certificate, which is kept in memory only.
const HOST_DAYS: (i64, i64) = (30, 10);

/// Where systems keep the roots that they trust, as one file.
const SYSTEM_ROOTS: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/opt/homebrew/etc/ca-certificates/cert.pem",
];

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The disk.
    #[error("could not {doing} {}: {source}", .path.display())]
    Io {
        /// For example "read".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The file that holds the authority holds something else.
    #[error("{} is damaged: {why}; delete it, and the next start makes another authority", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Making(String),
}

/// The authority as its file holds it.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    certificate: String,
    expires: Timestamp,
}

/// The authority, ready to sign.
pub struct Authority {
    folder: PathBuf,
    key: KeyPair,
    state: Mutex<State>,
}

struct State {
    expires: Timestamp,
    hosts: HashMap<String, (Timestamp, Arc<ServerConfig>)>,
}

impl Authority {
    /// Reads the authority of a workspace's folder, or makes one, and writes the bundle for clients. Blocks.
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn open(workspace: &Path, now: Timestamp) -> Result<Self, AuthorityError> {
        let folder = workspace.join("tls");
        make_private(&folder)?;
        let path = folder.join("authority.json");
        let kept = match fs::read(&path) {
            Ok(bytes) => Some(serde_json::from_slice::<Kept>(&bytes).map_err(|why| damaged(&path, &why))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(AuthorityError::Io { doing: "read", path, source }),
        };
        let key = match &kept {
            Some(kept) => KeyPair::from_pem(&kept.key).map_err(|why| damaged(&path, &why))?,
            None => KeyPair::generate().map_err(|why| making(&why))?,
        };
        let mut this = Self { folder, key, state: Mutex::new(State { expires: Timestamp(0), hosts: HashMap::new() }) };
        let certificate = match kept {
            Some(kept) if !is_due(kept.expires, AUTHORITY_DAYS, now) => {
                this.state.get_mut().unwrap_or_else(PoisonError::into_inner).expires = kept.expires;
                kept.certificate
            }
            _ => this.sign_itself(now)?,
        };
        this.write_bundle(&certificate)?;
        Ok(this)
    }

    /// The file that clients are given in `AWS_CA_BUNDLE`: our authority, and all that the system trusts.
    pub fn bundle(&self) -> PathBuf {
        self.folder.join("ca-bundle.pem")
    }

    /// How to end TLS for a host. Blocks for the moments that a new certificate takes.
    ///
    /// # Errors
    /// See [`AuthorityError`].
    pub fn config_for(&self, host: &str, now: Timestamp) -> Result<Arc<ServerConfig>, AuthorityError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((expires, config)) = state.hosts.get(host)
            && !is_due(*expires, HOST_DAYS, now)
        {
            return Ok(Arc::clone(config));
        }
        if is_due(state.expires, AUTHORITY_DAYS, now) {
            // A server that runs for years: clients that start from now on read the new one.
            let certificate = self.sign_itself_in(&mut state, now)?;
            self.write_bundle(&certificate)?;
        }
        let config = Arc::new(self.sign_host(host, now)?);
        // Names are asked for by whoever is on this machine; a few regions are all that anybody means.
        if state.hosts.len() >= 64 {
            state.hosts.clear();
        }
        state.hosts.insert(host.to_owned(), (after(now, HOST_DAYS.0), Arc::clone(&config)));
        Ok(config)
    }

    fn sign_itself(&mut self, now: Timestamp) -> Result<String, AuthorityError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.sign_itself_in(&mut state, now)
    }

    fn sign_itself_in(&self, state: &mut State, now: Timestamp) -> Result<String, AuthorityError> {
        let expires = after(now, AUTHORITY_DAYS.0);
        let mut params = self.params();
        set_validity(&mut params, now, expires);
        params.serial_number = Some(serial()?);
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("amazonaws.com".to_owned())],
            excluded_subtrees: Vec::new(),
        });
        let certificate = params.self_signed(&self.key).map_err(|why| making(&why))?.pem();
        let kept = Kept { key: self.key.serialize_pem(), certificate: certificate.clone(), expires };
        let bytes = serde_json::to_vec(&kept).map_err(|why| making(&why))?;
        write_private(&self.folder.join("authority.json"), &bytes)?;
        state.expires = expires;
        state.hosts.clear();
        Ok(certificate)
    }

    /// What does not change when the certificate is signed again.
    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        // Named after its key, so that two workspaces' authorities are never taken for each other.
        let key = params.key_identifier(&self.key);
        let short = key.iter().take(4).fold(0_u32, |short, byte| short << 8 | u32::from(*byte));
        params.distinguished_name.push(DnType::CommonName, format!("Counterpoise workspace {short:08x}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
    }

    fn sign_host(&self, host: &str, now: Timestamp) -> Result<ServerConfig, AuthorityError> {
        let key = KeyPair::generate().map_err(|why| making(&why))?;
        let mut params = CertificateParams::new(vec![host.to_owned()]).map_err(|why| making(&why))?;
        params.distinguished_name.push(DnType::CommonName, host);
        set_validity(&mut params, now, after(now, HOST_DAYS.0));
        params.serial_number = Some(serial()?);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let own = self.params();
        let certificate = params.signed_by(&key, &Issuer::from_params(&own, &self.key)).map_err(|why| making(&why))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|why| making(&why))?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .map_err(|why| making(&why))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Our certificate, and what the system trusts as of now; written only where that changes something.
    fn write_bundle(&self, certificate: &str) -> Result<(), AuthorityError> {
        let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
        let roots = named.into_iter().chain(SYSTEM_ROOTS.map(PathBuf::from)).find_map(|path| fs::read(path).ok());
        let mut text = certificate.as_bytes().to_vec();
        text.push(b'\n');
        text.extend(roots.unwrap_or_default());
        let path = self.bundle();
        if fs::read(&path).is_ok_and(|before| before == text) { Ok(()) } else { write_private(&path, &text) }
    }
}

fn after(now: Timestamp, days: i64) -> Timestamp {
    Timestamp(now.0 + days * DAY_MS)
}

fn is_due(expires: Timestamp, (_, left): (i64, i64), now: Timestamp) -> bool {
    after(now, left) >= expires
}

/// The validity of a certificate from yesterday, for clocks that are behind, until so many days from now. Certificates are given to the day.
fn set_validity(params: &mut CertificateParams, now: Timestamp, until: Timestamp) {
    let day = |time: Timestamp| {
        let day = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
        date_time_ymd(i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs())
    };
    (params.not_before, params.not_after) = (day(after(now, -1)), day(until));
}

fn serial() -> Result<SerialNumber, AuthorityError> {
    let random = getrandom::u64().map_err(|why| making(&why))?;
    Ok(SerialNumber::from(random >> 1))
}

fn making(why: &impl std::fmt::Display) -> AuthorityError {
    AuthorityError::Making(why.to_string())
}

fn damaged(path: &Path, why: &impl std::fmt::Display) -> AuthorityError {
    AuthorityError::Damaged { path: path.to_owned(), why: why.to_string() }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> AuthorityError {
    let path = path.to_owned();
    move |source| AuthorityError::Io { doing, path, source }
}

/// A folder that nobody else may enter.
fn make_private(folder: &Path) -> Result<(), AuthorityError> {
    fs::create_dir_all(folder).map_err(failed("make the folder", folder))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed("protect", folder))?;
    }
    Ok(())
}

/// Writes a file that nobody else may read; readers see the old one or the new one.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), AuthorityError> {
    let new = path.with_extension("new");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options.open(&new).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.and_then(|()| fs::rename(&new, path)).map_err(failed("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_764_045_000_000);

    fn files(folder: &Path) -> (Kept, Vec<u8>) {
        let kept = serde_json::from_slice(&fs::read(folder.join("tls/authority.json")).unwrap()).unwrap();
        (kept, fs::read(folder.join("tls/ca-bundle.pem")).unwrap())
    }

    #[test]
    fn it_is_made_once_kept_private_and_signed_again_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path(), NOW).unwrap();
        let (first, bundle) = files(folder.path());
        assert!(bundle.starts_with(first.certificate.as_bytes()));
        let config = authority.config_for("sts.amazonaws.com", NOW).unwrap();
        assert!(Arc::ptr_eq(&config, &authority.config_for("sts.amazonaws.com", NOW).unwrap()));
        let later = authority.config_for("sts.amazonaws.com", after(NOW, 25)).unwrap();
        assert!(!Arc::ptr_eq(&config, &later), "a host's certificate is signed again before it ends");
        drop(authority);

        Authority::open(folder.path(), after(NOW, 600)).unwrap();
        assert_eq!(files(folder.path()).0.certificate, first.certificate);
        let authority = Authority::open(folder.path(), after(NOW, 650)).unwrap();
        let (second, bundle) = files(folder.path());
        assert_eq!(second.key, first.key);
        assert!(second.certificate != first.certificate && bundle.starts_with(second.certificate.as_bytes()));
        authority.config_for("sts.amazonaws.com", after(NOW, 1_300)).unwrap();
        assert_ne!(files(folder.path()).0.certificate, second.certificate, "while it runs, too");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode("tls"), mode("tls/authority.json")), (0o700, 0o600));
        }
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("tls")).unwrap();
        for text in ["", "{}", r#"{"key":"x","certificate":"y","expires":0}"#] {
            fs::write(folder.path().join("tls/authority.json"), text).unwrap();
            let Err(error) = Authority::open(folder.path(), NOW) else { panic!("{text} was taken") };
            assert!(error.to_string().contains("authority.json is damaged"), "{error}");
        }
    }
}
