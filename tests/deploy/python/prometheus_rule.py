"""The alert rules as a PrometheusRule: the component's copy of deploy/prometheus/alerts.yaml. Run alone, it writes the copy."""

from pathlib import Path

import yaml

from findings import Finding
from objects import Loader, at, name_of

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "deploy/prometheus/alerts.yaml"
COPY = ROOT / "deploy/kubernetes/components/prometheus-rule/prometheus-rule.yaml"
MEND = "tests/deploy/python/.venv/bin/python tests/deploy/python/prometheus_rule.py"
HEAD = """\
# Written by tests/deploy/python/prometheus_rule.py from deploy/prometheus/alerts.yaml: change the rules there, then run it.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: sacola
  labels:
    app.kubernetes.io/name: sacola
    app.kubernetes.io/part-of: sacola
spec:
"""


class Dumper(yaml.SafeDumper):
    """Expressions of several lines stay several lines."""


Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)


def groups():
    return yaml.load(RULES.read_text(encoding="utf-8"), Loader)["groups"]


def check(objects):
    for rule in objects.of("PrometheusRule"):
        if not RULES.exists():
            yield Finding("rules.copy", name_of(rule), "spec.groups", f"there is no {RULES.relative_to(ROOT)}", "bring it back")
        elif at(rule, "spec", "groups") != groups():
            yield Finding("rules.copy", name_of(rule), "spec.groups", f"is not what {RULES.relative_to(ROOT)} says", MEND)


def write():
    body = yaml.dump({"groups": groups()}, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)
    COPY.write_text(HEAD + "".join(f"  {line}\n" if line else "\n" for line in body.splitlines()), encoding="utf-8")


if __name__ == "__main__":
    write()
