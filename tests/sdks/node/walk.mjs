// whatsapp-api-js, unmodified, against the emulator: by the SDK's own option for fetch, with its signature check on.
//
// It takes the emulator's ready line as JSON in SACOLA_EMULATOR, prints one line of JSON per step, and ends with 1 if any failed.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import * as real from "whatsapp-api-js/messages";
import { WhatsAppAPI } from "whatsapp-api-js/middleware/node-http";

import { Account, Emulator } from "./rehearsal.mjs";
import { Receives } from "./receives.mjs";
import { form, PNG, Sends } from "./sends.mjs";

const CALLS = "the emulator makes no calls";
const NOT_EMULATED = {
    acceptCall: CALLS,
    initiateCall: CALLS,
    preacceptCall: CALLS,
    rejectCall: CALLS,
    terminateCall: CALLS,
};
// They ask Meta for nothing, or are the way that all others take.
const LOCAL = new Set(["constructor", "get", "post", "getBody", "handle_get", "handle_post", "$$apiFetch$$",
    "verifyRequestSignature"]);
// Parents of what is built.
const ABSTRACT = new Set(["ButtonComponent", "Media", "isProductSections"]);

/** Passes everything on and notes the names that were asked for. */
function noted(object, names) {
    return new Proxy(object, {
        get(target, name) {
            if (typeof name === "string") names.add(name);
            const found = Reflect.get(target, name);
            return typeof found === "function" && !found.prototype ? found.bind(target) : found;
        },
    });
}

function publicMethods() {
    const names = new Set();
    for (let at = WhatsAppAPI.prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
        Object.getOwnPropertyNames(at).forEach((name) => names.add(name));
    }
    return [...names].filter((name) => !LOCAL.has(name) && !name.startsWith("_"));
}

async function serve(bot) {
    const server = createServer(async (request, response) => {
        if (request.method === "GET") {
            try {
                response.end(bot.handle_get(request));
            } catch (status) {
                response.writeHead(Number(status)).end();
            }
            return;
        }
        response.writeHead(await bot.handle_post(request)).end();
    });
    // No connection is closed because it was idle: the next webhook may be on its way in it.
    server.keepAliveTimeout = 0;
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    return { server, url: `http://127.0.0.1:${server.address().port}/webhook` };
}

/** The override of the account's callback is Meta's handshake with this very server. */
async function handshake(account, ready, url) {
    const override = (verify_token) =>
        fetch(`${ready.graph_url}/v26.0/${ready.waba_id}/subscribed_apps`, {
            method: "POST",
            headers: { authorization: `Bearer ${ready.access_token}`, "content-type": "application/json" },
            body: JSON.stringify({ override_callback_uri: url, verify_token }),
        });
    await account.step("handshake", async () => {
        const taken = await override(ready.verify_token);
        assert.equal(taken.status, 200, await taken.text());
        const refused = await override("another token");
        assert.notEqual(refused.status, 200);
        return `${taken.status}, and ${refused.status} with a wrong token`;
    });
}

async function codes(account, bot, number) {
    await account.step("QR codes", async () => {
        const made = await bot.createQR(number, "O cardápio de hoje", "svg");
        assert.ok(made.code && made.qr_image_url && made.deep_link_url, JSON.stringify(made));
        const one = await bot.retrieveQR(number, made.code);
        assert.equal(one.data[0].prefilled_message, "O cardápio de hoje");
        const changed = await bot.updateQR(number, made.code, "Outro");
        assert.equal(changed.prefilled_message, "Outro", JSON.stringify(changed));
        assert.equal((await bot.retrieveQR(number)).data.length, 1);
        assert.deepEqual(await bot.deleteQR(number, made.code), { success: true });
        assert.equal((await bot.retrieveQR(number)).data.length, 0);
        return made;
    });
}

async function blocks(account, bot, number, phone) {
    await account.step("block and unblock", async () => {
        const both = { phone: phone.wa_id, bsuid: phone.user_id };
        for (const user of [both, { bsuid: phone.user_id }]) {
            const blocked = await bot.blockUser(number, user);
            assert.equal(blocked.block_users?.added_users?.length, 1, JSON.stringify(blocked));
            const freed = await bot.unblockUser(number, user);
            assert.equal(freed.block_users?.removed_users?.length, 1, JSON.stringify(freed));
        }
        return "by number and by user id";
    });
}

async function media(account, bot, number) {
    await account.step("media: upload, look, fetch, delete", async () => {
        const { id } = await bot.uploadMedia(number, form(PNG, "image/png", "dot.png"));
        const file = await bot.retrieveMedia(id);
        assert.deepEqual([file.mime_type, Number(file.file_size)], ["image/png", PNG.length]);
        const fetched = await bot.fetchMedia(file.url);
        assert.deepEqual(Buffer.from(await fetched.arrayBuffer()), PNG);
        assert.deepEqual(await bot.deleteMedia(id, number), { success: true });
        const gone = await bot.retrieveMedia(id);
        assert.ok(gone.error, JSON.stringify(gone));
        return gone.error.message;
    });
}

async function main() {
    const ready = JSON.parse(process.env.SACOLA_EMULATOR ?? "");
    const account = new Account();
    const emulator = new Emulator(ready);
    const tried = new Set();
    const built = new Set();
    const led = (url, options) => fetch(String(url).replace("https://graph.facebook.com", ready.graph_url), options);
    const sdk = new WhatsAppAPI({
        token: ready.access_token,
        appSecret: ready.app_secret,
        webhookVerifyToken: ready.verify_token,
        v: "v24.0",
        ponyfill: { fetch: led },
    });
    const bot = noted(sdk, tried);
    const messages = noted(real, built);
    const sentEvents = [];
    sdk.on.sent = ({ id }) => void sentEvents.push(id);
    const { server, url } = await serve(sdk);
    await emulator.post("/emulator/targets", { webhook_url: url });
    const products = (await emulator.get("/emulator/catalog")).products.map((product) => product.retailer_id);
    const phone = await emulator.phone("Ana Souza", "5511987650002");
    const other = await emulator.phone("Bia Lima", "5511987650003");
    const sends = new Sends({ account, bot, messages, phone, ready, products });
    const receives = new Receives({ account, bot, phone, sends, messages });

    await handshake(account, ready, url);
    await receives.first();
    await other.does("text", { body: "oi" });
    await sends.plain();
    await sends.media();
    await sends.interactive();
    await sends.commerce();
    await sends.templates();
    await sends.broadcast(other);
    await receives.words();
    await receives.things();
    await receives.taps();
    await receives.answers();
    await receives.statuses();
    await receives.unsigned(emulator);
    await codes(account, bot, ready.phone_number_id);
    await blocks(account, bot, ready.phone_number_id, phone);
    await media(account, bot, ready.phone_number_id);
    await receives.failures(emulator);
    await receives.changes(emulator);

    await account.step("every method of the SDK is tried or explained", () => {
        const left = publicMethods().filter((name) => !tried.has(name) && !(name in NOT_EMULATED));
        assert.deepEqual(left, []);
        assert.ok(sentEvents.length >= account.sent, "the SDK told too few sends");
        return "none is left";
    });
    await account.step("every kind of message of the SDK is built", () => {
        const left = Object.keys(real).filter((name) => !built.has(name) && !ABSTRACT.has(name));
        assert.deepEqual(left, []);
        return "none is left";
    });
    for (const [name, reason] of Object.entries(NOT_EMULATED)) account.skip(name, reason);
    server.close();
    server.closeAllConnections();
    process.exitCode = account.close();
}

await main();
