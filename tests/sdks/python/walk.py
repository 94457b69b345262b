"""pywa, unmodified, against the emulator: over TLS and the emulator's proxy, with its signature check on.

It takes the emulator's ready line as JSON in SACOLA_EMULATOR, prints one line of JSON per step, and ends with 1 if any failed.
"""

import json
import os
import sys

READY = json.loads(os.environ["SACOLA_EMULATOR"])
os.environ["HTTPS_PROXY"] = READY["proxy_url"]
os.environ["SSL_CERT_FILE"] = READY["ca_file"]
for name in ("https_proxy", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
    os.environ.pop(name, None)

import account as accounts  # noqa: E402 - the proxy is set before any client exists
import httpx  # noqa: E402
from hearing import Complaints, Hearing  # noqa: E402
from not_emulated import ALIASES, LOCAL, NOT_EMULATED  # noqa: E402
from pywa import WhatsApp  # noqa: E402
from receives import Receives  # noqa: E402
from rehearsal import PATIENCE_S, Account, Emulator  # noqa: E402
from sends import Sends  # noqa: E402
from starlette.applications import Starlette  # noqa: E402


class Noted:
    """Passes everything to the SDK and notes which of its methods were asked for."""

    def __init__(self, bot: WhatsApp):
        self.bot = bot
        self.tried: set[str] = set()

    def __getattr__(self, name: str):
        self.tried.add(name)
        return getattr(self.bot, name)


def covered(account: Account, tried: set[str]) -> None:
    """Fails for each public method of the SDK that is neither tried nor explained."""
    public = {
        name for name in dir(WhatsApp)
        if not name.startswith(("_", "on_")) and callable(getattr(WhatsApp, name)) and name not in LOCAL
    }
    explained = set(NOT_EMULATED) | set(ALIASES)
    account.step("every method of the SDK is tried or explained", lambda: empty(public - tried - explained))
    account.step("no explanation is out of date", lambda: empty((explained - public) | (set(NOT_EMULATED) & tried)))
    for name in sorted(NOT_EMULATED):
        account.skip(name, NOT_EMULATED[name])


def complained(hearing: Hearing, complaints: Complaints) -> str:
    hearing.rests()
    return empty(set(complaints.heard))


def empty(names: set[str]) -> str:
    assert not names, ", ".join(sorted(names))
    return "none is left"


def main() -> None:
    account, emulator, complaints = Account(), Emulator(READY), Complaints()
    app_id = accounts.app_id(emulator)
    app = Starlette()
    bot = Noted(
        WhatsApp(
            phone_id=READY["phone_number_id"], token=READY["access_token"], waba_id=READY["waba_id"],
            app_id=app_id, app_secret=READY["app_secret"], verify_token=READY["verify_token"],
            server=app, webhook_endpoint="/webhook", validate_updates=True, session=httpx.Client(timeout=PATIENCE_S),
        )
    )
    hearing = Hearing(app)
    hearing.register(bot.bot)
    emulator.post("/emulator/targets", {"webhook_url": hearing.url})
    products = [product["retailer_id"] for product in emulator.get("/emulator/catalog")["products"]]
    phone = emulator.phone("Ana Souza", "5511987650001")
    sends = Sends(account, bot, phone, products, READY["catalog_id"])
    receives = Receives(account, bot, phone, hearing, sends)

    accounts.callbacks(account, bot, READY, app_id, hearing.url)
    receives.take("the first text", receives.first)
    for part in (sends.texts, sends.media, sends.things, sends.commerce):
        part()
    accounts.templates(account, bot, sends)
    for part in (receives.words, receives.things, receives.taps, receives.statuses):
        part()
    receives.unsigned(emulator)
    receives.replayed(emulator)
    accounts.number(account, bot, READY)
    accounts.codes(account, bot)
    accounts.blocks(account, bot, phone)
    accounts.media(account, bot)
    receives.failures(emulator)
    receives.changes(emulator)
    account.step("the SDK complained about nothing", lambda: complained(hearing, complaints))
    covered(account, bot.tried)
    hearing.stop()
    account.close()


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    main()
