"""What all commands have in common."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from refinery.cli.app import app

COMMANDS = [command.name or command.callback.__name__ for command in app.registered_commands]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_it_does_with_an_example(refinery, command):
    done = refinery(command, "--help", COLUMNS="200")
    assert done.returncode == 0
    assert f"Usage: refinery {command} " in done.stdout
    assert f"Example: refinery {command}" in done.stdout


def test_without_a_command_all_are_listed(refinery):
    done = refinery(COLUMNS="80")
    listed = [
        line.split()[1] for line in done.stdout.splitlines() if line.startswith("│ ") and line[2].isalpha()
    ]
    assert sorted(listed) == sorted(COMMANDS)
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["valdate"], "No such command 'valdate'. Did you mean 'validate'?"),
        (["list", "--envv", "x"], "No such option: --envv"),
        (["explain"], "Missing argument 'NAME'"),
        (["new", "x"], "Missing option '--source'"),
    ],
)
def test_a_slip_in_the_command_line_exits_with_2(refinery, arguments, message):
    done = refinery(*arguments, COLUMNS="120")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


@pytest.mark.parametrize(("in_terminal", "color"), [(True, True), (False, False)])
def test_an_error_is_one_message_in_red_where_that_can_be_seen(refinery, in_terminal, color):
    message = 'There is no pipeline "nope"'
    if in_terminal:
        status, shown = refinery.in_terminal("explain", "nope")
    else:
        done = refinery("explain", "nope")
        status, shown = done.returncode, done.stderr
    assert status == 1
    assert shown == (f"\033[31m{message}\033[0m\n" if color else f"{message}\n")


def test_ctrl_c_exits_with_130(refinery):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/churn.csv"
        with refinery.start("new", "churn", "--source", url) as process:
            silent.settimeout(30)
            connection, _ = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout, stderr) == (130, "", "")


@pytest.mark.parametrize(
    "arguments", [["list"], ["explain", "p0"], ["render", "p0"], ["validate", "--format", "json"]]
)
def test_a_reader_that_leaves_early_is_no_error(refinery, arguments):
    for number in range(200):
        refinery.write(f"configs/p{number}.yml", "sorce: x\n" if arguments[0] == "validate" else None)
    with refinery.start(*arguments) as process:
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(timeout=60)
    assert "Traceback" not in errors
    assert "BrokenPipe" not in errors


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_for_the_command_by_its_name(refinery, shell):
    script = refinery(_REFINERY_COMPLETE=f"source_{shell}").stdout
    assert "_REFINERY_COMPLETE=complete_" in script
    assert (
        script.rstrip().rstrip("'\"").split()[-1] in ("refinery", "refinery)")
        or "refinery" in script.splitlines()[-1]
    )


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("refinery ex", ["explain"]),
        ("refinery explain ch", ["churn"]),
        ("refinery explain team", ["team_a.churn"]),
        ("refinery list --env ", ["local", "prod"]),
    ],
)
def test_commands_pipelines_and_environments_are_completed(refinery, words, offered):
    refinery.write("configs/churn.yml")
    refinery.write("configs/team_a/churn.yml")
    refinery.write("configs/environments/prod.yml", "vars: {}\n")
    done = refinery(
        _REFINERY_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split(" ")) - 1)
    )
    assert done.stdout.split() == offered


def test_an_environment_that_was_not_made_to_its_end_is_reported(refinery, project):
    command = [sys.executable, "-S", "-m", "refinery", "list"]  # -S: without installed packages
    done = subprocess.run(command, cwd=refinery.root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is incomplete: typer is missing." in done.stderr
    assert done.stderr.endswith(f"make -C '{project}' setup\n")
