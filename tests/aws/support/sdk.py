"""SageMaker's Python SDK in environments of their own: a program runs there with what `counterpoise env` prints and nothing more."""

import os
import pathlib
import subprocess

import pytest

from . import boston
from .program import ROOT, binary, clean_environment

PROGRAMS = pathlib.Path(__file__).resolve().parents[1] / "programs"
HANG = 300
"""Seconds after which a program is taken to hang. Not a measure of speed: that is reported, not judged."""


def python(line):
    """The interpreter of one line of the SDK. Tests that need it are left out, and say so, where it was not installed."""
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    environments = pathlib.Path(os.environ.get("COUNTERPOISE_CLIENTS", target / "clients"))
    found = environments / line / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not found.exists():
        pytest.skip(f"{line} is not installed in {environments}")
    return found


def variables(program):
    """What a shell has after `eval "$(counterpoise env --data FOLDER)"`."""
    before = clean_environment()
    command = [str(binary()), "env", "--data", str(program.folder)]
    printed = subprocess.run(command, env=before, capture_output=True, text=True, timeout=60)
    assert printed.returncode == 0, printed.stderr
    shell = subprocess.run(
        ["bash", "-c", 'eval "$1" && env -0', "-", printed.stdout], env=before, capture_output=True, text=True, timeout=60
    )
    assert shell.returncode == 0, f"{shell.stderr}\n{printed.stdout}"
    after = dict(line.split("=", 1) for line in shell.stdout.split("\0") if line)
    return {name: value for name, value in after.items() if before.get(name) != value and name not in ("_", "SHLVL", "PWD")}


def run(program, line, script, home, *arguments):
    """Runs a script of `programs` to its end, which must be good; what it printed. `home` is an empty folder."""
    data = pathlib.Path(home) / "data"
    data.mkdir()
    for part in ("train", "validation", "test"):
        (data / f"{part}.csv").write_text(boston.text(part), encoding="utf-8")
    environment = clean_environment() | variables(program) | {"HOME": str(home), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [str(python(line)), str(PROGRAMS / script), str(data), *arguments],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
