"""Where signatures are asked for: every service takes those of the workspace's key, and nothing that was changed, aged or stolen."""

import base64
import datetime
import hashlib
import hmac
import json
import re
import subprocess
import urllib.error
import urllib.request
import zlib

import boto3
import botocore.auth
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from support import sdk, wire, work
from support.program import Program, binary, clean_environment
from support.wire import ask, presigned, send, signed

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SageMaker.ListModels"}
LOGS = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Logs_20140328.DescribeLogGroups"}
WHO = b"Action=GetCallerIdentity&Version=2011-06-15"
ODD_KEYS = [
    "a",
    "two  spaces",
    "plus+and&and=and?and#",
    "\u00fcml\u00e4ut/\u65e5\u672c\u8a9e/\U0001f600",
    "dots/../not/./normalised",
    "//slashes///inside//",
    "percent%20%2F%",
    "~tilde-_.!*'()",
    "quotes\"`<>{}[]|^\\\\",
]


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A program that takes signed requests only, and clients with its key."""
    program = Program(tmp_path_factory.mktemp("workspace"), "--require-signature")
    program.take_its_key()
    try:
        yield program
        program.stop()
        assert not program.errors()
    finally:
        if program.running:
            program.kill()


@pytest.fixture(scope="module")
def endpoint(strict):
    """An endpoint in service, made with signed requests alone."""
    return work.deploy(strict)


@pytest.fixture(scope="module")
def shelf(strict):
    """A bucket."""
    return work.bucket(strict)


def plain(url, method="GET", body=None, **headers):
    """(status, code, text) of a request that nobody signs further."""
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, None, answer.read().decode()
    except urllib.error.HTTPError as error:
        answer = error.read().decode()
        found = re.search(r"<Code>(\w+)</Code>", answer)
        return error.code, found.group(1) if found else error.headers.get("x-amzn-errortype"), answer


def test_every_service_takes_the_workspaces_key(strict, endpoint, shelf):
    assert strict.client("sts").get_caller_identity()["Arn"].endswith("/counterpoise")
    assert strict.client("iam").list_roles()["Roles"]
    assert strict.client("sagemaker").list_endpoints()["Endpoints"]
    assert strict.client("logs").describe_log_groups()["logGroups"]
    answer = strict.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Body="0.1," * 12 + "1", InferenceId="an id", CustomAttributes="a  b"
    )
    assert float(answer["Body"].read()) > 0
    assert shelf in [bucket["Name"] for bucket in strict.client("s3").list_buckets()["Buckets"]]


def test_a_metrics_request_is_known_by_its_signature(strict):
    """Whether or not an operation is there: a good signature gets past the door, a bad one does not."""
    key, secret = strict.credentials
    for credentials, refused in [((key, secret), False), ((key, "x" * 40), True)]:
        client = strict.client("cloudwatch", aws_access_key_id=credentials[0], aws_secret_access_key=credentials[1])
        code = None
        try:
            client.list_metrics()
        except ClientError as error:
            code = error.response["Error"]["Code"]
        assert (code in ("InvalidSignatureException", "SignatureDoesNotMatch")) == refused, code


@pytest.mark.parametrize("key", ODD_KEYS)
def test_objects_of_any_name(strict, shelf, key):
    s3 = strict.client("s3")
    s3.put_object(Bucket=shelf, Key=key, Body=b"body", Metadata={"note": "two  spaces , and = signs"}, Tagging="a=b%20c")
    assert s3.get_object(Bucket=shelf, Key=key)["Body"].read() == b"body"
    assert s3.head_object(Bucket=shelf, Key=key)["Metadata"]["note"]
    listed = s3.list_objects_v2(Bucket=shelf, Prefix=key, Delimiter="\u00e4")
    assert listed["KeyCount"] >= 1
    s3.copy_object(Bucket=shelf, Key=key + "-copy", CopySource={"Bucket": shelf, "Key": key})
    gone = s3.delete_objects(Bucket=shelf, Delete={"Objects": [{"Key": key}, {"Key": key + "-copy"}]})
    assert len(gone["Deleted"]) == 2


@pytest.mark.parametrize("version", ["s3v4", "s3", None])
@pytest.mark.parametrize("key", ["plain", "b\u00fc ch er+/a&b=c.txt"])
def test_presigned_urls(strict, shelf, version, key):
    """boto3's default is the older signature: URLs that it makes must work here as they do at AWS."""
    s3 = strict.client("s3", config=Config(signature_version=version, retries={"total_max_attempts": 2}))
    where = {"Bucket": shelf, "Key": key}
    put = s3.generate_presigned_url("put_object", Params=where | {"ContentType": "text/x-odd"}, ExpiresIn=60)
    assert plain(put, "PUT", b"hello", **{"Content-Type": "text/x-odd"})[0] == 200
    assert plain(put, "PUT", b"hello", **{"Content-Type": "text/other"})[:2] == (403, "SignatureDoesNotMatch")
    get = s3.generate_presigned_url("get_object", Params=where | {"ResponseContentType": "text/x; a=b"}, ExpiresIn=60)
    assert plain(get)[2] == "hello"
    assert plain(get.replace("text%2Fx", "text%2Fy"))[:2] == (403, "SignatureDoesNotMatch")
    assert plain(get.replace(f"/{shelf}/", f"/{shelf}/x"))[:2] == (403, "SignatureDoesNotMatch")
    assert plain(get, "DELETE")[:2] == (403, "SignatureDoesNotMatch")
    over = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=0)
    assert plain(over)[:2] == (403, "AccessDenied")


