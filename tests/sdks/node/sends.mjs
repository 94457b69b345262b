// Every kind of message that the SDK can build, each looked up on the customer's phone afterwards.

import assert from "node:assert/strict";

const PICTURE = "https://pictures.example.com/bag.png";
const FILM = "https://pictures.example.com/bag.mp4";
const PAPER = "https://pictures.example.com/menu.pdf";
const DOT =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

export const PNG = Buffer.from(DOT, "base64");

/** A form with a file, as the SDK wants it. */
export function form(bytes, type, name) {
    const parts = new FormData();
    parts.set("file", new Blob([bytes], { type }), name);
    return parts;
}

/** Sends to one phone whose window is open. */
export class Sends {
    trackers = [];
    ids = new Map();

    constructor({ account, bot, messages, phone, ready, products }) {
        Object.assign(this, { account, bot, messages, phone, products });
        this.number = ready.phone_number_id;
        this.catalog = ready.catalog_id;
        this.recipient = { phone: phone.wa_id, bsuid: phone.user_id };
    }

    /** Sends the message; the phone must then show one of that kind. */
    async send(name, kind, message, { to = this.recipient, context } = {}) {
        const tracker = `walk-${name}`.replaceAll(" ", "-");
        await this.account.step(`send ${name}`, async () => {
            const sent = await this.bot.sendMessage(this.number, to, message(), context, tracker);
            assert.ok(sent.messages?.[0]?.id, JSON.stringify(sent));
            const { payload } = await this.phone.newest();
            assert.equal(payload.biz_opaque_callback_data, tracker);
            const shown = payload.type === "interactive" ? payload.interactive.type : payload.type;
            assert.equal(shown, kind);
            this.trackers.push(tracker);
            this.ids.set(name, sent.messages[0].id);
            return `${kind} ${sent.messages[0].id.slice(-12)}`;
        }, "sent");
    }

    /** What Meta refuses for this number; the SDK must get Meta's error. */
    refused(name, code, message, to = this.recipient) {
        return this.account.step(`send ${name}`, async () => {
            const answer = await this.bot.sendMessage(this.number, to, message());
            assert.equal(answer.error?.code, code, JSON.stringify(answer));
            return `refused with ${code}, as Meta does`;
        });
    }

    async plain() {
        const { messages: m } = this;
        const inbound = (await this.phone.messages()).find((message) => "device" in message).message_id;
        await this.send("text", "text", () => new m.Text("Olá, tudo bem? ☕ / 100%"));
        await this.send("text to a number as text", "text", () => new m.Text("Olá"), { to: this.phone.wa_id });
        await this.send("text to a user id", "text", () => new m.Text("Olá"), { to: { bsuid: this.phone.user_id } });
        await this.send("text with a preview", "text", () => new m.Text("https://example.com", true));
        await this.send("text that answers", "text", () => new m.Text("Sim!"), { context: inbound });
        await this.send("location", "location", () => new m.Location(-46.6565, -23.5613, "Café", "Av. Paulista 1"));
        await this.send("bare location", "location", () => new m.Location(13.4, 52.5));
        await this.send("reaction", "reaction", () => new m.Reaction(inbound, "👍"));
        await this.send("reaction taken back", "reaction", () => new m.Reaction(inbound));
        await this.send("contacts", "contacts", () => this.contacts());
        await this.refused("text to a group", 131041, () => new m.Text("Olá"), { group: "Y2FwaV9ncm91cDox" });
    }

    contacts() {
        const { messages: m } = this;
        const ana = [
            new m.Name("Ana Souza", "Ana", "Souza"),
            new m.Birthday("1990", "05", "17"),
            new m.Phone("+55 11 98765-4321", "CELL", "5511987654321"),
            new m.Email("ana@example.com", "WORK"),
            new m.Url("https://example.com", "WORK"),
            new m.Address("Brazil", "BR", "SP", "São Paulo", "Av. Paulista 1", "01310", "WORK"),
            new m.Organization("Café", "Kitchen", "Cook"),
        ];
        return new m.Contacts(ana, [new m.Name("Bia", "Bia")]);
    }

