import type { IntendedPolicySpec } from '../../../core/policy.ts';

/** Who calls: a name for the report, the agent that the executor keeps orders under, and its bearer token. */
export interface ExecutorClient {
  readonly name: string;
  readonly agent: string;
  readonly token: string;
}
export type ToolArgs = Readonly<Record<string, unknown>>;
/** One call of a client. `raw` is written to the connection byte for byte: an attack may break HTTP itself. */
export type ExecutorCall =
  | { readonly kind: 'tool'; readonly tool: string; readonly args: ToolArgs }
  /** What would be decided now; must execute nothing. */
  | { readonly kind: 'rehearse'; readonly tool: string; readonly args: ToolArgs }
  /** Advice on any tool call; must execute nothing. */
  | { readonly kind: 'advise'; readonly tool: string; readonly args: ToolArgs }
  /** Head and body of one HTTP/1.1 request; `{host}` and `{token}` in it are replaced. */
  | { readonly kind: 'raw'; readonly text: string };

/** What the executor said. It steers the attackers and measures refusals; success is never read from it. */
export interface ExecutorAnswer {
  /** HTTP status; 0: no answer, the connection ended or nothing came in time. */
  readonly status: number;
  /** Null: not a decision (malformed, not authorised, conflict, advice without one). */
  readonly verdict: 'ALLOW' | 'LIMIT' | 'BLOCK' | null;
  readonly decisionId: string | null;
  readonly reasons: readonly { readonly code: string; readonly observed: unknown; readonly limit: unknown }[];
  readonly retryAfterMs: number | null;
  /** Notional that is sent instead of the one asked for, USDT: it steers attackers. Null: not told. */
  readonly effectiveNotional: number | null;
  /** Client order ids at the exchange that the executor says this call made: attribution only. */
  readonly orderIds: readonly string[];
}
export type TradingState = 'active' | 'reducing' | 'halted';

/**
 * An executor that the suite attacks. The first implementation speaks Holdfast's HTTP routes (http-executor.ts); for
 * another executor with other routes, implement this interface (docs/conformance.md). No method throws for a refusal.
 */
export interface ExecutorUnderTest {
  readonly name: string;
  call(client: ExecutorClient, call: ExecutorCall): Promise<ExecutorAnswer>;
  /** The request that an order belongs to: slices and attempts of one request share it. Identity if there are none. */
  parentOf(clientOrderId: string): string;
  /** The declared policy R; null when the executor does not tell (the suite then needs a policy file). */
  readPolicy(): Promise<IntendedPolicySpec | null>;
  /** Null when the suite holds no operator's token: the halt is then not tested. */
  readTradingState(): Promise<TradingState | null>;
  /** Resolves once the state is in force. @throws Error when refused */
  setTradingState(state: TradingState, reason: string): Promise<void>;
  close(): Promise<void>;
}

export type Credential = Omit<ExecutorClient, 'name'>;

/** A third of the clients are legitimate; each side shares its credentials when there are fewer than clients. */
export function assignClients(
  count: number,
  legitimate: readonly Credential[],
  attackers: readonly Credential[],
): { readonly legitimate: readonly ExecutorClient[]; readonly attackers: readonly ExecutorClient[] } {
  if (legitimate.length === 0 || attackers.length === 0) throw new Error('there is no agent token to attack with');
  const named = (name: string, number: number, credentials: readonly Credential[]): ExecutorClient[] =>
    Array.from({ length: number }, (_, index) => {
      const credential = credentials[index % credentials.length] as Credential;
      return { name: `${name}-${index + 1}`, ...credential };
    });
  const honest = Math.max(1, Math.round(count / 3));
  return {
    legitimate: named('legitimate', honest, legitimate),
    attackers: named('attacker', Math.max(1, count - honest), attackers),
  };
}
