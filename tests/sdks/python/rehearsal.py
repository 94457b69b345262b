"""The emulator from outside: its control API, one customer's phone, and the account of steps that a walk keeps."""

import json
import sys
import time
import traceback

import httpx

PATIENCE_S = 60


class Emulator:
    """The control API. It is reached directly, never through the proxy that the SDK uses."""

    def __init__(self, ready: dict):
        self.ready = ready
        self.http = httpx.Client(base_url=ready["emulator"], trust_env=False, timeout=PATIENCE_S)

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def post(self, path: str, body: dict | None = None) -> dict:
        return self.call("POST", path, body or {})

    def get(self, path: str) -> dict:
        return self.call("GET", path)

    def phone(self, name: str, wa_id: str) -> "Phone":
        return Phone(self, self.post("/emulator/phones", {"name": name, "wa_id": wa_id}))


class Phone:
    """A customer."""

    def __init__(self, emulator: Emulator, made: dict):
        self.emulator = emulator
        self.id = made["id"]
        self.wa_id = made["wa_id"]
        self.user_id = made["user_id"]

    @property
    def path(self) -> str:
        return f"/emulator/phones/{self.id}"

    def does(self, what: str, body: dict | None = None, device: str = "android") -> dict:
        """Something that the business hears of at once."""
        done = self.emulator.post(f"{self.path}/devices/{device}/{what}", body)
        assert done["webhook_status"] == 200, f"{what}: the SDK answered {done['webhook_status']}"
        return done

    def messages(self) -> list[dict]:
        return self.emulator.get(f"{self.path}/messages")["messages"]

    def newest(self) -> dict:
        """The last message that the business sent."""
        return [message for message in self.messages() if "device" not in message][-1]


class Account:
    """Steps with their outcome, each told as one line of JSON."""

    def __init__(self):
        self.sent = 0
        self.received = 0
        self.skipped: list[str] = []
        self.failures = 0

    def tell(self, step: str, ok: bool, detail: str) -> None:
        self.failures += not ok
        print(json.dumps({"step": step, "ok": ok, "detail": detail}), flush=True)

    def step(self, name: str, act, counts: str | None = None):
        """Runs one step. What it returns is returned; a failure is told, and the walk goes on."""
        try:
            result = act()
        except Exception as error:  # noqa: BLE001 - each step stands alone
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.tell(name, False, f"{type(error).__name__}: {error} ({where.name}:{where.lineno})")
            return None
        if counts:
            setattr(self, counts, getattr(self, counts) + 1)
        self.tell(name, True, result if isinstance(result, str) else repr(result)[:160])
        return result

    def skip(self, name: str, reason: str) -> None:
        self.skipped.append(f"{name}: {reason}")
        print(json.dumps({"step": name, "ok": True, "detail": f"skipped: {reason}"}), flush=True)

    def close(self) -> None:
        print(json.dumps({"sent": self.sent, "received": self.received, "skipped": self.skipped}), flush=True)
        sys.exit(1 if self.failures else 0)


def eventually(find, what: str):
    """What `find` returns once it returns something."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = find()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError(f"the SDK heard nothing like it: {what}")
