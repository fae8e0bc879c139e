"""Many clients at once on one server: nobody is refused, nobody waits for long, nothing is logged as an error."""

import concurrent.futures
import pathlib
import threading
import time

CLIENTS = 250
HANG = 240
"""Seconds after which the crowd is taken to hang. Not a measure of speed: that is reported, not judged."""


def connections(pid):
    """How many sockets a process has open; `None` where the system does not say."""
    folder = pathlib.Path(f"/proc/{pid}/fd")
    if not folder.is_dir():
        return None
    links = (link for link in folder.iterdir() if link.is_symlink())
    return sum(1 for link in links if str(link.readlink()).startswith("socket:"))


def test_250_clients_list_describe_invoke_put_and_get_at_once(server, ready, bucket, boston, measured):
    row = boston.features(1)
    expected = server.client("sagemaker-runtime").invoke_endpoint(EndpointName=ready.endpoint, ContentType="text/csv", Body=row)
    expected = expected["Body"].read()
    services = ("sagemaker", "sagemaker-runtime", "s3")
    crowd = server.crowd(services, CLIENTS)
    begin = threading.Barrier(CLIENTS, timeout=60)
    # When the last client has come halfway, all of them are there, each with a connection a service.
    open_halfway = []
    halfway = threading.Barrier(CLIENTS, action=lambda: open_halfway.append(connections(server.pid)), timeout=HANG)

    def work(number):
        sagemaker, runtime, s3 = (crowd[number][service] for service in services)
        begin.wait()
        begun = time.monotonic()
        body = f"{number} ".encode() * 1000
        key = f"crowd/{number}.txt"
        for turn in range(2):
            if turn == 1:
                halfway.wait()
            s3.put_object(Bucket=bucket, Key=key, Body=body)
            names = [each["EndpointName"] for each in sagemaker.list_endpoints(NameContains=ready.endpoint)["Endpoints"]]
            assert names == [ready.endpoint]
            assert sagemaker.describe_endpoint(EndpointName=ready.endpoint)["EndpointStatus"] == "InService"
            assert sagemaker.describe_training_job(TrainingJobName=ready.job["TrainingJobName"])["TrainingJobStatus"] == "Completed"
            answer = runtime.invoke_endpoint(EndpointName=ready.endpoint, ContentType="text/csv", Body=row)
            assert answer["Body"].read() == expected
            assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
        return time.monotonic() - begun

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        waiting = [pool.submit(work, number) for number in range(CLIENTS)]
        done, late = concurrent.futures.wait(waiting, timeout=HANG)
        assert not late, f"{len(late)} clients still wait after {HANG} s"
    longest = max(each.result() for each in done)
    assert open_halfway[0] is None or open_halfway[0] >= CLIENTS, f"{open_halfway[0]} connections at once"
    measured(f"{CLIENTS} clients, 12 calls each", f"{time.monotonic() - begun:.1f} s, the last one's {longest:.1f} s, {open_halfway[0]} connections at once")

    pages = server.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="crowd/")
    assert sum(len(page["Contents"]) for page in pages) == CLIENTS
    assert server.errors() == []
