#!/usr/bin/env python3
"""Checks every dependency against deny.toml: its licence, where it comes from, and whether it is banned.

Does without cargo-deny what that tool's "bans", "licenses" and "sources" checks do for the keys used in deny.toml.

    .ci/licences.py [METADATA]      METADATA: a file with the output of `cargo metadata`, which is run when left out

Exit status: 0 all is well, 1 a finding, 2 the check itself could not be made.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # before Python 3.11; pip carries its own copy
    try:
        from pip._vendor import tomli as tomllib
    except ImportError:
        sys.exit("licences: needs Python 3.11, or an older one with pip")

ROOT = Path(__file__).resolve().parent.parent


def tokens(expression):
    # crates older than SPDX expressions write "MIT/Apache-2.0"
    return re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))


def satisfied(expression, allowed):
    """Whether `allowed` has a licence of every OR and all of every AND. ValueError: not an SPDX expression."""
    rest = tokens(expression)

    def peek():
        return rest[0] if rest else None

    def either():
        value = both()
        while peek() == "OR":
            rest.pop(0)
            value = both() or value
        return value

    def both():
        value = one()
        while peek() == "AND":
            rest.pop(0)
            value = one() and value
        return value

    def one():
        token = rest.pop(0) if rest else None
        if token == "(":
            value = either()
            if not rest or rest.pop(0) != ")":
                raise ValueError("a parenthesis is not closed")
            return value
        if token in (None, ")", "AND", "OR", "WITH"):
            raise ValueError(f"a licence was expected, not {token}")
        if peek() == "WITH":
            rest.pop(0)
            if not rest:
                raise ValueError("WITH what?")
            token = f"{token} WITH {rest.pop(0)}"
        return token in allowed

    value = either()
    if rest:
        raise ValueError(f"{rest[0]} is left over")
    return value


def findings(metadata, deny):
    allowed = set(deny["licenses"]["allow"])
    exceptions = {entry["crate"]: set(entry["allow"]) for entry in deny["licenses"].get("exceptions", [])}
    banned = {entry["crate"]: entry["reason"] for entry in deny["bans"]["deny"]}
    registries = {f"registry+{address}" for address in deny["sources"]["allow-registry"]}
    local = set(metadata["workspace_members"])

    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        if package["name"] in banned:
            yield f"{name}: banned: {banned[package['name']]}"
        if package["source"] is None:
            if package["id"] not in local:
                yield f"{name}: a path outside the workspace"
        elif package["source"] not in registries:
            yield f"{name}: comes from {package['source']}"
        licence = package["license"]
        if not licence:
            yield f"{name}: declares no licence"
            continue
        try:
            if not satisfied(licence, allowed | exceptions.get(package["name"], set())):
                yield f"{name}: licence not allowed: {licence}"
        except ValueError as error:
            yield f"{name}: cannot read its licence, {licence!r}: {error}"


def main(arguments):
    with open(ROOT / "deny.toml", "rb") as file:
        deny = tomllib.load(file)
    if arguments:
        metadata = json.loads(Path(arguments[0]).read_text())
    else:
        command = [os.environ.get("CARGO", "cargo"), "metadata", "--format-version", "1", "--locked", "--all-features"]
        try:
            metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"licences: {error}", file=sys.stderr)
            return 2
    found = sorted(findings(metadata, deny))
    for line in found:
        print(f"licences: {line}", file=sys.stderr)
    print(f"licences: {len(metadata['packages'])} packages, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
