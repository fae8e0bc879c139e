"""Fixtures over the built program. Nothing is left running, and a line at ERROR level in its log fails the run."""

import os
import tempfile
import types

import pytest

from support import boston as boston_data
from support import calls, operations, work
from support.program import Program


def pytest_addoption(parser):
    parser.addoption(
        "--every-operation",
        action="store_true",
        help="fail when an operation that is implemented was called by no test; for runs of all tests",
    )


def pytest_configure(config):
    # Workers inherit the folder, so that it holds the calls of all of them.
    if not hasattr(config, "workerinput"):
        config.calls = tempfile.TemporaryDirectory(prefix="counterpoise-calls-")
        os.environ[calls.FOLDER] = config.calls.name


def pytest_unconfigure(config):
    if hasattr(config, "calls"):
        config.calls.cleanup()


def pytest_collection_modifyitems(items):
    # What mostly sleeps begins first, so that the rest runs meanwhile.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    config = session.config
    if hasattr(config, "workerinput") or not config.getoption("--every-operation"):
        return
    config.uncalled = sorted(operations.implemented() - calls.read(config.calls.name))
    if config.uncalled and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", []):
                if getattr(report, "when", "") == "call" and name.startswith("measured "):
                    terminalreporter.write_line(f"{name}: {value}")
    uncalled = getattr(config, "uncalled", [])
    if uncalled:
        terminalreporter.write_line(f"implemented, but called with success by no test: {', '.join(uncalled)}")


def finish(program):
    """Stops it and looks at what it leaves."""
    program.stop()
    errors = program.errors()
    assert not errors, "its log has lines at ERROR level:\n" + "\n".join(errors)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One running program for all tests: .url, .folder, .env, .pid, .client(service)."""
    program = Program(tmp_path_factory.mktemp("workspace"))
    try:
        yield program
        assert program.running, f"it ended by itself with {program.process.returncode}: {program.said()}"
        finish(program)
    finally:
        if program.running:
            program.kill()


@pytest.fixture
def fresh_server(tmp_path_factory):
    """Makes a program for one test, with flags of its own: fresh_server("--require-signature"). It may be stopped, killed, restarted."""
    made = []

    def start(*flags, folder=None):
        made.append(Program(folder or tmp_path_factory.mktemp("workspace"), *flags))
        return made[-1]

    try:
        yield start
        for program in made:
            if program.running:
                finish(program)
    finally:
        for program in made:
            if program.running:
                program.kill()


@pytest.fixture
def client(server):
    """client("sagemaker"): a boto3 client of the shared server."""
    return server.client


@pytest.fixture
def unique():
    """unique("job"): a name that no other test uses."""
    return work.unique


@pytest.fixture
def bucket(server):
    """An empty bucket of one's own."""
    return work.bucket(server)


@pytest.fixture
def boston():
    """The Boston data: .text("train"), .features(3), .put(s3, bucket)."""
    return boston_data


@pytest.fixture(scope="session")
def ready(server):
    """What most tests need and none may change: a completed job, its model, a configuration, an endpoint in service."""
    job = work.train(server)
    model = work.make_model(server, job)
    config = work.make_config(server, model)
    endpoint = work.make_endpoint(server, config)
    return types.SimpleNamespace(job=job, model=model, config=config, endpoint=endpoint)


@pytest.fixture
def workspace(server):
    """The steps of `support.work` on the shared server: workspace.train(), workspace.make_model(job), workspace.deploy(), …"""
    steps = ("bucket", "train", "wait_for_job", "make_model", "make_config", "make_endpoint", "wait_for_endpoint", "deploy", "job_request")

    def bound(step):
        return lambda *given, **named: getattr(work, step)(server, *given, **named)

    return types.SimpleNamespace(unique=work.unique, wait=work.wait, **{step: bound(step) for step in steps})


@pytest.fixture
def measured(record_property):
    """measured("lesson", "12 s"): a figure for the end of the run. Nothing is judged by it."""
    return lambda name, value: record_property(f"measured {name}", value)
