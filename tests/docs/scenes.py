"""What a reader has, knows or types that a command in the documentation takes for granted. A command that isn't named
here is run as it stands, and has to end with 0."""

import json
import re
import shutil
import subprocess
import urllib.request
from dataclasses import dataclass, field

from sandbox import BINARY, ROOT


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
    #: It isn't interrupted before the page ends, because what follows needs it.
    stays: bool = False
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
    (re.compile(r"--org acme"), lambda sandbox: f"--url {sandbox.url}"),
    (re.compile(r"sudo systemctl enable --now molecule-org-mcp"), lambda sandbox: unit()),
    # Nothing of the environment goes along, as with sudo.
    (re.compile(r"sudo -u molecule-org-mcp "), lambda sandbox: 'env -i PATH="$PATH" HOME=/nonexistent '),
    (re.compile(r"/var/lib/molecule-org-mcp|%S/molecule-org-mcp"), lambda sandbox: f"{sandbox.home}/.state"),
    (re.compile(r"%d/"), lambda sandbox: f"{sandbox.home}/"),
    (re.compile(r"^sudo "), lambda sandbox: ""),
    (re.compile(r"/(usr/local|etc/sysusers\.d|etc/systemd)\b"), lambda sandbox: f"{sandbox.home}/.root"),
    (re.compile(r"\bVERSION\b"), lambda sandbox: version()),
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


def unit():
    """What systemd would start, with the variables that it would set."""
    text = (ROOT / "packaging/systemd/molecule-org-mcp.service").read_text()
    command = re.search(r"^ExecStart=(?:/usr/local/bin/)(.+)$", text, re.M)[1]
    return " ".join(["exec", "env", *re.findall(r"^Environment=(.+)$", text, re.M), command])


def waiting(sandbox):
    """The id of a question that waits for a person."""
    code, said = sandbox.run("molecule-org-mcp consents list --json")
    assert code == 0, said
    return json.loads(said)[0]["id"]


def version():
    return re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.M)[1]


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


def with_release(sandbox):
    """An archive of the program that is there, where a reader would be, and a root directory of the sandbox's own."""
    for directory in ("bin", "system"):
        (sandbox.home / ".root" / directory).mkdir(parents=True)
    made = sandbox.home / "release"
    subprocess.run(
        [ROOT / "packaging/release", "--out", made, "--binary", BINARY], check=True, stdout=subprocess.DEVNULL
    )
    for file in made.iterdir():
        file.rename(sandbox.home / file.name)
    archive = next(sandbox.home.glob("*.tar.gz"))
    shutil.unpack_archive(archive, sandbox.home)
    # The page goes on inside of it.
    for name in ("systemd", "policy.toml", "config.toml"):
        inside = next(sandbox.home.glob(f"molecule-org-mcp-*/**/{name}"))
        inside.rename(sandbox.home / name)


def grant_opens(file, name):
    """The server that was started takes this grant, and knows whose it is; nobody else can read the file."""

    def ask(sandbox):
        credential = sandbox.home / file
        assert credential.stat().st_mode & 0o077 == 0, f"others can read {file}"
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami", "arguments": {}}}
        request = urllib.request.Request(
            f"{sandbox.ready[1]}/json",
            data=json.dumps(asked).encode(),
            headers={
                "Authorization": f"Bearer {credential.read_text().strip()}",
                "Content-Type": "application/json",
                "Accept": "application/json, text/event-stream",
            },
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            said = answer.read().decode()
        assert not json.loads(said)["result"].get("isError"), said
        assert name in said, said

    return ask


AS_SERVICE = "sudo -u molecule-org-mcp molecule-org-mcp --data /var/lib/molecule-org-mcp"
THE_SAME_BUILD = "the same build is what these tests are given"
PUBLISHED = "nothing is published before a release; the tests of packages install the same from a file"
THE_MACHINE = "the machine's users and services are left as they are; the tests of packages judge the unit"

YES = Run(answers=["y"])
PASSPHRASE = ["correct horse battery", "correct horse battery"]
REVOKE = "revoke_key key=b2KqU8mo"

SCENES = {
    "README.md": Scene(
        {
            "cargo install": Unrun(THE_SAME_BUILD),
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
    "docs/clients.md": Scene(
        {
            "(umask 077": Run(stdin=key),
            "MOLECULE_ORG=acme MOLECULE_ORG_TOKEN_FILE=$HOME": Run(until="ready http"),
            "claude mcp add molecule --transport": Run(before=lambda sandbox: sandbox.run("claude mcp remove --scope local molecule")),
        }
    ),
    "docs/install.md": Scene(
        {
            "(umask 077": Run(stdin=key),
            "cargo install": Unrun(THE_SAME_BUILD),
            "npx ": Unrun(PUBLISHED),
            "npm install": Unrun(PUBLISHED),
            "uvx ": Unrun(PUBLISHED),
            "pipx ": Unrun(PUBLISHED),
            "brew ": Unrun(PUBLISHED),
            "docker ": Unrun("it wants a container engine, and an image"),
            "sudo systemd-sysusers": Unrun(THE_MACHINE),
            "sudo install -m 600 /dev/stdin": Run(stdin=key),
            "sudoedit": Unrun("an editor"),
            "sudo systemctl": [Unrun(THE_MACHINE), Unrun(THE_MACHINE)],
            "sudo -u": Unrun(THE_MACHINE),
        },
        before=with_release,
    ),
    "docs/releasing.md": Scene(
        {
            "packaging/release --out dist": Unrun(THE_SAME_BUILD),
            "git switch": Unrun("there is no such tag before a release"),
            "packaging/release --out release": Unrun("the tests of packages run it with the program that is there"),
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
            "sudo systemctl enable": Run(until=r"ready (http://\S+)", stays=True),
            "claude mcp add": Run(before=grant_opens("ada.grant", "ada")),
            f"{AS_SERVICE} consents list": Run(says="Nothing waits"),
            f"{AS_SERVICE} journal tail": Run(until="whoami"),
        },
        files={("toml", "allowed_hosts"): "etc/config.toml", ("toml", "[ceiling]"): "etc/policy.toml"},
    ),
}
