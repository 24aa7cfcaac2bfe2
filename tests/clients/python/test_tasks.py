"""A call that takes long, by a client that knows the tasks extension: the official Python client has a place for
extensions, and this is one as an application would write it."""

import unittest
from typing import Any, ClassVar, Literal

import anyio
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp_types import CallToolResult, GetTaskRequestParams, Request, Result

from kinds import KINDS, LONG, good


class Begun(Result):
    result_type: Literal["task"]
    task_id: str
    poll_interval_ms: int | None = None


class TaskNow(Result):
    status: str
    status_message: str | None = None
    result: dict[str, Any] | None = None


class AskForTask(Request[GetTaskRequestParams, Literal["tasks/get"]]):
    name_param: ClassVar[str | None] = "taskId"
    method: Literal["tasks/get"] = "tasks/get"
    params: GetTaskRequestParams


class Tasks(ClientExtension):
    identifier = "io.modelcontextprotocol/tasks"

    def __init__(self):
        self.begun = []

    def claims(self):
        return [ResultClaim(result_type="task", model=Begun, resolve=self.resolve)]

    async def resolve(self, begun: Begun, context: ClaimContext) -> CallToolResult:
        self.begun.append(begun.task_id)
        ask = AskForTask(params=GetTaskRequestParams(task_id=begun.task_id))
        while (task := await context.session.send_request(ask, TaskNow)).status == "working":
            await anyio.sleep((begun.poll_interval_ms or 1000) / 1000)
        assert task.status == "completed", task
        return CallToolResult.model_validate(task.result)


class LongCalls(unittest.IsolatedAsyncioTestCase):
    async def test_become_tasks_and_end_as_results(self):
        # Mostly they wait.
        async with anyio.create_task_group() as group:
            for kind in KINDS:
                group.start_soon(self.becomes_one_in_the_newest, kind)

    async def becomes_one_in_the_newest(self, kind):
        tasks = Tasks()
        async with kind.connect(extensions=[tasks]) as client:
            result = await good(client, "import_org", LONG)
            self.assertEqual(result["count"], 9)
            # What is quick is answered.
            await good(client, "whoami")
        # Older revisions know no tasks: their client waits.
        self.assertEqual(len(tasks.begun), 1 if kind.is_newest else 0, kind)


if __name__ == "__main__":
    unittest.main()
