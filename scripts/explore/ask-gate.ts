import { checkTradingCall } from '../../daemon/contract/tools.ts';
import type { TradingToolName } from '../../daemon/contract/types/trading-calls.ts';
import type { Gate } from '../../daemon/driver/gate.ts';
import type { Caller } from '../../daemon/engine/records/callers.ts';
import type { ToolAnswer } from '../../daemon/engine/records/decisions.ts';
import { toApiError } from '../../daemon/http/errors.ts';
import type { AgentName } from './plan.ts';
import type { Asked } from './played-world.ts';

interface Call {
  readonly agent: AgentName;
  readonly tool: TradingToolName;
  readonly args: Readonly<Record<string, unknown>>;
  /** By its token. */
  readonly caller: Caller;
}

/** One call of a tool as the door makes it: checked, then asked of the gate. `isTroubled`: nothing can be recorded now. */
export function askGate(
  gate: Gate | null,
  { args, caller, tool }: Call,
  isTroubled: () => boolean,
): Promise<Asked> | Asked {
  if (gate === null) return { outcome: 'down' };
  const checked = checkTradingCall(tool, args);
  if (!checked.ok) return { outcome: 'invalid', detail: JSON.stringify(checked.violations[0]) };
  gate.noteCall(caller);
  return gate.runTool(caller, checked.call).then(
    (outcome) => {
      if (outcome.kind !== 'decided') return { outcome: outcome.kind, detail: outcome.message };
      return { outcome: 'decided', answer: JSON.parse(String(outcome.text)) as ToolAnswer };
    },
    (error: unknown) => ({
      // Where nothing can be recorded, nobody can be answered: 503 at the door, and nothing else.
      outcome: isTroubled() && toApiError(error).code === 'NOT_READY' ? 'unavailable' : 'failed',
      detail: String(error),
    }),
  );
}