def test_presigned_urls_end_and_do_not_begin_early(strict, shelf):
    strict.client("s3").put_object(Bucket=shelf, Key="timed", Body=b"x")
    path = f"/{shelf}/timed"
    assert plain(strict.url + presigned(strict, "GET", path, expires=60, shift=-30))[0] == 200
    status, code, text = plain(strict.url + presigned(strict, "GET", path, expires=60, shift=-61))
    assert (status, code) == (403, "AccessDenied") and "Request has expired" in text
    assert plain(strict.url + presigned(strict, "GET", path, expires=60, shift=880))[0] == 200
    assert "not yet valid" in plain(strict.url + presigned(strict, "GET", path, expires=60, shift=960))[2]
    longer = presigned(strict, "GET", path, expires=60, shift=-61).replace("X-Amz-Expires=60", "X-Amz-Expires=600")
    assert plain(strict.url + longer)[:2] == (403, "SignatureDoesNotMatch")
    assert plain(strict.url + presigned(strict, "GET", path, expires=604801))[:2] == (400, "AuthorizationQueryParametersError")


def test_presigned_forms(strict, shelf):
    s3 = strict.client("s3")
    post = s3.generate_presigned_post(shelf, "from-a-form", ExpiresIn=60)

    def send_form(fields):
        boundary = "xxboundaryxx"
        parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
        file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--{boundary}--\r\n'
        return plain(f"{strict.url}/{shelf}", "POST", ("".join(parts) + file).encode(), **{"Content-Type": f"multipart/form-data; boundary={boundary}"})

    assert send_form(post["fields"])[0] in (200, 204)
    assert s3.get_object(Bucket=shelf, Key="from-a-form")["Body"].read() == b"hello"
    status, code, text = send_form({**post["fields"], "key": "another"})
    assert (status, code) == (403, "AccessDenied") and "Invalid according to Policy: Policy Condition failed" in text
    assert "another" not in [found["Key"] for found in s3.list_objects_v2(Bucket=shelf).get("Contents", [])]
    assert send_form({"key": "unsigned"})[:2] == (403, "AccessDenied")
    assert send_form({**post["fields"], "signature": "AAAA"})[:2] == (403, "SignatureDoesNotMatch")
    # The content type of a form opens no other door.
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for path in [f"/{shelf}?delete", f"/{shelf}/k?uploads", f"/{shelf}/k", "/"]:
        assert plain(strict.url + path, "POST", b"--x--\r\n", **form)[0] in (400, 403, 405), path
    for method in ["PUT", "DELETE", "GET"]:
        assert plain(f"{strict.url}/{shelf}/k", method, b"--x--\r\n", **form)[:2] == (403, "AccessDenied"), method


