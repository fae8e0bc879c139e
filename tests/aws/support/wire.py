"""Requests that botocore signs and that a test then changes, over a connection of its own."""

import contextlib
import datetime
import http.client
import re
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SIGNERS = {"s3": botocore.auth.S3SigV4Auth}


class Answer:
    """What came back."""

    def __init__(self, answer):
        self.status = answer.status
        self.headers = answer.headers
        self.text = answer.read().decode()

    @property
    def code(self):
        """The code of an error, however the service writes it."""
        header = self.headers.get("x-amzn-errortype")
        found = re.search(r"<Code>(\w+)</Code>", self.text) or re.search(r'"__type":"(\w+)"', self.text)
        return header or (found.group(1) if found else None)

    def __repr__(self):
        return f"{self.status} {self.code}: {self.text}"


@contextlib.contextmanager
def clock(shift):
    """botocore's clock, so many seconds off."""
    real = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *given, **named: real(*given, **named) + datetime.timedelta(seconds=shift)
    try:
        yield
    finally:
        botocore.auth.get_current_datetime = real


def signed(program, method, path, body=b"", headers=None, service="sagemaker", key=None, token=None, region="us-east-1", shift=0, signer=None):
    """A request with its signature, ready to be changed: method, path, body and headers as they will be sent."""
    request = AWSRequest(method, program.url + path, headers=dict(headers or {}), data=body)
    maker = signer or SIGNERS.get(service, botocore.auth.SigV4Auth)
    with clock(shift):
        maker(Credentials(*(key or program.credentials), token), service, region).add_auth(request)
    return {"method": method, "path": path, "body": body, "headers": dict(request.headers.items())}


def presigned(program, method, path, service="s3", expires=60, shift=0, key=None, token=None):
    """The path and query of a URL that was presigned with version 4."""
    request = AWSRequest(method, program.url + path)
    maker = botocore.auth.S3SigV4QueryAuth if service == "s3" else botocore.auth.SigV4QueryAuth
    with clock(shift):
        maker(Credentials(*(key or program.credentials), token), service, "us-east-1", expires=expires).add_auth(request)
    return request.url.removeprefix(program.url)


def send(program, request):
    """Sends it as it is, without a header that nobody wrote."""
    host = urllib.parse.urlsplit(program.url).netloc
    link = http.client.HTTPConnection(host, timeout=30)
    try:
        link.putrequest(request["method"], request["path"], skip_host="Host" in request["headers"], skip_accept_encoding=True)
        for name, value in request["headers"].items():
            link.putheader(name, value)
        if "Content-Length" not in request["headers"]:
            link.putheader("Content-Length", str(len(request["body"])))
        link.endheaders(request["body"])
        return Answer(link.getresponse())
    finally:
        link.close()


def ask(program, *what, **how):
    """Signs and sends."""
    return send(program, signed(program, *what, **how))
