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
BINARY = Path(os.environ["MOLECULE_BIN"]).resolve()
RELEASE = ROOT / "packaging/release"
BASE_URL = "https://example.com/molecule-org-mcp/releases"
sys.path.insert(0, str(ROOT / "packaging/make"))

from binary import Binary  # noqa: E402
from facts import NAME, VERSION  # noqa: E402

import foreign  # noqa: E402

# What the binary runs on.
HERE = Binary.read(BINARY).target
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
    more = {"env": environment(), "text": True, "capture_output": True, "timeout": 300} | more
    done = subprocess.run([str(word) for word in command], **more)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def program(content):
    path = scratch() / "program"
    path.write_bytes(content)
    return path


def release(out=None, **more):
    """As the last machine of a release calls it: with our binary, and as good as one for each other target."""
    out = out or scratch() / "dist"
    others = [program(content) for target, content in foreign.PROGRAMS.items() if target != HERE.npm]
    binaries = [word for path in [BINARY, *others] for word in ("--binary", path)]
    run(RELEASE, "--out", out, *binaries, "--base-url", BASE_URL, "--image", IMAGE, **more)
    return out


released = cache(release)


def made(name):
    """One file of the release."""
    found = list(released().glob(name))
    assert len(found) == 1, f"{name}: {found}"
    return found[0]


@cache
def unpacked():
    """The plain archive, as whoever downloads it sees it."""
    into = scratch()
    run("tar", "-xzf", made(f"*-{HERE.archive}.tar.gz"), "-C", into)
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
