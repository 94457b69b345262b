// Every kind of webhook that a customer brings about, as the SDK's own parser and handlers give it.

import assert from "node:assert/strict";

import { eventually, same } from "./rehearsal.mjs";

/** What the customer does is heard by the SDK's handler for it. */
export class Receives {
    heard = [];
    told = [];

    constructor({ account, bot, phone, sends, messages }) {
        Object.assign(this, { account, bot, phone, sends, messages });
        bot.on.message = (args) => void this.heard.push(args);
        bot.on.status = (args) => void this.told.push(args);
    }

    /** The customer does it; what the SDK heard of it is looked at. */
    take(name, what, body, check = () => {}, device = "android") {
        return this.account.step(`take ${name}`, async () => {
            const done = await this.phone.does(what, typeof body === "function" ? await body() : body, device);
            const args = await this.of(done.message_id);
            await check(args.message, args);
            return `${args.message.type} ${done.message_id.slice(-12)}`;
        }, "received");
    }

    of(messageId) {
        return eventually(() => this.heard.find(({ message }) => message.id === messageId), `message ${messageId}`);
    }

    first() {
        const body = "Oi! Quero um café ☕ \\ / <b>";
        return this.take("the first text", "text", { body }, (message, { contact, name, recipient, phoneID }) => {
            assert.equal(message.text.body, body);
            assert.deepEqual([contact.wa_id, contact.user_id], [this.phone.wa_id, this.phone.user_id]);
            assert.deepEqual([recipient.phone, recipient.bsuid], [this.phone.wa_id, this.phone.user_id]);
            assert.equal(phoneID, this.sends.number);
            assert.ok(name);
        }, "ios");
    }

    async words() {
        for (const device of ["android", "web", "desktop", "unknown"]) {
            await this.take(`text from ${device}`, "text", { body: "oi" }, () => {}, device);
        }
        const answered = this.sends.ids.get("text");
        await this.take("text that answers", "text", { body: "sim", reply_to: answered }, (message) =>
            assert.ok(same(message.context.id, answered)));
        await this.take("forwarded text", "text", { body: "olha", forwarded: true }, (message) =>
            assert.equal(message.context.forwarded, true));
        const about = { body: "tem?", about: this.sends.products[0] };
        await this.take("text from a product's page", "text", about, (message) =>
            assert.equal(message.context.referred_product.product_retailer_id, about.about));
        await this.take("reaction", "reaction", { message_id: answered, emoji: "❤️" }, (message) => {
            assert.equal(message.reaction.emoji, "❤️");
            assert.ok(same(message.reaction.message_id, answered));
        });
        await this.take("reaction taken back", "reaction", { message_id: answered, emoji: "" }, (message) =>
            assert.ok(!message.reaction.emoji));
        await this.take("unsupported", "unsupported", { type: "poll" }, (message) =>
            assert.equal(message.errors[0].code, 131051));
    }

    async things() {
        const place = { latitude: "-23.5613", longitude: "-46.6565", name: "Praça", address: "Av. Paulista 1" };
        await this.take("location", "location", place, ({ location }) =>
            assert.deepEqual([location.latitude, location.longitude, location.name], [-23.5613, -46.6565, "Praça"]));
        await this.take("contact", "contact", {}, ({ contacts }) =>
            assert.equal(contacts[0].phones[0].wa_id, this.phone.wa_id));
        await this.take("image", "image", { caption: "assim" }, async ({ image }) => {
            assert.equal(image.caption, "assim");
            assert.equal((await this.fetched(image.id)).subarray(1, 4).toString(), "PNG");
        });
        await this.take("voice", "audio", {}, async ({ audio }) => {
            assert.equal(audio.voice, true);
            assert.equal((await this.fetched(audio.id)).subarray(0, 4).toString(), "OggS");
        });
        await this.take("document", "document", { filename: "nota.pdf" }, async ({ document }) => {
            assert.equal(document.filename, "nota.pdf");
            assert.equal((await this.fetched(document.id)).subarray(0, 4).toString(), "%PDF");
        });
        await this.take("sticker", "sticker", {}, async ({ sticker }) => {
            assert.equal(sticker.animated, false);
            assert.equal((await this.fetched(sticker.id)).subarray(0, 4).toString(), "RIFF");
        });
        const items = this.sends.products.slice(0, 2).map((retailer_id) => ({ retailer_id, quantity: 2 }));
        await this.take("order", "order", { items, text: "para hoje" }, ({ order }) => {
            assert.deepEqual([order.catalog_id, order.text], [this.sends.catalog, "para hoje"]);
            assert.deepEqual(order.product_items.map((item) => item.product_retailer_id), this.sends.products.slice(0, 2));
            assert.ok(order.product_items.every(({ item_price, quantity }) => Number(item_price) > 0 && Number(quantity) === 2));
        });
    }

