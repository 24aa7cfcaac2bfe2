"""The .mcpb bundle, for Claude Desktop and others that install one by opening it."""

import json

from facts import DESCRIPTION, LICENSE, NAME, VERSION, as_json, read
from packing import zipped


def make(binary, tools):
    manifest = json.loads(read("packaging/mcpb/manifest.json"))
    program = f"server/{binary.target.program}"
    server = manifest["server"] | {"entry_point": program}
    server["mcp_config"] = server["mcp_config"] | {"command": f"${{__dirname}}/{program}"}
    manifest |= {"name": NAME, "version": VERSION, "description": DESCRIPTION, "license": LICENSE, "server": server}
    manifest |= {"tools": tools, "compatibility": {"platforms": [binary.target.os]}}
    files = {"manifest.json": as_json(manifest), "LICENSE": read("LICENSE"), program: binary.content}
    return {f"{NAME}-{VERSION}-{binary.target.archive}.mcpb": zipped(files, {program})}
