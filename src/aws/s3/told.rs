//! Errors of the S3 crate made whole: some of them hold a code and nothing else, and AWS says at least a sentence and the request's id. And one
//! made right: a form that is not what its policy allows.

use hyper::StatusCode;
use quick_xml::escape::escape;

/// The body of an error with what it lacks; `None` where it lacks nothing, or is no error.
pub fn whole(body: &[u8], id: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (head, rest) = text.split_once("</Code>")?;
    let (before, code) = head.rsplit_once("<Code>")?;
    let (inside, end) = rest.rsplit_once("</Error>")?;
    let message = if inside.contains("<Message>") {
        String::new()
    } else {
        format!("<Message>{}</Message>", escape(words(code)))
    };
    let request = if inside.contains("<RequestId>") { String::new() } else { format!("<RequestId>{id}</RequestId>") };
    let lacks = !message.is_empty() || !request.is_empty();
    lacks.then(|| format!("{before}<Code>{code}</Code>{message}{inside}{request}</Error>{end}"))
}

/// What S3 says of a form that breaks the policy it came with: that access is denied, with status 403, where the S3 crate finds fault with the
/// policy document. `None` for any other error, that of a document that cannot be read included.
///
/// Source: answers of S3 as users show them (aws-sdk-js issue 1514, tj/node-s3-policy pull request 8).
pub fn broken_policy(body: &[u8]) -> Option<(StatusCode, String)> {
    let text = std::str::from_utf8(body).ok()?;
    let (before, rest) = text.split_once("<Code>InvalidPolicyDocument</Code>")?;
    let (between, said) = rest.split_once("<Message>")?;
    let condition = match said.strip_prefix("Policy condition ") {
        Some(condition) => condition,
        None if said.contains(" does not match ") => said,
        None => return None,
    };
    let told = format!(
        "{before}<Code>AccessDenied</Code>{between}<Message>Invalid according to Policy: Policy Condition failed: {condition}"
    );
    Some((StatusCode::FORBIDDEN, told))
}

/// What AWS's list of error codes says about a code.
fn words(code: &str) -> String {
    match code {
        "AccessDenied" => "Access Denied",
        "BadDigest" => "The Content-MD5 or checksum value that you specified did not match what the server received.",
        "EntityTooLarge" => "Your proposed upload exceeds the maximum allowed object size.",
        "IncompleteBody" => "You did not provide the number of bytes specified by the Content-Length HTTP header.",
        "InvalidAccessKeyId" => "The AWS access key ID that you provided does not exist in our records.",
        "InvalidArgument" => "Invalid Argument",
        "InvalidBucketName" => "The specified bucket is not valid.",
        "InvalidDigest" => "The Content-MD5 or checksum value that you specified is not valid.",
        "InvalidRange" => "The requested range cannot be satisfied.",
        "InvalidRequest" => "The request is not valid.",
        "InvalidURI" => "The specified URI couldn't be parsed.",
        "KeyTooLongError" => "Your key is too long.",
        "MalformedXML" => {
            "The XML that you provided was not well formed or did not validate against our published schema."
        }
        "MetadataTooLarge" => "Your metadata headers exceed the maximum allowed metadata size.",
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "MissingRequestBodyError" => "Request body is empty.",
        "NotImplemented" => "A header that you provided implies functionality that is not implemented.",
        "RequestTimeTooSkewed" => "The difference between the request time and the server's time is too large.",
        "SignatureDoesNotMatch" => {
            "The request signature that the server calculated does not match the signature that you provided. Check your AWS secret \
             access key and signing method."
        }
        other => return format!("The request was refused: {other}"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_is_added_and_nothing_else_is_touched() {
        let bare = b"<?xml version=\"1.0\"?><Error><Code>MalformedXML</Code></Error>";
        let told = whole(bare, "id-1").unwrap();
        assert!(
            told.starts_with("<?xml version=\"1.0\"?><Error><Code>MalformedXML</Code><Message>The XML that"),
            "{told}"
        );
        assert!(told.ends_with("</Message><RequestId>id-1</RequestId></Error>"), "{told}");
        let said = b"<Error><Code>NoSuchKey</Code><Message>m</Message><Key>k</Key></Error>";
        assert_eq!(
            whole(said, "i").unwrap(),
            "<Error><Code>NoSuchKey</Code><Message>m</Message><Key>k</Key><RequestId>i</RequestId></Error>"
        );
        assert_eq!(
            whole(b"<Error><Code>c</Code><Message/><Message>m</Message><RequestId>r</RequestId></Error>", "i"),
            None
        );
        assert_eq!(whole(b"\xff", "i"), None);
        assert_eq!(whole(b"<ListBucketResult></ListBucketResult>", "i"), None);
    }

    #[test]
    fn a_broken_policy_denies_access_and_a_bad_one_is_a_bad_document() {
        let of = |said: &str| format!("<Error><Code>InvalidPolicyDocument</Code><Message>{said}</Message></Error>");
        let (status, told) = broken_policy(of("Policy condition 'eq' for field 'key' failed: x").as_bytes()).unwrap();
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(
            told,
            "<Error><Code>AccessDenied</Code><Message>Invalid according to Policy: Policy Condition failed: \
             'eq' for field 'key' failed: x</Message></Error>"
        );
        let (_, told) = broken_policy(of("x-amz-date does not match policy").as_bytes()).unwrap();
        assert!(told.contains("Policy Condition failed: x-amz-date does not match policy"), "{told}");
        for other in [of("failed to parse POST policy"), "<Error><Code>InvalidPolicyDocument</Code></Error>".into()] {
            assert_eq!(broken_policy(other.as_bytes()), None, "{other}");
        }
        assert_eq!(broken_policy(b"<Error><Code>NoSuchKey</Code><Message>Policy condition </Message></Error>"), None);
    }
}
