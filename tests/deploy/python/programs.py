"""What containers start: our own program with arguments that it knows and variables that it reads, and a Redis that keeps its
promises and fits into its memory."""

import re
import subprocess
from functools import lru_cache

from findings import Finding
from objects import at
from pods import is_sacola
from values import quantity

OWN_VARIABLES = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": r"https?://[a-z0-9].*", "RUST_LOG": r"[-a-z0-9_:=,/]+", "SACOLA_LOG": r"json|text", "SSL_CERT_FILE": r"/.+",
}  # fmt: skip
LEVEL = r"(?:off|error|warn|info|debug|trace)"
# What a 200 rests on: docs/OPERATIONS.md
REDIS = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
REDIS_OPTIONS = set(REDIS) | {
    "aclfile", "auto-aof-rewrite-min-size", "auto-aof-rewrite-percentage", "bind", "cluster-config-file", "cluster-enabled", "databases", "dir",
    "io-threads", "loglevel", "masterauth", "maxclients", "maxmemory", "min-replicas-max-lag", "min-replicas-to-write", "no-appendfsync-on-rewrite",
    "port", "protected-mode", "replicaof", "requirepass", "save", "tcp-keepalive", "timeout", "tls-auth-clients", "tls-ca-cert-file", "tls-cert-file",
    "tls-key-file", "tls-port", "user",
}  # fmt: skip
# Twice maxmemory while the append-only file is rewritten, and this for connections and buffers
REDIS_SPARE = 128 * 2**20


def is_redis(container):
    return re.split("[:@]", container.get("image", "").rsplit("/", 1)[-1])[0] == "redis"


def words_after(args, option):
    return [after for before, after in zip(args, args[1:]) if before == option]


def check(objects, program):
    for workload in objects.workloads():
        for path, container in workload.containers:
            if is_sacola(container):
                if program:
                    yield from _arguments(workload, path, container, program)
                yield from _log_variables(workload, path, container)
            if is_redis(container):
                yield from _redis(workload, path, container)


@lru_cache(maxsize=None)
def help_of(program, *args):
    return subprocess.run([program, *args, "--help"], capture_output=True, text=True, timeout=60, check=False)


def _arguments(workload, path, container, program):
    """The program reads all words up to --help, and refuses what it does not know."""
    args = container.get("args") or []
    run = help_of(program, *args)
    if container.get("command") or not args or run.returncode != 0:
        told = (run.stderr.strip().splitlines() or ["nothing to do"])[0]
        problem = f"the program does not start like this: {told}" if not container.get("command") else "the image has its own entry point"
        yield Finding("program.arguments", workload.name, f"{path}.args", problem, "`sacola --help` names what it knows")


def _log_variables(workload, path, container):
    for variable in container.get("env") or []:
        name, value = variable.get("name", ""), str(variable.get("value", ""))
        where = f"{path}.env[{name}]"
        if name in OWN_VARIABLES:
            if "value" in variable and not re.fullmatch(OWN_VARIABLES[name], value):
                yield Finding("program.variable", workload.name, where, f"{value} is nothing that is read there", OWN_VARIABLES[name])
            elif name == "RUST_LOG" and not all(re.fullmatch(rf"(?:[-a-z0-9_:/]+=)?{LEVEL}", part) for part in value.split(",")):
                yield Finding("program.variable", workload.name, where, f"{value} names no level", "info")


def _redis(workload, path, container):
    args, options = container.get("args") or [], {}
    for before, after in zip(args, args[1:]):
        if before.startswith("--"):
            options[before[2:]] = after

    def finding(problem, mend):
        return Finding("redis", workload.name, f"{path}.args", problem, mend)

    for option in sorted(set(options) - REDIS_OPTIONS):
        yield finding(f"--{option} is not known here", "mend it; an option that exists goes into programs.py")
    for option, wanted in REDIS.items():
        if options.get(option) != wanted:
            yield finding(f"--{option} is {options.get(option) or 'missing'}: a 200 would promise less than it does", f"--{option} {wanted}")
    version = re.search(r":v?([0-9]+)", container.get("image", "").rsplit("/", 1)[-1])
    if version and int(version[1]) < 7:
        yield finding(f"Redis {version[1]} is too old", "name 7 or newer")
    mounts = {mount.get("mountPath", "").rstrip("/") for mount in container.get("volumeMounts") or []}
    if options.get("dir", "/data").rstrip("/") not in mounts:
        yield finding(f"nothing is mounted at {options.get('dir', '/data')}: the data ends with the pod", "mount the claim there")
    if "requirepass" not in options and "aclfile" not in options:
        yield finding("every pod that reaches it may read and write", "--requirepass $(REDIS_PASSWORD)")
    for mount in container.get("volumeMounts") or []:
        if mount.get("mountPath", "").rstrip("/") == options.get("dir", "/data").rstrip("/"):
            yield from _redis_volume(finding, options, workload, mount)
    if at(workload.obj, "spec", "replicas", default=1) > 1:
        yield finding("each replica would be a Redis of its own behind one address", "keep replicas: 1, or use a managed one")
    yield from _redis_memory(finding, options, container)


def _redis_volume(finding, options, workload, mount):
    """The data lies on a volume that outlives the pod, can be written, and holds the file twice while that is rewritten."""
    if mount.get("readOnly"):
        yield finding("its volume can't be written", "remove readOnly")
    own = [volume for volume in workload.spec.get("volumes") or [] if volume.get("name") == mount.get("name")]
    claims = [claim for claim in at(workload.obj, "spec", "volumeClaimTemplates", default=[]) if at(claim, "metadata", "name") == mount.get("name")]
    if not claims and not any("persistentVolumeClaim" in volume for volume in own):
        yield finding("its volume ends with the pod", "a volumeClaimTemplate")
    for claim in claims:
        room, most = quantity(at(claim, "spec", "resources", "requests", "storage")) or 0, maxmemory(options) or 0
        if room < 3 * most:
            yield finding("the volume is less than three times maxmemory: a rewrite of the file fills it", "request more storage")


def maxmemory(options):
    found = re.fullmatch(r"([0-9]+)(kb|mb|gb)?", options.get("maxmemory", "").lower())
    return int(found[1]) * {None: 1, "kb": 2**10, "mb": 2**20, "gb": 2**30}[found[2]] if found else None


def _redis_memory(finding, options, container):
    most, limit = maxmemory(options), quantity(at(container, "resources", "limits", "memory"))
    if not most:
        yield finding("--maxmemory is missing: it grows until it is killed", "--maxmemory 1gb")
    elif limit is not None:
        requested = quantity(at(container, "resources", "requests", "memory")) or 0
        if requested < most:
            yield finding("less memory is requested than maxmemory: a full node evicts it", "request maxmemory and a half")
        if limit < 2 * most + REDIS_SPARE:
            problem = f"the limit of memory is less than twice maxmemory and {REDIS_SPARE // 2**20}Mi: it is killed while it rewrites its file"
            yield finding(problem, "raise the limit, or lower maxmemory")
