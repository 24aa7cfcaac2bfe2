"""Starts the server over stdio, with the embedded tenant in a directory that is thrown away, and
administers a little.

    pip install mcp==2.3.0
    python stdio_client.py [PATH-TO-molecule-org-mcp]
"""

import asyncio
import sys
import tempfile

from mcp import Client, StdioServerParameters

COMMAND = sys.argv[1] if len(sys.argv) > 1 else "molecule-org-mcp"


async def main():
    with tempfile.TemporaryDirectory() as data:
        server = StdioServerParameters(
            command=COMMAND,
            # For a real organisation: args=["stdio"], and in env MOLECULE_ORG and MOLECULE_ORG_TOKEN_FILE.
            args=["stdio", "--embedded"],
            env={"MOLECULE_MCP_DATA": data},
        )
        async with Client(server, mode="auto") as client:
            print(f"{client.server_info.name} {client.server_info.version}, MCP {client.protocol_version}")
            tools = (await client.list_tools()).tools
            print(f"{len(tools)} tools, {sum(tool.annotations.read_only_hint for tool in tools)} of them only read")

            made = await call(client, "create_workspace", name="Archivist", role="keeps the minutes")
            print(f"made {made['name']}: {made['status']}")
            for workspace in (await call(client, "list_workspaces"))["items"]:
                print(f"- {workspace['name']} ({workspace['role']})")

            # A mistake comes back as a result that says what to do, for a model as for a person.
            wrong = await client.call_tool("get_workspace", {"workspace_id": "the archivist"})
            print(wrong.content[0].text)


async def call(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    if result.is_error:
        raise SystemExit(result.content[0].text)
    return result.structured_content


asyncio.run(main())
