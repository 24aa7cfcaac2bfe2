"""What the program says about itself: completions, manual pages, and the tools that a bundle lists."""

import json
import os
import subprocess
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from facts import NAME
from packing import TIME

# As each shell looks for it.
COMPLETIONS = {
    "bash": f"{NAME}.bash",
    "fish": f"{NAME}.fish",
    "powershell": f"_{NAME}.ps1",
    "zsh": f"_{NAME}",
}


def run(binary, *arguments):
    # What the operator of this machine has set up isn't what is packaged.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOLECULE_")}
    with tempfile.TemporaryDirectory() as data:
        environment["MOLECULE_MCP_DATA"] = data
        return subprocess.run([binary.path, *arguments], env=environment, capture_output=True, check=True).stdout


def completions(binary):
    return {f"completions/{file}": run(binary, "completions", shell) for shell, file in COMPLETIONS.items()}


def manual(binary):
    date = datetime.fromtimestamp(TIME, timezone.utc).date().isoformat()
    with tempfile.TemporaryDirectory() as pages:
        run(binary, "man", "--date", date, pages)
        return {f"man/man1/{page.name}": page.read_bytes() for page in Path(pages).iterdir()}


def tools(binary):
    """What a client is shown at first."""
    listed = json.loads(run(binary, "tools", "--json"))["tools"]
    return [{"name": tool["name"], "description": tool["description"]} for tool in listed]
