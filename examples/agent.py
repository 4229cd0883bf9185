"""An agent loop over any model that speaks the chat completions form: OPENAI_BASE_URL, OPENAI_API_KEY, MODEL."""
import json
import os
import sys
import urllib.request
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "integrations", "python"))
from holdfast import Holdfast

gate = Holdfast(os.environ.get("HOLDFAST_URL", "http://127.0.0.1:7433"))
# Keep it with a conversation that is to be resumed: what is asked again under the same ids is sent once.
conversation = os.environ.get("CONVERSATION") or uuid.uuid4().hex
messages = [{"role": "user", "content": " ".join(sys.argv[1:]) or "Buy 200 USDT of BTC at market, 1x."}]


def ask_model():
    body = {"model": os.environ.get("MODEL", "gpt-5-mini"), "messages": messages, "tools": gate.tools("openai")}
    request = urllib.request.Request(
        os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1") + "/chat/completions",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["choices"][0]["message"]


for _ in range(10):
    message = ask_model()
    messages.append(message)
    if not message.get("tool_calls"):
        print(message["content"])
        break
    for call in message["tool_calls"]:
        name, args = call["function"]["name"], json.loads(call["function"]["arguments"])
        # The request id is of the conversation and of the call in it, since some models number their calls.
        result = gate.call(name, args, request_id=f"{conversation}-{call['id']}")
        print(f"{name}: {result.get('decision', result)}", file=sys.stderr)
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": json.dumps(result)})
