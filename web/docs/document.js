// @ts-check
/**
 * The OpenAPI document as the page needs it: references followed, operations in the order of their groups. It draws nothing.
 * @module
 */

/** Any part of the document. @typedef {any} Part */

/**
 * One operation.
 * @typedef {{ id: string, method: string, path: string, tag: string, summary: string, description: string, scopes: string[],
 *   parameters: Part[], body: Part | undefined, answers: [string, Part][], isOpen: boolean }} Operation
 */

/** @typedef {{ name: string, about: string, operations: Operation[] }} Group */

const METHODS = ["get", "put", "post", "delete", "patch"];
/** Deeper references than this lead in a circle. */
const DEEPEST = 12;

export class Document {
  /** @param {Part} root */
  constructor(root) {
    this.root = root;
  }

  /** What a part is, its reference followed. @param {Part} part @returns {Part} */
  follow(part) {
    let found = part;
    for (let depth = 0; depth < DEEPEST && typeof found?.$ref === "string"; depth += 1) {
      found = this.at(found.$ref);
    }
    return found ?? {};
  }

  /** @param {string} reference @returns {Part} */
  at(reference) {
    const names = reference.replace(/^#\//, "").split("/");
    return names.reduce((part, name) => part?.[name.replaceAll("~1", "/").replaceAll("~0", "~")], this.root);
  }

  /** The last name of a reference: that of a schema. @param {Part} part @returns {string} */
  nameOf(part) {
    return typeof part?.$ref === "string" ? String(part.$ref.split("/").at(-1)) : "";
  }

  /** Every operation, by group. @returns {Group[]} */
  groups() {
    /** @type {Group[]} */
    const groups = (this.root.tags ?? []).map((/** @type {Part} */ tag) => ({ name: tag.name, about: tag.description ?? "", operations: [] }));
    for (const [path, item] of Object.entries(this.root.paths ?? {})) {
      for (const method of METHODS) {
        const told = /** @type {Part} */ (item)[method];
        if (!told) continue;
        const operation = this.#operation(path, method, told);
        let group = groups.find((one) => one.name === operation.tag);
        if (!group) {
          group = { name: operation.tag, about: "", operations: [] };
          groups.push(group);
        }
        group.operations.push(operation);
      }
    }
    return groups.filter((group) => group.operations.length > 0);
  }

  /** @param {string} path @param {string} method @param {Part} told @returns {Operation} */
  #operation(path, method, told) {
    const security = /** @type {Part[]} */ (told.security ?? []);
    const scopes = security.flatMap((way) => way.key ?? []);
    return {
      id: told.operationId ?? `${method}-${path.replace(/[^a-z]+/gi, "-")}`,
      method,
      path,
      tag: told.tags?.[0] ?? "more",
      summary: String(told.summary ?? path).replaceAll("`", ""),
      description: told.description ?? "",
      scopes,
      parameters: (told.parameters ?? []).map((/** @type {Part} */ one) => this.follow(one)),
      body: told.requestBody,
      answers: Object.entries(told.responses ?? {}),
      isOpen: security.length === 0,
    };
  }
}

/** The first content of a body or an answer: its type and what it is. @param {Part} holder @returns {[string, Part] | undefined} */
export function contentOf(holder) {
  return Object.entries(holder?.content ?? {})[0];
}
