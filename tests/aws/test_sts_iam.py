"""Who the caller is, and roles: STS and IAM as boto3 and a plain HTTP client see them."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.exceptions import ClientError

BUILT_IN = "AmazonSageMaker-ExecutionRole"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


def refused(call, **arguments):
    """The code and status with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert answer["Error"]["Message"]
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def post(url, **fields):
    """An unsigned form; (status, body)."""
    request = urllib.request.Request(url, urllib.parse.urlencode(fields).encode())
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_caller_is_an_assumed_role(client):
    identity = client("sts").get_caller_identity()
    account = identity["Account"]
    assert re.fullmatch(r"\d{12}", account)
    assert identity["Arn"] == f"arn:aws:sts::{account}:assumed-role/{BUILT_IN}/counterpoise"
    role = client("iam").get_role(RoleName=BUILT_IN)["Role"]
    assert identity["UserId"] == role["RoleId"] + ":counterpoise"
    assert role["Arn"] == f"arn:aws:iam::{account}:role/service-role/{BUILT_IN}"
    assert re.fullmatch("AROA[A-Z2-7]{17}", role["RoleId"])


def test_credentials_of_a_session_speak_for_its_role(server, client, unique):
    name = unique("role")
    arn = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    taken = client("sts").assume_role(RoleArn=arn, RoleSessionName="me", DurationSeconds=900)
    assert taken["AssumedRoleUser"]["Arn"].endswith(f":assumed-role/{name}/me")
    credentials = taken["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA")
    session = server.client(
        "sts",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    identity = session.get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (taken["AssumedRoleUser"]["Arn"], taken["AssumedRoleUser"]["AssumedRoleId"])
    assert session.get_session_token()["Credentials"]["AccessKeyId"] != credentials["AccessKeyId"]


def test_roles_that_are_not_there_cannot_be_taken_on(client):
    sts = client("sts")
    account = sts.get_caller_identity()["Account"]
    for arn in [f"arn:aws:iam::{account}:role/no-such-role", "arn:aws:iam::999999999999:role/other"]:
        assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="me") == ("AccessDenied", 403)
    built_in = f"arn:aws:iam::{account}:role/service-role/{BUILT_IN}"
    assert refused(sts.assume_role, RoleArn=built_in, RoleSessionName="me", DurationSeconds=7200)[0] == "ValidationError"


def test_a_role_lives_its_life(client, unique):
    iam, name = client("iam"), unique("role")
    assert refused(iam.get_role, RoleName=name) == ("NoSuchEntity", 404)
    tags = [{"Key": "owner", "Value": "ä"}, {"Key": "stage", "Value": "test"}]
    made = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), Path="/team/", Description="a < b & c", MaxSessionDuration=7200, Tags=tags
    )["Role"]
    seen = iam.get_role(RoleName=name)["Role"]
    assert {key: seen[key] for key in made} == made
    assert (seen["Path"], seen["Description"], seen["MaxSessionDuration"]) == ("/team/", "a < b & c", 7200)
    assert (seen["AssumeRolePolicyDocument"], seen["Tags"]) == (TRUST, tags)
    assert seen["Arn"].endswith(f":role/team/{name}")
    assert refused(iam.create_role, RoleName=name, AssumeRolePolicyDocument="{}") == ("EntityAlreadyExists", 409)

    policy = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    for _ in range(2):
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert attached == [{"PolicyName": "AmazonSageMakerFullAccess", "PolicyArn": policy}]
    assert refused(iam.delete_role, RoleName=name) == ("DeleteConflict", 409)
    iam.detach_role_policy(RoleName=name, PolicyArn=policy)
    assert refused(iam.detach_role_policy, RoleName=name, PolicyArn=policy) == ("NoSuchEntity", 404)
    iam.delete_role(RoleName=name)
    assert refused(iam.delete_role, RoleName=name) == ("NoSuchEntity", 404)


