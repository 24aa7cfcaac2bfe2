"""The official Python client, of both eras, at every door of the server."""

import json
import unittest

import anyio

from kinds import DOORS, KINDS, LONG, at_http, everywhere, good

ERROR = "molecule-org-mcp/error"
INVOCATION = "molecule-org-mcp/invocation"
NOBODY = "00000000-0000-4000-8000-000000000000"


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


@everywhere
class Conversation:
    def connect(self):
        return self.kind.connect()

    async def test_agrees_on_the_revision_that_both_speak(self):
        async with self.connect() as client:
            self.assertEqual(client.protocol_version, self.kind.revision)

    async def test_hears_who_the_server_is_and_how_to_use_it(self):
        async with self.connect() as client:
            self.assertEqual(client.server_info.name, "molecule-org-mcp")
            self.assertRegex(client.server_info.version, r"^\d+\.\d+\.\d+")
            self.assertIn("get_org_overview", client.instructions)
            capabilities = client.server_capabilities
            for offered in (capabilities.completions, capabilities.prompts, capabilities.resources, capabilities.tools):
                self.assertIsNotNone(offered)
            self.assertIsNone(capabilities.logging)

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
        self.assertTrue(any("workspaces made so far" in message for _, _, message in steps), steps)
        told = [progress for progress, _, _ in steps]
        self.assertEqual(told, sorted(set(told)))

    async def test_cancels_a_call_and_the_next_one_is_answered(self):
        async with self.connect() as client:
            with anyio.move_on_after(0.7) as scope:
                await client.call_tool("import_org", LONG)
            self.assertTrue(scope.cancelled_caught)
            await good(client, "list_workspaces")
            end = await end_of(client, "import_org")
        expected = ("CANCELLED", "unknown") if self.kind.has_sessions else ("done", "yes")
        self.assertEqual((end["outcome"], end["changed"]), expected, end)


class Strangers(unittest.IsolatedAsyncioTestCase):
    async def test_are_turned_away_without_the_bearer(self):
        for kind in KINDS:
            if kind.door == "Stdio":
                continue
            for headers in ({}, {"Authorization": "Bearer wrong"}):
                with self.subTest(kind=kind, headers=headers), self.assertRaises(Exception) as caught:
                    async with at_http(DOORS[kind.door], kind.options, headers) as client:
                        await client.list_tools()
                said = " ".join(str(leaf) for leaf in leaves(caught.exception))
                self.assertRegex(said, "(?i)401|unauthorized|bearer")


if __name__ == "__main__":
    unittest.main()
