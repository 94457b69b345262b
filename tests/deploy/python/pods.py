"""Pods: what they may do (pod security `restricted` and a little more), what they need, what they mount."""

import re
from pathlib import Path

from findings import Finding
from objects import at, name_of
from values import quantity

# Pod Security Standards, "restricted", Kubernetes 1.34
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
}  # fmt: skip
EVERYBODY = 0o007
# Of a Secret's file only reading, by its owner and its group
READING = 0o440
USER = 65532
# docs/PERFORMANCE.md: 85 MB in saturation
LEAST = 96 * 2**20
MANIFEST = Path(__file__).resolve().parents[3] / "Cargo.toml"


def check(objects):
    for workload in objects.workloads():
        yield from _pod_security(workload)
        yield from _account(objects, workload)
        for path, container in workload.containers:
            yield from _container_security(workload, path, container)
            yield from _image(workload, path, container)
            yield from _probe_ports(workload, path, container)
            yield from _probe_times(workload, path, container)
            yield from _resources(workload, path, container)
            yield from _mounts(workload, path, container)
            yield from _variables(objects, workload, path, container)
        yield from _volumes(objects, workload)
    yield from _namespace_label(objects)
    yield from _roles(objects)


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
    for field, groups in (("runAsGroup", [at(spec, "securityContext", "runAsGroup")]), ("fsGroup", [at(spec, "securityContext", "fsGroup")]),
                          ("supplementalGroups", at(spec, "securityContext", "supplementalGroups", default=[]))):  # fmt: skip
        if 0 in groups:
            yield finding("root", f"securityContext.{field}", "is root's group", "use 65532, or the image's own group")
    if at(spec, "os", "name", default="linux") != "linux" or at(spec, "nodeSelector", "kubernetes.io/os", default="linux") != "linux":
        yield Finding("pod.node", workload.name, path, "the images are for Linux", "kubernetes.io/os: linux")
    if "nodeName" in spec:
        yield Finding("pod.node", workload.name, f"{path}.nodeName", "the pod ends with this node, and no scheduler looks", "remove it")
    if spec.get("dnsPolicy", "ClusterFirst") in ("None", "Default"):
        problem = "names of Services, such as the store's, are not found"
        yield Finding("pod.dns", workload.name, f"{path}.dnsPolicy", problem, "remove it: ClusterFirst is what holds then")
    for one in at(spec, "securityContext", "sysctls", default=[]):
        if one.get("name") not in SYSCTLS:
            yield finding("sysctl", "securityContext.sysctls", f"{one.get('name')} is forbidden by `restricted`", "remove it")
    for volume in spec.get("volumes") or []:
        for kind in set(volume) - {"name"} - VOLUMES:
            problem = f"volumes of kind {kind} are forbidden by `restricted`"
            yield finding("volume", f"volumes[{volume.get('name')}]", problem, "use a persistentVolumeClaim or an emptyDir")


def _account(objects, workload):
    name, path = workload.spec.get("serviceAccountName", "default"), f"{workload.path}.serviceAccountName"
    if name != "default" and objects.get("ServiceAccount", name) is None:
        problem = f"there is no ServiceAccount {name}: no pod is made"
        yield Finding("reference.account", workload.name, path, problem, "name the one in base/service-account.yaml")
    for pull in workload.spec.get("imagePullSecrets") or []:
        if objects.secret(pull.get("name")) is None:
            yield _absent(workload, f"{workload.path}.imagePullSecrets", "Secret", pull.get("name"))


def _roles(objects):
    """Sacola asks Kubernetes for nothing: whoever binds its account to a role gives a stolen pod what that may do."""
    accounts = {obj["metadata"]["name"] for obj in objects.of("ServiceAccount")} | {"default"}
    for binding in objects.of("RoleBinding", "ClusterRoleBinding"):
        for subject in binding.get("subjects") or []:
            if subject.get("kind") == "ServiceAccount" and subject.get("name") in accounts:
                problem = f"gives {at(binding, 'roleRef', 'name')} to {subject.get('name')}, which needs no role"
                yield Finding("security.role", name_of(binding), "subjects", problem, "remove it")


def _probe_ports(workload, path, container):
    """A port's name is looked up in the probe's own container. The gateway's probes are looked at by configuration.py too."""
    names = {port.get("name"): port for port in container.get("ports") or []}
    known = set(names) | {port.get("containerPort") for port in names.values()}
    places = [(kind, container.get(kind)) for kind in ("startupProbe", "livenessProbe", "readinessProbe")]
    places += [(f"lifecycle.{kind}", at(container, "lifecycle", kind)) for kind in ("postStart", "preStop")]
    for kind, probe in places:
        for handler in ("httpGet", "tcpSocket", "grpc"):
            port = at(probe, handler, "port")
            if at(probe, handler, "host") is not None:
                problem = "asks another host than the pod, which `restricted` forbids"
                yield Finding("probe.host", workload.name, f"{path}.{kind}.{handler}.host", problem, "remove it")
            if port is not None and port not in known:
                mend = f"name one that the container declares: {', '.join(str(name) for name in names) or 'none'}"
                yield Finding("probe.port", workload.name, f"{path}.{kind}", f"the container has no port {port}", mend)


