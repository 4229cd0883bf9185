import { ExecutionContextSchema } from '../../daemon/contract/context.ts';
import { EffectiveActionSchema, ExecutionRequestSchema, ReasonSchema } from '../../daemon/contract/decision.ts';
import { ABSENT, ROW_FORMS, type RowForm } from '../../daemon/core/record-text/columns.ts';
import {
  fill,
  formatCode,
  joinForms,
  type Keeps,
  type Language,
  objectOf,
  pieceOf,
  type Schema,
  sameTexts,
  schemaOf,
  titleOf,
} from './expressions.ts';

interface Writer {
  readonly type: string;
  readonly keeps: Keeps;
  /** Members that no column has: they belong to the code of a reason. */
  readonly leaves?: readonly string[];
}

const WRITERS: { readonly [path: string]: Writer } = {
  account: { type: 'AccountView', keeps: 'newest' },
  agent: { type: 'AgentView', keeps: 'newest' },
  approval: { type: 'ApprovalView', keeps: null },
  grant: { type: 'ApprovalGrant', keeps: null },
  losses: { type: 'LossesView', keeps: null },
  exposure: { type: 'ExposureView', keeps: 'newest' },
  holding: { type: 'HoldingView', keeps: null },
  openings: { type: 'OpeningsView', keeps: null },
  // A view of the market serves every decision until a feed brings news, and its rules for hours.
  market: { type: 'MarketView', keeps: 'identity' },
  rules: { type: 'RulesView', keeps: 'identity' },
  order: { type: 'OrderView', keeps: null },
  pacing: { type: 'PacingView', keeps: 'newest' },
  state: { type: 'StateView', keeps: 'newest' },
  trust: { type: 'TrustView', keeps: 'newest' },
  context: { type: 'ExecutionContext', keeps: null },
  request: { type: 'ExecutionRequest', keeps: null },
  effective: { type: 'EffectiveAction', keeps: null },
  reason: { type: 'Reason', keeps: null, leaves: ['hint', 'message'] },
};
const EXPORTED: readonly string[] = ['context', 'request', 'effective', 'reason'];
/** What is also written with the names of its members (members.ts). */
const NAMED: readonly string[] = ['effective', 'reason'];
const writerOf = (name: string): string => `write${titleOf(name)}${NAMED.includes(name) ? 'Row' : ''}`;
const LANGUAGE: Language = { words: ['unit'], callWriter: (column, value) => `${writerOf(column)}(${value})` };

const HEADER = `import type {
  AccountView,
  AgentView,
  ApprovalGrant,
  ApprovalView,
  ExecutionContext,
  ExposureView,
  HoldingView,
  LossesView,
  MarketView,
  OpeningsView,
  OrderView,
  PacingView,
  StateView,
  TrustView,
} from '../context.ts';
import type { EffectiveAction, Reason } from '../decision.ts';
import type { RulesView } from '../arithmetic/quantities.ts';
import type { ExecutionRequest } from '../request.ts';
import { figureText, keepByIdentity, keepNewest, listText, numberOrNull, numberText, quoted, quotedOrNull, wordOrNull } from '../canonical-json.ts';

/**
 * The rows of SAE-CTX, SAE-REQ and SAE-DEC (columns.ts), canonical JSON. Written by \`npm run generate\` from the schemas
 * of contract/context.ts and contract/decision.ts. Each writer throws CanonicalJsonError when a figure is not finite.
 */
`;

/** daemon/core/record-text/rows.ts: what writes a decision, its view and its request into its record. */
export function buildRowWriters(root: string): string {
  return formatCode(
    root,
    [
      HEADER,
      ...writeRow('context', ExecutionContextSchema as Schema, ROW_FORMS.context),
      ...writeRow('request', ExecutionRequestSchema as Schema, ROW_FORMS.request),
      ...writeRow('effective', joinForms(EffectiveActionSchema as Schema), ROW_FORMS.effective),
      ...writeRow('reason', ReasonSchema as Schema, ROW_FORMS.reason),
    ].join('\n'),
  );
}

/** The parts of a row first, so that each function stands behind what it calls. */
function writeRow(name: string, { properties = {}, required = [] }: Schema, { columns, parts }: RowForm): string[] {
  const writer = WRITERS[name];
  if (writer === undefined) throw new Error(`no writer is named for the row ${name}`);
  const known = [...columns, ...(writer.leaves ?? [])];
  const missing = Object.keys(properties).filter((column) => !known.includes(column));
  if (missing.length > 0) throw new Error(`${name} has no column for ${missing.join(', ')}`);
  const inner = columns.flatMap((column, at) => {
    const form = parts[at] ?? null;
    return form === null ? [] : writeRow(column, objectOf(properties, column), form);
  });
  // A column that may be absent is one of the last.
  const always = columns.filter((column) => required.includes(column));
  const maybe = columns.slice(always.length);
  const write = (column: string) => pieceOf(LANGUAGE, `row.${column}`, column, schemaOf(properties, column));
  const pieces = always.map(write);
  const ends = maybe.map((column, at) => {
    // Its place is kept for those after it.
    const isNeeded = maybe.slice(at + 1).map((later) => `row.${later} !== undefined`);
    const absent = isNeeded.length === 0 ? "''" : `(${isNeeded.join(' || ')} ? ',${ABSENT}' : '')`;
    return `(row.${column} === undefined ? ${absent} : \`,${write(column)}\`)`;
  });
  if (ends.length > 0) ends.push("']'");
  const texts = fill(`[${pieces[0]}`, pieces.slice(1), ends.length > 0 ? '' : ']');
  const body = [...texts, ...ends].join(' + ');
  return [...inner, ...define(name, writer, body, properties)];
}

function define(name: string, { type, keeps }: Writer, body: string, properties: Required<Schema>['properties']) {
  const title = writerOf(name);
  const exported = EXPORTED.includes(name) ? 'export ' : '';
  if (keeps === null) return [`${exported}function ${title}(row: ${type}): string { return (${body}); }`, ''];
  if (keeps === 'identity') return [`const ${title} = keepByIdentity((row: ${type}): string => (${body}));`, ''];
  const same = sameTexts(LANGUAGE, properties);
  return [`const ${title} = keepNewest((row: ${type}): string => (${body}), (a, b) => ${same});`, ''];
}
