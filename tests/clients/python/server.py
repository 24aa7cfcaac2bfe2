"""The server under test: the binary that MOLECULE_BIN names, with an embedded tenant in a directory of
its own."""

import os
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

BINARY = os.environ["MOLECULE_BIN"]
# Nobody is asked and nobody waits: these tests are about clients.
WAIVED = Path(__file__).resolve().parents[2] / "fixtures" / "waived.toml"
# A client is believed at every door when it says that a person agreed.
TRUSTED = WAIVED.with_name("trusted.toml")
# Some systems let a checkout be written to by the group, which no policy file may be.
for policy in (WAIVED, TRUSTED):
    policy.chmod(0o644)


def environment(data, policy=WAIVED):
    """What concerns the server; without a policy, the built-in one holds."""
    return {"MOLECULE_MCP_DATA": data} | ({"MOLECULE_MCP_POLICY": str(policy)} if policy else {})


def clean_environment():
    """Ours, without what concerns the server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MOLECULE_")}


@contextmanager
def over_http(data, policy=WAIVED):
    """A server on a port of its own: its address and its owner's bearer."""
    env = clean_environment() | environment(data, policy)
    command = [BINARY, "http", "--embedded", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    rest = None
    late = threading.Timer(20, process.kill)
    late.start()
    try:
        address, bearer_file = told(process.stderr)
        late.cancel()
        # Whatever else it says mustn't fill the pipe.
        rest = threading.Thread(target=process.stderr.read)
        rest.start()
        with open(bearer_file, encoding="utf-8") as file:
            bearer = file.read().strip()
        yield address, bearer
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=5)
        assert code == 0, f"the server ended with {code}"
    finally:
        late.cancel()
        process.kill()
        process.wait()
        if rest:
            rest.join()
        process.stderr.close()


def told(lines):
    found, said = {}, ""
    for line in lines:
        said += line
        word, _, rest = line.strip().partition(" ")
        found[word] = rest
        if "ready" in found and "bearer:" in found:
            return found["ready"], found["bearer:"].removeprefix("in ")
    raise AssertionError(f"the server ended before it was ready:\n{said}")
