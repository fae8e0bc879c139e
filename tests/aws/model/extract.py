"""Takes from botocore's service models what the wire needs to know, and writes it to assets/aws/.

    python tests/aws/model/extract.py [--check] [folder]

For every service: the names of all its operations; for the operations that Counterpoise has or is about to have: the shapes of their
inputs. Facts only: members, which are required, types, bounds, patterns, enumerations. No documentation. The same botocore gives the same
bytes. With --check nothing is written, and the exit code says whether the files are up to date.
"""

import argparse
import gzip
import io
import json
import re
import sys
from pathlib import Path

import botocore
from botocore.loaders import Loader

# Service: a pattern that the operations match whose inputs are kept.
SERVICES = {
    "sagemaker": r"(Create|Describe|Update|Delete|Stop|Start|List)"
    r"(TrainingJob|Model|EndpointConfig|Endpoint|Tag|HyperParameterTuningJob|TransformJob|NotebookInstance|NotebookInstanceLifecycleConfig)s?"
    r"|AddTags|Search|GetSearchSuggestions|UpdateEndpointWeightsAndCapacities|ListTrainingJobsForHyperParameterTuningJob"
    r"|CreatePresignedNotebookInstanceUrl",
    "sagemaker-runtime": r".*",
    "sagemaker-metrics": r".*",
    "logs": r"(Create|Delete|Describe)Log(Group|Stream)s?|GetLogEvents|FilterLogEvents|PutLogEvents|PutRetentionPolicy|DeleteRetentionPolicy"
    r"|TagResource|UntagResource|ListTagsForResource|TagLogGroup|UntagLogGroup|ListTagsLogGroup|GetLogRecord|StartQuery|StopQuery|GetQueryResults|DescribeQueries",
    "cloudwatch": r"GetMetric(Statistics|Data)|ListMetrics|PutMetricData|(Describe|Delete)Alarms|DescribeAlarmsForMetric|PutMetricAlarm"
    r"|SetAlarmState|(Enable|Disable)AlarmActions|DescribeAlarmHistory"
    r"|TagResource|UntagResource|ListTagsForResource",
    "s3": r"",
    "sts": r".*",
    "iam": r"(Get|Create|Delete|List|Update)Roles?|(Attach|Detach)RolePolicy|ListAttachedRolePolicies|SimulatePrincipalPolicy|GetUser|ListRolePolicies|(Get|Put)RolePolicy",
}


def shape_facts(shape):
    """The facts of one shape, without prose and without what only answers need."""
    kind = shape["type"]
    facts = {"type": kind}
    for key in ("min", "max", "pattern", "enum"):
        if key in shape and shape[key] != []:
            facts[key] = shape[key]
    if shape.get("sensitive"):
        facts["sensitive"] = True
    if kind == "structure":
        # In the order of the model, which is the order in which broken rules are told.
        required = shape.get("required", [])
        facts["members"] = [[name, member["shape"], name in required] for name, member in shape["members"].items()]
    elif kind == "list":
        facts["of"] = shape["member"]["shape"]
    elif kind == "map":
        facts["key"] = shape["key"]["shape"]
        facts["of"] = shape["value"]["shape"]
    return facts


def children(facts):
    """The names of the shapes that one shape leads to."""
    yield from (shape for _, shape, _ in facts.get("members", []))
    yield from (facts[key] for key in ("key", "of") if key in facts)


def extract(loader, service, kept):
    """The facts of one service."""
    model = loader.load_service_model(service, "service-2")
    shapes, inputs, waiting = {}, {}, []
    for name, operation in model["operations"].items():
        if re.fullmatch(kept, name) and "input" in operation:
            inputs[name] = operation["input"]["shape"]
            waiting.append(inputs[name])
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = shape_facts(model["shapes"][name])
            waiting.extend(children(shapes[name]))
    metadata = model["metadata"]
    return {
        "service": service,
        "version": metadata["apiVersion"],
        "source": f"botocore {botocore.__version__}",
        "operations": sorted(model["operations"]),
        "inputs": inputs,
        "shapes": shapes,
    }


def pack(facts):
    """JSON, compressed; no time and no name in the gzip header, so that equal facts are equal bytes."""
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    raw = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as packed:
        packed.write(text.encode())
    return raw.getvalue()


def main():
    """Writes the files, or says whether they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parents[3] / "assets" / "aws")
    arguments = parser.parse_args()
    loader, stale = Loader(), []
    for service, kept in SERVICES.items():
        facts = extract(loader, service, kept)
        path = arguments.folder / f"{service}.json.gz"
        if arguments.check:
            # The facts and not the bytes: another zlib packs the same facts differently.
            known = json.loads(gzip.decompress(path.read_bytes())) if path.exists() else None
            if known != facts:
                stale.append(path.name)
        else:
            packed = pack(facts)
            path.write_bytes(packed)
            print(f"{path.name}: {len(facts['operations'])} operations, {len(facts['inputs'])} inputs, {len(facts['shapes'])} shapes, {len(packed)} bytes")
    if stale:
        sys.exit(f"out of date: {', '.join(stale)}: run {Path(__file__).name} with botocore {botocore.__version__}")


if __name__ == "__main__":
    main()
