"""Odd requests, and what AWS says to each: one row a case.

They leave without botocore's own validation, so that the server is what is tested. Codes are AWS's documented ones; the words about broken
rules are put together here from botocore's model, which shares nothing with the server but AWS's facts; answers are read by botocore's own
parsers. Every error has its service's whole shape: status, content type, request id, code, message.
"""

import json
import re
import types

import pytest

from support import work
from support.operations import table
from support.raw import PROTOCOLS, call, error_of, model
from support.rules import broken, required

NULL = "Member must not be null"
SM = "sagemaker"
MODEL_PATTERN = [("ModelName", name, "pattern") for name in ("a_b", "-a", "ä", "a b", "../x", "😀", "a\nb", "a'b")]


def any_of(*words):
    """A message that holds all of these words, in this order."""
    return re.compile(".*".join(map(re.escape, words)), re.DOTALL)


def job(**changes):
    """A training job that lacks nothing, with changes."""
    whole = {
        "TrainingJobName": "odd",
        "AlgorithmSpecification": {"TrainingImage": work.IMAGES["xgboost"], "TrainingInputMode": "File"},
        "RoleArn": work.ROLE,
        "HyperParameters": {"num_round": "1"},
        "InputDataConfig": [
            {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://nowhere-at-all/train"}}}
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://nowhere-at-all/out"},
        "ResourceConfig": {"InstanceType": "ml.m4.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    return whole | changes


def variant(**changes):
    return {"VariantName": "A", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m4.xlarge"} | changes


def config(*variants, **more):
    return {"EndpointConfigName": "odd", "ProductionVariants": list(variants)} | more


def resources(**changes):
    return {"ResourceConfig": {"InstanceType": "ml.m4.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5} | changes}


def sagemaker(operation, given, says, code="ValidationException", **more):
    return SM, operation, given, code, says, more


def serialization(operation, given, says):
    return sagemaker(operation, given, says, "SerializationException")


SAGEMAKER = [
    # Members that are missing.
    *(sagemaker(operation, {}, required(SM, operation)) for operation in (
        "CreateModel", "CreateTrainingJob", "CreateEndpointConfig", "CreateEndpoint", "DescribeEndpoint", "UpdateEndpointWeightsAndCapacities", "AddTags",
        "Search",
    )),
    sagemaker("CreateModel", {"ModelName": None}, required(SM, "CreateModel")),
    sagemaker("CreateEndpointConfig", b"", required(SM, "CreateEndpointConfig")),
    sagemaker(
        "CreateEndpointConfig",
        config(variant(), {"ModelName": "m"}),
        broken(SM, "CreateEndpointConfig", ("ProductionVariants[2].VariantName", None, "required")),
    ),
    sagemaker("CreateEndpointConfig", config(variant(InstanceType=None)), any_of("InstanceType", "A")),
    sagemaker("CreateTrainingJob", job(HyperParameters={}, InputDataConfig=None), any_of("InputDataConfig")),
    # Names.
    *(sagemaker("CreateModel", {"ModelName": value}, broken(SM, "CreateModel", (path, value, rule))) for path, value, rule in MODEL_PATTERN),
    sagemaker("DescribeModel", {"ModelName": ""}, any_of("1 validation error detected: Value '' at 'modelName' failed to satisfy constraint: Member must")),
    sagemaker("CreateEndpoint", {"EndpointName": "e" * 64, "EndpointConfigName": "c"}, any_of(
        "validation error", "Value '" + "e" * 64 + "' at 'endpointName' failed to satisfy constraint: Member must have length less than or equal to 63",
    )),
    sagemaker("CreateEndpoint", {"EndpointName": "a_b", "EndpointConfigName": "-"}, broken(
        SM, "CreateEndpoint", ("EndpointName", "a_b", "pattern"), ("EndpointConfigName", "-", "pattern"),
    )),
    # Values of another type.
    serialization("DescribeModel", {"ModelName": 5}, any_of("NUMBER_VALUE can not be converted to a String")),
    serialization("DescribeModel", {"ModelName": True}, any_of("TRUE_VALUE can not be converted to a String")),
    serialization("DescribeModel", {"ModelName": ["m"]}, any_of("Start of list found where not expected")),
    serialization("DescribeModel", {"ModelName": {"a": 1}}, any_of("Start of structure or map found where not expected")),
    serialization("ListModels", {"MaxResults": "5"}, any_of("STRING_VALUE can not be converted to an Integer")),
    serialization("ListModels", {"MaxResults": 1.5}, any_of("DECIMAL_VALUE can not be converted to an Integer")),
    serialization("CreateTrainingJob", job(HyperParameters={"num_round": 1}), any_of("NUMBER_VALUE can not be converted to a String")),
    serialization("CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": {"A": 1}}, any_of("Start of structure or map")),
    serialization("CreateModel", {"ModelName": "m", "EnableNetworkIsolation": "yes"}, any_of("STRING_VALUE can not be converted to a Boolean")),
    # Numbers.
    *(serialization("ListModels", f'{{"MaxResults": {number}}}', any_of("int")) for number in ("1" + "0" * 30, "-" + "9" * 40, "3000000000")),
    serialization("ListModels", '{"MaxResults": NaN}', any_of("")),
    serialization("ListModels", '{"MaxResults": 1e999}', any_of("")),
    sagemaker("ListModels", {"MaxResults": 0}, broken(SM, "ListModels", ("MaxResults", 0, "min"))),
    sagemaker("ListModels", {"MaxResults": 101}, broken(SM, "ListModels", ("MaxResults", 101, "max"))),
    sagemaker("CreateTrainingJob", job(**resources(InstanceCount=-1)), broken(SM, "CreateTrainingJob", ("ResourceConfig.InstanceCount", -1, "min"))),
    sagemaker("CreateTrainingJob", job(StoppingCondition={"MaxRuntimeInSeconds": 0}), broken(
        SM, "CreateTrainingJob", ("StoppingCondition.MaxRuntimeInSeconds", 0, "min"),
    )),
    sagemaker("CreateEndpointConfig", config(variant(InitialVariantWeight=-0.5)), broken(
        SM, "CreateEndpointConfig", ("ProductionVariants[1].InitialVariantWeight", -0.5, "min"),
    )),
    # Enumerations.
    sagemaker("ListModels", {"SortOrder": "Upwards"}, broken(SM, "ListModels", ("SortOrder", "Upwards", "enum"))),
    sagemaker("ListTrainingJobs", {"StatusEquals": "Tired"}, broken(SM, "ListTrainingJobs", ("StatusEquals", "Tired", "enum"))),
    sagemaker("ListEndpoints", {"SortBy": "name"}, broken(SM, "ListEndpoints", ("SortBy", "name", "enum"))),
    sagemaker("CreateEndpointConfig", config(variant(InstanceType="ml.fantasy.9xlarge")), broken(
        SM, "CreateEndpointConfig", ("ProductionVariants[1].InstanceType", "ml.fantasy.9xlarge", "enum"),
    )),
    sagemaker("CreateTrainingJob", job(AlgorithmSpecification={"TrainingImage": "xgboost", "TrainingInputMode": "Tape"}), broken(
        SM, "CreateTrainingJob", ("AlgorithmSpecification.TrainingInputMode", "Tape", "enum"),
    )),
    sagemaker("Search", {"Resource": "Teapot"}, broken(SM, "Search", ("Resource", "Teapot", "enum"))),
    # Lists and maps.
    sagemaker("CreateEndpointConfig", config(), any_of("Value '[]' at 'productionVariants'", "length greater than or equal to 1")),
    sagemaker("CreateEndpointConfig", config(*(variant(VariantName=f"v{i}") for i in range(11))), any_of(
        "1 validation error detected: Value '[", "' at 'productionVariants' failed to satisfy constraint: Member must have length less than or equal to 10",
    )),
    sagemaker("DeleteTags", {"ResourceArn": "arn:aws:sagemaker:us-east-1:000000000000:model/m", "TagKeys": [str(i) for i in range(51)]}, any_of(
        "1 validation error detected: Value '[0, 1, 2, ", "' at 'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 50",
    )),
    sagemaker("AddTags", {"ResourceArn": "arn:aws:sagemaker:us-east-1:000000000000:model/m", "Tags": [{"Key": "k", "Value": "ü" * 257}]}, any_of(
        "1 validation error detected: Value '", "' at 'tags.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 256",
    )),
    sagemaker("CreateTrainingJob", job(HyperParameters={f"k{i}": "v" for i in range(101)}), any_of(
        "at 'hyperParameters' failed to satisfy constraint: Member must have length less than or equal to 100",
    )),
    sagemaker("CreateEndpointConfig", config(variant(), variant()), any_of("A")),
    sagemaker("CreateEndpointConfig", config(None), any_of("productionVariants", NULL)),
    # Bodies.
    *(serialization("ListModels", body, any_of("")) for body in ("{", "[]", '"text"', b"\xff\xfe", "[" * 100_000, '{"a":}', b"\xef\xbb\xbf{}", "null")),
    # Dates.
    serialization("ListModels", {"CreationTimeAfter": "yesterday"}, any_of("")),
    serialization("ListModels", {"CreationTimeAfter": {"seconds": 1}}, any_of("")),
    # Tokens.
    *(sagemaker("ListEndpoints", {"NextToken": token}, any_of("NextToken")) for token in ("made-up", "ü", "eyJhIjoxfQ", "A" * 8000)),
    sagemaker("ListTags", lambda c: {"ResourceArn": c.model_arn, "NextToken": "made-up"}, any_of("NextToken")),
    # Operations.
    sagemaker("MakeCoffee", {}, any_of("MakeCoffee"), "UnknownOperationException"),
    sagemaker("createModel", {"ModelName": "m"}, any_of("createModel"), "UnknownOperationException"),
    sagemaker("", {}, any_of(""), "UnknownOperationException"),
    sagemaker(None, {}, any_of("POST /"), "UnknownOperationException"),
    sagemaker("CreateApp", {}, any_of("CreateApp of SageMaker is not available"), "UnknownOperationException"),
    # What is there, and what is not.
    sagemaker("DescribeModel", {"ModelName": "never-made"}, any_of('Could not find model "arn:aws:sagemaker:', ':model/never-made".')),
    sagemaker("DescribeTrainingJob", {"TrainingJobName": "never-made"}, "Requested resource not found."),
    sagemaker("DeleteEndpoint", {"EndpointName": "never-made"}, any_of('Could not find endpoint "arn:')),
    sagemaker("UpdateEndpoint", lambda c: {"EndpointName": c.endpoint, "EndpointConfigName": "never-made"}, any_of("Could not find endpoint configuration")),
    sagemaker("CreateEndpointConfig", config(variant(ModelName="never-made")), any_of('Could not find model "arn:')),
    sagemaker("CreateModel", lambda c: {"ModelName": c.model, "ExecutionRoleArn": work.ROLE, "PrimaryContainer": c.container}, any_of(
        'Cannot create already existing model "arn:',
    )),
    sagemaker("CreateModel", lambda c: {"ModelName": c.model.upper(), "ExecutionRoleArn": work.ROLE, "PrimaryContainer": c.container}, any_of(
        'Cannot create already existing model "arn:',
    )),
    sagemaker("CreateTrainingJob", lambda c: job(TrainingJobName=c.job, OutputDataConfig={"S3OutputPath": f"s3://{c.bucket}/o"}), any_of(
        "No S3 objects found under S3 URL", "s3://nowhere-at-all/train",
    )),
    sagemaker("CreateTrainingJob", lambda c: c.request, any_of("already exists"), "ResourceInUse"),
    sagemaker("StopTrainingJob", lambda c: {"TrainingJobName": c.job}, any_of("The request was rejected because the training job is finished")),
    sagemaker("ListTags", {"ResourceArn": "model/m"}, any_of("arn")),
    sagemaker("ListTags", {"ResourceArn": "arn:aws:sagemaker:us-east-1:999999999999:model/m"}, any_of("Could not find")),
    # Weights.
    sagemaker("UpdateEndpointWeightsAndCapacities", lambda c: {
        "EndpointName": c.endpoint, "DesiredWeightsAndCapacities": [{"VariantName": "Nobody", "DesiredWeight": 1}],
    }, any_of("Nobody")),
    sagemaker("UpdateEndpointWeightsAndCapacities", lambda c: {
        "EndpointName": c.endpoint, "DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredWeight": 0}],
    }, any_of("0")),
    # Members that mean nothing here but are checked all the same.
    sagemaker("CreateTrainingJob", job(VpcConfig={"Subnets": ["s"]}), broken(SM, "CreateTrainingJob", ("VpcConfig.SecurityGroupIds", None, "required"))),
    sagemaker("CreateTrainingJob", job(RoleArn="nobody"), any_of("Value 'nobody' at 'roleArn' failed to satisfy constraint: Member must")),
]

RUNTIME = [
    ("sagemaker-runtime", operation, lambda c, path=path: ("POST", path.format(c.endpoint), body), code, says, {"headers": headers, "status": status})
    for operation, path, headers, body, code, says, status in [
        ("InvokeEndpoint", "/endpoints/never-made/invocations", {}, "1", "ValidationError", any_of("Endpoint never-made of account", "not found."), 400),
        ("InvokeEndpoint", "/endpoints/{}/invocations", {"Content-Type": "text/csv"}, "", "ModelError", any_of("Received client error (4"), 424),
        ("InvokeEndpoint", "/endpoints/{}/invocations", {"Content-Type": "text/csv"}, "a,b,c", "ModelError", any_of("Received client error (4"), 424),
        ("InvokeEndpoint", "/endpoints/{}/invocations", {"Content-Type": "text/csv"}, "1,2\n3", "ModelError", any_of("Received client error (4"), 424),
        ("InvokeEndpoint", "/endpoints/{}/invocations", {"Content-Type": "image/png"}, "x", "ModelError", any_of("Received client error (415)"), 424),
        ("InvokeEndpoint", "/endpoints/{}/invocations", {}, "1,2", "ModelError", any_of("Received client error (415)"), 424),
        ("InvokeEndpoint", "/endpoints/{}/invocations", {"Content-Type": "application/json"}, "{", "ModelError", any_of("Received client error (4"), 424),
        ("InvokeEndpoint", "/endpoints/{}/invocations", {"Content-Type": "text/csv", "Accept": "image/png"}, "1", "ModelError", any_of("(406)"), 424),
        ("InvokeEndpoint", "/endpoints/{}/invocations", {"Content-Type": "text/csv", "X-Amzn-SageMaker-Target-Variant": "Nobody"}, "1", "ValidationError", any_of("Nobody"), 400),
        ("InvokeEndpoint", "/endpoints/{}/invocations", {"Content-Type": "text/csv", "X-Amzn-SageMaker-Inference-Id": "i" * 65}, "1", "ValidationError", any_of("inference-id"), 400),
        ("InvokeEndpoint", "/endpoints/{}/invocations", {"Content-Type": "text/csv", "X-Amzn-SageMaker-Target-Model": "m.tar.gz"}, "1", "ValidationError", any_of("TargetModel"), 400),
        ("InvokeEndpointAsync", "/endpoints/{}/async-invocations", {"Content-Type": "text/csv"}, "", "ValidationError", any_of(""), 400),
        ("InvokeEndpointAsync", "/endpoints/{}/async-invocations", {"X-Amzn-SageMaker-InputLocation": "http://x/y"}, "", "ValidationError", any_of(""), 400),
    ]
]  # fmt: skip


def query(service, operation, given, code, says, status=400):
    return service, operation, given, code, says, {"status": status}


ARN = "arn:aws:iam::000000000000:role/none"
STS = [
    query("sts", "AssumeRole", {}, "ValidationError", required("sts", "AssumeRole")),
    query("sts", "AssumeRole", {"RoleArn": ARN, "RoleSessionName": "a b"}, "ValidationError", broken("sts", "AssumeRole", ("RoleSessionName", "a b", "pattern"))),
    query("sts", "AssumeRole", {"RoleArn": ARN, "RoleSessionName": "x"}, "ValidationError", broken("sts", "AssumeRole", ("RoleSessionName", "x", "min"))),
    query("sts", "AssumeRole", {"RoleArn": "short", "RoleSessionName": "me"}, "ValidationError", any_of("Value 'short' at 'roleArn'", "20")),
    query("sts", "AssumeRole", {"RoleArn": ARN, "RoleSessionName": "me", "DurationSeconds": "899"}, "ValidationError", broken("sts", "AssumeRole", ("DurationSeconds", 899, "min"))),
    query("sts", "AssumeRole", {"RoleArn": ARN, "RoleSessionName": "me", "DurationSeconds": "soon"}, "MalformedInput", any_of("durationSeconds")),
    query("sts", "AssumeRole", {"RoleArn": ARN, "RoleSessionName": "me", "DurationSeconds": "9" * 30}, "MalformedInput", any_of("durationSeconds")),
    query("sts", "AssumeRole", {"RoleArn": ARN, "RoleSessionName": "me"}, "AccessDenied", any_of("is not authorized to perform: sts:AssumeRole on resource: " + ARN), 403),
    query("sts", "GetSessionToken", {"DurationSeconds": "129601"}, "ValidationError", broken("sts", "GetSessionToken", ("DurationSeconds", 129601, "max"))),
    query("sts", "MakeCoffee", {}, "InvalidAction", any_of("MakeCoffee")),
    query("sts", "GetCallerIdentity", {"Action": None}, "MissingAction", any_of("")),
    query("sts", "GetCallerIdentity", b"\xff\xfe=&&&", "MissingAction", any_of("")),
]  # fmt: skip

IAM = [
    query("iam", "GetRole", {}, "ValidationError", required("iam", "GetRole")),
    query("iam", "GetRole", {"RoleName": "never-made"}, "NoSuchEntity", any_of("never-made"), 404),
    query("iam", "GetRole", {"RoleName": "r" * 65}, "ValidationError", broken("iam", "GetRole", ("RoleName", "r" * 65, "max"))),
    query("iam", "CreateRole", {"RoleName": "ünï", "AssumeRolePolicyDocument": "{}"}, "ValidationError", broken("iam", "CreateRole", ("RoleName", "ünï", "pattern"))),
    query("iam", "CreateRole", {"RoleName": "odd", "AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument", any_of("")),
    query("iam", "CreateRole", {"RoleName": "odd", "AssumeRolePolicyDocument": "{}", "MaxSessionDuration": "1"}, "ValidationError", broken("iam", "CreateRole", ("MaxSessionDuration", 1, "min"))),
    query("iam", "ListRoles", {"MaxItems": "1001"}, "ValidationError", broken("iam", "ListRoles", ("MaxItems", 1001, "max"))),
    query("iam", "ListRoles", {"MaxItems": "all"}, "MalformedInput", any_of("maxItems")),
    query("iam", "DeleteRole", {"RoleName": "AmazonSageMaker-ExecutionRole"}, "UnmodifiableEntity", any_of("")),
    query("iam", "CreateUser", {"UserName": "u"}, "InvalidAction", any_of("CreateUser")),
]  # fmt: skip


def logs(operation, given, code, says):
    return "logs", operation, given, code, says, {}


GROUP = "/aws/sagemaker/TrainingJobs"
LOGS = [
    logs("GetLogEvents", {}, "InvalidParameterException", required("logs", "GetLogEvents")),
    logs("GetLogEvents", {"logGroupName": "a b", "logStreamName": "s"}, "InvalidParameterException", broken("logs", "GetLogEvents", ("logGroupName", "a b", "pattern"))),
    logs("GetLogEvents", {"logGroupName": GROUP, "logStreamName": "none/none"}, "ResourceNotFoundException", "The specified log stream does not exist."),
    logs("DescribeLogStreams", {"logGroupName": "/nobody"}, "ResourceNotFoundException", "The specified log group does not exist."),
    logs("DescribeLogStreams", {"logGroupName": GROUP, "limit": 51}, "InvalidParameterException", broken("logs", "DescribeLogStreams", ("limit", 51, "max"))),
    logs("DescribeLogStreams", {"logGroupName": GROUP, "orderBy": "Age"}, "InvalidParameterException", broken("logs", "DescribeLogStreams", ("orderBy", "Age", "enum"))),
    logs("FilterLogEvents", {"logGroupName": GROUP, "nextToken": "made-up"}, "InvalidParameterException", "The specified nextToken is invalid."),
    logs("FilterLogEvents", {"logGroupName": GROUP, "startTime": -1}, "InvalidParameterException", broken("logs", "FilterLogEvents", ("startTime", -1, "min"))),
    logs("FilterLogEvents", {"logGroupName": GROUP, "startTime": "noon"}, "SerializationException", any_of("")),
    logs("DescribeLogGroups", "{", "SerializationException", any_of("")),
    logs("MakeCoffee", {}, "UnknownOperationException", any_of("MakeCoffee")),
    logs("PutLogEvents", {"logGroupName": GROUP, "logStreamName": "s", "logEvents": []}, "UnknownOperationException", any_of("PutLogEvents")),
]  # fmt: skip


def cloudwatch(operation, given, code, says):
    return "cloudwatch", operation, given, code, says, {}


def statistics(**changes):
    """A question that lacks nothing, with changes."""
    whole = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations", "StartTime": 1.7e9, "EndTime": 1.7e9 + 600, "Period": 60, "Statistics": ["Sum"]}
    return whole | changes


METRICS = [
    cloudwatch("GetMetricStatistics", {}, "ValidationError", required("cloudwatch", "GetMetricStatistics")),
    cloudwatch("GetMetricStatistics", statistics(Statistics=["Median"]), "ValidationError", any_of("Value '[Median]' at 'statistics'", "Member must satisfy enum value set")),
    cloudwatch("GetMetricStatistics", statistics(Namespace=":x"), "ValidationError", broken("cloudwatch", "GetMetricStatistics", ("Namespace", ":x", "pattern"))),
    cloudwatch("GetMetricStatistics", statistics(Period=0), "ValidationError", broken("cloudwatch", "GetMetricStatistics", ("Period", 0, "min"))),
    cloudwatch("GetMetricStatistics", statistics(Period=7), "InvalidParameterValue", any_of("7")),
    cloudwatch("GetMetricStatistics", statistics(EndTime=1.6e9), "InvalidParameterCombination", any_of("")),
    cloudwatch("GetMetricStatistics", statistics(StartTime="noon"), "SerializationException", any_of("")),
    cloudwatch("GetMetricStatistics", statistics(Period="60"), "SerializationException", any_of("Integer")),
    cloudwatch("ListMetrics", {"NextToken": "made-up"}, "InvalidNextToken", any_of("")),
    cloudwatch("ListMetrics", "{", "SerializationException", any_of("")),
    cloudwatch("PutDashboard", {"DashboardName": "d", "DashboardBody": "{}"}, "UnknownOperationException", any_of("PutDashboard")),
]  # fmt: skip


def s3(operation, method, path, code, status, body=b"", says=any_of(""), **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return "s3", operation, lambda c: (method, path.format(c.bucket), body), code, says, {"status": status, "headers": headers}


PARTS = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>"
S3 = [
    s3("ListObjectsV2", "GET", "/never-made-at-all?list-type=2", "NoSuchBucket", 404),
    s3("PutObject", "PUT", "/never-made-at-all/key", "NoSuchBucket", 404, b"x"),
    s3("GetObject", "GET", "/{}/never-put", "NoSuchKey", 404),
    s3("CreateBucket", "PUT", "/UPPER_CASE", "InvalidBucketName", 400),
    s3("CreateBucket", "PUT", "/ab", "InvalidBucketName", 400),
    s3("CreateBucket", "PUT", "/192.168.1.1", "InvalidBucketName", 400),
    s3("CreateBucket", "PUT", "/odd-bucket", "MalformedXML", 400, "<Create"),
    s3("PutObject", "PUT", "/{}/" + "k" * 1025, "KeyTooLongError", 400, b"x"),
    s3("PutObject", "PUT", "/{}/digest", "BadDigest", 400, b"x", Content_MD5="XrY7u+Ae7tCTyyK7j1rNww=="),
    s3("PutObject", "PUT", "/{}/digest", "InvalidDigest", 400, b"x", Content_MD5="not-a-digest"),
    s3("ListObjectsV2", "GET", "/{}?list-type=2&max-keys=many", "InvalidArgument", 400),
    s3("ListObjectsV2", "GET", "/{}?list-type=2&continuation-token=made-up", "InvalidArgument", 400),
    s3("DeleteObjects", "POST", "/{}?delete", "MalformedXML", 400, "<Delete><Object>"),
    s3("CompleteMultipartUpload", "POST", "/{}/key?uploadId=made-up", "NoSuchUpload", 404, PARTS),
    s3("AbortMultipartUpload", "DELETE", "/{}/key?uploadId=made-up", "NoSuchUpload", 404),
    s3("UploadPart", "PUT", "/{}/key?partNumber=10001&uploadId=made-up", "InvalidArgument", 400, b"x"),
    s3("CopyObject", "PUT", "/{}/copy", "NoSuchKey", 404, x_amz_copy_source="/{}/never-put"),
    s3("PutObjectTagging", "PUT", "/{}/never-put?tagging", "NoSuchKey", 404, "<Tagging><TagSet></TagSet></Tagging>"),
    s3("GetBucketPolicy", "GET", "/{}?policy", "NotImplemented", 501, says=any_of("GetBucketPolicy")),
    s3("DeleteBucket", "DELETE", "/{}", "BucketNotEmpty", 409),
]  # fmt: skip

ROWS = SAGEMAKER + RUNTIME + STS + IAM + LOGS + METRICS + S3


def name_of(row):
    service, operation, given, code, *_ = row
    given = "…" if callable(given) else str(given)
    return f"{service}.{operation}-{code}-{given[:40]}"


@pytest.fixture(scope="module")
def c(server, ready):
    """What rows are about."""
    made = server.client(SM).describe_model(ModelName=ready.model)
    bucket = work.bucket(server)
    server.client("s3").put_object(Bucket=bucket, Key="there", Body=b"x" * 10)
    return types.SimpleNamespace(
        endpoint=ready.endpoint,
        model=ready.model,
        model_arn=made["ModelArn"],
        container=made["PrimaryContainer"],
        job=ready.job["TrainingJobName"],
        request=work.job_request(server, ready.job["TrainingJobName"], bucket),
        bucket=bucket,
    )


def whole_shape(service, answer):
    """All that an error of this service has besides its code and words."""
    status, headers, body = answer
    assert 400 <= status < 600 and (status < 500 or status in (501, 503)), f"{status}: clients try again after a 5xx"
    protocol = PROTOCOLS[service]
    if protocol in ("json", "rest-json"):
        assert headers["x-amzn-requestid"]
        said = json.loads(body)
        if protocol == "json":
            assert headers["content-type"] == f"application/x-amz-json-{model(service).metadata['jsonVersion']}"
            assert set(said) == {"__type", "message"}
        else:
            assert headers["content-type"] == "application/json" and headers["x-amzn-errortype"]
            assert set(said) in ({"message"}, {"ErrorCode", "LogStreamArn", "Message", "OriginalMessage", "OriginalStatusCode"})
    elif protocol == "query":
        assert headers["content-type"].startswith("text/xml") and headers["x-amzn-requestid"]
        assert re.search(rb"<ErrorResponse xmlns=\"https://[^\"]+\"><Error><Type>Sender</Type><Code>\w+</Code><Message>", body)
        assert re.search(rb"<RequestId>[^<]+</RequestId>", body)
    else:
        assert headers["content-type"] == "application/xml" and headers["x-amz-request-id"]
        assert re.match(rb"<\?xml [^>]*\?>\s*<Error><Code>\w+</Code><Message>", body)


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_an_odd_request_is_told_what_is_wrong(server, c, row):
    service, operation, given, code, says, more = row
    headers = {name: value.replace("{}", c.bucket) for name, value in more.get("headers", {}).items()}
    answer = call(server, service, operation, given(c) if callable(given) else given, headers)
    told = error_of(service, operation, answer)
    assert told is not None, answer
    assert told[0] == code, told
    assert told[1], "an error says something"
    if isinstance(says, str):
        assert told[1] == says
    else:
        assert says.search(told[1]), told[1]
    assert answer[0] == more.get("status", 400)
    whole_shape(service, answer)


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("ListModels", {"Whatever": [1, None, {"deep": "ü"}]}),
        ("ListModels", {"NameContains": None, "MaxResults": None}),
        ("ListModels", {"MaxResults": 5.0}),
        ("ListModels", b""),
        ("ListModels", b' \n{ "MaxResults" : 5 }\t'),
        ("ListEndpoints", {"CreationTimeAfter": 1.7e9, "CreationTimeBefore": 4_000_000_000}),
        ("ListTrainingJobs", {"NameContains": "a" * 63}),
    ],
)
def test_what_is_only_unusual_is_taken(server, operation, given):
    status, _, body = call(server, SM, operation, given)
    assert status == 200, body


def test_an_operation_that_is_not_here_names_itself_whatever_it_is(server):
    """Every operation of SageMaker's model is either in the table, or refused by its name."""
    here = table("sagemaker")
    absent = [name for name in model(SM).operation_names if name not in here]
    assert len(absent) > 200
    for name in absent:
        answer = call(server, SM, name, {})
        assert answer[0] == 400
        assert error_of(SM, name, answer) == ("UnknownOperationException", f"{name} of SageMaker is not available in Counterpoise")
    for name in here:
        code, _ = error_of(SM, name, call(server, SM, name, '{"')) or ("", "")
        assert code == "SerializationException", f"{name} is in the table and was not read"


def test_there_are_more_than_fifty_of_them():
    assert len(ROWS) >= 120
    assert {row[0] for row in ROWS} == {SM, "sagemaker-runtime", "sts", "iam", "logs", "cloudwatch", "s3"}
