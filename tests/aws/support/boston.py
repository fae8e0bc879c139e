"""The Boston data as SageMaker's containers read CSV: no header, the label first."""

import csv
import functools

from .program import ROOT


@functools.cache
def rows():
    """All 506 districts: `medv`, then the thirteen features."""
    with open(ROOT / "assets" / "boston_housing.csv", encoding="utf-8", newline="") as file:
        return [[row[-1], *row[:-1]] for row in list(csv.reader(file))[1:]]


def text(part):
    """`train` (two thirds), `validation` or `test` as CSV. Rows are dealt in turn, so that no part is a district of its own."""
    chosen = {"train": (0, 1, 3, 4), "validation": (2,), "test": (5,)}[part]
    return "".join(",".join(row) + "\n" for index, row in enumerate(rows()) if index % 6 in chosen)


def features(count=1, start=0):
    """Bodies to invoke with: `count` rows without their label."""
    return "\n".join(",".join(row[1:]) for row in rows()[start : start + count])


def put(s3, bucket, prefix="boston"):
    """Writes train and validation below `prefix`; the addresses by channel."""
    for part in ("train", "validation"):
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{part}.csv", Body=text(part).encode(), ContentType="text/csv")
    return {part: f"s3://{bucket}/{prefix}/{part}.csv" for part in ("train", "validation")}
