"""Records docs/pictures/terminal.svg from a real run: a demo is started, each command is typed into a terminal of its
own, and what it prints becomes a picture that plays once and ends on its last lines.

    MOLECULE_BIN=… python3 tests/docs/recording.py

Only Python's own library is used. `lasting` is what two recordings have in common: ids, times and keys are covered.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import textwrap
from html import escape, unescape
from pathlib import Path

import terminal
from sandbox import BINARY, ROOT, until_told

PICTURE = ROOT / "docs/pictures/terminal.svg"
COLUMNS, ROWS = 100, 34

# What is typed: a remark, or a command with what is answered when it asks.
SESSION = [
    ("# Which workspaces are idle?", None),
    ("molecule-org-mcp call find_idle_workspaces minutes=1000", []),
    ("# A key for CI that ends by itself. It goes to a file; nobody is shown it, no model reads it.", None),
    ("molecule-org-mcp call mint_org_key name=ci-run expires_in=2h sink=file:ci-run", ["ci-run"]),
    ("# A key that nobody has used for months.", None),
    ("molecule-org-mcp call revoke_key key=b2KqU8mo", ["y"]),
    ("# Who did what, and did anybody change the record?", None),
    ("molecule-org-mcp journal verify", []),
]

# What differs from run to run.
VOLATILE = [
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z| UTC)", "TIME"),
    (r"(?<=\bprefix\": \")[\w-]{8}", "PREFIX"),
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"\d+(?= ms)", "N"),
    (r"ed25519:[\w-]{43}", "PUBLIC KEY"),
    (r"\"(count|checkpoints|number)\": \d+", r'"\1": N'),
]


def environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOLECULE_")}
    programs = home / "bin"
    programs.mkdir()
    (programs / "molecule-org-mcp").symlink_to(BINARY)
    return kept | {
        "HOME": str(home),
        "PATH": f"{programs}:{kept['PATH']}",
        "MOLECULE_MCP_DATA": str(home / "demo"),
        "TERM": "xterm",
        "NO_COLOR": "1",
    }


def said_to(typed, answers, env):
    # The demo's tenant stands in the data directory; the picture is about the tools.
    code, text = terminal.run(f"{typed} --embedded", answers, env)
    if code != 0:
        raise AssertionError(f"{typed}: ended with {code}:\n{text}")
    return text.rstrip("\n").split("\n")


def run_session():
    """Pairs of what was typed and the lines that came."""
    home = Path(tempfile.mkdtemp(prefix="recording-"))
    env = environment(home)
    demo = subprocess.Popen(
        ["molecule-org-mcp", "demo", "--listen", "127.0.0.1:0", "--data", env["MOLECULE_MCP_DATA"]],
        env=env,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until_told(demo, demo.stderr, "Ctrl-C ends")
        shown = [
            (typed, [] if answers is None else said_to(typed, answers, env)) for typed, answers in SESSION
        ]
        return [(typed, [line.replace(str(home), "~") for line in lines]) for typed, lines in shown]
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.wait(timeout=20)
        demo.stderr.close()
        shutil.rmtree(home)


def wrapped(lines):
    for line in lines:
        yield from textwrap.wrap(line, COLUMNS, drop_whitespace=False, replace_whitespace=False) or [""]


WIDTH, HEIGHT, MARGIN = 8.4, 19, 22


def picture(shown):
    """SVG that needs no script: lines appear in turn, and the whole moves up as a terminal does."""
    rows, moves, clock, y = [], [], 0.6, 0
    for typed, lines in shown:
        remark = typed.startswith("#")
        text = typed if remark else f"$ {typed}"
        for part in wrapped([text]):
            length = 0.5 if remark else len(part) * 0.035
            rows.append(row(y, part, "remark" if remark else "typed", clock, length))
            moves.append((clock, y))
            y, clock = y + 1, clock + length
        clock += 0.3
        for part in wrapped(lines):
            rows.append(row(y, part, "said", clock, 0))
            moves.append((clock, y))
            y, clock = y + 1, clock + 0.04
        if lines:
            y, clock = y + 1, clock + 1.4
    last = max(0, y - 1 - ROWS)
    steps = "".join(
        f"{100 * at / clock:.2f}%{{transform:translateY({-max(0, line + 1 - ROWS) * HEIGHT}px)}}" for at, line in moves
    )
    width, height = round(COLUMNS * WIDTH + 2 * MARGIN), ROWS * HEIGHT + 2 * MARGIN
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="A terminal: idle workspaces are listed, a key is minted into a file, an unused one is revoked after a yes, the journal is verified">
<style>
text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:#c9d1d9}}
.typed{{fill:#7ee787}}.remark{{fill:#8b949e}}
.row{{animation:appear .01s backwards}}
.typing{{animation:type linear backwards}}
.all{{transform:translateY({-last * HEIGHT}px);animation:move {clock:.2f}s step-end backwards}}
@keyframes appear{{from{{opacity:0}}}}
@keyframes type{{from{{width:0}}}}
@keyframes move{{0%{{transform:translateY(0)}}{steps}}}
@media (prefers-reduced-motion){{.row,.typing,.all{{animation:none}}}}
</style>
<rect width="100%" height="100%" rx="10" fill="#0d1117"/>
<svg x="{MARGIN}" y="{MARGIN}" width="{width - 2 * MARGIN}" height="{height - 2 * MARGIN}"><g class="all">
{chr(10).join(rows)}
</g></svg>
</svg>
"""


def row(y, text, kind, at, length):
    baseline = y * HEIGHT + 14
    said = f'<text class="row {kind}" y="{baseline}" style="animation-delay:{at:.2f}s">{escape(text)}</text>'
    if kind != "typed":
        return said
    clip = (
        f'<clipPath id="t{y}"><rect class="typing" y="{y * HEIGHT}" height="{HEIGHT}" width="{len(text) * WIDTH + 2:.0f}" '
        f'style="animation-delay:{at:.2f}s;animation-duration:{length:.2f}s;animation-timing-function:steps({len(text)})"/></clipPath>'
    )
    return f'{clip}<g clip-path="url(#t{y})">{said}</g>'


def lasting(svg):
    """The lines of a picture, without what differs from run to run."""
    text = unescape("\n".join(re.findall(r"<text [^>]*>([^<]*)</text>", svg)))
    for pattern, name in VOLATILE:
        text = re.sub(pattern, name, text)
    return text.split("\n")


def record():
    return picture(run_session())


if __name__ == "__main__":
    PICTURE.write_text(record())
