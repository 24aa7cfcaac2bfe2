"""npm's packages: one for each target that carries the program, and the one that people name, which chooses."""

import json

from binary import TARGETS
from facts import DESCRIPTION, LICENSE, NPM, SERVER_NAME, VERSION, as_json, read, readme
from packing import tar_gz

LAUNCHER = "molecule-org-mcp.js"


def main():
    package = json.loads(read("packaging/npm/package.json"))
    package["mcpName"] = SERVER_NAME
    package["optionalDependencies"] = {f"{NPM}-{target.npm}": VERSION for target in TARGETS}
    files = {LAUNCHER: read(f"packaging/npm/{LAUNCHER}"), "README.md": readme().encode()}
    return packed(package, files, {LAUNCHER})


def platform(binary):
    """Carries the program, and is installed where it runs alone."""
    name, path = f"{NPM}-{binary.target.npm}", f"bin/{binary.target.program}"
    package = {"name": name, "os": [binary.target.os], "cpu": [binary.target.cpu], "files": ["bin"]}
    if binary.target.os == "linux" and binary.oldest:
        package["libc"] = ["glibc"]
    about = f"# {name}\n\nThe program of `{NPM}` for {binary.target.npm}. Install that one; it brings this one.\n"
    return packed(package, {path: binary.content, "README.md": about.encode()}, {path})


def packed(package, files, programs=()):
    package |= {"version": VERSION, "description": DESCRIPTION, "license": LICENSE}
    files |= {"package.json": as_json(package), "LICENSE": read("LICENSE")}
    files = {f"package/{path}": content for path, content in files.items()}
    return {file(package["name"]): tar_gz(files, {f"package/{path}" for path in programs})}


def file(name):
    return f"{name.removeprefix('@').replace('/', '-')}-{VERSION}.tgz"
