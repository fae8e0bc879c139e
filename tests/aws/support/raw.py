"""Requests as no client would send them: signed, but checked by nobody before they leave. Answers are read by botocore's own parsers."""

import http.client
import json
import urllib.parse

import botocore.session
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import create_parser

from .program import KEY, REGION, SECRET

SESSION = botocore.session.get_session()
# The name of a service in a signature, where it is not its own.
SIGNS = {"sagemaker-runtime": "sagemaker", "cloudwatch": "monitoring"}
TARGETS = {"sagemaker": "SageMaker", "logs": "Logs_20140328", "cloudwatch": "GraniteServiceVersion20100801"}
PROTOCOLS = {"sagemaker": "json", "logs": "json", "cloudwatch": "json", "sagemaker-runtime": "rest-json", "sts": "query", "iam": "query", "s3": "rest-xml"}


def model(service):
    """botocore's model of a service."""
    return SESSION.get_service_model(service)


def send(program, service, method, path, headers, body):
    """(status, headers, body) of one signed request."""
    url = program.url + path
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    auth = S3SigV4Auth if service == "s3" else SigV4Auth
    auth(Credentials(KEY, SECRET), SIGNS.get(service, service), REGION).add_auth(request)
    signed = dict(request.headers.items())
    link = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)
    try:
        link.request(method, path, body, signed)
        answer = link.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        link.close()


def call(program, service, operation, given, headers=()):
    """One operation. `given`: members (a dict), a body as it stands (bytes or text), or for REST services (method, path, body)."""
    headers = dict(headers)
    method, path = "POST", "/"
    if isinstance(given, tuple):
        method, path, given = given
    elif PROTOCOLS[service] == "query" and isinstance(given, dict):
        fields = {"Action": operation, "Version": model(service).api_version} | given
        given = urllib.parse.urlencode({name: value for name, value in fields.items() if value is not None})
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    elif PROTOCOLS[service] == "json":
        given = json.dumps(given) if isinstance(given, dict) else given
        version = model(service).metadata.get("jsonVersion", "1.0")
        headers.setdefault("Content-Type", f"application/x-amz-json-{version}")
        if operation is not None:
            headers.setdefault("X-Amz-Target", f"{TARGETS[service]}.{operation}")
    body = given.encode() if isinstance(given, str) else given or b""
    return send(program, service, method, path, headers, body)


def error_of(service, operation, answer):
    """(code, message) as botocore understands them; None for an answer that is no error."""
    status, headers, body = answer
    if status < 300:
        return None
    shape = None
    if operation in model(service).operation_names:
        shape = model(service).operation_model(operation).output_shape
    parser = create_parser(PROTOCOLS[service])
    read = parser.parse({"status_code": status, "headers": headers, "body": body}, shape)
    return read["Error"]["Code"], read["Error"]["Message"]