def test_what_breaks_a_rule_is_refused(client, unique):
    iam = client("iam")
    assert refused(iam.create_role, RoleName="a b", AssumeRolePolicyDocument="{}") == ("ValidationError", 400)
    assert refused(iam.create_role, RoleName=unique("role"), AssumeRolePolicyDocument="{") == ("MalformedPolicyDocument", 400)
    assert refused(iam.attach_role_policy, RoleName=BUILT_IN, PolicyArn="arn:aws:s3:::not-a-policy") == ("InvalidInput", 400)
    assert refused(iam.attach_role_policy, RoleName="no-such-role", PolicyArn="arn:aws:iam::aws:policy/X") == ("NoSuchEntity", 404)
    assert refused(iam.delete_role, RoleName=BUILT_IN) == ("UnmodifiableEntity", 400)


def test_roles_are_listed_page_by_page(client, unique):
    iam = client("iam")
    names = sorted(unique("listed") for _ in range(5))
    for name in names:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}", Path="/listed/")
    pages = list(iam.get_paginator("list_roles").paginate(PathPrefix="/listed/", PaginationConfig={"PageSize": 2}))
    assert [len(page["Roles"]) for page in pages] == [2, 2, 1]
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == names


def test_the_preflight_of_the_sdk_passes(client):
    iam = client("iam")
    source = iam.get_role(RoleName=BUILT_IN)["Role"]["Arn"]
    answer = iam.simulate_principal_policy(PolicySourceArn=source, ActionNames=["s3:GetObject", "s3:PutObject"], ResourceArns=["arn:aws:s3:::b/*"])
    decided = {result["EvalActionName"]: result["EvalDecision"] for result in answer["EvaluationResults"]}
    assert decided == {"s3:GetObject": "allowed", "s3:PutObject": "allowed"}
    missing = source.rsplit("/", 2)[0] + "/no-such-role"
    assert refused(iam.simulate_principal_policy, PolicySourceArn=missing, ActionNames=["s3:GetObject"]) == ("NoSuchEntity", 404)


def test_roles_survive_a_crash(fresh_server):
    program = fresh_server()
    made = program.client("iam").create_role(RoleName="kept", AssumeRolePolicyDocument="{}")["Role"]
    program.client("iam").attach_role_policy(RoleName="kept", PolicyArn="arn:aws:iam::aws:policy/P")
    built_in = program.client("iam").get_role(RoleName=BUILT_IN)["Role"]
    program.kill()
    program.restart()
    iam = program.client("iam")
    assert iam.get_role(RoleName="kept")["Role"] == {**iam.get_role(RoleName="kept")["Role"], **made}
    assert iam.list_attached_role_policies(RoleName="kept")["AttachedPolicies"][0]["PolicyName"] == "P"
    assert iam.get_role(RoleName=BUILT_IN)["Role"] == built_in


def test_unsigned_forms_are_told_apart_by_version(server):
    status, body = post(server.url, Action="GetCallerIdentity", Version="2011-06-15")
    assert status == 200 and "<GetCallerIdentityResult>" in body
    status, body = post(server.url, Action="GetRole", Version="2010-05-08", RoleName=BUILT_IN)
    assert status == 200 and "<GetRoleResult>" in body
    status, body = post(server.url, Action="GetRole", Version="2010-05-08", RoleName="no-such-role")
    assert status == 404 and "https://iam.amazonaws.com/doc/2010-05-08/" in body


@pytest.mark.parametrize("service, version, action", [("STS", "2011-06-15", "GetFederationToken"), ("IAM", "2010-05-08", "CreateUser")])
def test_operations_that_are_not_there_are_named(server, service, version, action):
    status, body = post(server.url, Action=action, Version=version)
    assert status == 400 and "<Code>InvalidAction</Code>" in body
    assert action in body and service in body
    status, body = post(server.url, Version=version)
    assert status == 400 and "<Code>MissingAction</Code>" in body
