import type { Violation } from '../contract/schema/ajv.ts';
import { argsCheckOf, findToolViolation } from '../contract/schema/operator-schema.ts';
import { checkTradingCall, isTradingTool } from '../contract/tools.ts';
import type { IntendedPolicySpec, JsonSchemaObject } from '../core/policy.ts';
import type { VenueName } from '../core/venues.ts';
import { Gate } from '../driver/gate.ts';
import type { GateOptions } from '../driver/parts.ts';
import { flattenIn, layerEvent, layerKey, OPERATOR } from '../engine/callers/layers.ts';
import type { PolicyDocument } from '../engine/operator/policy-control.ts';
import type { GateEvents } from '../engine/records/events.ts';
import { type EndedDecision, KEEP_ENDED_ROWS_MS, toRows } from '../engine/state/views.ts';
import { sha256Hex } from '../ledger/chain/hash-chain.ts';
import type { Ledger } from '../ledger/types.ts';
import { hashPolicy } from '../policy/parse.ts';
import { checkVenue } from '../policy/reload.ts';
import { type Folded, foldLedger } from './keep/fold.ts';
import { StartError } from './start-error.ts';

type SchemaCheck = 'checkOperatorSchema' | 'isInterceptAllowed' | 'findArgsViolation';

export interface OpenGateOptions extends Omit<GateOptions, 'ports' | 'state'> {
  readonly ledger: Ledger;
  readonly ports: Omit<GateOptions['ports'], 'ledger' | 'sha256' | SchemaCheck>;
  /** Where files of checkpoints lie; absent: there are none. */
  readonly checkpointFolder?: string | null;
  /** How views come from records. */
  readonly fold?: typeof foldLedger;
  readonly onFolded?: (folded: Folded) => void;
}

/** The gate with the views that its ledger holds, before its first contact with the venue. */
export function openGate(opening: OpenGateOptions): Gate {
  const { ledger, ports, checkpointFolder, fold = foldLedger, onFolded, ...options } = opening;
  const folded = fold(ledger, {
    folder: checkpointFolder ?? null,
    onEnded: keepEnded(ledger),
    onSkipped: (seq, reason) => ports.log.warn({ seq, reason }, 'a checkpoint was passed over'),
  });
  if (folded.isUnaided) haltUnaided(ledger, folded);
  onFolded?.(folded);
  return new Gate({
    ...options,
    state: folded.state,
    ports: { ...ports, ...SCHEMA_CHECKS, ledger, sha256: sha256Hex },
  });
}

/** The place and the problem, without the value. */
function nameFirst(violations: readonly Violation[]): string | null {
  const [first] = violations;
  return first === undefined ? null : `${first.path === '' ? 'the arguments' : first.path}: ${first.message}`;
}

export const SCHEMA_CHECKS: Required<Pick<GateOptions['ports'], SchemaCheck>> = {
  checkOperatorSchema: findToolViolation,
  isInterceptAllowed: (spec, tool, args) => {
    const schema = schemaOfIntercept(spec, tool);
    return schema !== undefined && argsCheckOf(schema)(args).length === 0;
  },
  findArgsViolation: (spec, tool, args) => {
    const schema = schemaOfIntercept(spec, tool);
    if (schema !== undefined) return nameFirst(argsCheckOf(schema)(args));
    if (!isTradingTool(tool)) return null;
    const checked = checkTradingCall(tool, args);
    return checked.ok ? null : nameFirst(checked.violations);
  },
};
function schemaOfIntercept({ intercept: { allow } }: IntendedPolicySpec, tool: string): JsonSchemaObject | undefined {
  return Object.hasOwn(allow, tool) ? allow[tool] : undefined;
}

/**
 * The policy in force at the last stop. The file is compared with it by the same rule as at a reload.
 * @throws StartError if the ledger lacks the policy that it names
 */
export function readPolicyInForce(ledger: Ledger, venue: VenueName): PolicyDocument | null {
  let hash: string | null = null;
  for (const event of ledger.iterateEvents({ kind: 'policy' })) {
    const payload = event.payload as { readonly action: string; readonly hash: string };
    if (payload.action === 'in_force') hash = payload.hash;
  }
  if (hash === null) return null;
  const stored = readStoredPolicy(ledger.readPolicy(hash), hash);
  if (stored === null) throw new StartError(`the ledger lacks the policy ${hash} that was last in force`);
  // The venue is part of the ledger's identity, so a stored policy has run here before.
  return checkVenue({ ...stored, text: '' }, venue).length === 0 ? stored : null;
}

/** A policy from the ledger, by hash: the one in force at the last stop. */
function readStoredPolicy(body: string | null, hash: string): PolicyDocument | null {
  if (body === null) return null;
  const spec = JSON.parse(body) as IntendedPolicySpec;
  return hashPolicy(spec) === hash ? { spec, hash } : null;
}

/**
 * At the first contact: records the first policy, and offers a file that differs from the policy in force.
 *
 * @param file null if there is no policy in it
 */
export function recordPolicy(gate: Gate, ledger: Ledger, inForce: PolicyDocument, file: PolicyDocument | null): void {
  if (gate.core.state.policy === null) {
    ledger.putPolicy(inForce.spec);
    gate.core.append('policy', {
      action: 'in_force',
      detail: 'first start',
      hash: inForce.hash,
      name: inForce.spec.name,
      set_by: 'start',
    });
  } else if (file !== null && file.hash !== inForce.hash)
    gate.policies.offerInBackground({ ok: true, policy: file, warnings: [] }, 'start');
}

/** Rows of one commit. */
const MAX_ROWS = 1_000;

/** Writes the orders that a start's fold lets go of, as the daemon wrote them when it let go of them. */
export function keepEnded(ledger: Ledger): (ended: readonly EndedDecision[]) => void {
  // The `t` of now is not known before the fold: by the venue's time some more are left out, of those that are about to go.
  const sinceMs = (ledger.readEvent(ledger.lastSeq())?.at_ms ?? 0) - KEEP_ENDED_ROWS_MS;
  let pending = 0;
  return (ended) => {
    const rows = ended.filter(({ endedAtMs }) => endedAtMs > sinceMs).flatMap(toRows);
    if (rows.length === 0) return;
    ledger.putEndedOrders(rows);
    pending += rows.length;
    if (pending < MAX_ROWS) return;
    ledger.flush();
    pending = 0;
  };
}

/**
 * Halts the account of a partly archived ledger that a start found without a sound checkpoint: an operator looks at it
 * before anything opens. Exits of operators and protective stops remain.
 */
export function haltUnaided(ledger: Pick<Ledger, 'appendSync'>, { isPartial, state }: Omit<Folded, 'isUnaided'>): void {
  const standing = state.layers.get(layerKey(OPERATOR));
  // One that ends by itself ends without anybody having looked.
  if (standing?.state === 'halted' && standing.clearsAtMs === null) return;
  const what = isPartial
    ? 'no checkpoint is sound and an archive cannot be read, so what its records say is not known (audit verify names it)'
    : 'no checkpoint was sound, and all archives were folded again';
  const payload: GateEvents['state'] = {
    ...flattenIn(standing, state.time.tMs),
    ...layerEvent(OPERATOR, `${what}: check positions, orders and limits first`, 'start', 'an operator clears it'),
    state: 'halted',
  };
  const [event] = ledger.appendSync([{ kind: 'state', at_ms: state.lastEventAtMs, payload }]);
  if (event !== undefined) state.apply({ kind: 'state', at_ms: event.at_ms, seq: event.seq, payload });
}
