"""Which operations were called, and answered, by any test of the run: each process appends to a file of its own."""

import os
import pathlib

FOLDER = "COUNTERPOISE_CALLS"
_seen = set()


def record(client):
    """Has `client` note every operation that succeeds."""
    client.meta.events.register("after-call.*", _note)


def _note(http_response, model, **_):
    if http_response.status_code >= 400:
        return
    call = f"{model.service_model.service_name}.{model.name}"
    folder = os.environ.get(FOLDER)
    if folder and call not in _seen:
        _seen.add(call)
        with open(pathlib.Path(folder) / f"{os.getpid()}.txt", "a", encoding="utf-8") as file:
            file.write(call + "\n")


def read(folder):
    """All calls of all processes, as `service.Operation` in botocore's names."""
    return {line for file in pathlib.Path(folder).glob("*.txt") for line in file.read_text(encoding="utf-8").split()}