def _probe_times(workload, path, container):
    """How long a container may take: to start, to answer, and to be taken for ready when it is not."""
    for kind, least, most, why in (
        ("startupProbe", 30, 3_600, "a start on a slow node or a large file is killed"),
        ("livenessProbe", 15, 300, "a pause of some seconds restarts the container"),
        ("readinessProbe", 2, 30, "a replica that can't take requests still gets them"),
    ):
        probe = container.get(kind)
        if probe is None:
            continue
        spent = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
        if not least <= spent <= most:
            problem = f"periodSeconds × failureThreshold is {spent} s" + (f": {why}" if (spent < least) == (kind != "readinessProbe") else "")
            yield Finding("probe.time", workload.name, f"{path}.{kind}", problem, f"{least} to {most} s")


def _container_security(workload, path, container):
    pod, own = workload.spec.get("securityContext") or {}, container.get("securityContext") or {}

    def either(key):
        return own.get(key, pod.get(key))

    def finding(code, field, problem, mend):
        return Finding(f"security.{code}", workload.name, f"{path}.securityContext.{field}", problem, mend)

    if own.get("privileged"):
        yield finding("privileged", "privileged", "the container may do anything on its node", "remove it")
    if own.get("procMount", "Default") != "Default":
        yield finding("privileged", "procMount", "is forbidden by `restricted`", "remove it")
    if at(either("appArmorProfile"), "type", default="RuntimeDefault") == "Unconfined":
        yield finding("apparmor", "appArmorProfile.type", "Unconfined is forbidden by `restricted`", "remove it")
    if at(either("seLinuxOptions"), "type", default="") not in ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"):
        yield finding("selinux", "seLinuxOptions.type", "is forbidden by `restricted`", "remove it")
    if either("runAsGroup") == 0 and pod.get("runAsGroup") != 0:
        yield finding("root", "runAsGroup", "is root's group", "use 65532, or the image's own group")
    if own.get("allowPrivilegeEscalation") is not False:
        yield finding("escalation", "allowPrivilegeEscalation", "is not false", "set it to false")
    if either("runAsNonRoot") is not True:
        yield finding("root", "runAsNonRoot", "is not true for pod or container", "set it to true")
    if either("runAsUser") == 0:
        yield finding("root", "runAsUser", "is root", "use 65532, the image's own user")
    elif is_sacola(container) and either("runAsUser") not in (None, USER):
        yield finding("user", "runAsUser", f"{either('runAsUser')} is not the image's user", "use 65532")
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


def is_sacola(container):
    """Whether this is our own program."""
    return re.split("[:@]", container.get("image", "").rsplit("/", 1)[-1])[0] == "sacola"


def _image(workload, path, container):
    image = container.get("image", "")
    name = image.rsplit("/", 1)[-1]
    tag = name.split("@")[0].partition(":")[2]

    def finding(code, problem, mend):
        return Finding(f"image.{code}", workload.name, f"{path}.image", problem, mend)

    if "/" not in image:
        yield finding("registry", f"{image} would come from docker.io/library", "name your registry (`images:` of the overlay)")
    version = re.search(r'(?m)^version = "(.+)"$', MANIFEST.read_text(encoding="utf-8"))[1]
    if "@sha256:" not in image and not re.search("[0-9]", tag):
        yield finding("tag", f"{image or 'no image'} may be another program tomorrow", "name a version or a digest (`images:` of the overlay)")
    elif is_sacola(container) and "@" not in image and not re.fullmatch(rf"v?{re.escape(version)}([-_.+].*)?", tag):
        yield finding("version", f"these manifests are of version {version}, the image is of {tag or 'none'}", f"name {version}, or a digest")


