//! The environment in which AWS's own clients find this workspace, without a line of their code changed.

use super::WorkspaceInfo;

/// Variables that would lead a client elsewhere, or mix other credentials in: to be taken away.
pub const UNSET: [&str; 18] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SAGEMAKER",
    "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME",
    "AWS_ENDPOINT_URL_SAGEMAKER_METRICS",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_CLOUDWATCH",
    "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
    "AWS_ENDPOINT_URL_LAMBDA",
];

/// Hosts that are asked without the proxy.
const DIRECT: &str = "127.0.0.1,localhost,::1";

/// The variables and their values; none before the listener accepts. The proxy stands in them because the SDK builds STS's address itself
/// and heeds no other setting.
pub fn environment(info: &WorkspaceInfo) -> Vec<(String, String)> {
    let Some(url) = info.base_url.as_deref() else { return Vec::new() };
    let mut variables = vec![
        ("AWS_ENDPOINT_URL", url.to_owned()),
        ("AWS_ACCESS_KEY_ID", info.access_key.id.clone()),
        ("AWS_SECRET_ACCESS_KEY", info.access_key.secret.clone()),
        ("AWS_DEFAULT_REGION", info.account.region.clone()),
        ("AWS_REGION", info.account.region.clone()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    if let Some(bundle) = &info.ca_bundle {
        variables.extend([
            // In both spellings: where both are there, Python heeds the small one.
            ("HTTPS_PROXY", url.to_owned()),
            ("https_proxy", url.to_owned()),
            ("NO_PROXY", DIRECT.to_owned()),
            ("no_proxy", DIRECT.to_owned()),
            ("AWS_CA_BUNDLE", bundle.display().to_string()),
        ]);
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_led_here_once_there_is_an_address() {
        let mut info = WorkspaceInfo::default();
        assert_eq!(environment(&info), []);
        info.base_url = Some("http://127.0.0.1:8770".to_owned());
        let names = |info: &WorkspaceInfo| environment(info).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert!(!names(&info).contains(&"HTTPS_PROXY".to_owned()), "without certificates the proxy is of no use");
        info.ca_bundle = Some("/w/tls/ca-bundle.pem".into());
        let found = environment(&info);
        assert!(found.contains(&("https_proxy".to_owned(), "http://127.0.0.1:8770".to_owned())));
        assert!(found.contains(&("AWS_CA_BUNDLE".to_owned(), "/w/tls/ca-bundle.pem".to_owned())));
        assert!(names(&info).iter().all(|name| !UNSET.contains(&name.as_str())), "nothing is set and taken away");
    }
}
