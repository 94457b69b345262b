"""The bot's own webhook: a server on loopback, and everything that the SDK's handlers were given."""

import logging
import socket
import threading
import warnings

import uvicorn
from pywa import WhatsApp, handlers
from starlette.applications import Starlette

from rehearsal import eventually

HANDLED = (
    handlers.MessageHandler,
    handlers.MessageStatusHandler,
    handlers.CallbackButtonHandler,
    handlers.CallbackSelectionHandler,
    handlers.FlowCompletionHandler,
    handlers.PhoneNumberChangeHandler,
    handlers.IdentityChangeHandler,
    handlers.TemplateStatusUpdateHandler,
)


class Complaints(logging.Handler):
    """What the SDK logged as an error, and each value that it didn't know."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.heard: list[str] = []
        logging.getLogger("pywa").addHandler(self)
        logging.captureWarnings(True)
        logging.getLogger("py.warnings").addHandler(self)
        logging.getLogger("py.warnings").propagate = False
        self.setLevel(logging.WARNING)
        warnings.simplefilter("always")

    def emit(self, record: logging.LogRecord) -> None:
        serious = record.levelno >= logging.ERROR or "Unknown" in record.getMessage()
        if serious:
            cause = f": {record.exc_info[1]!r}" if record.exc_info else ""
            self.heard.append(f"{record.getMessage()}{cause}")


class AtWork:
    """Passes everything to the SDK and counts what it is at work on: it answers first, and calls its handlers afterwards."""

    def __init__(self, app: Starlette):
        self.app, self.count = app, 0

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.count += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.count -= 1


class Hearing:
    """Serves the SDK's webhook routes, and keeps what its handlers got."""

    def __init__(self, app: Starlette):
        self.updates: list = []
        self.raw: list = []
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/webhook"
        self.at_work = AtWork(app)
        # No connection is closed because it was idle: the next webhook may be on its way in it.
        config = uvicorn.Config(self.at_work, log_level="warning", timeout_keep_alive=600)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listener]}, daemon=True)
        self.thread.start()
        eventually(lambda: self.server.started, "its own start")

    def register(self, bot: WhatsApp) -> None:
        for kind in HANDLED:
            bot.add_handlers(kind(lambda _, update: self.updates.append(update)))
        bot.add_handlers(handlers.RawUpdateHandler(lambda _, update: self.raw.append(update)))

    def expect(self, kind: type, fits, what: str):
        """The first update of that kind that fits."""

        def find():
            fitting = (update for update in list(self.updates) if isinstance(update, kind) and fits(update))
            return next(fitting, None)

        return eventually(find, what)

    def rests(self) -> None:
        """Waits until the handlers have had all that was answered with 200."""
        eventually(lambda: self.at_work.count == 0, "the end of its work")

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(5)
