"""The wheel: the program as a script, which `pip`, `pipx` and `uvx` put on the path."""

import base64
import hashlib

from facts import DESCRIPTION, HOMEPAGE, LICENSE, NAME, VERSION, read, readme
from packing import zipped


def make(binary):
    snake = NAME.replace("-", "_")
    scripts, info = f"{snake}-{VERSION}.data/scripts/", f"{snake}-{VERSION}.dist-info/"
    tags = tags_of(binary)
    metadata = [
        "Metadata-Version: 2.4",
        f"Name: {NAME}",
        f"Version: {VERSION}",
        f"Summary: {DESCRIPTION}",
        f"License-Expression: {LICENSE}",
        "License-File: LICENSE",
        "Keywords: mcp,molecule,agents,administration",
        f"Project-URL: Homepage, {HOMEPAGE}",
        "Requires-Python: >=3.8",
        "Description-Content-Type: text/markdown",
    ]
    about = ["Wheel-Version: 1.0", f"Generator: {NAME}", "Root-Is-Purelib: false"]
    about += [f"Tag: py3-none-{tag}" for tag in tags]
    files = {
        scripts + binary.target.program: binary.content,
        f"{info}METADATA": ("\n".join(metadata) + "\n\n" + readme()).encode(),
        f"{info}WHEEL": ("\n".join(about) + "\n").encode(),
        f"{info}licenses/LICENSE": read("LICENSE"),
    }
    record = f"{info}RECORD"
    lines = [f"{path},sha256={record_digest(content)},{len(content)}" for path, content in sorted(files.items())]
    files[record] = ("\n".join([*lines, f"{record},,"]) + "\n").encode()
    file = f"{snake}-{VERSION}-py3-none-{'.'.join(tags)}.whl"
    return {file: zipped(files, {scripts + binary.target.program}, last=record)}


def tags_of(binary):
    machine, oldest = binary.target.machine, binary.oldest
    match binary.target.os:
        case "win32":
            return ["win_amd64"]
        case "darwin":
            return [f"macosx_{oldest[0]}_{oldest[1]}_{machine.replace('aarch64', 'arm64')}"]
        case _ if oldest:
            return [f"manylinux_2_{max(17, oldest[1])}_{machine}"]
        case _:
            # Static: it runs anywhere. These are the oldest that installers know.
            return [f"manylinux_2_17_{machine}", f"musllinux_1_1_{machine}"]


def record_digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
