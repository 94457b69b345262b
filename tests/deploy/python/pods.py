"""Pods: what they may do (pod security `restricted` and a little more), what they need, what they mount."""

import re

from findings import Finding
from objects import at

# Pod Security Standards, "restricted", Kubernetes 1.34
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
EVERYBODY = 0o007
SUFFIXES = {
    "": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip


def check(objects):
    for workload in objects.workloads():
        yield from _pod_security(workload)
        for path, container in workload.containers:
            yield from _container_security(workload, path, container)
            yield from _image(workload, path, container)
            yield from _resources(workload, path, container)
            yield from _mounts(workload, path, container)
            yield from _variables(objects, workload, path, container)
        yield from _volumes(objects, workload)
    yield from _namespace_label(objects)


def quantity(text):
    """`250m`, `128Mi` as a number, or `None`."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)", str(text))
    return float(found[1]) * SUFFIXES[found[2]] if found and found[2] in SUFFIXES else None


def _namespace_label(objects):
    label = "pod-security.kubernetes.io/enforce"
    for obj in objects.of("Namespace"):
        if at(obj, "metadata", "labels", default={}).get(label) != "restricted":
            where = f"Namespace/{obj['metadata']['name']}"
            yield Finding("security.namespace", where, "metadata.labels", f"{label} is not restricted", f"set {label}: restricted")


def _pod_security(workload):
    spec, path = workload.spec, workload.path

    def finding(code, where, problem, mend):
        return Finding(f"security.{code}", workload.name, f"{path}.{where}", problem, mend)

    for flag in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(flag):
            yield finding("host", flag, "the pod shares its node's namespace", "remove it")
    if spec.get("automountServiceAccountToken") is not False:
        problem = "the pod gets a token for the API server, which nothing here needs"
        yield finding("token", "automountServiceAccountToken", problem, "set it to false")
    for volume in spec.get("volumes") or []:
        for kind in set(volume) - {"name"} - VOLUMES:
            problem = f"volumes of kind {kind} are forbidden by `restricted`"
            yield finding("volume", f"volumes[{volume.get('name')}]", problem, "use a persistentVolumeClaim or an emptyDir")


def _container_security(workload, path, container):
    pod, own = workload.spec.get("securityContext") or {}, container.get("securityContext") or {}

    def either(key):
        return own.get(key, pod.get(key))

    def finding(code, field, problem, mend):
        return Finding(f"security.{code}", workload.name, f"{path}.securityContext.{field}", problem, mend)

    if own.get("privileged"):
        yield finding("privileged", "privileged", "the container may do anything on its node", "remove it")
    if own.get("allowPrivilegeEscalation") is not False:
        yield finding("escalation", "allowPrivilegeEscalation", "is not false", "set it to false")
    if either("runAsNonRoot") is not True:
        yield finding("root", "runAsNonRoot", "is not true for pod or container", "set it to true")
    if either("runAsUser") == 0:
        yield finding("root", "runAsUser", "is root", "use 65532, the image's own user")
    capabilities = own.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or []):
        yield finding("capabilities", "capabilities.drop", "does not drop ALL", 'set it to ["ALL"]')
    for added in set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
        yield finding("capabilities", "capabilities.add", f"adds {added}", "remove it")
    if at(either("seccompProfile"), "type") not in ("RuntimeDefault", "Localhost"):
        yield finding("seccomp", "seccompProfile.type", "is not RuntimeDefault", "set it for the pod")
    if own.get("readOnlyRootFilesystem") is not True:
        mend = "set it to true; what must be written goes to a volume"
        yield finding("read_only_root", "readOnlyRootFilesystem", "is not true", mend)
    for port in container.get("ports") or []:
        if port.get("hostPort"):
            yield Finding("security.host", workload.name, f"{path}.ports", "takes a port of its node", "remove hostPort")


def _image(workload, path, container):
    image = container.get("image", "")
    name = image.rsplit("/", 1)[-1]
    tag = name.split("@")[0].partition(":")[2]
    if "@sha256:" not in image and tag in ("", "latest"):
        problem = f"{image or 'no image'} may be another program tomorrow"
        yield Finding("image.tag", workload.name, f"{path}.image", problem, "name a version or a digest (`images:` of the overlay)")


def _resources(workload, path, container):
    requests, limits = (at(container, "resources", part, default={}) for part in ("requests", "limits"))
    for resource in ("cpu", "memory"):
        if resource not in requests:
            mend = "request what docs/PERFORMANCE.md measured; without it a busy node starves or evicts this pod first"
            yield Finding("resources.requests", workload.name, f"{path}.resources.requests", f"has no {resource}", mend)
    if "memory" not in limits:
        mend = "set one: a leak must end this container, not its neighbours"
        yield Finding("resources.limits", workload.name, f"{path}.resources.limits", "has no memory", mend)
    for resource in set(requests) & set(limits):
        least, most = quantity(requests[resource]), quantity(limits[resource])
        where = f"{path}.resources.limits.{resource}"
        if least is None or most is None:
            yield Finding("resources.quantity", workload.name, where, "is not a quantity", "write 250m or 128Mi")
        elif most < least:
            problem = f"{limits[resource]} is less than the {requests[resource]} that are requested"
            yield Finding("resources.bounds", workload.name, where, problem, "raise the limit or lower the request")


def _mounts(workload, path, container):
    volumes = {volume.get("name"): volume for volume in workload.spec.get("volumes") or []}
    claims = at(workload.obj, "spec", "volumeClaimTemplates", default=[])
    names = set(volumes) | {at(claim, "metadata", "name") for claim in claims}
    for mount in container.get("volumeMounts") or []:
        where = f"{path}.volumeMounts[{mount.get('mountPath')}]"
        if mount.get("name") not in names:
            mend = f"add it to volumes, or mount one of {', '.join(sorted(names)) or 'none'}"
            yield Finding("volume.mount", workload.name, where, f"there is no volume {mount.get('name')}", mend)
        volume = volumes.get(mount.get("name"), {})
        if (mount.get("subPath") or mount.get("subPathExpr")) and {"configMap", "secret", "projected"} & set(volume):
            problem = "a subPath mount never shows a change of its ConfigMap or Secret"
            yield Finding("volume.sub_path", workload.name, where, problem, "mount the directory")


def _volumes(objects, workload):
    group = at(workload.spec, "securityContext", "fsGroup")
    for volume in workload.spec.get("volumes") or []:
        path = f"{workload.path}.volumes[{volume.get('name')}]"
        if "configMap" in volume:
            keys = objects.config_map(volume["configMap"].get("name"))
            yield from _source(workload, path, "ConfigMap", volume["configMap"], volume["configMap"].get("name"), keys)
        if "secret" in volume:
            source = volume["secret"]
            yield from _source(workload, path, "Secret", source, source.get("secretName"), objects.secret(source.get("secretName")))
            mode = source.get("defaultMode", 0o644)
            if mode & EVERYBODY:
                mend = "set defaultMode: 0440, and fsGroup so that the program may read it"
                yield Finding("secret.mode", workload.name, f"{path}.defaultMode", f"{mode:04o} lets everybody read", mend)
            elif group is None:
                problem = "without fsGroup the files belong to root, and this user may not read them"
                yield Finding("secret.mode", workload.name, f"{workload.path}.securityContext", problem, "set fsGroup: 65532")
        claim = at(volume, "persistentVolumeClaim", "claimName")
        if claim and objects.get("PersistentVolumeClaim", claim) is None:
            yield Finding("reference.claim", workload.name, path, f"there is no PersistentVolumeClaim {claim}", "add it")


def _source(workload, path, kind, source, name, keys):
    """A volume's ConfigMap or Secret, and the keys that it picks."""
    if source.get("optional"):
        return
    if keys is None:
        yield _absent(workload, path, kind, name)
        return
    for item in source.get("items") or []:
        if item["key"] not in keys:
            yield _no_key(workload, path, kind, name, item["key"], keys)


def _variables(objects, workload, path, container):
    for variable in container.get("env") or []:
        where = f"{path}.env[{variable.get('name')}]"
        for kind, field, of in (("Secret", "secretKeyRef", objects.secret), ("ConfigMap", "configMapKeyRef", objects.config_map)):
            reference = at(variable, "valueFrom", field)
            if not reference or reference.get("optional"):
                continue
            keys = of(reference.get("name"))
            if keys is None:
                yield _absent(workload, where, kind, reference.get("name"))
            elif reference.get("key") not in keys:
                yield _no_key(workload, where, kind, reference.get("name"), reference.get("key"), keys)
    for source in container.get("envFrom") or []:
        for kind, field, of in (("Secret", "secretRef", objects.secret), ("ConfigMap", "configMapRef", objects.config_map)):
            name = at(source, field, "name")
            if name and not at(source, field, "optional") and of(name) is None:
                yield _absent(workload, f"{path}.envFrom", kind, name)


def _absent(workload, path, kind, name):
    mend = f"add the {kind}; when somebody else applies it, name its file by --also"
    if kind == "Secret":
        mend = "include components/external-secrets, or name the file of a Secret that you apply yourself by --also"
    return Finding(f"reference.{'secret' if kind == 'Secret' else 'config_map'}", workload.name, path, f"there is no {kind} {name}", mend)


def _no_key(workload, path, kind, name, key, keys):
    mend = f"add it, or use one of {', '.join(sorted(keys)) or 'none'}"
    return Finding("reference.key", workload.name, path, f"the {kind} {name} has no key {key}", mend)
