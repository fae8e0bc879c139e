"""The road of clients that make STS's address themselves: `counterpoise env` and `run`, the proxy, and what it refuses."""

import http.client
import json
import os
import pathlib
import shlex
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from support.program import binary, clean_environment

STS = "sts.us-east-1.amazonaws.com"


@pytest.fixture(scope="session")
def variables(server):
    """What `counterpoise env` sets, as bash understands it."""
    command = [str(binary()), "env", "--shell", "bash", "--data", str(server.folder)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, env=clean_environment(), check=True)
    assert said.stderr == ""
    words = (shlex.split(line) for line in said.stdout.splitlines())
    return dict(words[1].split("=", 1) for words in words if words[0] == "export")


def within(server, *command, **extra):
    """Runs a command in the environment that `counterpoise run` makes."""
    line = [str(binary()), "run", "--data", str(server.folder), "--", *command]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, env=clean_environment() | extra)


def connect(server, target, **headers):
    """The status of a CONNECT, and the socket behind it."""
    host, port = server.url.removeprefix("http://").split(":")
    link = socket.create_connection((host, int(port)), timeout=10)
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    link.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = link.recv(1)
        assert piece, f"the connection ended after {answer}"
        answer += piece
    return int(answer.split()[1]), link


def through(server, variables, host, method, path, body=None, **headers):
    """A request inside the ended TLS: (status, body)."""
    status, link = connect(server, f"{host}:443")
    assert status == 200
    context = ssl.create_default_context(cafile=variables["AWS_CA_BUNDLE"])
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    talk = http.client.HTTPConnection(host)
    talk.sock = context.wrap_socket(link, server_hostname=host)
    talk.request(method, path, body, headers)
    answer = talk.getresponse()
    text = answer.read().decode()
    talk.close()
    return answer.status, text


def test_clients_are_told_all_they_need(server, variables):
    assert variables["AWS_ENDPOINT_URL"] == variables["HTTPS_PROXY"] == variables["https_proxy"] == server.url
    assert variables["AWS_ACCESS_KEY_ID"].startswith("AKIA") and len(variables["AWS_SECRET_ACCESS_KEY"]) == 40
    assert variables["AWS_DEFAULT_REGION"] == variables["AWS_REGION"] == "us-east-1"
    assert "127.0.0.1" in variables["NO_PROXY"].split(",")
    bundle = pathlib.Path(variables["AWS_CA_BUNDLE"])
    if os.name != "nt":
        assert bundle.parent.stat().st_mode & 0o777 == 0o700
        for file in [bundle, bundle.parent / "authority.json", server.folder / "server.json"]:
            assert file.stat().st_mode & 0o777 == 0o600, file


def test_a_client_of_the_real_address_is_answered_here(server):
    """boto3 with the address that the SDKs write into their code."""
    program = "import boto3, json; sts = boto3.client('sts', endpoint_url='https://sts.eu-west-1.amazonaws.com', region_name='eu-west-1'); print(json.dumps(sts.get_caller_identity()['Arn']))"
    said = within(server, sys.executable, "-c", program, AWS_PROFILE="somebody", AWS_SESSION_TOKEN="stale", AWS_CONFIG_FILE=os.devnull)
    assert said.returncode == 0, said.stderr
    assert ":assumed-role/AmazonSageMaker-ExecutionRole/" in json.loads(said.stdout)


def test_a_program_keeps_its_exit_code_and_its_input(server):
    assert within(server, sys.executable, "-c", "raise SystemExit(7)").returncode == 7
    missing = within(server, "no-such-program-anywhere")
    assert missing.returncode == 127 and "no-such-program-anywhere" in missing.stderr


def test_requests_inside_may_be_unsigned_and_are_for_sts_only(server, variables):
    form = "Action=GetCallerIdentity&Version=2011-06-15"
    status, text = through(server, variables, STS, "POST", "/", form, **{"Content-Type": "application/x-www-form-urlencoded"})
    assert status == 200 and "<GetCallerIdentityResult>" in text
    assert through(server, variables, "sts.amazonaws.com", "GET", "/?" + form)[0] == 200
    assert through(server, variables, STS, "GET", "/bucket/key")[0] == 404
    assert through(server, variables, STS, "GET", "/metrics")[0] == 404
    for headers in [{"Host": "localhost"}, {"Origin": f"https://{STS}"}, {"Sec-Fetch-Site": "cross-site"}]:
        assert through(server, variables, STS, "POST", "/", form, **headers)[0] == 403, headers


def test_telemetry_and_web_pages_are_refused(server):
    assert connect(server, "sm-pysdk-t-us-west-2.s3.us-west-2.amazonaws.com:443")[0] == 403
    for headers in [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}]:
        assert connect(server, f"{STS}:443", **headers)[0] == 403
    assert connect(server, "127.0.0.1:1")[0] == 502


def test_our_authority_vouches_for_no_other_name(server, variables):
    """A client that expects another host does not take what the proxy shows."""
    status, link = connect(server, f"{STS}:443")
    assert status == 200
    context = ssl.create_default_context(cafile=variables["AWS_CA_BUNDLE"])
    with pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(link, server_hostname="s3.amazonaws.com")
    link.close()


def test_other_hosts_are_passed_through_untouched(server):
    listener = socket.create_server(("127.0.0.1", 0))
    heard = []

    def serve():
        link, _ = listener.accept()
        with link:
            while piece := link.recv(65536):
                heard.append(piece)
            link.sendall(b"all heard")

    thread = threading.Thread(target=serve)
    thread.start()
    status, link = connect(server, f"127.0.0.1:{listener.getsockname()[1]}")
    assert status == 200
    sent = os.urandom(1_000_000)
    link.sendall(sent)
    link.shutdown(socket.SHUT_WR)
    answer = b""
    while piece := link.recv(100):
        answer += piece
    thread.join(10)
    listener.close()
    assert b"".join(heard) == sent and answer == b"all heard"


def test_env_without_a_server_says_what_to_do(tmp_path):
    said = subprocess.run([str(binary()), "env", "--data", str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stdout) == (1, "")
    assert "counterpoise serve" in said.stderr
