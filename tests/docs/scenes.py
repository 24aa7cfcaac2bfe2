"""What a reader has, knows or types that a command in the documentation takes for granted. A command that isn't named
here is run as it stands, and has to end with 0."""

import json
import re
from dataclasses import dataclass, field

from sandbox import ROOT


@dataclass
class Run:
    """How a command is run, and how it ends."""

    code: int = 0
    #: What a person types when they are asked, at a terminal.
    answers: list | None = None
    #: What it reads, text or a function of the sandbox.
    stdin: object = None
    #: It goes on until it is interrupted; this is what it says first.
    until: str | None = None
    #: What has happened before: a function of the sandbox.
    before: object = None
    #: What it says, among other things.
    says: str | None = None


@dataclass
class Unrun:
    """Not run here, and why."""

    why: str


@dataclass
class Scene:
    commands: dict = field(default_factory=dict)
    #: Fenced blocks of other languages that readers put into files: language and what it contains to file.
    files: dict = field(default_factory=dict)
    #: Before the first command: a function of the sandbox.
    before: object = None


#: What stands for something of the reader's own.
STANDS_FOR = [
    (re.compile(r"MOLECULE_ORG=\w+( |$)"), lambda sandbox: f"MOLECULE_URL={sandbox.url} "),
    (re.compile(r"--env MOLECULE_ORG=\w+"), lambda sandbox: f"--env MOLECULE_URL={sandbox.url}"),
    (re.compile(r"https://acme\.moleculesai\.app"), lambda sandbox: sandbox.url),
    (re.compile(r"/home/me\b"), lambda sandbox: str(sandbox.home)),
    (re.compile(r"/etc/molecule-org-mcp"), lambda sandbox: f"{sandbox.home}/etc"),
    (re.compile(r"cargo run --release -- "), lambda sandbox: "molecule-org-mcp "),
    (re.compile(r"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc"), lambda sandbox: "de300000-0000-4000-8000-000000000002"),
    (re.compile(r"\b127\.0\.0\.1:8787\b"), lambda sandbox: "127.0.0.1:0"),
    (re.compile(r"--before-checkpoint 1200"), lambda sandbox: "--before-checkpoint 1"),
    (re.compile(r"\bK7QW2MXA\b"), lambda sandbox: waiting(sandbox)),
    (re.compile(r"ed25519:…"), lambda sandbox: public_key(sandbox)),
]


def waiting(sandbox):
    """The id of a question that waits for a person."""
    code, said = sandbox.run("molecule-org-mcp consents list --json")
    assert code == 0, said
    return json.loads(said)[0]["id"]


def public_key(sandbox):
    code, said = sandbox.run("molecule-org-mcp journal checkpoint")
    assert code == 0, said
    return re.search(r"ed25519:[\w-]+", said)[0]


def with_questions(*calls):
    """Somebody asked for these, and they wait for a person."""

    def ask(sandbox):
        for call in calls:
            code, said = sandbox.run(f"molecule-org-mcp call {call}")
            assert code == 3, said

    return ask


def with_team(sandbox):
    sandbox.write("team.yaml", "name: Research\nworkspaces:\n  - {name: Research Lead, runtime: claude-code, tier: 2}\n")


def key(sandbox):
    return sandbox.key


YES = Run(answers=["y"])
PASSPHRASE = ["correct horse battery", "correct horse battery"]
REVOKE = "revoke_key key=b2KqU8mo"

