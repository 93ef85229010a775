/**
 * The manifests hold together: selectors meet pods, names meet what they name, pods are given the time that a process
 * takes to stop, run without rights, and are probed on the private port. A key that Kubernetes does not know is found too
 * where it would be dropped in silence: in pods and containers.
 */
import { existsSync, globSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import type { Finding } from "./check.ts";
import { entryPoints, judged, ROOT, read, stopSeconds } from "./check-files.ts";
import { at, entries, list, text } from "./parsed.ts";

const DIR = "infra/kubernetes";
const POD_KEYS = new Set(
  (
    "containers volumes securityContext terminationGracePeriodSeconds topologySpreadConstraints automountServiceAccountToken " +
    "enableServiceLinks restartPolicy"
  ).split(" "),
);
const CONTAINER_KEYS = new Set(
  "name image args env envFrom ports lifecycle startupProbe livenessProbe readinessProbe resources securityContext volumeMounts".split(" "),
);

interface Manifest {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
  readonly body: unknown;
}

export function checkKubernetes(): Finding[] {
  const manifests = readManifests();
  const workloads = manifests.filter(({ kind }) => kind === "Deployment" || kind === "Job");
  const deployments = workloads.filter(({ kind }) => kind === "Deployment");
  const each = (found: readonly Manifest[], problems: (manifest: Manifest) => string[]) =>
    found.flatMap((manifest) => problems(manifest).map((problem) => `${manifest.file}, ${manifest.kind} ${manifest.name}: ${problem}`));
  return [
    judged("Kubernetes: kustomization names every manifest", kustomizationProblems(manifests)),
    judged("Kubernetes: pods run what exists, without rights, under known keys", each(workloads, podProblems)),
    judged(
      "Kubernetes: variables come from what is there",
      each(workloads, (manifest) => variableProblems(manifest, manifests)),
    ),
    judged(
      "Kubernetes: probes and stops",
      each(deployments, (manifest) => [...probeProblems(manifest), ...stopProblems(manifest, manifests)]),
    ),
    judged(
      "Kubernetes: names and selectors meet",
      each(manifests, (manifest) => referenceProblems(manifest, manifests)),
    ),
  ];
}

function readManifests(): Manifest[] {
  const files = globSync(`${DIR}/*.yaml`, { cwd: ROOT }).toSorted((a, b) => a.localeCompare(b));
  return files.flatMap((file) => {
    const documents = parseAllDocuments(read(file), { merge: true });
    return (Array.isArray(documents) ? documents : []).map((document) => {
      const body: unknown = document.toJS();
      return { file, kind: text(at(body, "kind")), name: text(at(body, "metadata", "name")), body };
    });
  });
}

function kustomizationProblems(manifests: readonly Manifest[]): string[] {
  const kustomization = manifests.find(({ kind }) => kind === "Kustomization");
  const named = new Set(list(at(kustomization?.body, "resources")).map(text));
  const files = new Set(manifests.filter((manifest) => manifest !== kustomization).map(({ file }) => path.basename(file)));
  const absent = [...named].filter((file) => !files.has(file)).map((file) => `${file} does not exist`);
  const forgotten = [...files].filter((file) => !file.endsWith(".example.yaml") && !named.has(file));
  const anonymous = manifests.filter(
    ({ kind, name, body }) => kind !== "Kustomization" && (name === "" || text(at(body, "apiVersion")) === ""),
  );
  return [
    ...absent,
    ...forgotten.map((file) => `${file} is not among the resources`),
    ...anonymous.map(({ file }) => `${file}: apiVersion or name is missing`),
  ];
}

const podOf = ({ body }: Manifest) => at(body, "spec", "template", "spec");
const labelsOf = ({ body }: Manifest) => at(body, "spec", "template", "metadata", "labels");
const containersOf = (manifest: Manifest) => list(at(podOf(manifest), "containers"));

function podProblems(manifest: Manifest): string[] {
  const pod = podOf(manifest);
  const containers = containersOf(manifest);
  const unknown = [
    ...entries(pod).flatMap(([key]) => (POD_KEYS.has(key) ? [] : [`unknown key ${key} in the pod`])),
    ...containers.flatMap(entries).flatMap(([key]) => (CONTAINER_KEYS.has(key) ? [] : [`unknown key ${key} in the container`])),
  ];
  const sources = containers.flatMap((container) => entryPoints(at(container, "args")));
  const facts: [holds: boolean, problem: string][] = [
    [containers.length === 1 && sources.length === 1, "it must run one container with one source"],
    [at(pod, "securityContext", "runAsNonRoot") === true, "runAsNonRoot is not set"],
    [at(pod, "automountServiceAccountToken") === false, "it gets a token of the cluster's"],
    [at(pod, "enableServiceLinks") === false, "services' addresses would be set as variables"],
  ];
  for (const container of containers) {
    const security = at(container, "securityContext");
    facts.push([at(security, "readOnlyRootFilesystem") === true, "its root file system can be written to"]);
    facts.push([at(security, "allowPrivilegeEscalation") === false, "it may gain rights"]);
    facts.push([text(at(security, "capabilities", "drop", 0)) === "ALL", "it keeps capabilities"]);
    facts.push([text(at(container, "resources", "limits", "memory")) !== "", "its memory has no limit"]);
  }
  const missing = sources.filter((source) => !existsSync(path.join(ROOT, source))).map((source) => `${source} does not exist`);
  return [...unknown, ...missing, ...facts.flatMap(([holds, problem]) => (holds ? [] : [problem]))];
}

function variableProblems(manifest: Manifest, manifests: readonly Manifest[]): string[] {
  const secret = at(manifests.find(({ kind }) => kind === "Secret")?.body, "stringData");
  const maps = new Set(manifests.filter(({ kind }) => kind === "ConfigMap").map(({ name }) => name));
  return containersOf(manifest).flatMap((container) => [
    ...list(at(container, "env")).flatMap((variable) => {
      const key = at(variable, "valueFrom", "secretKeyRef", "key");
      return key === undefined || at(secret, text(key)) !== undefined ? [] : [`the example secret has no ${text(key)}`];
    }),
    ...list(at(container, "envFrom")).flatMap((source) => {
      const name = text(at(source, "configMapRef", "name"));
      return maps.has(name) ? [] : [`there is no ConfigMap ${name}`];
    }),
  ]);
}

function probeProblems(manifest: Manifest): string[] {
  const paths = { startupProbe: "/healthz", livenessProbe: "/healthz", readinessProbe: "/readyz" };
  return containersOf(manifest).flatMap((container) => [
    ...Object.entries(paths).flatMap(([probe, wanted]) => {
      const get = at(container, probe, "httpGet");
      return text(at(get, "path")) === wanted && text(at(get, "port")) === "private"
        ? []
        : [`${probe} does not ask for ${wanted} on the private port`];
    }),
    ...(list(at(container, "ports")).some((port) => at(port, "name") === "private") ? [] : ["it has no port named private"]),
  ]);
}

function stopProblems(manifest: Manifest, manifests: readonly Manifest[]): string[] {
  const grace = Number(at(podOf(manifest), "terminationGracePeriodSeconds"));
  const settings = manifests.find(({ kind }) => kind === "ConfigMap")?.body;
  const preStop = Number(text(at(containersOf(manifest)[0], "lifecycle", "preStop", "exec", "command", 1)));
  const needed = preStop + stopSeconds(manifest.name, text(at(settings, "data", "GATEWAY_STOP_TIMEOUT_MS")));
  return grace > needed ? [] : [`terminationGracePeriodSeconds is ${grace}: it stops within ${needed} s`];
}

function referenceProblems(manifest: Manifest, manifests: readonly Manifest[]): string[] {
  const { kind, body } = manifest;
  const deployments = manifests.filter((other) => other.kind === "Deployment");
  const selector = kind === "Service" ? at(body, "spec", "selector") : at(body, "spec", "selector", "matchLabels");
  if (kind === "Deployment" || kind === "PodDisruptionBudget")
    return deployments.some((pods) => selects(selector, pods)) ? [] : ["selects no pods"];
  if (kind === "Service")
    return servicePortProblems(
      body,
      deployments.filter((pods) => selects(selector, pods)),
    );
  if (kind === "HorizontalPodAutoscaler") {
    const target = text(at(body, "spec", "scaleTargetRef", "name"));
    const scaled = deployments.find(({ name }) => name === target);
    if (scaled === undefined) return [`there is no Deployment ${target}`];
    return at(scaled.body, "spec", "replicas") === undefined
      ? []
      : [`${target} has replicas of its own: each rollout would undo the scaling`];
  }
  return kind === "Ingress" ? ingressProblems(body, manifests) : [];
}

function selects(selector: unknown, pods: Manifest): boolean {
  const wanted = entries(selector);
  return wanted.length > 0 && wanted.every(([label, value]) => at(labelsOf(pods), label) === value);
}

function servicePortProblems(service: unknown, pods: readonly Manifest[]): string[] {
  if (pods.length === 0) return ["selects no pods"];
  const names = new Set(
    pods.flatMap(containersOf).flatMap((container) => list(at(container, "ports")).map((port) => text(at(port, "name")))),
  );
  return list(at(service, "spec", "ports")).flatMap((port) => {
    const target = text(at(port, "targetPort"));
    return names.has(target) ? [] : [`its pods have no port ${target}`];
  });
}

function ingressProblems(ingress: unknown, manifests: readonly Manifest[]): string[] {
  const paths = list(at(ingress, "spec", "rules")).flatMap((rule) => list(at(rule, "http", "paths")));
  return paths.flatMap((route) => {
    const wanted = at(route, "backend", "service");
    const service = manifests.find(({ kind, name }) => kind === "Service" && name === at(wanted, "name"));
    const ports = list(at(service?.body, "spec", "ports")).map((port) => at(port, "name"));
    return ports.includes(at(wanted, "port", "name")) ? [] : [`${text(at(route, "path"))} leads to no service`];
  });
}