def test_many_parts_at_once(strict, shelf, tmp_path):
    from boto3.s3.transfer import TransferConfig

    body = bytes(range(256)) * 70_000
    (tmp_path / "big").write_bytes(body)
    s3 = strict.client("s3")
    parallel = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=4)
    s3.upload_file(str(tmp_path / "big"), shelf, "big", Config=parallel)
    s3.download_file(shelf, "big", str(tmp_path / "back"), Config=parallel)
    assert (tmp_path / "back").read_bytes() == body


def in_pieces(program, bucket, key, pieces, spoil=None, trailing=True):
    """A PUT whose body comes in signed pieces, with a signed checksum behind it; written after AWS's description, not after our code."""
    body = b"".join(pieces)
    payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailing else "")

    class Seed(botocore.auth.S3SigV4Auth):
        def payload(self, request):
            return payload

    headers = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(len(body))}
    if trailing:
        headers["X-Amz-Trailer"] = "x-amz-checksum-crc32"
    request = signed(program, "PUT", f"/{bucket}/{key}", b"", headers, "s3", signer=Seed)
    seed = request["headers"]["Authorization"].rsplit("Signature=", 1)[1]
    date = request["headers"]["X-Amz-Date"]
    scope = f"{date[:8]}/us-east-1/s3/aws4_request"
    secret = ("AWS4" + program.credentials[1]).encode()
    for part in scope.split("/"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()

    def sign(kind, *hashes):
        return hmac.new(secret, "\n".join([f"AWS4-HMAC-SHA256-{kind}", date, scope, *hashes]).encode(), hashlib.sha256).hexdigest()

    def digest(data):
        return hashlib.sha256(data).hexdigest()

    out = b""
    for piece in [*pieces, b""]:
        seed = sign("PAYLOAD", seed, digest(b""), digest(piece))
        out += f"{len(piece):x};chunk-signature={seed}\r\n".encode() + piece + (b"\r\n" if piece else b"")
    if trailing:
        checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        trailer = f"x-amz-checksum-crc32:{checksum}"
        out += f"{trailer}\r\nx-amz-trailer-signature:{sign('TRAILER', seed, digest((trailer + chr(10)).encode()))}\r\n".encode()
    out += b"\r\n"
    request["body"] = spoil(out) if spoil else out
    return send(program, request)


def test_bodies_in_signed_pieces(strict, shelf):
    s3 = strict.client("s3")
    pieces = [b"a" * 8192, b"b" * 8192, b"the end"]
    for trailing in [True, False]:
        answer = in_pieces(strict, shelf, "pieces", pieces, trailing=trailing)
        assert answer.status == 200, answer
        stored = s3.get_object(Bucket=shelf, Key="pieces")
        assert stored["Body"].read() == b"".join(pieces)
        assert "aws-chunked" not in stored.get("ContentEncoding", "")
        spoiled = {
            "a byte": lambda body: body.replace(b"the end", b"the and"),
            "a signature": lambda body: body.replace(b"chunk-signature=", b"chunk-signature=0", 1),
            "none": lambda body: re.sub(rb";chunk-signature=[0-9a-f]{64}", b"", body),
            "another order": lambda body: body.replace(b"a" * 8192, b"?").replace(b"b" * 8192, b"a" * 8192).replace(b"?", b"b" * 8192),
        }
        if trailing:
            spoiled["the trailer"] = lambda body: re.sub(rb"crc32:......", b"crc32:AAAAAA", body)
            spoiled["its signature"] = lambda body: re.sub(rb"trailer-signature:..", b"trailer-signature:00", body)
        for what, spoil in spoiled.items():
            answer = in_pieces(strict, shelf, "spoiled", pieces, spoil, trailing)
            assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), f"{what}: {answer}"
    with pytest.raises(ClientError):
        s3.head_object(Bucket=shelf, Key="spoiled")


def test_an_unsigned_body_with_a_checksum_behind_it(strict, shelf):
    class Unsigned(botocore.auth.S3SigV4Auth):
        def payload(self, request):
            return "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

    headers = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "5", "X-Amz-Trailer": "x-amz-checksum-crc32"}
    request = signed(strict, "PUT", f"/{shelf}/trailer", b"", headers, "s3", signer=Unsigned)
    checksum = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big"))
    request["body"] = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" + checksum + b"\r\n\r\n"
    assert send(strict, request).status == 200
    request["body"] = request["body"].replace(b"hello", b"hullo")
    assert send(strict, request).code == "BadDigest"


