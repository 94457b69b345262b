"""Every field against the schemas of Kubernetes (kubernetes-validate, strict), or against ours for custom resources."""

from functools import lru_cache

import jsonschema
import kubernetes_validate
from kubernetes_validate import utils

from custom_resources import SCHEMAS
from findings import Finding
from objects import name_of

# It reads its schemas anew for each object, a megabyte each time
utils.schema_contents = lru_cache(maxsize=None)(utils.schema_contents)


def check(objects, versions):
    for obj in objects.own:
        if not obj.get("apiVersion") or not obj.get("kind") or not (obj.get("metadata") or {}).get("name"):
            mend = "write all three"
            yield Finding("schema.object", name_of(obj), "", "lacks apiVersion, kind or metadata.name", mend)
            continue
        own = SCHEMAS.get((obj["apiVersion"], obj["kind"]))
        yield from _against_ours(obj, own) if own else _against_kubernetes(obj, versions)


def _against_kubernetes(obj, versions):
    for version in versions:
        try:
            kubernetes_validate.validate(obj, version, strict=True)
        except utils.SchemaNotFoundError:
            known = ", ".join(sorted({f"{kind} {api}" for api, kind in SCHEMAS if kind == obj["kind"]}))
            mend = f"write {known}" if known else "mend apiVersion and kind, or add a schema to custom_resources.py"
            problem = f"{obj['apiVersion']} has no such kind in Kubernetes {version}"
            yield Finding("schema.kind", name_of(obj), "apiVersion", problem, mend)
            return
        except jsonschema.ValidationError as error:
            mend = f"kubectl explain {obj['kind'].lower()} names what may stand there"
            problem = f"{error.message} (Kubernetes {version})"
            yield Finding("schema.field", name_of(obj), _path(error), problem, mend)
            return


def _against_ours(obj, schema):
    for error in jsonschema.Draft202012Validator(schema).iter_errors(obj):
        mend = "mend the field; a field that exists and is not known here goes into custom_resources.py"
        yield Finding("schema.field", name_of(obj), _path(error), error.message, mend)


def _path(error):
    return ".".join(str(part) for part in error.absolute_path)
