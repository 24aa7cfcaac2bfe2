"""What every package says about this program. Cargo.toml says it first; where a package's own file must say a
version, it is held against that."""

import hashlib
import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"

CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
NAME, VERSION, DESCRIPTION, LICENSE = (CARGO[key] for key in ("name", "version", "description", "license"))
HOMEPAGE = "https://moleculesai.app"

# What the registry knows this server by; npm's and PyPI's packages and the image name it, to show that they are ours.
SERVER = json.loads((PACKAGING / "registry/server.json").read_text())
SERVER_NAME = SERVER["name"]
NPM = json.loads((PACKAGING / "npm/package.json").read_text())["name"]


class Wrong(Exception):
    """Something that whoever releases has to put right."""


def check():
    """Nothing is packaged under two versions."""
    # npm, PyPI and Homebrew write anything longer each in its own way.
    if not re.fullmatch(r"\d+\.\d+\.\d+", VERSION):
        raise Wrong(f"Cargo.toml: {VERSION} isn't a plain MAJOR.MINOR.PATCH")
    said = {"server.json": SERVER["version"]}
    said |= {f"server.json, {package['registryType']}": package["version"] for package in SERVER["packages"]}
    for where, version in said.items():
        if version != VERSION:
            raise Wrong(f"{where} says version {version}, and Cargo.toml {VERSION}")
    if f"\n## {VERSION}\n" not in (ROOT / "CHANGELOG.md").read_text():
        raise Wrong(f"CHANGELOG.md has no heading for {VERSION}")


def readme():
    """What npm and PyPI show."""
    text = (PACKAGING / "README.md").read_text()
    return f"{text}\n<!-- mcp-name: {SERVER_NAME} -->\n"


def read(path):
    return (ROOT / path).read_bytes()


def as_json(value):
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def sha256(content):
    return hashlib.sha256(content).hexdigest()