def test_a_body_must_be_the_one_that_was_signed(strict, shelf, endpoint):
    for path, service, headers, code in [
        ("/", "sagemaker", JSON, "InvalidSignatureException"),
        ("/", "sts", FORM, "SignatureDoesNotMatch"),
        ("/", "logs", LOGS, "InvalidSignatureException"),
        (f"/endpoints/{endpoint}/invocations", "sagemaker", {"Content-Type": "text/csv"}, "InvalidSignatureException"),
    ]:
        request = signed(strict, "POST", path, WHO if service == "sts" else b"{}", headers, service)
        request["body"] = request["body"][:-1] + b" "
        assert send(strict, request).code == code, path
    request = signed(strict, "PUT", f"/{shelf}/body", b"body", {}, "s3")
    for other in [b"bodY", b"bod", b"body!", b""]:
        answer = send(strict, request | {"body": other})
        assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch"), answer
    assert send(strict, request).status == 200


@pytest.mark.parametrize(
    "service, headers, body, missing, key, mismatch, status",
    [
        ("sagemaker", JSON, b"{}", "MissingAuthenticationTokenException", "UnrecognizedClientException", "InvalidSignatureException", 400),
        ("logs", LOGS, b"{}", "MissingAuthenticationTokenException", "UnrecognizedClientException", "InvalidSignatureException", 400),
        ("sts", FORM, WHO, "MissingAuthenticationToken", "InvalidClientTokenId", "SignatureDoesNotMatch", 403),
        ("iam", FORM, b"Action=ListRoles&Version=2010-05-08", None, "InvalidClientTokenId", "SignatureDoesNotMatch", 403),
    ],
)
def test_each_service_refuses_in_its_own_words(strict, service, headers, body, missing, key, mismatch, status):
    mine, secret = strict.credentials
    good = {"service": service, "headers": headers}

    def refused(**how):
        answer = ask(strict, "POST", "/", body, **(good | how))
        assert answer.status == status, answer
        return answer.code

    assert ask(strict, "POST", "/", body, **good).status == 200
    assert refused(key=(mine, "x" * 40)) == mismatch
    assert refused(key=("AKIANOSUCHKEY0000000", secret)) == key
    assert refused(region="eu-west-1") == mismatch
    assert refused(shift=-330) == mismatch
    assert refused(shift=330) == mismatch
    assert ask(strict, "POST", "/", body, **good, shift=-290).status == 200
    assert ask(strict, "POST", "/", body, **good, shift=290).status == 200
    unsigned = send(strict, {"method": "POST", "path": "/", "headers": headers, "body": body})
    if missing:
        assert (unsigned.status, unsigned.code) == (status, missing)
    assert unsigned.status in (400, 403)


def test_times_are_told_as_aws_tells_them(strict):
    old = ask(strict, "POST", "/", b"{}", JSON, shift=-600)
    assert re.search(r"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)", old.text), old
    new = ask(strict, "POST", "/", b"{}", JSON, shift=600)
    assert re.search(r"Signature not yet current: \d{8}T\d{6}Z is still later than", new.text), new
    s3 = ask(strict, "GET", "/", service="s3", shift=-1000)
    assert (s3.status, s3.code) == (403, "RequestTimeTooSkewed")
    assert "<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>" in s3.text
    assert ask(strict, "GET", "/", service="s3", shift=-850).status == 200
    yesterday = ask(strict, "GET", "/", service="s3", shift=-86_400 * 400)
    assert yesterday.code == "RequestTimeTooSkewed"


