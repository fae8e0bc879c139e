"""SageMaker's Python SDK: programs written for AWS, run with no change but the environment."""

import os
import re

import pytest

from support import sdk

pytestmark = pytest.mark.slow

LINES = ["sdk1", "sdk2"]
# Its environment takes 1 GB and minutes to install: only for those who ask for it.
NEWEST = ["sdk3"] if os.environ.get("COUNTERPOISE_SDK3") == "1" else []


@pytest.mark.parametrize("line", LINES + NEWEST)
def test_a_lesson_runs_with_no_change_but_the_environment(server, tmp_path, measured, line):
    said = sdk.run(server, line, f"course_{line}.py", tmp_path)
    # The newest line of the SDK draws boxes until it ends.
    seconds = float(re.findall(r"\bseconds ([0-9.]+)", said)[-1])
    measured(f"lesson with {line}", f"{seconds:.1f} s")
    # Four to nineteen on two cores. More means that the SDK slept for half a minute because of an answer that should have waited.
    assert seconds < 30


@pytest.mark.parametrize("line", LINES)
def test_the_high_level_goes_from_fit_to_delete(server, tmp_path, line):
    sdk.run(server, line, f"high_level_{line}.py", tmp_path)


def test_records_of_the_sdk_are_trained_on_and_answered(server, tmp_path):
    sdk.run(server, "sdk1", "recordio_sdk1.py", tmp_path)


@pytest.mark.parametrize("line", LINES)
def test_a_failed_job_is_an_exception_with_its_reason(server, tmp_path, line):
    said = sdk.run(server, line, "failing_job.py", tmp_path)
    assert "UnexpectedStatusException" in said
    assert "not-a-number" in said


@pytest.mark.parametrize("line", LINES)
def test_the_curves_of_a_job_are_a_table(server, ready, tmp_path, line):
    said = sdk.run(server, line, "analytics.py", tmp_path, ready.job["TrainingJobName"])
    assert "validation:rmse" in said
