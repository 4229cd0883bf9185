"""A client of a Holdfast daemon: one file, standard library only, Python 3.9 or later.

    from holdfast import Holdfast

    gate = Holdfast()
    answer = gate.place_order(symbol="BTCUSDT", side="buy", usdt=200, strategy_id="momentum")
    if answer.decision == "BLOCK":
        print(answer.reasons[0])        # a refusal is a value, never an exception

On each connection the daemon first proves that it knows the token; until then neither token nor call is sent there.
An answer is never asked for twice blindly: every call has a request id, and the daemon answers the same id with what
it decided, without sending anything again. So after a broken connection the call repeats itself with its own id; what
is pending is settled by reading.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import secrets
import socket
import time
import urllib.parse
import uuid
from typing import Any, Optional

PENDING = frozenset({"submitting", "staging", "unknown"})
# With these the daemon turns a call away before it looks at the request id.
_TURNED_AWAY = frozenset(
    {
        "NOT_READY",
        "REQUEST_TIMEOUT",
        "SHUTTING_DOWN",
        "TOO_MANY_CONNECTIONS",
        "TOO_MANY_IN_FLIGHT",
        "UNAUTHENTICATED",
    }
)
_PROOF_TIMEOUT_S = 10.0
_MAX_PROOF_BYTES = 16 * 1024


class HoldfastError(Exception):
    """The daemon refused the call as such: nothing was decided. `code` is one of docs/api.md."""

    def __init__(
        self, status: int, code: str, message: str, details: Any = None, retry_after_s: Optional[float] = None
    ):
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.details = status, code, message, details
        self.retry_after_s = retry_after_s


class Unreachable(Exception):
    """No daemon of this token answered, also not when asked again. Under `request_id` the call may be repeated later."""

    def __init__(self, message: str, request_id: Optional[str]):
        super().__init__(message)
        self.request_id = request_id


class _Unproven(Unreachable):
    """Neither the token nor a request was sent."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """A decided request. `decision` is ALLOW, LIMIT (less than asked went out: see `order`) or BLOCK (nothing did).
    Where `enforced` is false (a policy in mode shadow) it did not bind: `execution` tells what went out.

    The first of `reasons` binds; of several, `bound_by` is its code. `arithmetic` is its budget in one line. `asked` and
    `order` tell the size in the same units: `quantity` (base asset) and `notional_usdt`."""

    decision: str
    decision_id: str
    request_id: Optional[str]
    reasons: list
    order: Optional[dict]
    execution: dict
    retry_after_ms: Optional[float]
    bound_by: Optional[str] = None
    arithmetic: Optional[str] = None
    asked: Optional[dict] = None
    enforced: bool = True

    @property
    def state(self) -> str:
        return self.execution["state"]

    @property
    def is_pending(self) -> bool:
        """What became of it is not known yet. Do not send it again; `Holdfast.settle` waits for it."""
        return self.state in PENDING

    @property
    def filled_quantity(self) -> str:
        return self.execution.get("filled_quantity", "0")


class Holdfast:
    """`url` may be `unix:/path`. The token is `token`, HOLDFAST_TOKEN, or the file of the paper venue.

    The file is read for each call, so a rotated token works at once."""

    def __init__(self, url: str = "http://127.0.0.1:7433", token: Optional[str] = None, timeout_s: float = 60.0):
        self._url = urllib.parse.urlsplit(url)
        if self._url.scheme not in ("http", "https", "unix"):
            raise ValueError(f"{url} is no URL of a daemon")
        # As the Host header names it.
        self._host = self._url.netloc.rpartition("@")[2].lower() or "localhost"
        self._token = token or os.environ.get("HOLDFAST_TOKEN")
        self._timeout_s = timeout_s
        self._current_token()

    def place_order(
        self,
        symbol: str,
        side: str,
        usdt: Optional[float] = None,
        strategy_id: Optional[str] = None,
        intent: str = "open",
        leverage: int = 1,
        limit_price: Optional[float] = None,
        max_slippage_bps: float = 10,
        request_id: Optional[str] = None,
        quantity: Optional[float] = None,
        **more: Any,
    ) -> Answer:
        """`usdt`: notional value, before leverage; or `quantity`, in the base asset. With `limit_price` the order rests,
        without it is a market order."""
        if (usdt is None) == (quantity is None):
            raise ValueError("place_order needs exactly one of usdt and quantity")
        args = {
            "symbol": symbol,
            "intent": intent,
            "side": side,
            "requested_notional": usdt,
            "quantity": quantity,
            "requested_leverage": leverage,
            "order_type": "market" if limit_price is None else "limit",
            "limit_price": limit_price,
            "max_slippage_bps": max_slippage_bps,
            "strategy_id": strategy_id,
            **more,
        }
        return self._trade("place_order", args, request_id)

    def close_position(self, symbol: str, fraction: Optional[float] = None, request_id: Optional[str] = None) -> Answer:
        return self._trade("close_position", {"symbol": symbol, "fraction": fraction}, request_id)

    def modify_order(
        self,
        client_order_id: str,
        limit_price: Optional[float] = None,
        usdt: Optional[float] = None,
        request_id: Optional[str] = None,
    ) -> Answer:
        args = {"client_order_id": client_order_id, "limit_price": limit_price, "requested_notional": usdt}
        return self._trade("modify_order", args, request_id)

    def cancel_order(self, client_order_id: str, request_id: Optional[str] = None) -> Answer:
        return self._trade("cancel_order", {"client_order_id": client_order_id}, request_id)

    def cancel_all(self, symbol: Optional[str] = None, request_id: Optional[str] = None) -> Answer:
        return self._trade("cancel_all", {"symbol": symbol}, request_id)

    def decision(self, decision_id: str) -> Answer:
        """A decision with the present state of its execution."""
        return _answer(self.read("get_decision", decision_id=decision_id), None)

    def settle(self, answer: Answer, timeout_s: float = 30.0, every_s: float = 0.5) -> Answer:
        """Reads until the execution is no longer pending, or the time is over: then `is_pending` is still true."""
        deadline = time.monotonic() + timeout_s
        while answer.is_pending and time.monotonic() < deadline:
            time.sleep(every_s)
            answer = dataclasses.replace(self.decision(answer.decision_id), request_id=answer.request_id)
        return answer

    def read(self, tool: str, /, **args: Any) -> dict:
        """A reading tool: get_account, get_positions, get_orders, get_market, get_candles, get_order_book, get_limits,
        get_decision."""
        body = self._post(f"/v1/tools/{urllib.parse.quote(tool, safe='')}?view=brief", args, None)
        return body["result"]

    def tools(self, format: str = "openai") -> list:
        """The tools as a model API takes them: openai, anthropic or mcp."""
        return self._send("GET", f"/v1/tools?format={urllib.parse.quote(format)}", None)["tools"]

    def call(self, tool: str, args: dict, request_id: Optional[str] = None) -> dict:
        """A tool call as a model made it; gives back what the model is to see: refusals, errors, and that no answer
        came. `request_id`: of the call, where the model gave it none; a repeat under it sends nothing twice."""
        try:
            if tool.startswith("get_"):
                return self.read(tool, **args)
            given = args.get("request_id") or request_id
            return self._trade_body(tool, args, given or _new_request_id())
        except HoldfastError as error:
            return {"error": {"code": error.code, "message": error.message, "details": error.details}}
        except Unreachable as error:
            return {"error": _describe_silence(error)}

    def _trade(self, tool: str, args: dict, request_id: Optional[str]) -> Answer:
        request_id = request_id or _new_request_id()
        return _answer(self._trade_body(tool, args, request_id), request_id)

    def _trade_body(self, tool: str, args: dict, request_id: str) -> dict:
        path = f"/v1/tools/{urllib.parse.quote(tool, safe='')}?view=brief"
        return self._post(path, {**args, "request_id": request_id}, request_id)

    def _post(self, path: str, body: dict, request_id: Optional[str]) -> dict:
        """A lost answer is asked for again, with the same request id: the daemon sends nothing twice. One that turns the
        repeat away says nothing of the request that may have arrived."""
        given = {key: value for key, value in body.items() if value is not None}
        may_have_arrived = False
        for attempt in range(4):
            try:
                return self._send("POST", path, given)
            except (OSError, http.client.HTTPException, Unreachable) as error:
                last = error
                may_have_arrived = may_have_arrived or (request_id is not None and not isinstance(error, _Unproven))
            except HoldfastError as error:
                if not (may_have_arrived and error.code in _TURNED_AWAY):
                    raise
                last = error
            time.sleep(0.2 * 2**attempt)
        raise Unreachable(str(last) if isinstance(last, Unreachable) else f"no daemon answered ({last})", request_id)

    def _send(self, method: str, path: str, body: Optional[dict]) -> dict:
        token = self._current_token()
        connection = self._connect()
        try:
            self._require_proof(connection, token)
            response = self._exchange(connection, method, path, body, {"Authorization": f"Bearer {token}"})
            answer = _object(response.read())
        finally:
            connection.close()
        if response.status == 200 and answer:
            return answer
        error, after = answer.get("error"), response.headers.get("Retry-After")
        if not isinstance(error, dict) or error.get("code") in (None, "INTERNAL"):
            # A gateway's word, or that of a defect: nothing says what became of the call.
            raise Unreachable(f"HTTP {response.status} says nothing of the call", None)
        raise HoldfastError(
            response.status,
            error["code"],
            error.get("message", ""),
            error.get("details"),
            None if after is None else float(after),
        )

    def _require_proof(self, connection: http.client.HTTPConnection, token: str) -> None:
        """Connects, and raises Unreachable unless a daemon that knows this token answers there. Whoever else does
        learns an id of the token and a nonce."""
        address = self._url.path if self._url.scheme == "unix" else self._host
        try:
            connection.connect()
            # What follows goes over this very connection, or nowhere.
            connection.auto_open = 0
            self._check_proof(connection, token)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _Unproven(f"no daemon of this token answers at {address} ({error})", None) from error
        connection.sock.settimeout(self._timeout_s)

    def _check_proof(self, connection: http.client.HTTPConnection, token: str) -> None:
        key = hashlib.sha256(token.encode()).digest()
        nonce = secrets.token_urlsafe(32)
        asked = {"key_id": _mac(key, "holdfast key id 1")[:22], "nonce": nonce}
        response = self._exchange(connection, "POST", "/v1/proof", asked, {})
        answer = _object(response.read(_MAX_PROOF_BYTES))
        if response.status != 200:
            raise ValueError("it knows no such live token" if response.status == 401 else f"HTTP {response.status}")
        claims, proof = answer.get("claims"), answer.get("proof")
        if not (response.isclosed() and isinstance(claims, str) and isinstance(proof, str)):
            raise ValueError("its answer is no proof")
        dialled = "unix" if self._url.scheme == "unix" else self._host
        expected = _mac(key, f"holdfast proof 1\n{nonce}\n{dialled}\n{claims}")
        if not hmac.compare_digest(expected.encode(), proof.encode()):
            raise ValueError("its proof is not of this token and this address")
        if connection.sock is None:
            raise ValueError("the proven connection has ended")

    def _exchange(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Optional[dict], headers: dict
    ) -> http.client.HTTPResponse:
        given = {"Host": self._host, **headers}
        payload = None
        if body is not None:
            payload, given["Content-Type"] = json.dumps(body), "application/json"
        connection.request(method, path, payload, given)
        return connection.getresponse()

    def _connect(self) -> http.client.HTTPConnection:
        """Not connected yet. Its time-out is that of the proof."""
        timeout_s = min(self._timeout_s, _PROOF_TIMEOUT_S)
        if self._url.scheme == "unix":
            return _UnixConnection(self._url.path, timeout_s)
        secure = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(self._url.hostname or "127.0.0.1", self._url.port, timeout=timeout_s)

    def _current_token(self) -> str:
        return self._token or _read_token()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float):
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _new_request_id() -> str:
    return f"py-{uuid.uuid4().hex}"


def _mac(key: bytes, text: str) -> str:
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _object(text: bytes) -> dict:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _describe_silence(error: Unreachable) -> dict:
    """A model that is told of a failure asks again, and a lost answer may be of an order that was sent: so it is told the
    id under which nothing is sent twice."""
    if error.request_id is None:
        return {"code": "UNREACHABLE", "message": str(error)}
    advice = (
        "What was asked for may have been done: look at get_orders, or ask again with this very request_id, which "
        "sends nothing twice."
    )
    return {"code": "UNREACHABLE", "message": f"{error}. {advice}", "request_id": error.request_id}


def _answer(body: dict, request_id: Optional[str]) -> Answer:
    return Answer(
        body["decision"],
        body["decision_id"],
        request_id,
        body.get("reasons", []),
        body.get("order"),
        body["execution"],
        body.get("retry_after_ms"),
        body.get("bound_by"),
        body.get("arithmetic"),
        body.get("asked"),
        body.get("enforced", True),
    )


def _read_token() -> str:
    home = pathlib.Path(os.environ.get("HOLDFAST_HOME") or pathlib.Path.home() / ".holdfast")
    return (home / "tokens" / "agent.token").read_text().strip()
