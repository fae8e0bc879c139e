"""S3 through boto3: what the command line does not ask for."""

import hashlib

import pytest
from botocore.exceptions import ClientError

from support import work

PART = 5 << 20
"""The least that a part other than the last may hold, bytes."""


@pytest.fixture
def s3(client):
    return client("s3")


def code(error):
    return error.value.response["Error"]["Code"]


def test_a_bucket_lives_and_is_gone(s3, unique):
    name = unique("short-lived")
    s3.create_bucket(Bucket=name)
    assert s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None, "as us-east-1 says it"
    assert "Status" not in s3.get_bucket_versioning(Bucket=name), "never switched on"
    s3.put_object(Bucket=name, Key="in/the/way", Body=b"x")
    with pytest.raises(ClientError) as error:
        s3.delete_bucket(Bucket=name)
    assert code(error) == "BucketNotEmpty"
    s3.delete_object(Bucket=name, Key="in/the/way")
    s3.delete_object(Bucket=name, Key="in/the/way")  # what is gone already is no error
    s3.delete_bucket(Bucket=name)
    with pytest.raises(ClientError) as error:
        s3.head_bucket(Bucket=name)
    assert code(error) == "404"


def test_tags_of_an_object(s3, bucket):
    where = {"Bucket": bucket, "Key": "tagged"}
    s3.put_object(**where, Body=b"x", Tagging="stage=raw")
    assert s3.get_object_tagging(**where)["TagSet"] == [{"Key": "stage", "Value": "raw"}]
    s3.put_object_tagging(**where, Tagging={"TagSet": [{"Key": "stage", "Value": "clean"}, {"Key": "ümlaut", "Value": ""}]})
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(**where)["TagSet"]}
    assert tags == {"stage": "clean", "ümlaut": ""}
    s3.delete_object_tagging(**where)
    assert s3.get_object_tagging(**where)["TagSet"] == []


def test_both_lists_page_through_the_same_keys(s3, bucket):
    keys = [f"a/{n:02}" for n in range(7)] + ["b", "c d+ü"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for operation in ("list_objects", "list_objects_v2"):
        pages = list(s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 4}))
        assert [found["Key"] for page in pages for found in page["Contents"]] == keys, operation
        assert [len(page["Contents"]) for page in pages] == [4, 4, 1], operation
    top = s3.list_objects(Bucket=bucket, Delimiter="/")
    assert [found["Prefix"] for found in top["CommonPrefixes"]] == ["a/"]
    assert [found["Key"] for found in top["Contents"]] == ["b", "c d+ü"]


def test_an_object_in_parts_by_hand(s3, bucket):
    source = {"Bucket": bucket, "Key": "source"}
    s3.put_object(**source, Body=b"0123456789" * 100)
    where = {"Bucket": bucket, "Key": "parts/whole"}
    upload = s3.create_multipart_upload(**where, ContentType="text/x-parts")["UploadId"]
    assert [found["UploadId"] for found in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    first = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"a" * PART)["ETag"]
    second = s3.upload_part_copy(**where, UploadId=upload, PartNumber=2, CopySource=source, CopySourceRange="bytes=10-19")
    second = second["CopyPartResult"]["ETag"]
    assert [(part["PartNumber"], part["Size"]) for part in s3.list_parts(**where, UploadId=upload)["Parts"]] == [(1, PART), (2, 10)]
    parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
    done = s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    sums = hashlib.md5(b"a" * PART).digest() + hashlib.md5(b"0123456789").digest()
    assert done["ETag"] == f'"{hashlib.md5(sums).hexdigest()}-2"', "as AWS makes it of the parts' own"
    got = s3.get_object(**where)
    assert got["ContentType"] == "text/x-parts" and got["Body"].read() == b"a" * PART + b"0123456789"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_an_upload_that_is_given_up_leaves_nothing(s3, bucket):
    where = {"Bucket": bucket, "Key": "never"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(**where, UploadId=upload)
    with pytest.raises(ClientError) as error:
        s3.list_parts(**where, UploadId=upload)
    assert code(error) == "NoSuchUpload"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_ranges_and_conditions(s3, bucket):
    where = {"Bucket": bucket, "Key": "ten"}
    etag = s3.put_object(**where, Body=b"0123456789")["ETag"]
    part = s3.get_object(**where, Range="bytes=2-4")
    assert (part["Body"].read(), part["ContentRange"]) == (b"234", "bytes 2-4/10")
    assert s3.get_object(**where, Range="bytes=-3")["Body"].read() == b"789"
    with pytest.raises(ClientError) as error:
        s3.get_object(**where, Range="bytes=10-")
    assert code(error) == "InvalidRange"
    with pytest.raises(ClientError) as error:
        s3.get_object(**where, IfNoneMatch=etag)
    assert code(error) == "304"
    with pytest.raises(ClientError) as error:
        s3.put_object(**where, Body=b"other", IfNoneMatch="*")
    assert code(error) == "PreconditionFailed"
    assert s3.get_object(**where, IfMatch=etag)["Body"].read() == b"0123456789"


def test_bulk_delete_says_what_it_did(s3, server):
    name = work.bucket(server)
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=name, Key=key, Body=b"x")
    answer = s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": key} for key in ("a", "b", "none")]})
    assert {deleted["Key"] for deleted in answer["Deleted"]} == {"a", "b", "none"} and "Errors" not in answer
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=name)["Contents"]] == ["c"]