def test_s3_refuses_in_its_own_words(strict, shelf):
    mine, secret = strict.credentials
    path = f"/{shelf}"

    def refused(**how):
        answer = ask(strict, "GET", path, **({"service": "s3"} | how))
        return answer.status, answer.code

    assert refused(key=(mine, "x" * 40)) == (403, "SignatureDoesNotMatch")
    assert refused(key=("AKIANOSUCHKEY0000000", secret)) == (403, "InvalidAccessKeyId")
    assert refused(region="eu-west-1") == (400, "AuthorizationHeaderMalformed")
    assert plain(strict.url + path)[:2] == (403, "AccessDenied")
    assert plain(strict.url + path, Authorization="Bearer abc")[:2] == (400, "InvalidRequest")
    request = signed(strict, "GET", path, service="s3")
    asymmetric = request["headers"] | {"Authorization": request["headers"]["Authorization"].replace("HMAC", "ECDSA-P256")}
    answer = send(strict, request | {"headers": asymmetric})
    assert (answer.status, answer.code) == (400, "InvalidRequest") and "AWS4-HMAC-SHA256" in answer.text
    for changed in [{"x-amz-acl": "private"}, {"x-amz-meta-a": "b"}]:
        answer = send(strict, request | {"headers": request["headers"] | changed})
        assert (answer.status, answer.code) == (403, "AccessDenied") and "HeadersNotSigned" in answer.text
    for query in ["?acl", "?prefix=a", "?uploads"]:
        answer = send(strict, request | {"path": path + query})
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    bare = {name: value for name, value in request["headers"].items() if name.lower() != "x-amz-content-sha256"}
    assert send(strict, request | {"headers": bare}).code in ("InvalidRequest", "SignatureDoesNotMatch")
    # Region redirects of botocore: a client of another region finds its way.
    astray = strict.client("s3", region_name="eu-west-1", config=Config(retries={"total_max_attempts": 3}))
    assert astray.list_objects_v2(Bucket=shelf)["Name"] == shelf


def test_a_signature_is_for_one_service(strict):
    """Neither a scope nor a target leads elsewhere than what was signed."""
    request = signed(strict, "POST", "/", b"{}", JSON, "s3")
    assert send(strict, request).code == "InvalidSignatureException"
    request = signed(strict, "POST", "/", b"{}", JSON)
    other = request["headers"] | {"X-Amz-Target": "SageMaker.DeleteModel"}
    assert send(strict, request | {"headers": other}).code == "InvalidSignatureException"
    without = {name: value for name, value in request["headers"].items() if name != "X-Amz-Target"}
    assert send(strict, request | {"headers": without}).code == "InvalidSignatureException"
    bare = signed(strict, "POST", "/", b"{}", {"Content-Type": JSON["Content-Type"]})
    added = bare["headers"] | {"X-Amz-Target": "SageMaker.ListModels"}
    assert send(strict, bare | {"headers": added}).code == "InvalidSignatureException"
    unknown = ask(strict, "GET", "/", service="dynamodb")
    assert unknown.status == 404, "known who asks, but nobody is there to answer"
    assert ask(strict, "GET", "/", service="dynamodb", key=(strict.credentials[0], "x" * 40)).status == 403


def test_what_chooses_a_variant_is_signed(strict, endpoint):
    path = f"/endpoints/{endpoint}/invocations"
    request = signed(strict, "POST", path, b"0.1," * 12 + b"1", {"Content-Type": "text/csv"})
    assert send(strict, request).status == 200
    answer = send(strict, request | {"headers": request["headers"] | {"X-Amzn-SageMaker-Target-Variant": "AllTraffic"}})
    assert (answer.status, answer.code) == (403, "InvalidSignatureException")
    assert plain(strict.url + path, "POST", b"1", **{"Content-Type": "text/csv"})[:2] == (403, "MissingAuthenticationTokenException")


def test_a_signature_is_good_for_its_window_only_but_as_often_as_one_likes(strict):
    request = signed(strict, "POST", "/", b"{}", JSON, shift=-200)
    assert [send(strict, request).status for _ in range(3)] == [200, 200, 200]


