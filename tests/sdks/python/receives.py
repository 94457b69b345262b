"""Every kind of webhook that a customer brings about, as the SDK's own parser and handlers give it."""

from pywa import types

from hearing import Hearing
from rehearsal import Account, Emulator, Phone
from sends import PICTURE, Sends


class Receives:
    """What the customer does is heard by the SDK's handler for it."""

    def __init__(self, account: Account, bot, phone: Phone, hearing: Hearing, sends: Sends):
        self.account, self.bot, self.phone = account, bot, phone
        self.hearing, self.sends = hearing, sends

    def take(self, name: str, act, check=None) -> None:
        """`act` makes it happen and returns what is heard; `check` looks at that."""

        def walk():
            update = act()
            if check:
                check(update)
            return f"{type(update).__name__} {update.id[-12:]}"

        self.account.step(f"take {name}", walk, "received")

    def heard(self, kind: type, done: dict):
        """The update with the id that the emulator gave to what the customer did."""
        return self.hearing.expect(kind, lambda update: update.id == done["message_id"], f"{kind.__name__} {done}")

    def message(self, what: str, body: dict | None = None, device: str = "android") -> types.Message:
        return self.heard(types.Message, self.phone.does(what, body, device))

    def first(self) -> types.Message:
        """The text that opens the window, from a device of another kind."""
        update = self.message("text", {"body": "Oi! Quero um café ☕ \\ / <b>"}, "ios")
        assert update.text == "Oi! Quero um café ☕ \\ / <b>", update.text
        assert update.from_user.wa_id == self.phone.wa_id and update.from_user.bsuid == self.phone.user_id, update
        assert update.from_user.name and update.metadata.phone_number_id and update.waba_id, update
        return update

    def words(self) -> None:
        first = self.phone.messages()[0]["message_id"]
        for device in ("android", "web", "desktop", "unknown"):
            self.take(f"text from {device}", lambda at=device: self.message("text", {"body": "oi"}, at))
        answered = self.phone.newest()["message_id"]
        self.take(
            "text that answers", lambda: self.message("text", {"body": "sim", "reply_to": answered}),
            lambda update: expect(update.is_reply and update.reply_to_message.id == answered, update),
        )
        self.take(
            "forwarded text", lambda: self.message("text", {"body": "olha", "forwarded": True}),
            lambda update: expect(update.forwarded, update),
        )
        about = {"body": "tem?", "about": self.sends.products[0]}
        self.take("text from a product's page", lambda: self.message("text", about))
        self.take(
            "reaction", lambda: self.message("reaction", {"message_id": answered, "emoji": "❤️"}),
            lambda update: expect(update.reaction.message_id == answered and update.reaction.emoji == "❤️", update),
        )
        self.take(
            "reaction taken back", lambda: self.message("reaction", {"message_id": answered, "emoji": ""}),
            lambda update: expect(update.reaction.is_removed, update),
        )
        self.take(
            "unsupported", lambda: self.message("unsupported", {"type": "poll"}),
            lambda update: expect(update.error.code == 131051 and update.unsupported.type == "poll", update),
        )
        self.account.step("reply to what was taken", lambda: self.reply(first))

    def reply(self, first: str):
        update = self.hearing.expect(types.Message, lambda one: one.id == first, "the first text")
        sent = update.reply_text("Já vai!", quote=True)
        expect(update.mark_as_read() and self.bot.mark_message_as_read(first), first)
        expect(update.indicate_typing() and self.bot.indicate_typing(first), first)
        typing = self.phone.emulator.get(self.phone.path)["typing_until_ms"]
        assert typing, "the customer is not shown that the business types"
        return sent

    def things(self) -> None:
        place = {"latitude": "-23.5613", "longitude": "-46.6565", "name": "Praça", "address": "Av. Paulista 1"}
        self.take(
            "location", lambda: self.message("location", place),
            lambda update: expect((update.location.latitude, update.location.name) == (-23.5613, "Praça"), update),
        )
        self.take(
            "contact", lambda: self.message("contact"),
            lambda update: expect(update.contacts.first_wa_id == self.phone.wa_id, update),
        )
        self.take(
            "image", lambda: self.message("image", {"caption": "assim"}),
            lambda update: expect(update.image.caption == "assim" and update.get_media_bytes()[:4] == b"\x89PNG", update),
        )
        self.take(
            "voice", lambda: self.message("audio"),
            lambda update: expect(update.voice and update.get_media_bytes()[:4] == b"OggS", update),
        )
        self.take(
            "document", lambda: self.message("document", {"filename": "nota.pdf"}),
            lambda update: expect(
                update.document.filename == "nota.pdf" and update.get_media_bytes()[:4] == b"%PDF", update
            ),
        )
        self.take(
            "sticker", lambda: self.message("sticker"),
            lambda update: expect(not update.sticker.animated and update.get_media_bytes()[:4] == b"RIFF", update),
        )
        self.take("order", self.order, self.check_order)

    def order(self) -> types.Message:
        items = [{"retailer_id": sku, "quantity": 2} for sku in self.sends.products[:2]]
        return self.message("order", {"items": items, "text": "para hoje"})

    def check_order(self, update: types.Message) -> None:
        order = update.order
        expect(order.catalog_id == self.sends.catalog_id and order.text == "para hoje", order)
        expect([product.sku for product in order.products] == self.sends.products[:2], order)
        expect(all(product.quantity == 2 and product.price > 0 for product in order.products), order)

    def tap(self, name: str, kind: type, button: str):
        done = self.phone.does("tap", {"message_id": self.sends.ids[name], "id": button}, "web")
        return self.heard(kind, done)

    def taps(self) -> None:
        for name, button in (
            ("reply buttons", "yes"), ("image header with replies", "no"), ("carousel with replies", "more-1"),
        ):
            self.take(
                f"tap on {name}", lambda name=name, button=button: self.tap(name, types.CallbackButton, button),
                lambda update, name=name, button=button: expect(
                    update.data == button and same(update.reply_to_message.id, self.sends.ids[name]), update
                ),
            )
        self.take(
            "row of a list", lambda: self.tap("list", types.CallbackSelection, "s"),
            lambda update: expect((update.data, update.title, update.description) == ("s", "Small", "200 ml"), update),
        )
        for name, payload in (("template walk_image", "stop-all"), ("template walk_carousel", "bag-1")):
            self.take(
                f"quick reply of {name}",
                lambda name=name, payload=payload: self.tap(name, types.CallbackButton, payload),
                lambda update, payload=payload: expect(update.is_quick_reply and update.data == payload, update),
            )
        self.take(
            "filled flow", self.flow,
            lambda update: expect(update.token == "table-1" and update.response == {"seats": 2}, update),
        )
        self.take("answer to a contact request", lambda: self.message("contact"))

    def flow(self) -> types.FlowCompletion:
        form = {"message_id": self.sends.ids["flow by id"], "response": {"flow_token": "table-1", "seats": 2}}
        return self.heard(types.FlowCompletion, self.phone.does("flow", form))

    def statuses(self) -> None:
        """Each message that was taken went out and arrived; then all are read."""

        def all_of(status: types.MessageStatusType):
            def walk():
                for tracker in self.sends.trackers:
                    if status != types.MessageStatusType.SENT and "reaction" in tracker:
                        continue  # A reaction gives `sent` alone.
                    self.status(status, lambda one, tracker=tracker: one.tracker == tracker, tracker)
                self.account.received += len(self.sends.trackers)
                return f"of {len(self.sends.trackers)} messages"

            return walk

        self.account.step("statuses: sent", all_of(types.MessageStatusType.SENT))
        self.account.step("statuses: delivered", all_of(types.MessageStatusType.DELIVERED))
        self.sends.send("text that waits", "send_message", "text", "Até já!")

        def reads():
            # All that came before the last text was read when the customer wrote it.
            done = self.phone.emulator.post(f"{self.phone.path}/read")
            return expect(done["read"] >= 1, done) and f"{done['read']} messages"

        self.account.step("the customer reads", reads)
        self.account.step("statuses: read", all_of(types.MessageStatusType.READ))

        def priced():
            sent = [one for one in self.hearing.updates if isinstance(one, types.MessageStatus) and one.pricing]
            return expect(sent, "no status has a price") and f"{sent[0].pricing}"

        self.account.step("prices in statuses", priced)

    def status(self, status: types.MessageStatusType, fits, what: str) -> types.MessageStatus:
        return self.hearing.expect(
            types.MessageStatus, lambda one: one.status == status and fits(one), f"{status} of {what}"
        )

    def failures(self, emulator: Emulator) -> None:
        """What Meta finds out late: told by a status, with the error that the SDK knows."""

        def blocked():
            emulator.post(f"{self.phone.path}/block", {"blocked": True})
            self.bot.send_message(self.phone.wa_id, "Está aí?", tracker="walk-blocked")
            return self.failed("walk-blocked", 131026)

        def unloadable():
            emulator.post(f"{self.phone.path}/block", {"blocked": False})
            self.bot.send_image(self.phone.wa_id, "https://nowhere.invalid/x.png", tracker="walk-unloadable")
            return self.failed("walk-unloadable", 131053)

        def asked_for():
            emulator.post("/emulator/faults", {"send": [{"times": 1, "action": "fail_late", "code": 131049}]})
            self.bot.send_image(self.phone.wa_id, PICTURE, tracker="walk-late")
            return self.failed("walk-late", 131049)

        self.account.step("status: failed, blocked", blocked, "received")
        self.account.step("status: failed, unloadable", unloadable, "received")
        self.account.step("status: failed, by a fault", asked_for, "received")

        def closed():
            emulator.post("/emulator/clock", {"advance_s": 90_000})
            try:
                self.bot.send_message(self.phone.wa_id, "Ainda aí?")
            except Exception as error:  # noqa: BLE001
                expect(getattr(error, "code", None) == 131047, repr(error))
                return f"{type(error).__name__}"
            raise AssertionError("a message outside of the window was taken")

        self.account.step("refused outside of the window", closed)

    def failed(self, tracker: str, code: int) -> str:
        status = self.status(types.MessageStatusType.FAILED, lambda one: one.tracker == tracker, tracker)
        expect(status.error.code == code, status)
        return f"{type(status.error).__name__} {code}"

    def changes(self, emulator: Emulator) -> None:
        """The customer changes their user id, their number, and hides the number."""
        former = self.phone.user_id

        def new_user_id():
            done = emulator.post(f"{self.phone.path}/user-id", {})
            update = self.heard(types.PhoneNumberChange, done)
            expect(update.new_user_id == done["user_id"] != former, update)
            return update

        def new_number():
            done = emulator.post(f"{self.phone.path}/number", {"wa_id": "5521998887766"})
            update = self.heard(types.PhoneNumberChange, done)
            expect((update.old_wa_id, update.new_wa_id) == (self.phone.wa_id, "5521998887766"), update)
            return update

        def hidden():
            emulator.post(f"{self.phone.path}/username", {"hidden": True})
            update = self.message("text", {"body": "sou eu"})
            expect(update.from_user.wa_id is None and update.from_user.bsuid and update.from_user.username, update)
            update.reply_text("Oi!")
            return update

        self.take("new user id", new_user_id)
        self.take("new number", new_number)
        self.take("text of someone without a number", hidden)

    def unsigned(self, emulator: Emulator) -> None:
        """The SDK's signature check is on: it refuses what is not signed, or wrongly."""

        def walk():
            for signature, status in (("missing", 401), ("wrong", 403), ("valid", 200)):
                # Statuses of what was sent before may still come: this field is nobody's but ours. And each body is one of
                # its own, for the SDK drops what it heard before.
                change = {"field": f"walk_{signature}", "value": {}}
                body = {"object": "whatsapp_business_account", "entry": [{"id": "0", "changes": [change]}]}
                answer = emulator.post("/emulator/webhooks/raw", {"body": body, "signature": signature})
                expect(answer["webhook_status"] == status, answer)
            self.hearing.rests()
            heard = [update.field for update in self.hearing.raw if update.field.startswith("walk_")]
            expect(heard == ["walk_valid"], heard)
            return "401 without, 403 with a wrong signature"

        self.account.step("the signature check is on", walk)

    def replayed(self, emulator: Emulator) -> None:
        def walk():
            first = self.phone.messages()[0]["message_id"]
            replayed = emulator.post(f"{self.phone.path}/replay", {"message_id": first})
            expect(replayed["webhook_status"] == 200, replayed)
            self.message("text", {"body": "e agora?"})
            self.hearing.rests()
            heard = [one for one in self.hearing.updates if isinstance(one, types.Message) and one.id == first]
            return expect(len(heard) == 1, f"heard {len(heard)} times") and "told again, heard once"

        self.account.step("a webhook told twice is heard once", walk)


def expect(holds, found):
    assert holds, f"{found!r}"[:600]
    return holds


def same(one: str, other: str) -> bool:
    """Two forms of one message id: the address in front may differ, the tail is the message's own."""
    return one[-16:] == other[-16:]