    /** The bytes of a file, looked up and fetched by the SDK. */
    async fetched(id) {
        const file = await this.bot.retrieveMedia(id, this.sends.number);
        assert.ok(file.url, JSON.stringify(file));
        const answer = await this.bot.fetchMedia(file.url);
        assert.equal(answer.status, 200);
        return Buffer.from(await answer.arrayBuffer());
    }

    async taps() {
        const id = (name) => this.sends.ids.get(name);
        for (const [name, button] of [["reply buttons under text", "yes"], ["reply buttons under video", "no"]]) {
            await this.take(`tap on ${name}`, "tap", { message_id: id(name), id: button }, ({ interactive, context }) => {
                assert.equal(interactive.button_reply.id, button);
                assert.ok(same(context.id, id(name)));
            });
        }
        await this.take("row of a list", "tap", { message_id: id("list"), id: "s" }, ({ interactive }) =>
            assert.deepEqual(interactive.list_reply, { id: "s", title: "Small", description: "200 ml" }));
        for (const [name, payload] of [["template picture", "stop-all"], ["template carousel", "bag-1"]]) {
            await this.take(`quick reply of ${name}`, "tap", { message_id: id(name), id: payload }, ({ type, button }) =>
                assert.deepEqual([type, button.payload], ["button", payload]));
        }
        const filled = { message_id: id("flow that navigates"), response: { flow_token: "table-1", seats: 2 } };
        await this.take("filled flow", "flow", filled, ({ interactive }) =>
            assert.deepEqual(JSON.parse(interactive.nfm_reply.response_json), filled.response));
        await this.take("answer to a contact request", "contact");
    }

    /** Answers through the helpers that the SDK gives to a handler. */
    answers() {
        return this.account.step("reply, read and typing", async () => {
            const { message_id } = await this.phone.does("text", { body: "e aí?" });
            const args = await this.of(message_id);
            const replied = await args.reply(new this.messages.Text("Já vai!"), true);
            assert.ok(replied.messages?.[0]?.id, JSON.stringify(replied));
            assert.deepEqual(await args.received(), { success: true });
            assert.deepEqual(await this.bot.markAsRead(this.sends.number, message_id, "text"), { success: true });
            const { typing_until_ms } = await this.phone.emulator.get(this.phone.path);
            assert.ok(typing_until_ms, "the customer is not shown that the business types");
            return `typing until ${typing_until_ms}`;
        }, "received");
    }

    status(tracker, status) {
        const fits = (one) => one.biz_opaque_callback_data === tracker && one.status === status;
        return eventually(() => this.told.find(fits), `${status} of ${tracker}`);
    }

    /** Each message that was taken went out and arrived; then all are read. */
    async statuses() {
        const all = (status, trackers) =>
            this.account.step(`statuses: ${status}`, async () => {
                for (const tracker of trackers) await this.status(tracker, status);
                this.account.received += trackers.length;
                return `of ${trackers.length} messages`;
            });
        // A reaction gives `sent` alone.
        const arriving = this.sends.trackers.filter((tracker) => !tracker.includes("reaction"));
        await all("sent", this.sends.trackers);
        await all("delivered", arriving);
        await this.sends.send("text that waits", "text", () => new this.messages.Text("Até já!"));
        await this.account.step("the customer reads", async () => {
            // All that came before the last text was read when the customer wrote it.
            const { read } = await this.phone.emulator.post(`${this.phone.path}/read`);
            assert.ok(read >= 1);
            return `${read} messages`;
        });
        await all("read", [...arriving, this.sends.trackers.at(-1)]);
        await this.account.step("prices in statuses", () => {
            const { pricing } = this.told.find((one) => one.pricing);
            assert.equal(pricing.pricing_model, "PMP");
            return pricing;
        });
    }

