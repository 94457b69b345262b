"""All that the SDK asks about the account: number, profile, settings, templates, codes, blocks, callbacks, media."""

import pathlib
import tempfile

from pywa import types
from pywa.types import templates as t

from rehearsal import Account, Emulator, Phone
from sends import PNG, Sends, all_templates

MENU = "O cardápio de hoje ☕"


def truthy(result):
    assert result, f"{result!r} is no success"
    return result


def callbacks(account: Account, bot, ready: dict, app_id: str, url: str) -> None:
    """The three places where a webhook address is kept; each means Meta's handshake with this very server."""
    step, token = account.step, ready["verify_token"]
    app_token = step("app access token", lambda: bot.get_app_access_token(int(app_id), ready["app_secret"]))
    app_token = app_token or f"{app_id}|{ready['app_secret']}"
    step(
        "callback of the app",
        lambda: truthy(bot.set_app_callback_url(int(app_id), app_token, url, token, fields=["messages"])),
    )
    step("callback of the account", lambda: truthy(bot.override_waba_callback_url(url, token)))
    step("callback of the number", lambda: truthy(bot.override_phone_callback_url(url, token)))
    step("wrong verify token is refused", lambda: refused_handshake(bot, url))
    step("callback of the number, cleared", lambda: truthy(bot.delete_phone_callback_url()))
    step("callback of the account, cleared", lambda: truthy(bot.delete_waba_callback_url()))


def refused_handshake(bot, url: str) -> str:
    try:
        bot.override_phone_callback_url(url, "another token")
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"[:160]
    raise AssertionError("a callback with a wrong verify token was taken")


def number(account: Account, bot, ready: dict) -> None:
    step = account.step

    def profile():
        truthy(
            bot.update_business_profile(
                about="Coffee since 1972", address="Av. Paulista 1", description=MENU, email="ola@example.com",
                industry=types.Industry.RESTAURANT, websites=["https://example.com"],
            )
        )
        shown = bot.get_business_profile()
        assert (shown.about, shown.description) == ("Coffee since 1972", MENU), shown
        assert shown.industry == types.Industry.RESTAURANT and shown.websites == ("https://example.com",), shown
        return shown

    def shop():
        truthy(bot.update_commerce_settings(is_cart_enabled=False, is_catalog_visible=True))
        assert not bot.get_commerce_settings().is_cart_enabled
        truthy(bot.update_commerce_settings(is_cart_enabled=True))
        shown = bot.get_commerce_settings()
        assert shown.is_cart_enabled and shown.catalog_id == ready["catalog_id"], shown
        return shown

    def settings():
        check = types.UserIdentityChangeSettings(enable_identity_key_check=True)
        truthy(bot.update_business_phone_number_settings(user_identity_change=check))
        shown = bot.get_business_phone_number_settings()
        assert shown.user_identity_change.enable_identity_key_check, shown
        off = types.UserIdentityChangeSettings(enable_identity_key_check=False)
        truthy(bot.update_business_phone_number_settings(user_identity_change=off))
        return shown

    def shown_number():
        shown = bot.get_business_phone_number()
        assert shown.id == ready["phone_number_id"] and shown.display_phone_number, shown
        return shown

    def shown_account():
        shown = bot.get_business_account()
        assert shown.id == ready["waba_id"], shown
        return shown

    step("profile before it is set", lambda: bot.get_business_profile())
    step("profile", profile)
    step("commerce settings", shop)
    step("number", shown_number)
    step("numbers of the account", lambda: truthy(list(bot.get_business_phone_numbers())))
    step("settings of the number", settings)
    step("account", shown_account)
    step("request a code", lambda: truthy(bot.request_verification_code(code_method="SMS", language_code="pt_BR")))
    step("verify the number", lambda: truthy(bot.verify_phone_number("123456")))
    step("deregister", lambda: truthy(bot.deregister_phone_number()))
    step("register", lambda: truthy(bot.register_phone_number("123456")))


def codes(account: Account, bot) -> None:
    def walk():
        made = bot.create_qr_code(MENU, types.QRCodeImageType.SVG)
        assert made.prefilled_message == MENU and made.qr_image_url, made
        assert bot.get_qr_code(made.code).deep_link_url == made.deep_link_url
        assert bot.get_qr_code(made.code, image_type="PNG").qr_image_url
        changed = bot.update_qr_code(made.code, "Outro")
        assert changed.prefilled_message == "Outro", changed
        assert [code.code for code in bot.get_qr_codes()] == [made.code]
        truthy(bot.delete_qr_code(made.code))
        assert not list(bot.get_qr_codes())
        return made

    account.step("QR codes", walk)


