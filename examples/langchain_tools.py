"""The trading tools as LangChain tools: `pip install langchain-core`, then pass `TOOLS` to an agent."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "integrations", "python"))
from holdfast import Holdfast


def build_tools(gate, tool_class):
    """`tool_class`: langchain_core.tools.StructuredTool. Each tool answers what the model is to see."""

    def build(spec):
        name = spec["name"]
        return tool_class.from_function(
            func=lambda **args: gate.call(name, args),
            name=name,
            description=spec["description"],
            args_schema=spec["input_schema"],
        )

    return [build(spec) for spec in gate.tools("anthropic")]


if __name__ == "__main__":
    from langchain_core.tools import StructuredTool

    TOOLS = build_tools(Holdfast(os.environ.get("HOLDFAST_URL", "http://127.0.0.1:7433")), StructuredTool)
    print([tool.name for tool in TOOLS])
