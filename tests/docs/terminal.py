"""A terminal of its own for a command, answered as a person would."""

import os
import pty
import re
import select
import signal

LIMIT = 30  # seconds without a word
ASKS = re.compile(rb"(\]|:) $")


def run(command, answers, env, cwd=None):
    """How it ended, and what a person would have seen, their answers included."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(cwd or ".")
        os.execvpe("bash", ["bash", "-c", command], env)
    seen, waiting = b"", list(answers)
    try:
        while select.select([terminal], [], [], LIMIT)[0]:
            try:
                more = os.read(terminal, 4096)
            except OSError:  # the other side is closed
                break
            if not more:
                break
            seen += more
            if waiting and ASKS.search(seen):
                os.write(terminal, waiting.pop(0).encode() + b"\n")
        else:
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    text = seen.decode(errors="replace").replace("\r\n", "\n")
    return code, text if not waiting else f"{text}\n(it never asked for the rest: {len(waiting)} answers)"