def test_sessions(strict):
    sts = strict.client("sts")
    role = strict.client("iam").get_role(RoleName="AmazonSageMaker-ExecutionRole")["Role"]["Arn"]
    one, two = (sts.assume_role(RoleArn=role, RoleSessionName=name, DurationSeconds=900)["Credentials"] for name in ("one", "two"))

    def listed(access, token, **how):
        key = (access["AccessKeyId"], access["SecretAccessKey"])
        return ask(strict, "POST", "/", b"{}", JSON, key=key, token=token, **how)

    assert listed(one, one["SessionToken"]).status == 200
    assert listed(one, None).code == "UnrecognizedClientException"
    assert listed(one, two["SessionToken"]).code == "UnrecognizedClientException"
    assert listed(one, one["SessionToken"][:-4] + "AAA=").code == "UnrecognizedClientException"
    own = ask(strict, "POST", "/", b"{}", JSON, token=one["SessionToken"])
    assert own.code == "UnrecognizedClientException", "the workspace's key has no session"
    request = signed(strict, "POST", "/", b"{}", JSON, key=(one["AccessKeyId"], one["SecretAccessKey"]), token=one["SessionToken"])
    unsigned_token = request["headers"]["Authorization"].replace(";x-amz-security-token", "")
    assert send(strict, request | {"headers": request["headers"] | {"Authorization": unsigned_token}}).code == "InvalidSignatureException"

    session = {"aws_access_key_id": one["AccessKeyId"], "aws_secret_access_key": one["SecretAccessKey"], "aws_session_token": one["SessionToken"]}
    assert strict.client("sts", **session).get_caller_identity()["Arn"].endswith("/one")
    s3 = strict.client("s3", **session)
    name = work.unique("session")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"v")
    for version in ["s3v4", "s3"]:
        client = strict.client("s3", **session, config=Config(signature_version=version, retries={"total_max_attempts": 2}))
        url = client.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "k"})
        assert plain(url)[2] == "v"
    stolen = strict.client("s3", **(session | {"aws_session_token": two["SessionToken"]}))
    with pytest.raises(ClientError) as caught:
        stolen.list_buckets()
    assert caught.value.response["Error"]["Code"] == "InvalidToken"


def test_a_session_ends(strict):
    """A key whose id says that it ended: nobody can make one, but a workspace issued such keys in the past."""
    key, secret = strict.credentials
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    bits = (int(datetime.datetime.now().timestamp()) - 10) << 48 | 12345
    ended = "ASIA" + "".join(letters[bits >> (75 - at * 5) & 31] for at in range(16))

    def mark(text, with_key=secret.encode()):
        return hmac.new(with_key, text, hashlib.sha256).digest()

    said = json.dumps({"access_key": ended, "role": "AmazonSageMaker-ExecutionRole", "name": "old"}).encode()
    token = b".".join(base64.b64encode(part) for part in [said, mark(said, mark(b"session tokens"))]).decode()
    its_secret = base64.b64encode(mark(f"secret of {ended}".encode())).decode()[:40]
    for service, headers, body, code in [("sagemaker", JSON, b"{}", "ExpiredTokenException"), ("sts", FORM, WHO, "ExpiredToken")]:
        assert ask(strict, "POST", "/", body, headers, service, key=(ended, its_secret), token=token).code == code
    answer = ask(strict, "GET", "/", service="s3", key=(ended, its_secret), token=token)
    assert (answer.status, answer.code) == (400, "ExpiredToken")


def test_a_presigned_identity(strict):
    """As clusters prove to each other who they are."""
    path = presigned(strict, "GET", "/?Action=GetCallerIdentity&Version=2011-06-15", "sts")
    status, _, text = plain(strict.url + path)
    assert status == 200 and "<GetCallerIdentityResult>" in text
    other = presigned(strict, "GET", "/?Action=GetSessionToken&Version=2011-06-15", "sts")
    swapped = path.replace("GetCallerIdentity", "GetSessionToken")
    assert plain(strict.url + other)[0] == 200
    assert plain(strict.url + swapped)[:2] == (403, "SignatureDoesNotMatch")


def test_what_is_not_awss_is_signed_too_but_for_the_ping(strict):
    assert plain(strict.url + "/ping")[0] == 200
    assert plain(strict.url + "/metrics")[0] == 403
    assert ask(strict, "GET", "/metrics").status == 200
    status = subprocess.run([str(binary()), "status", "--data", str(strict.folder)], capture_output=True, text=True, timeout=60, env=clean_environment())
    assert "Serves at" in status.stdout, status


