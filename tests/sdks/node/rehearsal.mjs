// The emulator from outside: its control API, one customer's phone, and the account of steps that a walk keeps.

import assert from "node:assert/strict";

const PATIENCE_MS = 60_000;

/** The control API. */
export class Emulator {
    /** @param {Record<string, string>} ready */
    constructor(ready) {
        this.ready = ready;
    }

    async call(method, path, body) {
        const answer = await fetch(`${this.ready.emulator}${path}`, {
            method,
            headers: body === undefined ? {} : { "content-type": "application/json" },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await answer.text();
        assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
        return JSON.parse(text);
    }

    get(path) {
        return this.call("GET", path);
    }

    post(path, body = {}) {
        return this.call("POST", path, body);
    }

    async phone(name, wa_id) {
        return new Phone(this, await this.post("/emulator/phones", { name, wa_id }));
    }
}

/** A customer. */
export class Phone {
    constructor(emulator, made) {
        this.emulator = emulator;
        this.path = `/emulator/phones/${made.id}`;
        this.wa_id = made.wa_id;
        this.user_id = made.user_id;
    }

    /** Something that the business hears of at once. */
    async does(what, body = {}, device = "android") {
        const done = await this.emulator.post(`${this.path}/devices/${device}/${what}`, body);
        assert.equal(done.webhook_status, 200, `${what}: the SDK answered ${done.webhook_status}`);
        return done;
    }

    async messages() {
        return (await this.emulator.get(`${this.path}/messages`)).messages;
    }

    /** The last message that the business sent. */
    async newest() {
        return (await this.messages()).filter((message) => !("device" in message)).at(-1);
    }
}

/** Steps with their outcome, each told as one line of JSON. */
export class Account {
    sent = 0;
    received = 0;
    skipped = [];
    failures = 0;

    tell(step, ok, detail) {
        this.failures += ok ? 0 : 1;
        console.log(JSON.stringify({ step, ok, detail }));
    }

    /** Runs one step. What it returns is returned; a failure is told, and the walk goes on. */
    async step(name, act, counts) {
        try {
            const result = await act();
            if (counts) this[counts] += 1;
            this.tell(name, true, typeof result === "string" ? result : (JSON.stringify(result) ?? "").slice(0, 160));
            return result;
        } catch (error) {
            this.tell(name, false, String(error instanceof Error ? error.message : error).slice(0, 600));
            return undefined;
        }
    }

    skip(name, reason) {
        this.skipped.push(`${name}: ${reason}`);
        console.log(JSON.stringify({ step: name, ok: true, detail: `skipped: ${reason}` }));
    }

    close() {
        const { sent, received, skipped } = this;
        console.log(JSON.stringify({ sent, received, skipped }));
        return this.failures === 0 ? 0 : 1;
    }
}

/** What `find` returns once it returns something. */
export async function eventually(find, what) {
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
        const found = await find();
        if (found) return found;
        await new Promise((wake) => setTimeout(wake, 20));
    }
    throw new Error(`the SDK heard nothing like it: ${what}`);
}

/** Two forms of one message id: the address in front may differ, the tail is the message's own. */
export function same(one, other) {
    return one.slice(-16) === other.slice(-16);
}
