//! The patterns that names must match, as the AWS API reference gives them.

use super::invalid::Invalid;

/// SageMaker's resource name, `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}`: training jobs, models, endpoint configurations, endpoints, variants.
///
/// # Errors
/// The rule in words, under the given field name.
pub fn resource(field: &str, name: &str) -> Result<(), Invalid> {
    let edge_ok = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let good = name.len() <= 63
        && edge_ok(name.chars().next())
        && edge_ok(name.chars().last())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if good {
        return Ok(());
    }
    Err(Invalid::new(
        field,
        name,
        "must have 1 to 63 letters, digits or hyphens, and must not begin or end with a hyphen",
    ))
}

/// S3's rules for general purpose buckets: 3–63 of `a-z 0-9 . -`, letters or digits at both ends, no `..`, not an IP address,
/// none of the reserved prefixes and suffixes.
///
/// # Errors
/// The rule that is broken, in words.
pub fn bucket(field: &str, name: &str) -> Result<(), Invalid> {
    let broken = |rule: &str| Err(Invalid::new(field, name, rule));
    if !(3..=63).contains(&name.len())
        || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-')
    {
        return broken("must have 3 to 63 lower-case letters, digits, dots or hyphens");
    }
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !edge(name.chars().next()) || !edge(name.chars().last()) {
        return broken("must begin and end with a letter or a digit");
    }
    if name.contains("..") {
        return broken("must not have two dots side by side");
    }
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return broken("must not look like an IP address");
    }
    if ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|p| name.starts_with(p))
        || ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|s| name.ends_with(s))
    {
        return broken("uses a prefix or suffix that S3 keeps for itself");
    }
    Ok(())
}

/// S3's rule for object keys: 1–1024 bytes of UTF-8.
///
/// # Errors
/// The rule in words.
pub fn object_key(field: &str, key: &str) -> Result<(), Invalid> {
    if (1..=1024).contains(&key.len()) && !key.contains('\0') {
        return Ok(());
    }
    Err(Invalid::new(field, key, "must have 1 to 1024 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_names() {
        let longest = "a".repeat(63);
        for good in ["a", "9", "a-b", "a--b", "Boston-XGB-1", longest.as_str()] {
            assert!(resource("ModelName", good).is_ok(), "{good}");
        }
        let too_long = "a".repeat(64);
        for bad in ["", "-a", "a-", "a_b", "a.b", "é", "a b", too_long.as_str()] {
            assert!(resource("ModelName", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bucket_names() {
        for good in ["abc", "my-bucket.v2", "sagemaker-us-east-1-000000000000"] {
            assert!(bucket("Bucket", good).is_ok(), "{good}");
        }
        for bad in ["ab", "Abc", "a..b", "-abc", "abc-", "10.0.0.1", "xn--abc", "abc-s3alias", "a_b"] {
            assert!(bucket("Bucket", bad).is_err(), "{bad}");
        }
    }
}