def test_the_proxy_is_no_way_around(strict):
    """Inside the ended TLS, and through a tunnel back to ourselves."""
    program = "import boto3, botocore.session, urllib.request, sys\nsts = boto3.client('sts', endpoint_url='https://sts.eu-west-1.amazonaws.com', region_name='eu-west-1')\nprint(sts.get_caller_identity()['Arn'])"
    line = [str(binary()), "run", "--data", str(strict.folder), "--", str(sdk.python("aws")), "-c"]
    said = subprocess.run([*line, program], capture_output=True, text=True, timeout=60, env=clean_environment())
    assert said.returncode == 0 and "assumed-role" in said.stdout, said.stderr
    wrong = subprocess.run([*line, program.replace("region_name='eu-west-1'", "region_name='us-west-2'")], capture_output=True, text=True, timeout=60, env=clean_environment())
    assert "SignatureDoesNotMatch" in wrong.stderr
    other = subprocess.run([*line, program.replace("region_name=", "aws_access_key_id='AKIA', aws_secret_access_key='x', region_name=")], capture_output=True, text=True, timeout=60, env=clean_environment())
    assert "InvalidClientTokenId" in other.stderr
    host, port = strict.url.removeprefix("http://").split(":")
    import http.client

    tunnel = http.client.HTTPConnection(host, int(port), timeout=30)
    tunnel.set_tunnel(host, int(port))
    tunnel.request("GET", "/metrics")
    assert tunnel.getresponse().status == 403
    tunnel.close()


def test_on_loopback_any_well_formed_signature_passes(server):
    stranger = ("AKIASTRANGER00000000", "whatever")
    for how in [{}, {"shift": -86_400}, {"region": "mars-north-1"}]:
        assert ask(server, "POST", "/", b"{}", JSON, key=stranger, **how).status == 200
    request = signed(server, "POST", "/", b"{}", JSON, key=stranger)
    for spoil, code in [
        (lambda text: text.replace("Signature=", "Sig="), "IncompleteSignatureException"),
        (lambda text: text.replace("/us-east-1", ""), "IncompleteSignatureException"),
        (lambda text: "Basic abc", "IncompleteSignatureException"),
        (lambda text: text.replace("HMAC", "ECDSA-P256"), "IncompleteSignatureException"),
    ]:
        changed = request["headers"] | {"Authorization": spoil(request["headers"]["Authorization"])}
        answer = send(server, request | {"headers": changed})
        assert (answer.status, answer.code) == (400, code), answer
    undated = {name: value for name, value in request["headers"].items() if name != "X-Amz-Date"}
    answer = send(server, request | {"headers": undated})
    assert answer.code == "IncompleteSignatureException" and "'X-Amz-Date' or a 'Date'" in answer.text


@pytest.mark.slow
def test_a_lesson_runs_where_signatures_are_asked_for(strict, tmp_path):
    sdk.run(strict, "sdk1", "course_sdk1.py", tmp_path)


def reachable_address():
    """An address of this machine that is not loopback, if it has one."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: the system only says which of its addresses it would use.
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return None


def test_other_machines_must_sign_always(fresh_server):
    address = reachable_address()
    if address is None or address.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    program = fresh_server("--bind", "0.0.0.0")
    program.take_its_key()
    port = program.url.rsplit(":", 1)[1]
    program.url = f"http://{address}:{port}"
    assert "must be signed" in program.said()
    assert plain(program.url + "/ping")[0] == 200
    for path in ["/metrics", "/bucket/key", "/endpoints/e/invocations"]:
        assert plain(program.url + path)[0] == 403, path
    assert program.client("sagemaker").list_models()["Models"] == []
    assert program.client("sts").get_caller_identity()["Account"]
    # The proxy serves this machine only, and what goes through it is measured like everything else.
    import http.client

    for near, status in [(address, 403), ("127.0.0.1", 200)]:
        link = http.client.HTTPConnection(near, int(port), timeout=30)
        link.putrequest("CONNECT", f"127.0.0.1:{port}", skip_host=True)
        link.putheader("Host", f"127.0.0.1:{port}")
        link.endheaders()
        answer = link.getresponse()
        assert answer.status == status, near
        link.close()
    assert plain(f"http://127.0.0.1:{port}/metrics")[0] == 403, "nor is loopback"
