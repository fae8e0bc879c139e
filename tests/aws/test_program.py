"""The program as a process, seen from its clients."""

import urllib.request

import pytest


def ping(program):
    with urllib.request.urlopen(program.url + "/ping", timeout=10) as answer:
        return answer.status


def test_the_shared_server_answers(server):
    assert ping(server) == 200
    assert server.env["AWS_ENDPOINT_URL"] == server.url


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_comes_back_on_its_folder_and_port(fresh_server, end):
    program = fresh_server()
    before = program.url
    getattr(program, end)()
    with pytest.raises(OSError):
        ping(program)
    program.restart()
    assert program.url == before
    assert ping(program) == 200
