import { checkOperatorSchema } from '../../contract/schema/operator-schema.ts';
import { joinPath, type Violation, violationAt } from '../../contract/schema/violations.ts';
import { findLooserAgents } from '../../core/looser/is-at-most.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { Action, ToolName } from '../../core/request.ts';
import { profileOf } from '../../core/venues.ts';
import type { Findings } from './findings.ts';

/** Members of every plain object: legal as text, but a trap for code that looks the name up in one. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));
const TRADING_TOOLS: readonly string[] = [
  'place_order',
  'close_position',
  'modify_order',
  'cancel_order',
  'cancel_all',
];

/** `shadow` executes requests unchanged, so no venue in scope may hold money. */
export function checkMode(spec: IntendedPolicySpec, found: Findings): void {
  if (spec.mode !== 'shadow') return;
  for (const venue of spec.scope.venues) {
    if (profileOf(venue).isSimulated) continue;
    const message = `mode shadow does not enforce anything and must not stand beside venue ${venue}`;
    found.violations.push(violationAt('mode', message, spec.mode, '"enforce", or scope.venues: [paper]'));
  }
}

/** A scope that can open must be able to close and to cancel. */
export function checkWaysOut(spec: IntendedPolicySpec, found: Findings): void {
  findMissingWaysOut('scope', spec.scope.tools, spec.scope.actions, found);
}

export function checkAgentWaysOut(spec: IntendedPolicySpec, found: Findings): void {
  for (const [name, section] of Object.entries(spec.agents)) {
    const scope = section.scope;
    if (scope?.tools === undefined && scope?.actions === undefined) continue;
    const path = `${joinPath('agents', name)}.scope`;
    findMissingWaysOut(path, scope.tools ?? spec.scope.tools, scope.actions ?? spec.scope.actions, found);
  }
}

function findMissingWaysOut(
  path: string,
  tools: readonly ToolName[],
  actions: readonly Action[],
  found: Findings,
): void {
  if (!tools.includes('place_order') || !actions.includes('open')) return;
  const missing = (['close', 'cancel'] as const).filter((action) => !actions.includes(action));
  if (missing.length > 0) {
    const message = `allows open without ${missing.join(' and ')}: a position could not be left`;
    found.violations.push(violationAt(`${path}.actions`, message, undefined, 'open together with close and cancel'));
  }
  if (!tools.includes('cancel_order') && !tools.includes('cancel_all')) {
    const message = 'allows place_order without cancel_order or cancel_all: an order could not be taken back';
    found.violations.push(violationAt(`${path}.tools`, message, undefined, 'place_order together with a cancel tool'));
  }
  if (!tools.includes('close_position')) {
    found.warnings.push(violationAt(`${path}.tools`, 'without close_position, agents exit through place_order only'));
  }
}

export function checkAgentNames(spec: IntendedPolicySpec, found: Findings): void {
  for (const name of Object.keys(spec.agents)) {
    if (!RESERVED_NAMES.has(name)) continue;
    found.violations.push(violationAt(joinPath('agents', name), `"${name}" is a reserved name`));
  }
}

/** `agents` may only tighten, judged by the same function as a reload. */
export function checkAgents(spec: IntendedPolicySpec, found: Findings): void {
  for (const looser of findLooserAgents(spec)) {
    const allowed = `not looser than the account's ${JSON.stringify(looser.from)}`;
    found.violations.push(
      violationAt(looser.path, `is looser than the account's own: ${looser.why}`, looser.to, allowed),
    );
  }
}

export function checkInterceptNames(spec: IntendedPolicySpec, found: Findings): void {
  for (const name of Object.keys(spec.intercept.allow)) {
    const path = joinPath('intercept.allow', name);
    if (RESERVED_NAMES.has(name)) found.violations.push(violationAt(path, `"${name}" is a reserved name`));
    if (!TRADING_TOOLS.includes(name)) continue;
    const message = 'is a trading tool of the daemon: it is always decided in full and cannot be allowed here';
    found.violations.push(violationAt(path, message));
  }
}

/** The operator's own JSON Schemas must compile: a broken one would silently be no limit. */
export function checkOperatorSchemas(spec: IntendedPolicySpec, found: Findings): void {
  for (const [tool, { args }] of Object.entries(spec.tools)) {
    found.violations.push(...checkOperatorSchema(args, `tools.${tool}.args`));
    if (tool === 'place_order') found.violations.push(...findNamedQuantities(args, `tools.${tool}.args`));
  }
  for (const [tool, schema] of Object.entries(spec.intercept.allow)) {
    found.violations.push(...checkOperatorSchema(schema, joinPath('intercept.allow', tool)));
  }
}

/** RISK: a schema never sees a quantity, but its notional. A bound on it would silently be none. */
function findNamedQuantities(node: unknown, path: string): Violation[] {
  if (typeof node === 'string')
    return node === 'quantity'
      ? [violationAt(path, 'is never seen here: bound requested_notional, a quantity is judged by its notional', node)]
      : [];
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, member]) => [
    ...(Array.isArray(node) ? [] : findNamedQuantities(key, joinPath(path, key))),
    ...findNamedQuantities(member, joinPath(path, key)),
  ]);
}
