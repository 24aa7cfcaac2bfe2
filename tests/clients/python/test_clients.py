"""The official Python client, of both eras, at every door of the server."""

import json
import logging
import tempfile
import time
import unittest
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import anyio
import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from server import BINARY, environment, over_http

# The test case's event loop reports each slow callback.
logging.getLogger("asyncio").setLevel(logging.ERROR)

ERROR = "molecule-org-mcp/error"
INVOCATION = "molecule-org-mcp/invocation"
NOBODY = "00000000-0000-4000-8000-000000000000"

# A lead and its team: some three seconds of work for the tenant, which pauses between siblings.
TEAM = [{"name": f"Member {at}"} for at in range(8)]
LONG = {"inline": {"name": "Long", "workspaces": [{"name": "Lead", "children": TEAM}]}}


@asynccontextmanager
async def at_stdio(mode):
    with tempfile.TemporaryDirectory() as data:
        server = StdioServerParameters(command=BINARY, args=["stdio", "--embedded"], env=environment(data))
        async with Client(server, mode=mode) as client:
            yield client
            closing = time.monotonic()
        # The client sends a signal after two seconds; it must not take that.
        assert time.monotonic() - closing < 1.5, "closing the input doesn't end the server"


@asynccontextmanager
async def at_http(path, mode, headers=None):
    with tempfile.TemporaryDirectory() as data, over_http(data) as (address, bearer):
        if headers is None:
            headers = {"Authorization": f"Bearer {bearer}"}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as web:
            transport = streamable_http_client(urljoin(address, path), http_client=web)
            async with Client(transport, mode=mode) as client:
                yield client


async def good(client, name, arguments=None, **options):
    result = await client.call_tool(name, arguments or {}, **options)
    assert not result.is_error, result.content
    return result.structured_content


async def end_of(client, tool):
    """How the newest call of a tool ended, by the journal."""
    for _ in range(100):
        items = (await good(client, "query_journal", {"tool": tool, "limit": 1}))["items"]
        if items and items[0]["outcome"] != "running":
            return items[0]
        await anyio.sleep(0.1)
    raise AssertionError(f"{tool} is still running")