    async media() {
        const { messages: m, bot } = this;
        await this.send("image by link", "image", () => new m.Image(PICTURE, false, "A bag"));
        await this.send("video by link", "video", () => new m.Video(FILM, false, "A film"));
        await this.send("document by link", "document", () => new m.Document(PAPER, false, "Menu", "menu.pdf"));
        await this.send("audio by link", "audio", () => new m.Audio("https://pictures.example.com/a.mp3"));
        await this.send("voice by link", "audio", () => new m.Audio("https://pictures.example.com/a.ogg", false, true));
        await this.send("sticker by link", "sticker", () => new m.Sticker("https://pictures.example.com/a.webp"));
        const files = [
            ["image", PNG, "image/png", (id) => new m.Image(id, true)],
            ["video", Buffer.from("....ftypmp42"), "video/mp4", (id) => new m.Video(id, true)],
            ["document", Buffer.from("%PDF-1.4\n%%EOF\n"), "application/pdf", (id) => new m.Document(id, true)],
            ["audio", Buffer.from("OggS"), "audio/ogg", (id) => new m.Audio(id, true)],
            ["sticker", Buffer.from("RIFF....WEBP"), "image/webp", (id) => new m.Sticker(id, true)],
        ];
        for (const [kind, bytes, type, message] of files) {
            const uploaded = await this.account.step(`upload ${kind}`, async () => {
                const answer = await bot.uploadMedia(this.number, form(bytes, type, `a.${kind}`));
                assert.ok(answer.id, JSON.stringify(answer));
                return answer.id;
            });
            if (uploaded) await this.send(`${kind} by id`, kind, () => message(uploaded));
        }
    }

    async interactive() {
        const { messages: m } = this;
        const body = () => new m.Body("Sure?");
        const footer = () => new m.Footer("Tap one");
        const replies = () => new m.ActionButtons(new m.Button("yes", "Yes"), new m.Button("no", "No"));
        const headers = {
            text: () => new m.Header("A question"),
            image: () => new m.Header(new m.Image(PICTURE)),
            video: () => new m.Header(new m.Video(FILM)),
            document: () => new m.Header(new m.Document(PAPER, false, undefined, "menu.pdf")),
        };
        for (const [kind, header] of Object.entries(headers)) {
            const message = () => new m.Interactive(replies(), body(), header(), footer());
            await this.send(`reply buttons under ${kind}`, "button", message);
        }
        await this.send("list", "list", () => new m.Interactive(
            new m.ActionList(
                "Choose",
                new m.ListSection("Coffee", new m.Row("s", "Small", "200 ml"), new m.Row("l", "Large")),
                new m.ListSection("Food", new m.Row("cake", "Cake")),
            ),
            body(), new m.Header("Menu"), footer(),
        ));
        const link = () => new m.ActionCTA("Open", "https://example.com");
        await this.send("link button", "cta_url", () => new m.Interactive(link(), body(), new m.Header("Menu"), footer()));
        await this.send("location request", "location_request_message", () =>
            new m.Interactive(new m.ActionLocation(), body()));
        await this.send("contact request", "request_contact_info", () =>
            new m.Interactive(new m.ActionContactRequest(), body()));
        const start = () => new m.ActionNavigateFlow("table-1", "1234567890", "Book", "START", { seats: 2 });
        await this.send("flow that navigates", "flow", () =>
            new m.Interactive(start(), body(), new m.Header("Table"), footer()));
        await this.send("flow with an endpoint", "flow", () =>
            new m.Interactive(new m.ActionDataExchangeFlow("table-2", "1234567890", "Book", "draft"), body()));
        const named = { flow_name: "table", flow_token: "table-3", flow_cta: "Book", mode: "draft" };
        await this.send("flow by name", "flow", () => new m.Interactive(new m.ActionFlow(named), body()));
        await this.refused("call permission request", 138000, () =>
            new m.Interactive(new m.ActionCallPermission(), body()));
    }

