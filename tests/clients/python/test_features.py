"""What the server offers beside tools, through the official Python client in each era at each door."""

import json
import unittest
from contextlib import asynccontextmanager

import anyio
from mcp import MCPError
from mcp_types import ElicitResult, PromptReference, ResourceTemplateReference, ResourceUpdatedNotification

from kinds import everywhere, good
from server import TRUSTED

INVALID_PARAMS = -32602
NOT_FOUND = -32002
NOBODY = "00000000-0000-4000-8000-000000000000"


def address(workspace):
    return f"molecule://workspaces/{workspace}"


async def workspace(client, name):
    return (await good(client, "create_workspace", {"name": name, "external": True}))["id"]


@everywhere
class BesideTools:
    async def refused(self, asking, code, words):
        with self.assertRaises(MCPError) as caught:
            await asking
        self.assertEqual(caught.exception.error.code, code, caught.exception)
        self.assertRegex(caught.exception.error.message, words)

    async def test_lists_the_prompts_the_same_each_time(self):
        async with self.kind.connect() as client:
            prompts = (await client.list_prompts()).prompts
            self.assertGreaterEqual(len(prompts), 12)
            for prompt in prompts:
                self.assertTrue(prompt.title and prompt.description, prompt.name)
            self.assertEqual((await client.list_prompts()).prompts, prompts)

    async def test_gets_a_prompt_with_what_it_gave(self):
        async with self.kind.connect() as client:
            prompt = await client.get_prompt("stuck_workspace", {"workspace": "Press office"})
            self.assertIn("Press office", prompt.messages[0].content.text)
            await self.refused(client.get_prompt("stuck_workspace", {}), INVALID_PARAMS, "workspace")
            await self.refused(client.get_prompt("stuck_workspaces", {}), INVALID_PARAMS, "stuck_workspace")

    async def test_reads_what_a_tool_would_answer(self):
        async with self.kind.connect() as client:
            uris = {resource.uri for resource in (await client.list_resources()).resources}
            self.assertIn("molecule://org", uris)
            templates = (await client.list_resource_templates()).resource_templates
            self.assertIn(address("{workspace_id}"), {template.uri_template for template in templates})
            one = await workspace(client, "Read as a resource")
            read = json.loads((await client.read_resource(address(one))).contents[0].text)
            self.assertEqual(read, await good(client, "get_workspace", {"workspace_id": one}))
            not_found = INVALID_PARAMS if self.kind.is_newest else NOT_FOUND
            await self.refused(client.read_resource(address(NOBODY)), not_found, "NOT_FOUND")

    async def test_completes_names_in_prompts_and_ids_in_addresses(self):
        async with self.kind.connect() as client:
            one = await workspace(client, "Completion bureau")
            for reference, argument, expected in [
                (PromptReference(type="ref/prompt", name="stuck_workspace"), "workspace", "Completion bureau"),
                (ResourceTemplateReference(type="ref/resource", uri=address("{workspace_id}")), "workspace_id", one),
            ]:
                result = await client.complete(reference, {"name": argument, "value": "completion b"})
                self.assertEqual(result.completion.values, [expected])

    async def test_hears_what_changes_for_as_long_as_it_listens(self):
        heard = Heard()
        async with self.kind.connect(message_handler=heard.hear) as client:
            if self.kind.door == "Json":
                with self.assertRaises(Exception):
                    async with watching(client, "molecule://org", self.kind):
                        pass
                return
            one, other = await workspace(client, "One"), await workspace(client, "Other")
            async with watching(client, address(one), self.kind):
                await rename(client, one, "talker")
                await heard.until(address(one))
            async with watching(client, address(other), self.kind):
                await rename(client, other, "talker")
                # What was on its way when it stopped listening has come by now.
                await heard.until(address(other))
                before = len(heard.uris)
                await rename(client, one, "nobody listens")
                await rename(client, other, "quiet")
                await heard.until(address(other), before)
            self.assertNotIn(address(one), heard.uris[before:])

    async def test_a_person_agrees_in_the_client(self):
        asked = []

        async def answer(context, params):
            asked.append(params.message)
            return ElicitResult(action="accept", content={"name": "Old team"})

        async with self.kind.connect(policy=TRUSTED, elicitation_callback=answer) as client:
            one = await workspace(client, "Old team")
            result = await client.call_tool("delete_workspace", {"workspace_id": one})
        if self.kind.has_sessions:
            self.assertFalse(result.is_error, result.content)
            self.assertIn('Workspace "Old team"', asked[0])
        else:
            # What such a client can do isn't known.
            self.assertTrue(result.content[0].text.startswith("CONSENT_REQUIRED: "), result.content)


async def rename(client, one, role):
    await good(client, "update_workspace", {"workspace_id": one, "role": role})


class Heard:
    """What was heard, in the order in which it came."""

    def __init__(self):
        self.uris = []
        self.news = anyio.Event()

    async def hear(self, message):
        if isinstance(message, ResourceUpdatedNotification):
            self.uris.append(message.params.uri)
            self.news.set()

    async def until(self, uri, after=0):
        with anyio.fail_after(10):
            while uri not in self.uris[after:]:
                self.news = anyio.Event()
                await self.news.wait()


@asynccontextmanager
async def watching(client, uri, kind):
    if kind.is_newest:
        async with client.listen(resource_subscriptions=[uri]) as subscription:
            assert list(subscription.honored.resource_subscriptions or []) == [uri], subscription.honored
            yield
    else:
        await client.subscribe_resource(uri)
        yield
        await client.unsubscribe_resource(uri)


if __name__ == "__main__":
    unittest.main()