    /** What Meta finds out late: told by a status with an error. */
    async failures(emulator) {
        const { number, recipient } = this.sends;
        const fails = (name, code, before, message) =>
            this.account.step(`status: failed, ${name}`, async () => {
                await before();
                const tracker = `walk-failed-${code}`;
                await this.bot.sendMessage(number, recipient, message, undefined, tracker);
                const { error } = await this.status(tracker, "failed");
                assert.equal(error.code, code);
                return `${code} ${error.title}`;
            }, "received");
        const block = (blocked) => () => emulator.post(`${this.phone.path}/block`, { blocked });
        const fault = { send: [{ times: 1, action: "fail_late", code: 131049 }] };
        const { Image, Text } = this.messages;
        await fails("blocked", 131026, block(true), new Text("Está aí?"));
        await fails("unloadable", 131053, block(false), new Image("https://nowhere.invalid/x.png"));
        await fails("by a fault", 131049, () => emulator.post("/emulator/faults", fault), new Text("Oi"));
        await this.account.step("refused outside of the window", async () => {
            await emulator.post("/emulator/clock", { advance_s: 90_000 });
            const { error } = await this.bot.sendMessage(number, recipient, new Text("Ainda aí?"));
            assert.equal(error?.code, 131047);
            return error.message;
        });
    }

    /** The customer changes their user id, their number, and hides the number. */
    async changes(emulator) {
        const changed = (name, path, body, check) =>
            this.account.step(`take ${name}`, async () => {
                const done = await emulator.post(`${this.phone.path}/${path}`, body);
                assert.equal(done.webhook_status, 200);
                const { message } = await this.of(done.message_id);
                assert.equal(message.type, "system");
                check(message.system, done);
                return message.system.type;
            }, "received");
        await changed("new user id", "user-id", {}, (system, done) => assert.equal(system.user_id, done.user_id));
        await changed("new number", "number", { wa_id: "5521998887755" }, (system) =>
            assert.equal(system.wa_id, "5521998887755"));
        await this.account.step("take text of someone without a number", async () => {
            await emulator.post(`${this.phone.path}/username`, { hidden: true });
            const { message_id } = await this.phone.does("text", { body: "sou eu" });
            const { contact, recipient, reply } = await this.of(message_id);
            assert.equal(contact.wa_id, undefined);
            assert.ok(contact.profile.username);
            assert.ok(recipient.bsuid);
            const answered = await reply(new this.messages.Text("Oi!"));
            assert.equal(answered.contacts?.[0]?.user_id, recipient.bsuid, JSON.stringify(answered));
            return contact.profile.username;
        }, "received");
    }

    /** The SDK's signature check is on: it refuses what is not signed, or wrongly. */
    unsigned(emulator) {
        return this.account.step("the signature check is on", async () => {
            // Without a signature the SDK's own server answers 500.
            for (const [signature, status] of [["missing", 500], ["wrong", 401], ["valid", 200]]) {
                const body = this.webhook(`wamid.walk-${signature}`);
                const answer = await emulator.post("/emulator/webhooks/raw", { body, signature });
                assert.equal(answer.webhook_status, status, signature);
            }
            await this.of("wamid.walk-valid");
            const heard = this.heard.map(({ message }) => message.id).filter((id) => id.startsWith("wamid.walk-"));
            assert.deepEqual(heard, ["wamid.walk-valid"]);
            return "500 without, 401 with a wrong signature";
        });
    }

    /** A webhook with a text under that id. */
    webhook(id) {
        const message = { from: this.phone.wa_id, id, type: "text", text: { body: "oi" } };
        const value = { metadata: { phone_number_id: this.sends.number }, messages: [message] };
        const changes = [{ field: "messages", value }];
        return { object: "whatsapp_business_account", entry: [{ id: "0", changes }] };
    }
}