    async commerce() {
        const { messages: m, catalog } = this;
        const [first, second] = this.products;
        const body = () => new m.Body("Fresh today");
        await this.send("catalog", "catalog_message", () =>
            new m.Interactive(new m.ActionCatalog(new m.Product(first)), body(), undefined, new m.Footer("Enjoy")));
        await this.send("catalog without a picture", "catalog_message", () =>
            new m.Interactive(new m.ActionCatalog(), body()));
        await this.send("product", "product", () =>
            new m.Interactive(new m.ActionProduct(new m.CatalogProduct(first, catalog)), body()));
        await this.send("product alone", "product", () =>
            new m.Interactive(new m.ActionProduct(new m.CatalogProduct(first, catalog))));
        await this.send("products", "product_list", () => new m.Interactive(
            new m.ActionProductList(
                catalog,
                new m.ProductSection("Hot", new m.Product(first)),
                new m.ProductSection("Cold", new m.Product(second)),
            ),
            body(), new m.Header("Menu"), new m.Footer("Enjoy"),
        ));
    }

    async templates() {
        const { messages: m, catalog } = this;
        const [first, second] = this.products;
        const words = (...values) => new m.BodyComponent(...values.map((value) => new m.BodyParameter(value)));
        const header = (value) => new m.HeaderComponent(new m.HeaderParameter(value));
        const send = (name, ...components) =>
            this.send(`template ${name}`, "template", () => new m.Template(name, "en_US", ...components.map((one) => one())));

        await this.send("template hello_world", "template", () => new m.Template("hello_world", new m.Language("en_US")));
        await send(
            "order", () => header("Ana"),
            () => words("A-17", new m.Currency(9500, "BRL", "R$ 9,50"), new m.DateTime("May 5")),
        );
        await send(
            "named", () => new m.HeaderComponent(new m.HeaderParameter("Ana", "name")),
            () => new m.BodyComponent(new m.BodyParameter("May 5", "day")),
        );
        await send(
            "picture", () => header(new m.Image(PICTURE)), () => words("Ana"), () => new m.PayloadComponent("stop-all"),
            () => new m.SkipButtonComponent(), () => new m.URLComponent("a17"),
        );
        await send("film", () => header(new m.Video(FILM)));
        await send("paper", () => header(new m.Document(PAPER, false, undefined, "menu.pdf")));
        await send("place", () => header(new m.Location(-46.6565, -23.5613, "Café", "Av. Paulista 1")));
        await send("one_product", () => header(new m.CatalogProduct(first, catalog)));
        await send(
            "offer", () => header(new m.Image(PICTURE)), () => new m.LTOComponent(Date.now() + 86_400_000),
            () => words("Ana"), () => new m.CopyComponent("SALE10"),
        );
        await send("catalog", () => words("Ana"), () => new m.CatalogComponent(new m.Product(first)));
        await send("products", () => header("Menu"), () => new m.MPMComponent(
            new m.Product(first), new m.ProductSection("Hot", new m.Product(first)),
            new m.ProductSection("Cold", new m.Product(second)),
        ));
        await send("flow", () => new m.FlowComponent("table-4", { seats: 2 }));
        await send("target", () => header(new m.Image(PICTURE)), () => new m.TapTargetComponent("Open", "https://example.com"));
        const bag = (index) => new m.CarouselCard(new m.Image(PICTURE), new m.PayloadComponent(`bag-${index}`));
        await send("carousel", () => words("Ana"), () => new m.CarouselComponent(bag(0), bag(1)));
        const films = (index) => new m.CarouselCard(new m.Video(FILM), words(`Film ${index}`), new m.URLComponent("a"));
        await send("film_carousel", () => new m.CarouselComponent(films(0), films(1)));
        const shelf = (id) => new m.CarouselCard(new m.CatalogProduct(id, catalog));
        await send("product_carousel", () => words("Ana"), () => new m.CarouselComponent(shelf(first), shelf(second)));
        await this.send("template code", "template", () => m.Template.OTP("code", "en_US", "4711"));
    }

    /** One message to several people, and one built for each. */
    broadcast(other) {
        const { messages: m, bot } = this;
        const people = [this.recipient, { bsuid: other.user_id, phone: other.wa_id }];
        return this.account.step("broadcast", async () => {
            const first = await Promise.all(bot.broadcastMessage(this.number, people, new m.Text("Olá a todos"), 1, 5));
            const build = (one) => [one, new m.Text(`Olá ${one.phone}`)];
            const second = await Promise.all(bot.broadcastMessage(this.number, people, build, 2, 5));
            for (const sent of [...first, ...second]) assert.ok(sent.messages?.[0]?.id, JSON.stringify(sent));
            this.account.sent += 3;
            return "4 messages to 2 people";
        }, "sent");
    }
}
