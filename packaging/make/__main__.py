"""Makes every package of a release out of programs that were built before; packaging/release calls it.

SOURCE_DATE_EPOCH is the time that all archives say. The same programs and the same time give the same bytes."""

import argparse
import re
import sys
from pathlib import Path

import archive
import bundle
import facts
import formula
import npm
import papers
import registry
import wheel
from binary import Binary
from facts import Wrong


def arguments():
    parser = argparse.ArgumentParser(prog="packaging/release", description=__doc__)
    parser.add_argument("--binary", action="append", required=True, metavar="FILE", help="a built program; one a target")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="a directory that isn't there yet")
    parser.add_argument("--base-url", metavar="URL", help="where this release's files can be fetched")
    parser.add_argument("--image", metavar="REF", help="the container image, with its tag")
    given = parser.parse_args()
    if given.base_url and not re.fullmatch(r"https://\S+[^/\s]", given.base_url):
        parser.error("--base-url is an https address without a slash at its end")
    if given.image and not given.image.endswith(f":{facts.VERSION}"):
        parser.error(f"--image ends in :{facts.VERSION}")
    return given


def binaries(paths):
    found = {}
    for binary in map(Binary.read, paths):
        if binary.target in found:
            raise Wrong(f"two programs for {binary.target.npm}")
        found[binary.target] = binary
    speaker = next((binary for binary in found.values() if binary.runs_here()), None)
    if not speaker:
        raise Wrong("one of the programs must run here, to write completions, manual and tools")
    return found.values(), speaker


def made(given):
    facts.check()
    if given.out.exists():
        raise Wrong(f"{given.out} is there already")
    programs, speaker = binaries(given.binary)
    paper, tools = papers.completions(speaker) | papers.manual(speaker), papers.tools(speaker)
    archives, bundles, rest = {}, {}, npm.main()
    for program in programs:
        archives |= archive.make(program, paper)
        bundles |= bundle.make(program, tools)
        rest |= npm.platform(program) | wheel.make(program)
    if given.base_url:
        rest |= formula.make(archives, given.base_url)
    rest |= registry.make(bundles, given.base_url, given.image)
    files = archives | bundles | rest
    sums = "".join(f"{facts.sha256(content)}  {file}\n" for file, content in sorted(files.items()))
    return files | {"SHA256SUMS": sums.encode()}


def main():
    given = arguments()
    try:
        files = made(given)
        given.out.mkdir(parents=True)
        for file, content in sorted(files.items()):
            (given.out / file).write_bytes(content)
            print(f"{len(content):>12}  {file}")
    except (Wrong, OSError) as error:
        sys.exit(f"packaging/release: {error}")


main()