SCENES = {
    "README.md": Scene(
        {
            "cargo install": Unrun("the same build is what these tests are given"),
            "cargo run --release -- demo": Run(until="Ctrl-C ends"),
            "(umask 077": Run(stdin=key),
            "molecule-org-mcp http": Run(until="ready http"),
        }
    ),
    "docs/consent.md": Scene(
        {
            "molecule-org-mcp consents agree": YES,
            "molecule-org-mcp consents refuse": Run(before=with_questions("revoke_key key=Zt6nE1yu")),
            "molecule-org-mcp consents passphrase            #": Run(answers=PASSPHRASE),
            "molecule-org-mcp consents passphrase --remove": Run(answers=PASSPHRASE[:1]),
        },
        before=with_questions(REVOKE),
    ),
    "docs/credentials.md": Scene(
        {
            "secret-tool store": Unrun("it waits for a keyring that somebody has unlocked"),
            "molecule-org-mcp keys bootstrap": Run(answers=["an-admin-token-of-the-sandbox", "operations"]),
        }
    ),
    "docs/journal.md": Scene(
        {
            "molecule-org-mcp journal tail -n 50 --follow": Run(until="whoami"),
        },
        before=lambda sandbox: sandbox.run("molecule-org-mcp call whoami"),
    ),
    "docs/keys.md": Scene(
        {
            "molecule-org-mcp call mint_org_key": Run(answers=["ci-deploy"]),
            "molecule-org-mcp call rotate_org_key": Run(answers=["y"]),
        }
    ),
    "docs/leases.md": Scene({"molecule-org-mcp call mint_org_key": Run(answers=["ci-run"])}),
    "docs/policy.md": Scene(
        {"molecule-org-mcp --policy": Run(stdin='{"jsonrpc":"2.0","id":1,"method":"ping"}\n')},
        before=lambda sandbox: sandbox.write("etc/policy.toml", (ROOT / "examples/policy.toml").read_text()),
    ),
    "examples/clients.md": Scene(
        {
            "(umask 077": Run(stdin=key),
            "MOLECULE_ORG=acme MOLECULE_ORG_TOKEN_FILE=$HOME": Run(until="ready http"),
            "claude mcp add molecule --transport": Run(before=lambda sandbox: sandbox.run("claude mcp remove molecule")),
        }
    ),
    "docs/guides/claude-code.md": Scene(
        {
            "molecule-org-mcp demo": Run(until="Ctrl-C ends"),
            "(umask 077": Run(stdin=key),
            "molecule-org-mcp journal tail": Run(before=lambda sandbox: sandbox.run("molecule-org-mcp call whoami")),
            "MOLECULE_ORG=globex": Run(before=lambda sandbox: sandbox.write(".config/molecule/globex-key", sandbox.key)),
        }
    ),
    "docs/guides/consent.md": Scene(
        {
            "molecule-org-mcp call revoke_key": YES,
            "molecule-org-mcp call delete_workspace": [Run(code=3, says="CONSENT_REQUIRED"), Run(says="removed")],
            "molecule-org-mcp consents agree": Run(answers=["SEO Analyst"]),
            "molecule-org-mcp consents passphrase": Run(answers=PASSPHRASE),
        }
    ),
    "docs/guides/leaked-key.md": Scene(
        {
            "molecule-org-mcp call revoke_key_tree key=q7RzB2ne": YES,
            "molecule-org-mcp call rotate_org_key": YES,
            "molecule-org-mcp call revoke_key_tree key=Zt6nE1yu": Run(code=1, says="no such live org key, and none that it minted"),
        },
        before=lambda sandbox: sandbox.run("molecule-org-mcp org export --output known-good.yaml"),
    ),
    "docs/guides/migrating.md": Scene(before=lambda sandbox: sandbox.write(".config/molecule/org-key", sandbox.key)),
    "docs/organisation.md": Scene({"molecule-org-mcp org import": YES}, before=with_team),
    "docs/guides/organisation.md": Scene(
        {"molecule-org-mcp org import": YES},
        files={("yaml", "Research"): "team.yaml"},
    ),
    "docs/guides/narrow-grants.md": Scene(
        {
            "molecule-org-mcp call get_workspace": Run(code=3, says="binding"),
            "molecule-org-mcp call mint_org_key": Run(code=3, says="FORBIDDEN_BY_POLICY"),
        }
    ),
    "docs/guides/hosted.md": Scene(
        {
            "useradd": Unrun("the machine's users are left as they are"),
            "install -m 750 -o root": Unrun("needs that user"),
            "install -m 400 -o molecule": Unrun("needs that user"),
            "molecule-org-mcp http": Run(until="ready http"),
        },
        files={("toml", "org_token_file"): "etc/config.toml", ("toml", "[ceiling]"): "etc/policy.toml"},
    ),
}