def _resources(workload, path, container):
    requests, limits = (at(container, "resources", part, default={}) for part in ("requests", "limits"))
    for resource in ("cpu", "memory"):
        if resource not in requests:
            mend = "request what docs/PERFORMANCE.md measured; without it a busy node starves or evicts this pod first"
            yield Finding("resources.requests", workload.name, f"{path}.resources.requests", f"has no {resource}", mend)
    if "memory" not in limits:
        mend = "set one: a leak must end this container, not its neighbours"
        yield Finding("resources.limits", workload.name, f"{path}.resources.limits", "has no memory", mend)
    if is_sacola(container) and "serve" in (container.get("args") or []):
        if "cpu" in limits:
            problem = "a throttled replica answers late, and what is late comes again"
            yield Finding("resources.throttle", workload.name, f"{path}.resources.limits.cpu", problem, "remove it; requests keep the share")
        if (quantity(requests.get("memory")) or LEAST) < LEAST:
            problem = f"{requests['memory']} is less than the program was measured to use"
            yield Finding("resources.measured", workload.name, f"{path}.resources.requests.memory", problem, "128Mi: docs/PERFORMANCE.md")
    for resource in set(requests) & set(limits):
        least, most = quantity(requests[resource]), quantity(limits[resource])
        where = f"{path}.resources.limits.{resource}"
        if least is not None and most is not None and most < least:
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
    mounted = {mount.get("name") for _, container in workload.containers for mount in container.get("volumeMounts") or []}
    for volume in workload.spec.get("volumes") or []:
        path = f"{workload.path}.volumes[{volume.get('name')}]"
        if volume.get("name") not in mounted:
            yield Finding("volume.unused", workload.name, path, "no container mounts it", "mount it, or remove it")
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
            elif mode & ~READING or not mode:
                yield Finding("secret.mode", workload.name, f"{path}.defaultMode", f"{mode:04o} is not for reading alone", "write 0440, with its 0")
            elif group is None:
                problem = "without fsGroup the files belong to root, and this user may not read them"
                yield Finding("secret.mode", workload.name, f"{workload.path}.securityContext", problem, "set fsGroup: 65532")
        claim = at(volume, "persistentVolumeClaim", "claimName")
        if claim and objects.get("PersistentVolumeClaim", claim) is None:
            yield Finding("reference.claim", workload.name, path, f"there is no PersistentVolumeClaim {claim}", "add it")
    if _writes_to_claims(workload) and group is None:
        problem = "without fsGroup a new volume belongs to root, and this user may not write to it"
        yield Finding("volume.group", workload.name, f"{workload.path}.securityContext", problem, "set fsGroup to the user's group")


def _writes_to_claims(workload):
    """Whether pods write to volumes that a storage class makes."""
    claims = [volume for volume in workload.spec.get("volumes") or [] if "persistentVolumeClaim" in volume]
    return bool(claims or at(workload.obj, "spec", "volumeClaimTemplates"))


def _source(workload, path, kind, source, name, keys):
    """A volume's ConfigMap or Secret, and the keys that it picks."""
    if source.get("optional"):
        yield _optional(workload, f"{path}.optional", kind, name)
    elif keys is None:
        yield _absent(workload, path, kind, name)
        return
    for item in source.get("items") or []:
        if item["key"] not in keys:
            yield _no_key(workload, path, kind, name, item["key"], keys)


def _variables(objects, workload, path, container):
    names = {variable.get("name") for variable in container.get("env") or []}
    for text in (container.get("args") or []) + (container.get("command") or []):
        for name in re.findall(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)", text):
            if name not in names and not container.get("envFrom"):
                problem = f"$({name}) stays as it is written: there is no such variable"
                yield Finding("reference.variable", workload.name, f"{path}.args", problem, f"name one of {', '.join(sorted(names)) or 'none'}")
    for variable in container.get("env") or []:
        where = f"{path}.env[{variable.get('name')}]"
        for kind, field, of in (("Secret", "secretKeyRef", objects.secret), ("ConfigMap", "configMapKeyRef", objects.config_map)):
            reference = at(variable, "valueFrom", field)
            if not reference:
                continue
            if reference.get("optional"):
                yield _optional(workload, f"{where}.valueFrom.{field}.optional", kind, reference.get("name"))
                continue
            keys = of(reference.get("name"))
            if keys is None:
                yield _absent(workload, where, kind, reference.get("name"))
            elif reference.get("key") not in keys:
                yield _no_key(workload, where, kind, reference.get("name"), reference.get("key"), keys)
    for source in container.get("envFrom") or []:
        if "secretRef" in source and is_sacola(container):
            problem = "every text of a Secret comes as a variable, which no change reaches and every crash report shows"
            yield Finding("secret.env", workload.name, f"{path}.envFrom", problem, "secrets are files below /run/secrets/sacola")
        for kind, field, of in (("Secret", "secretRef", objects.secret), ("ConfigMap", "configMapRef", objects.config_map)):
            name = at(source, field, "name")
            if name and not at(source, field, "optional") and of(name) is None:
                yield _absent(workload, f"{path}.envFrom", kind, name)


def _optional(workload, path, kind, name):
    problem = f"without the {kind} {name} the pod starts, and lacks what it holds"
    return Finding("reference.optional", workload.name, path, problem, "remove `optional`: the pod waits, and events tell why")


def _absent(workload, path, kind, name):
    mend = f"add the {kind}; when somebody else applies it, name its file by --also"
    if kind == "Secret":
        mend = "include components/external-secrets, or name the file of a Secret that you apply yourself by --also"
    return Finding(f"reference.{'secret' if kind == 'Secret' else 'config_map'}", workload.name, path, f"there is no {kind} {name}", mend)


def _no_key(workload, path, kind, name, key, keys):
    mend = f"add it, or use one of {', '.join(sorted(keys)) or 'none'}"
    return Finding("reference.key", workload.name, path, f"the {kind} {name} has no key {key}", mend)
