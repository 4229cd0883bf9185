import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import { ExecutionContextSchema } from '../daemon/contract/context.ts';
import { ExecutionRequestSchema } from '../daemon/contract/decision.ts';
import { ABSENT, ROW_FORMS, type RowForm } from '../daemon/core/record-text/columns.ts';

/** What of JSON Schema the rows of a record are made of. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema | readonly Schema[];
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
}
/** `newest`: equal values have one text; `identity`: one object has one text. */
interface Writer {
  readonly type: string;
  readonly keeps: 'newest' | 'identity' | null;
}

const WRITERS: { readonly [path: string]: Writer } = {
  account: { type: 'AccountView', keeps: 'newest' },
  agent: { type: 'AgentView', keeps: 'newest' },
  approval: { type: 'ApprovalView', keeps: null },
  grant: { type: 'ApprovalGrant', keeps: null },
  losses: { type: 'LossesView', keeps: null },
  exposure: { type: 'ExposureView', keeps: 'newest' },
  // A view of the market serves every decision until a feed brings news, and its rules for hours.
  market: { type: 'MarketView', keeps: 'identity' },
  rules: { type: 'RulesView', keeps: 'identity' },
  order: { type: 'OrderView', keeps: null },
  pacing: { type: 'PacingView', keeps: 'newest' },
  state: { type: 'StateView', keeps: 'newest' },
  trust: { type: 'TrustView', keeps: 'newest' },
  context: { type: 'ExecutionContext', keeps: null },
  request: { type: 'ExecutionRequest', keeps: null },
};

const HEADER = `import type {
  AccountView,
  AgentView,
  ApprovalGrant,
  ApprovalView,
  ExecutionContext,
  ExposureView,
  LossesView,
  MarketView,
  OrderView,
  PacingView,
  RulesView,
  StateView,
  TrustView,
} from '../context.ts';
import type { ExecutionRequest } from '../request.ts';
import { keepByIdentity, keepNewest } from './kept-text.ts';
import { listText, numberOrNull, numberText, quoted, quotedOrNull, wordOrNull } from './scalars.ts';

/**
 * The rows of SAE-CTX and SAE-REQ (columns.ts), canonical JSON. Written by \`npm run generate\` from the schemas of
 * contract/context.ts and contract/decision.ts.
 */
`;

/** daemon/core/record-text/rows.ts: what writes view and request of a decision into its record. */
export function buildRowWriters(root: string): string {
  const text = [
    HEADER,
    ...writeRow('context', ExecutionContextSchema, ROW_FORMS.context),
    ...writeRow('request', ExecutionRequestSchema, ROW_FORMS.request),
  ].join('\n');
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  return execFileSync(process.execPath, [biome, 'format', '--stdin-file-path=rows.ts'], {
    cwd: root,
    input: text,
    encoding: 'utf8',
  });
}

const LINE_WIDTH = 100;

/** The parts of a row first, so that each function stands behind what it calls. */
function writeRow(name: string, schema: TSchema, { columns, parts }: RowForm): string[] {
  const { properties = {}, required = [] } = schema as Schema;
  const writer = WRITERS[name];
  if (writer === undefined) throw new Error(`no writer is named for the row ${name}`);
  const missing = Object.keys(properties).filter((column) => !columns.includes(column));
  if (missing.length > 0) throw new Error(`${name} has no column for ${missing.join(', ')}`);
  const inner = columns.flatMap((column, at) => {
    const form = parts[at] ?? null;
    return form === null ? [] : writeRow(column, withoutNull(schemaOf(properties, column)).schema as TSchema, form);
  });
  // A column that may be absent is one of the last.
  const always = columns.filter((column) => required.includes(column));
  const maybe = columns.slice(always.length);
  const pieces = always.map((column) => pieceOf(`row.${column}`, column, schemaOf(properties, column)));
  const ends = maybe.map((column, at) => {
    const piece = pieceOf(`row.${column}`, column, schemaOf(properties, column));
    // Its place is kept for those after it.
    const isNeeded = maybe.slice(at + 1).map((later) => `row.${later} !== undefined`);
    const absent = isNeeded.length === 0 ? "''" : `(${isNeeded.join(' || ')} ? ',${ABSENT}' : '')`;
    return `(row.${column} === undefined ? ${absent} : \`,${piece}\`)`;
  });
  if (ends.length > 0) ends.push("']'");
  const texts = fill(`[${pieces[0]}`, pieces.slice(1), ends.length > 0 ? '' : ']');
  const body = [...texts.map((text) => `\`${text}\``), ...ends].join(' + ');
  return [...inner, ...define(name, writer, body, properties)];
}