def leaves(error):
    """What is inside groups of errors."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


class Conversation:
    """What holds for each door and era; the classes below say which."""

    mode: str
    revision: str
    cancels = True

    def connect(self):
        raise NotImplementedError

    async def test_agrees_on_the_revision_that_both_speak(self):
        async with self.connect() as client:
            self.assertEqual(client.protocol_version, self.revision)

    async def test_hears_who_the_server_is_and_how_to_use_it(self):
        async with self.connect() as client:
            self.assertEqual(client.server_info.name, "molecule-org-mcp")
            self.assertRegex(client.server_info.version, r"^\d+\.\d+\.\d+")
            self.assertIn("get_org_overview", client.instructions)
            capabilities = client.server_capabilities
            self.assertIsNotNone(capabilities.tools)
            self.assertIsNone(capabilities.prompts)
            self.assertIsNone(capabilities.resources)

    async def test_lists_the_tools_the_same_each_time(self):
        async with self.connect() as client:
            tools = (await client.list_tools()).tools
            names = {tool.name for tool in tools}
            self.assertLessEqual({"find_tools", "call_read_tool", "list_workspaces", "import_org"}, names)
            self.assertLessEqual({"list_workspaces", "mint_org_key", "revoke_key", "import_org"}, names)
            for tool in tools:
                self.assertEqual(tool.input_schema["type"], "object", tool.name)
                self.assertIsNotNone(tool.annotations.read_only_hint, tool.name)
            self.assertEqual((await client.list_tools()).tools, tools)

    async def test_reads(self):
        async with self.connect() as client:
            result = await client.call_tool("list_workspaces")
            self.assertFalse(result.is_error)
            content = result.structured_content
            self.assertEqual(content["count"], len(content["items"]))
            self.assertEqual(content, json.loads(result.content[0].text))
            self.assertRegex(result.meta[INVOCATION], r"^[0-9a-f-]{36}$")

    async def test_changes_something_and_finds_it_changed(self):
        async with self.connect() as client:
            made = await good(client, "create_workspace", {"name": "Made by a client", "role": "tester"})
            seen = await good(client, "get_workspace", {"workspace_id": made["id"]})
            self.assertEqual(seen["name"], "Made by a client")

    async def test_is_told_about_failures_as_results(self):
        async with self.connect() as client:
            for code, tool, arguments in [
                ("NOT_FOUND", "get_workspace", {"workspace_id": NOBODY}),
                ("INVALID_INPUT", "get_workspace", {"workspace": NOBODY}),
                ("INVALID_INPUT", "create_workspace", {}),
            ]:
                result = await client.call_tool(tool, arguments)
                self.assertTrue(result.is_error)
                self.assertTrue(result.content[0].text.startswith(f"{code}: "), result.content[0].text)
                self.assertIsNone(result.structured_content)
                error = result.meta[ERROR]
                self.assertEqual((error["code"], error["changed"]), (code, "no"))
                self.assertTrue(error["message"] and error["next"])

    async def test_keeps_answers_apart_when_many_calls_run_at_once(self):
        names = [f"At once {at}" for at in range(12)]
        made = {}

        async def create(client, name):
            made[name] = (await good(client, "create_workspace", {"name": name}))["name"]

        async with self.connect() as client:
            async with anyio.create_task_group() as group:
                for name in names:
                    group.start_soon(create, client, name)
        self.assertEqual(made, {name: name for name in names})

    async def test_is_told_how_far_a_long_call_is(self):
        steps = []

        async def step(progress, total, message):
            steps.append((progress, total, message))

        async with self.connect() as client:
            result = await good(client, "import_org", LONG, progress_callback=step)
        self.assertEqual(result["count"], 9)
        self.assertGreaterEqual(len(steps), 1)
        self.assertIn("workspaces made so far", steps[0][2])

    async def test_cancels_a_call_and_the_next_one_is_answered(self):
        async with self.connect() as client:
            with anyio.move_on_after(0.7) as scope:
                await client.call_tool("import_org", LONG)
            self.assertTrue(scope.cancelled_caught)
            await good(client, "list_workspaces")
            end = await end_of(client, "import_org")
        expected = ("CANCELLED", "unknown") if self.cancels else ("done", "yes")
        self.assertEqual((end["outcome"], end["changed"]), expected, end)


class Legacy:
    mode = "legacy"
    revision = "2025-11-25"


class Modern:
    mode = "auto"
    revision = "2026-07-28"


class Stdio(Conversation):
    def connect(self):
        return at_stdio(self.mode)

    async def test_the_process_is_gone_after_closing(self):
        async with self.connect() as client:
            await good(client, "whoami")
        # at_stdio saw how long it took.


class Http(Conversation):
    path = "/mcp"

    def connect(self):
        return at_http(self.path, self.mode)

    async def test_is_turned_away_without_the_bearer(self):
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            with self.assertRaises(Exception) as caught:
                async with at_http(self.path, self.mode, headers) as client:
                    await client.list_tools()
            said = " ".join(str(leaf) for leaf in leaves(caught.exception))
            self.assertRegex(said, "(?i)401|unauthorized|bearer")


class Json(Http):
    path = "/mcp/json"


class LegacyAtStdio(Legacy, Stdio, unittest.IsolatedAsyncioTestCase):
    pass


class ModernAtStdio(Modern, Stdio, unittest.IsolatedAsyncioTestCase):
    pass


class LegacyAtMcp(Legacy, Http, unittest.IsolatedAsyncioTestCase):
    pass


class ModernAtMcp(Modern, Http, unittest.IsolatedAsyncioTestCase):
    pass


class LegacyAtJson(Legacy, Json, unittest.IsolatedAsyncioTestCase):
    # Without a session only a closed connection cancels, and the older client sends a notification.
    cancels = False


class ModernAtJson(Modern, Json, unittest.IsolatedAsyncioTestCase):
    pass


if __name__ == "__main__":
    unittest.main()