def blocks(account: Account, bot, phone: Phone) -> None:
    """By number and by user id. pywa 4.5.0 reads `input` from each blocked user, which Meta's list (2026-05-21) doesn't
    have: while somebody is blocked, the list is looked at as it came."""

    def walk(user: str, field: str):
        blocked = bot.block_users([user]).added_users
        assert [(one.input, getattr(one, field)) for one in blocked] == [(user, user)], blocked
        listed = bot.api.get_blocked_users(phone_id=bot.phone_id)["data"]
        assert [one["messaging_product"] for one in listed] == ["whatsapp"], listed
        freed = bot.unblock_users([user]).removed_users
        assert [one.input for one in freed] == [user], freed
        assert not list(bot.get_blocked_users())
        return user

    account.step("block and unblock by number", lambda: walk(phone.wa_id, "wa_id"))
    account.step("block and unblock by user id", lambda: walk(phone.user_id, "bsuid"))


def media(account: Account, bot) -> None:
    def walk():
        made = bot.upload_media(PNG, mime_type="image/png", filename="dot.png")
        shown = bot.get_media_url(made.id)
        assert (shown.mime_type, shown.file_size) == ("image/png", len(PNG)), shown
        assert bot.get_media_bytes(shown.url) == PNG
        assert b"".join(bot.stream_media(shown.url)) == PNG
        with tempfile.TemporaryDirectory() as folder:
            path = bot.download_media(url=shown.url, path=folder, filename="dot.png")
            assert pathlib.Path(path).read_bytes() == PNG
        truthy(bot.delete_media(made.id, phone_id=None))
        try:
            bot.get_media_url(made.id)
        except Exception as error:  # noqa: BLE001
            return f"gone after its end: {type(error).__name__}"
        raise AssertionError("a deleted file is still there")

    account.step("media: upload, look, fetch, stream, download, delete", walk)


def templates(account: Account, bot, sends: Sends) -> None:
    """Declares, lists, sends, changes and deletes templates."""
    forms = all_templates(sends.products, sends.catalog_id)
    made = {}
    for template, _ in forms:
        created = account.step(f"create template {template.name}", lambda one=template: bot.create_template(one))
        if created:
            assert created.status == t.TemplateStatus.APPROVED
            made[template.name] = created.id
    otp = t.Template(
        name="walk_code", language=t.TemplateLanguage.ENGLISH_US, category=t.TemplateCategory.AUTHENTICATION,
        components=[
            t.AuthenticationBody(add_security_recommendation=True), t.AuthenticationFooter(code_expiration_minutes=5),
            t.Buttons(buttons=[t.CopyCodeOTPButton(text="Copy")]),
        ],
    )
    account.step("create template walk_code", lambda: bot.create_template(otp))

    for template, params in forms:
        form = (template.name, template.language, params)
        sends.send(f"template {template.name}", "send_template", "template", *form)
    checked = {"params": forms[0][1], "template": forms[0][0]}
    sends.send("template checked by the SDK", "send_template", "template", **checked)
    filled = [t.AuthenticationBody.params(otp="4711"), t.CopyCodeOTPButton.params(otp="4711")]
    sends.send("template walk_code", "send_template", "template", "walk_code", t.TemplateLanguage.ENGLISH_US, filled)
    hello = ("hello_world", t.TemplateLanguage.ENGLISH_US)
    sends.send("template hello_world", "send_template", "template", *hello)
    sends.send("template to a user id", "send_template", "template", *hello, to=sends.phone.user_id)
    sends.refused("template that nobody declared", "send_template", 132001, "walk_nobody", t.TemplateLanguage.ENGLISH_US)

    def listed():
        found = bot.get_templates(name="walk_named")
        assert [one.name for one in found] == ["walk_named"], found
        # pywa 4.5.0 can't turn a page of templates: its TemplatesResult takes no item_factory. One page holds them all.
        every = bot.get_templates(pagination=types.Pagination(limit=100))
        names = {one.name for one in every}
        missing = {template.name for template, _ in forms} - names
        assert not missing, f"the list leaves out {sorted(missing)}"
        assert every.total_count >= len(forms), every
        return f"{len(names)} templates"

    def changed():
        words = [t.BodyText("Hi {{name}}, {{day}} it is again.", name="Ana", day="May")]
        truthy(bot.update_template(made["walk_named"], new_components=words))
        shown = bot.get_template(made["walk_named"])
        assert shown.components[0].text == words[0].text, shown
        return shown

    def deleted():
        for name, template_id in made.items():
            truthy(bot.delete_template(name, template_id=template_id))
        left = {one.name for one in bot.get_templates().all()}
        assert not left & set(made), left
        return sorted(left)

    account.step("list templates", listed)
    account.step("change a template", changed)
    account.step("delete templates", deleted)


def app_id(emulator: Emulator) -> str:
    """The app that the access token belongs to, as Meta tells it."""
    answer = emulator.http.get("/v26.0/app", params={"access_token": emulator.ready["access_token"]})
    assert answer.is_success, answer.text
    return answer.json()["id"]