function define(name: string, { type, keeps }: Writer, body: string, properties: Required<Schema>['properties']) {
  const title = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  const exported = name === 'context' || name === 'request';
  const throws = exported ? ['/** @throws CanonicalJsonError when a figure is not finite */'] : [];
  if (keeps === null) {
    const head = `${exported ? 'export ' : ''}function write${title}(row: ${type}): string`;
    return [...throws, `${head} { return (${body}); }`, ''];
  }
  if (keeps === 'identity') return [`const write${title} = keepByIdentity((row: ${type}): string => (${body}));`, ''];
  const same = Object.entries(properties).map(([column, schema]) => sameText(column, schema));
  return [`const write${title} = keepNewest((row: ${type}): string => (${body}), (a, b) => ${same.join(' && ')});`, ''];
}

/** The text of a column within a template. */
function pieceOf(value: string, column: string, given: Schema): string {
  // A word of ours needs no escape.
  return given.enum === undefined ? `\${${textOf(value, column, given)}}` : `"\${${value}}"`;
}
/** An expression whose value is the text of a column. */
function textOf(value: string, column: string, given: Schema): string {
  const { schema, isNullable } = withoutNull(given);
  if (schema.enum !== undefined && isNullable) return `wordOrNull(${value})`;
  const { type } = schema;
  if (type === 'number' || type === 'integer') return `${isNullable ? 'numberOrNull' : 'numberText'}(${value})`;
  if (type === 'string') return `${isNullable ? 'quotedOrNull' : 'quoted'}(${value})`;
  if (type === 'boolean' && !isNullable) return value;
  if (type === 'array' && !isNullable) return `listText(${value}, ${itemWriter(schema)})`;
  if (type === 'object') {
    const call = `write${column[0]?.toUpperCase()}${column.slice(1)}(${value})`;
    return isNullable ? `${value} === null ? 'null' : ${call}` : call;
  }
  throw new Error(`no text is known for the column ${column}`);
}

function itemWriter({ items }: Schema): string {
  const item = items as Schema;
  if (Array.isArray(item.items)) {
    const members = item.items.map((member: Schema, at) => pieceOf(`item[${at}]`, String(at), member));
    return `(item) => \`[${members.join(',')}]\``;
  }
  if (item.enum !== undefined) return 'wordOrNull';
  if (item.type === 'string') return 'quoted';
  if (item.type === 'number' || item.type === 'integer') return 'numberText';
  throw new Error(`no text is known for items of ${JSON.stringify(item)}`);
}

/** An expression that is true where `a` and `b` have the same text in a column. */
function sameText(column: string, given: Schema): string {
  const { schema } = withoutNull(given);
  if (schema.type !== 'array') return `a.${column} === b.${column}`;
  const members = (schema.items as Schema).items;
  const same = Array.isArray(members)
    ? members.map((_, at) => `item[${at}] === b.${column}[i]?.[${at}]`).join(' && ')
    : `item === b.${column}[i]`;
  return `a.${column}.length === b.${column}.length && a.${column}.every((item, i) => ${same})`;
}

function withoutNull(schema: Schema): { readonly schema: Schema; readonly isNullable: boolean } {
  const { anyOf } = schema;
  if (anyOf === undefined) return { schema, isNullable: false };
  const [value, nothing] = anyOf;
  if (anyOf.length !== 2 || value === undefined || nothing?.type !== 'null')
    throw new Error(`no text is known for ${JSON.stringify(schema)}`);
  return { schema: value, isNullable: true };
}
function schemaOf(properties: Required<Schema>['properties'], column: string): Schema {
  const schema = properties[column];
  if (schema === undefined) throw new Error(`the schema has no ${column}`);
  return schema;
}
/** Templates of a width that is read well, with a comma between pieces. */
function fill(first: string, pieces: readonly string[], end: string): string[] {
  const lines = [first];
  for (const piece of pieces) {
    const last = lines.at(-1) ?? '';
    if (last.length + piece.length < LINE_WIDTH) lines[lines.length - 1] = `${last},${piece}`;
    else lines.push(`,${piece}`);
  }
  lines[lines.length - 1] += end;
  return lines;
}
