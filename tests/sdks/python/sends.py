"""Every kind of message that the SDK can send, each looked up on the customer's phone afterwards."""

import datetime

from pywa import types
from pywa.types import templates as t

from rehearsal import Account, Phone

PICTURE = "https://pictures.example.com/bag.png"
FILM = "https://pictures.example.com/bag.mp4"
PAPER = "https://pictures.example.com/menu.pdf"
SOUND = "https://pictures.example.com/hello.mp3"
VOICE = "https://pictures.example.com/hello.ogg"
STICKER = "https://pictures.example.com/hi.webp"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
PDF = b"%PDF-1.4\n%%EOF\n"
REPLIES = [types.Button("Yes", "yes"), types.Button("No", "no")]


class Sends:
    """Sends to one phone whose window is open."""

    def __init__(self, account: Account, bot, phone: Phone, products: list[str], catalog_id: str):
        self.account, self.bot, self.phone = account, bot, phone
        self.products, self.catalog_id = products, catalog_id
        self.trackers: list[str] = []
        self.ids: dict[str, str] = {}

    def send(self, name: str, method: str, kind: str, *args, to: str | None = None, **kwargs):
        """Sends by that method; the phone must then show a message of that kind."""
        tracker = f"walk-{name}".replace(" ", "-")

        def act():
            sent = getattr(self.bot, method)(to or self.phone.wa_id, *args, tracker=tracker, **kwargs)
            assert sent.id.startswith("wamid."), sent.id
            payload = self.phone.newest()["payload"]
            assert payload["biz_opaque_callback_data"] == tracker, payload
            shown = payload["type"]
            if shown == "interactive":
                shown = payload["interactive"]["type"]
            assert shown == kind, f"the phone shows {shown}, not {kind}"
            self.trackers.append(tracker)
            self.ids[name] = sent.id
            return f"{kind} {sent.id[-12:]}"

        return self.account.step(f"send {name}", act, "sent")

    def refused(self, name: str, method: str, code: int, *args, **kwargs):
        """What Meta refuses for this number; the SDK must get Meta's error."""

        def act():
            try:
                getattr(self.bot, method)(self.phone.wa_id, *args, **kwargs)
            except Exception as error:  # noqa: BLE001
                assert getattr(error, "code", None) == code, f"{type(error).__name__}: {error}"
                return f"refused with {code}, as Meta does"
            raise AssertionError(f"it was taken, and Meta refuses it with {code}")

        return self.account.step(f"send {name}", act)

    def texts(self) -> None:
        send = self.send
        send("text", "send_message", "text", "Olá, tudo bem? ☕ / 100%")
        send("text to a user id", "send_message", "text", "Olá de novo", to=self.phone.user_id)
        send("text with a preview", "send_message", "text", "https://example.com/menu", preview_url=True)
        inbound = next(message for message in self.phone.messages() if "device" in message)
        send("text that answers", "send_message", "text", "Sim!", reply_to_message_id=inbound["message_id"])
        send(
            "reply buttons", "send_message", "button", "Sure?", header="A question", footer="Tap one", buttons=REPLIES
        )
        send("link button", "send_message", "cta_url", "Our menu", buttons=types.URLButton("Open", "https://example.com"))
        rows = [types.SectionRow("Small", "s", "200 ml"), types.SectionRow("Large", "l")]
        more = [types.SectionRow("Cake", "cake")]
        sections = [types.Section("Coffee", rows), types.Section("Food", more)]
        chosen = types.SectionList("Choose", sections)
        send("list", "send_message", "list", "What may it be?", header="Menu", footer="Fresh", buttons=chosen)
        flow = types.FlowButton(
            "Book", flow_id="1234567890", flow_token="table-1", flow_action_type=types.FlowActionType.NAVIGATE,
            flow_action_screen="START", flow_action_payload={"seats": 2},
        )
        send("flow by id", "send_message", "flow", "Book a table", header="Table", buttons=flow)
        named = types.FlowButton(
            "Book", flow_name="table", flow_token="table-2", flow_action_type=types.FlowActionType.DATA_EXCHANGE,
            mode=types.FlowStatus.DRAFT,
        )
        send("flow by name", "send_message", "flow", "Book a table", buttons=named)
        send("location request", "request_location", "location_request_message", "Where are you?")
        send("contact request", "request_contact_info", "request_contact_info", "Your number, please")
        asks = types.ContactInfoRequestButton()
        send("contact request by button", "send_message", "request_contact_info", "Your number?", buttons=asks)
        no_calls = 138000
        self.refused("voice call button", "send_message", no_calls, "Call us", buttons=types.VoiceCallButton("Call"))
        permission = types.CallPermissionRequestButton()
        self.refused("call permission request", "send_message", no_calls, "May we call?", buttons=permission)

    def media(self) -> None:
        send = self.send
        link = types.URLButton("Open", "https://example.com")
        flow = types.FlowButton("Book", flow_id="1234567890", flow_token="x")
        send("image by link", "send_image", "image", PICTURE, "A bag")
        send("image by bytes", "send_image", "image", PNG, "A dot", mime_type="image/png")
        uploaded = self.account.step(
            "upload media", lambda: self.bot.upload_media(PNG, mime_type="image/png", filename="dot.png")
        )
        if uploaded:
            send("image by id", "send_image", "image", uploaded)
        send("image header with replies", "send_image", "button", PICTURE, "Sure?", buttons=REPLIES)
        send("image header with a link", "send_image", "cta_url", PICTURE, "Look", footer="Soon", buttons=link)
        send("image header with a flow", "send_image", "flow", PICTURE, "Book", buttons=flow)
        send("video by link", "send_video", "video", FILM, "A film")
        send("video header with replies", "send_video", "button", FILM, "Sure?", buttons=REPLIES)
        send("document by link", "send_document", "document", PAPER, "menu.pdf", "The menu")
        send("document by bytes", "send_document", "document", PDF, "menu.pdf", mime_type="application/pdf")
        send("document header with replies", "send_document", "button", PAPER, "menu.pdf", "Sure?", buttons=REPLIES)
        send("audio by link", "send_audio", "audio", SOUND)
        send("voice by link", "send_voice", "audio", VOICE)
        send("sticker by link", "send_sticker", "sticker", STICKER)

    def things(self) -> None:
        send, contact = self.send, types.Contact
        send("location", "send_location", "location", -23.5613, -46.6565, "Café da Praça", "Av. Paulista 1")
        send("bare location", "send_location", "location", 52.5, 13.4)
        full = contact(
            name=contact.Name("Ana Souza", first_name="Ana", last_name="Souza"),
            birthday="1990-05-17",
            phones=[contact.Phone("+55 11 98765-4321", "CELL", "5511987654321")],
            emails=[contact.Email("ana@example.com", "WORK")],
            urls=[contact.Url("https://example.com", "WORK")],
            addresses=[contact.Address("Av. Paulista 1", "São Paulo", "SP", "01310", "Brazil", "BR", "WORK")],
            org=contact.Org("Café", "Kitchen", "Cook"),
        )
        send("contact", "send_contact", "contacts", full)
        send("contacts", "send_contact", "contacts", [full, contact(name=contact.Name("Bia", first_name="Bia"))])
        inbound = next(message for message in self.phone.messages() if "device" in message)
        send("reaction", "send_reaction", "reaction", "👍", inbound["message_id"])
        send("reaction taken back", "remove_reaction", "reaction", inbound["message_id"])

    def commerce(self) -> None:
        send, first, second = self.send, self.products[0], self.products[1]
        send("catalog", "send_catalog", "catalog_message", "All we have", "Fresh", thumbnail_product_sku=first)
        send("product", "send_product", "product", self.catalog_id, first, "Try it", "Fresh")
        sections = [types.ProductsSection("Hot", [first]), types.ProductsSection("Cold", [second])]
        send("products", "send_products", "product_list", self.catalog_id, sections, "Menu", "Choose", "Fresh")
        link = types.URLButton("Open", "https://example.com")
        pictures = [types.ImageCarouselCard(body=f"Bag {i}", image=PICTURE, buttons=link) for i in range(2)]
        send("carousel with links", "send_carousel", "carousel", body="Bags", cards=pictures)
        films = [
            types.VideoCarouselCard(body="Film", video=FILM, buttons=[types.Button("More", f"more-{i}")])
            for i in range(3)
        ]
        send("carousel with replies", "send_carousel", "carousel", body="Films", cards=films)


