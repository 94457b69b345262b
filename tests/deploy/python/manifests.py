"""Renders Kubernetes manifests and says what is wrong with them, beyond what a schema knows.

    tests/deploy/python/.venv/bin/python tests/deploy/python/manifests.py deploy/kubernetes/overlays/prod

takes folders with a kustomization, and files that are rendered already. Exit status: 0 nothing found, 1 findings,
2 something could not be rendered or read. It needs kubectl, and neither a cluster nor a network.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

import configuration
import network
import pods
import programs
import prometheus_rule
import reach
import replicas
import schemas
import values
from objects import Objects, at, name_of

ROOT = Path(__file__).resolve().parents[3]
METRICS = ROOT / "docs/METRICS.md"
# The preStop sleep is on by default from 1.30 on
VERSIONS = ("1.30", "1.34", "1.37")


class Unreadable(Exception):
    """What could not be rendered or read, in words."""


def rendered(source):
    """The YAML of a file, or of what kustomize makes of a folder."""
    if source.is_file():
        return source.read_text(encoding="utf-8")
    run = subprocess.run(["kubectl", "kustomize", str(source)], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Unreadable(f"{source} does not render: {run.stderr.strip()}")
    return run.stdout


def known_metrics():
    """Every metric, to its labels and their values, out of the table that the program prints."""
    if not METRICS.exists():
        raise Unreadable(f"{METRICS.relative_to(ROOT)} is missing: which metrics exist is told there")
    found = {}
    for line in METRICS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        name = re.fullmatch(r"\|? ?`(sacola_[a-z0-9_]+)`", cells[0]) if len(cells) == 4 else None
        if name:
            found[name[1]] = dict(map(_label, re.findall(r"`(?!other|none)([a-z_]+)`: ([^;]*)", cells[2])))
    return found


def _label(told):
    """A label with its values, or with none where something else names them."""
    name, text = told
    words = text.strip().split(", ")
    return name, tuple(words) if all(re.fullmatch(r"[a-z0-9_]+", word) for word in words) and len(words) > 1 else ()


def findings_of(text, also, program, versions):
    """Wrong fields first, then each object, then what they are to each other: causes are told, and not what follows from them."""
    try:
        objects = Objects.read(text, also)
    except yaml.YAMLError as error:
        raise Unreadable(f"not YAML: {error}") from None
    found = list(schemas.check(objects, versions))
    if not found:
        found += values.check(objects)
    if not found:
        found += pods.check(objects)
        found += replicas.check(objects, known_metrics())
        found += network.check(objects)
        found += configuration.check(objects, program)
        found += programs.check(objects, program)
        found += prometheus_rule.check(objects)
    if not found:
        found += configuration.unused(objects)
        found += reach.check(objects, program)
    return sorted(set(found))


def listed(text):
    """`namespace Kind/name` of each object, in order."""
    return sorted(f"{at(obj, 'metadata', 'namespace', default='-')} {name_of(obj)}" for obj in Objects.read(text).own)


def the_program(given):
    """The binary that judges sacola.toml: named, or built here, or installed."""
    places = [given] if given else [str(ROOT / "target/release/sacola"), str(ROOT / "target/debug/sacola"), "sacola"]
    for place in places:
        if shutil.which(place):
            return os.path.abspath(shutil.which(place))
    if given:
        raise Unreadable(f"{given} is no program")
    return None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", type=Path, metavar="FOLDER|FILE")
    parser.add_argument("--also", action="append", default=[], type=Path, metavar="FILE", help="what somebody else applies, such as a Secret")
    parser.add_argument("--sacola", metavar="PROGRAM", help="judges sacola.toml; else the one that was built here, or on PATH")
    parser.add_argument("--kubernetes", action="append", metavar="VERSION", help=f"default: {', '.join(VERSIONS)}")
    parser.add_argument("--list", action="store_true", help="prints what is in each source, and checks nothing")
    parser.add_argument("--json", action="store_true", help="prints one object: source to findings")
    return parser.parse_args()


def main():
    given = arguments()
    if not shutil.which("kubectl"):
        raise Unreadable("kubectl is missing. Mend: scripts/test --step kubectl")
    program = None if given.list else the_program(given.sacola)
    if program is None and not given.list:
        print("manifests.py: no sacola program is here: sacola.toml is not judged. Mend: --sacola PROGRAM", file=sys.stderr)
    also = [path.read_text(encoding="utf-8") for path in given.also]
    versions = given.kubernetes or VERSIONS
    with ThreadPoolExecutor(max_workers=4) as kubectls:
        texts = list(kubectls.map(rendered, given.sources))
    found = {str(source): findings_of(text, also, program, versions) for source, text in zip(given.sources, texts)}
    if given.list:
        print(json.dumps({str(source): listed(text) for source, text in zip(given.sources, texts)}, indent=1))
        return 0
    if given.json:
        print(json.dumps({source: [one.as_dict() for one in all_of] for source, all_of in found.items()}, indent=1))
    else:
        for source, all_of in found.items():
            print(f"{source}: {len(all_of)} findings" if all_of else f"{source}: nothing found")
            for one in all_of:
                print(f"  {one}")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Unreadable, OSError) as error:
        print(f"manifests.py: {error}", file=sys.stderr)
        sys.exit(2)
