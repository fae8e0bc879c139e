"""Which operations the program has, read from the tables that dispatch them: `OPERATIONS` of each service in `src/aws`."""

import re

from .program import ROOT

# Folders of `src/aws`, and what botocore calls the service.
SERVICES = {
    "sagemaker": "sagemaker",
    "runtime": "sagemaker-runtime",
    "s3": "s3",
    "sts": "sts",
    "iam": "iam",
    "logs": "logs",
    "cloudwatch": "cloudwatch",
    "training_metrics": "sagemaker-metrics",
}
TABLE = re.compile(r"\bOPERATIONS\b[^=;]*(?:; \d+\][^=]*)?=(.*?)\];", re.DOTALL)
NAME = re.compile(r'"([A-Z][A-Za-z0-9]+)"')


def table(folder):
    """The names in one service's table."""
    sources = sorted((ROOT / "src" / "aws" / folder).rglob("*.rs"))
    found = [name for path in sources for rows in TABLE.findall(path.read_text(encoding="utf-8")) for name in NAME.findall(rows)]
    assert found, f"no table of operations is found in src/aws/{folder}"
    return found


def implemented():
    """All operations, as `service.Operation` in botocore's names."""
    return {f"{service}.{name}" for folder, service in SERVICES.items() for name in table(folder)}