def image_header() -> t.HeaderImage:
    """A header whose sample was uploaded before: its handle stands for it."""
    return t.HeaderImage("4:aW1hZ2U=:aW1hZ2UvanBlZw==:ARZ")


def text_template(name: str, *components, category=t.TemplateCategory.MARKETING) -> t.Template:
    return t.Template(
        name=name, language=t.TemplateLanguage.ENGLISH_US, category=category, components=list(components)
    )


def all_templates(products: list[str], catalog_id: str) -> list[tuple[t.Template, list]]:
    """Templates of each form, with what fills them."""
    first, second = products[0], products[1]
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
    body = t.BodyText("Come and see what is new today.")
    made = [
        (
            text_template(
                "walk_positional", header := t.HeaderText("Hello {{1}}!", "Ana"),
                words := t.BodyText("Order {{1}} costs {{2}} and comes on {{3}} now.", "A1", "R$ 9", "May 5"),
                t.FooterText(text="Thanks"),
                category=t.TemplateCategory.UTILITY,
            ),
            [
                header.params("Ana"),
                words.params(
                    "A-17", t.Currency(fallback_value="R$ 9,50", code="BRL", amount_1000=9500),
                    t.DateTime(fallback_value="May 5"),
                ),
            ],
        ),
        (
            text_template("walk_named", named := t.BodyText("Hi {{name}}, it is {{day}} again.", name="Ana", day="May")),
            [named.params(name="Ana", day="May 5")],
        ),
        (
            text_template(
                "walk_image", image_header(), body,
                t.Buttons(buttons=[
                    quick := t.QuickReplyButton(text="Stop"),
                    url := t.URLButton(text="Open", url="https://example.com/{{1}}", example="https://example.com/a"),
                    t.PhoneNumberButton(text="Call", phone_number="551140001234"),
                ]),
            ),
            [
                t.TapTargetConfiguration(title="Open", url="https://example.com"),
                t.HeaderImage.params(image=PICTURE),
                quick.params(callback_data="stop-all", index=0),
                url.params(url_variable="a17", index=1),
            ],
        ),
        (
            text_template("walk_video", t.HeaderVideo("4:dmlkZW8=:dmlkZW8vbXA0:ARZ"), body),
            [t.HeaderVideo.params(video=FILM)],
        ),
        (
            text_template("walk_document", t.HeaderDocument("4:cGRm:YXBwbGljYXRpb24vcGRm:ARZ"), body),
            [t.HeaderDocument.params(document=PAPER, filename="menu.pdf")],
        ),
        (
            text_template("walk_location", t.HeaderLocation(), body),
            [t.HeaderLocation.params(lat=-23.5613, lon=-46.6565, name="Café", address="Av. Paulista 1")],
        ),
        (
            text_template(
                "walk_offer", image_header(), t.LimitedTimeOffer(text="Two days only", has_expiration=True), body,
                t.Buttons(buttons=[
                    copy := t.CopyCodeButton(example="SALE10"),
                    t.URLButton(text="Shop", url="https://example.com"),
                ]),
            ),
            [
                t.HeaderImage.params(image=PICTURE),
                t.LimitedTimeOffer.params(expiration_time=soon),
                copy.params(coupon_code="SALE10", index=0),
            ],
        ),
        (
            text_template("walk_catalog", body, t.Buttons(buttons=[t.CatalogButton(text="View catalog")])),
            [t.CatalogButton.params(thumbnail_product_sku=first, index=0)],
        ),
        (
            text_template(
                "walk_products", t.HeaderText("Menu"), body, t.Buttons(buttons=[t.MPMButton(text="View items")])
            ),
            [
                t.MPMButton.params(
                    product_sections=[
                        types.ProductsSection("Hot", [first]), types.ProductsSection("Cold", [second])
                    ],
                    thumbnail_product_sku=first, index=0,
                )
            ],
        ),
        (
            text_template("walk_product", t.HeaderProduct(), body, t.Buttons(buttons=[t.SPMButton(text="View")])),
            [t.HeaderProduct.params(catalog_id=catalog_id, sku=first)],
        ),
        (
            text_template(
                "walk_flow", body,
                t.Buttons(buttons=[
                    t.FlowButton(
                        text="Book", flow_id="1234567890", flow_action=types.FlowActionType.NAVIGATE,
                        navigate_screen="START",
                    )
                ]),
            ),
            [t.FlowButton.params(index=0, flow_token="table-3", flow_action_data={"seats": 2})],
        ),
        (
            text_template("walk_contact", body, t.Buttons(buttons=[t.ContactInfoRequestButton()])),
            None,
        ),
    ]
    return made + carousels(first, second, catalog_id)


def carousels(first: str, second: str, catalog_id: str) -> list[tuple[t.Template, list]]:
    words = t.BodyText("Bags that we like today.")
    button = t.QuickReplyButton(text="More")
    card = t.CarouselCard(components=[image_header(), t.BodyText("A bag."), t.Buttons(buttons=[button])])
    product = t.CarouselCard(components=[t.HeaderProduct(), t.Buttons(buttons=[t.SPMButton(text="View")])])
    return [
        (
            text_template("walk_carousel", words, pictures := t.Carousel(cards=[card, card])),
            [
                pictures.params(
                    cards=[
                        t.CarouselCard.params(
                            params=[
                                t.HeaderImage.params(image=PICTURE),
                                button.params(callback_data=f"bag-{index}", index=0),
                            ],
                            index=index,
                        )
                        for index in range(2)
                    ]
                )
            ],
        ),
        (
            text_template("walk_product_carousel", words, shelf := t.Carousel(cards=[product, product])),
            [
                shelf.params(
                    cards=[
                        t.CarouselCard.params(
                            params=[t.HeaderProduct.params(catalog_id=catalog_id, sku=sku)], index=index
                        )
                        for index, sku in enumerate([first, second])
                    ]
                )
            ],
        ),
    ]
