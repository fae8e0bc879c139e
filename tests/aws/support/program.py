"""The built program as a process: started, spoken to through boto3, stopped or killed, its log read."""

import contextlib
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import threading

import boto3
from botocore.config import Config

from . import calls

ROOT = pathlib.Path(__file__).resolve().parents[3]
REGION = "us-east-1"
KEY, SECRET = "AKIACOUNTERPOISE0000", "any-well-formed-signature-passes"
ERROR_LINE = re.compile(r"^\S+\s+ERROR\b")
# Variables of the person who runs the tests that would lead a client elsewhere.
FOREIGN = re.compile(r"^(AWS_|BOTO_|SAGEMAKER_|(HTTPS?|ALL|NO)_PROXY$|(REQUESTS|CURL)_CA_BUNDLE$)", re.IGNORECASE)
# The environment of this process is what boto3 reads: one client at a time is made from it.
ENVIRONMENT = threading.Lock()


def binary():
    """The program under test: COUNTERPOISE_BIN, or what cargo built."""
    named = os.environ.get("COUNTERPOISE_BIN")
    if named:
        return pathlib.Path(named)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    name = "counterpoise.exe" if os.name == "nt" else "counterpoise"
    return ROOT / target / "debug" / name


def clean_environment():
    """This process's environment without anything that AWS clients heed."""
    return {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}


class Program:
    """`counterpoise serve` on a folder."""

    def __init__(self, folder, *flags):
        self.folder = pathlib.Path(folder)
        self.process = None
        self.url = None
        self.credentials = (KEY, SECRET)
        self._clients = {}
        self.start(*flags)

    def start(self, *flags):
        """Starts it, on the port of the last start if there was one, and waits until it is ready."""
        port = self.url.rsplit(":", 1)[1] if self.url else "0"
        command = [binary(), "serve", "--port", port, "--data", self.folder, *flags]
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=clean_environment(),
            text=True,
        )
        said, heard = [], queue.SimpleQueue()

        def listen(pipe):
            for line in pipe:
                said.append(line)
                heard.put(line)
            heard.put("")

        # To its end: a full pipe would stop it.
        self._said = said
        self._reader = threading.Thread(target=listen, args=[self.process.stdout], daemon=True)
        self._reader.start()
        while True:
            try:
                line = heard.get(timeout=60)
            except queue.Empty:
                self.kill()
                raise AssertionError(f"not ready after 60 s: {''.join(said)}") from None
            if line.startswith("ready "):
                self.url = line.split()[1]
                break
            if not line:
                raise AssertionError(f"ended with {self.process.wait()} before it was ready: {''.join(said)}")

    def take_its_key(self):
        """From here on, clients sign with the workspace's own key."""
        note = json.loads((self.folder / "server.json").read_text(encoding="utf-8"))
        variables = dict(note["environment"])
        self.credentials = (variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
        self._clients = {}

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process.poll() is None

    @property
    def variables(self):
        """What a client needs to find this server: an address, keys, a region; and no settings of the person's own."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.credentials[0],
            "AWS_SECRET_ACCESS_KEY": self.credentials[1],
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def env(self):
        """The whole environment of a client's process."""
        return clean_environment() | self.variables

    def client(self, service, **settings):
        """A boto3 client led here by the environment alone. It checks parameters as always, and tries nothing twice: a retry would
        hide a failure. Without settings, the same client each time."""
        if not settings and service in self._clients:
            return self._clients[service]
        config = Config(retries={"total_max_attempts": 1}).merge(settings.pop("config", None) or Config())
        with self._led_here():
            made = boto3.session.Session().client(service, config=config, **settings)
        calls.record(made)
        if not settings and config.retries == {"total_max_attempts": 1}:
            self._clients[service] = made
        return made

    def crowd(self, services, count):
        """So many sets of clients, {service: client}, each client with connections of its own. One session makes them all, because every
        session reads the services' large models from disk."""
        config = Config(retries={"total_max_attempts": 1})
        with self._led_here():
            session = boto3.session.Session()
            made = [{service: session.client(service, config=config) for service in services} for _ in range(count)]
        for clients in made:
            for client in clients.values():
                calls.record(client)
        return made

    @contextlib.contextmanager
    def _led_here(self):
        """The environment of a client's process, for as long as one is made."""
        with ENVIRONMENT:
            before = dict(os.environ)
            try:
                os.environ.clear()
                os.environ.update(self.env)
                yield
            finally:
                os.environ.clear()
                os.environ.update(before)

    def stop(self):
        """Asks it to end as a service manager does, and expects that it ends well."""
        if self.running:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("it did not end within 60 s of SIGTERM") from None
        self._reader.join(10)
        assert self.process.returncode == 0, f"it ended with {self.process.returncode}: {self.said()}"

    def kill(self):
        """Ends it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def restart(self, *flags):
        """Starts it again on the same folder and port, after `stop` or `kill`."""
        assert not self.running, "it still runs"
        self.start(*flags)

    def said(self):
        """Its output so far."""
        return "".join(self._said)

    def log(self):
        """The lines of its own log."""
        return (self.folder / "logs" / "counterpoise.log").read_text(encoding="utf-8").splitlines()

    def errors(self):
        """The lines of its log at level ERROR."""
        return [line for line in self.log() if ERROR_LINE.match(line)]
