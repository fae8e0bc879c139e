"""SageMaker's Python SDK: programs written for AWS, run with no change but the environment."""

import pytest

from support import sdk

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("line", "script"), [("sdk1", "course_sdk1.py"), ("sdk2", "course_sdk2.py")])
def test_a_lesson_runs_with_no_change_but_the_environment(server, tmp_path, measured, line, script):
    said = sdk.run(server, line, script, tmp_path)
    seconds = float(said.strip().splitlines()[-1].removeprefix("seconds "))
    measured(f"lesson with {line}", f"{seconds:.1f} s")


@pytest.mark.parametrize(("line", "script"), [("sdk1", "high_level_sdk1.py"), ("sdk2", "high_level_sdk2.py")])
def test_the_high_level_goes_from_fit_to_delete(server, tmp_path, line, script):
    sdk.run(server, line, script, tmp_path)


@pytest.mark.parametrize("line", ["sdk1", "sdk2"])
def test_a_failed_job_is_an_exception_with_its_reason(server, tmp_path, line):
    said = sdk.run(server, line, "failing_job.py", tmp_path)
    assert "UnexpectedStatusException" in said
    assert "not-a-number" in said


def test_the_third_line_trains(server, tmp_path):
    sdk.run(server, "sdk3", "train_sdk3.py", tmp_path)
