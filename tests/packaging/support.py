"""The packages under test, made once out of the binary that MOLECULE_BIN names, and a client that says hello to
whatever was installed from them."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BINARY = Path(os.environ["MOLECULE_BIN"]).resolve()
RELEASE = ROOT / "packaging/release"
BASE_URL = "https://example.com/molecule-org-mcp/releases"
sys.path.insert(0, str(ROOT / "packaging/make"))

from facts import NAME, VERSION  # noqa: E402

IMAGE = f"registry.example.com/molecule/{NAME}:{VERSION}"


def scratch():
    """A directory that goes when the tests are over."""
    path = Path(tempfile.mkdtemp(prefix="molecule-packaging-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def environment(**more):
    """Ours, without what concerns a server, or whoever releases for real."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MOLECULE_", "RELEASE_"))}
    return ours | {"SOURCE_DATE_EPOCH": "1700000000"} | more


def run(*command, **more):
    """What a command prints; what it says on stderr where it fails."""
    more = {"env": environment(), "text": True, "capture_output": True, "timeout": 60} | more
    done = subprocess.run([str(word) for word in command], **more)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def release(*arguments, out=None, **more):
    out = out or scratch() / "dist"
    run(RELEASE, "--out", out, *arguments, **more)
    return out


@cache
def released():
    """Everything that one binary gives."""
    return release("--binary", BINARY, "--base-url", BASE_URL, "--image", IMAGE)


def made(pattern):
    """The one package of that name."""
    found = list(released().glob(pattern))
    assert len(found) == 1, f"{pattern}: {found}"
    return found[0]


@cache
def unpacked():
    """The plain archive, as whoever downloads it sees it."""
    into = scratch()
    run("tar", "-xzf", made("*-linux.tar.gz"), "-C", into)
    return next(into.iterdir())


def light(package, program):
    """A copy of an unpacked package with hardly any program in it, which packs in no time."""
    copy = scratch() / "package"
    shutil.copytree(package, copy)
    (copy / program).write_bytes(b"not much")
    return copy


def greeted(command, **variables):
    """What a server started so answers to `initialize`, having ended well when its input ended."""
    variables = {"MOLECULE_MCP_DATA": str(scratch())} | variables
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "packaging", "version": "1"},
        },
    }
    said = run(*command, env=environment(**variables), input=json.dumps(hello) + "\n")
    return json.loads(said.splitlines()[0])["result"]["serverInfo"]
