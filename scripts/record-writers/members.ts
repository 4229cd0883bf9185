import {
  BudgetRecordSchema,
  ConstraintsSchema,
  EffectiveActionSchema,
  ReasonSchema,
  RuleVerdictSchema,
} from '../../daemon/contract/decision.ts';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { ONE } from '../../daemon/core/compiled-policy.ts';
import {
  fill,
  formatCode,
  joinForms,
  type Keeps,
  type Language,
  objectOf,
  type Properties,
  pieceOf,
  type Schema,
  sameTexts,
  schemaOf,
  titleOf,
} from './expressions.ts';

interface Part {
  readonly type: string;
  readonly keeps: Keeps;
  /** Parts that its members are, by member; those of a list are its items. */
  readonly parts?: { readonly [member: string]: string };
  /** A value that it mostly is, by identity: its text is known. */
  readonly mostly?: { readonly name: string; readonly value: object };
  /** Its comparison is used elsewhere too. */
  readonly isCompared?: boolean;
}

const FACTORS = { account: 'factors', market: 'factors', trader: 'factors', trust: 'factors' };
const PARTS: { readonly [name: string]: Part } = {
  factors: { type: 'BudgetFactors', keeps: null, mostly: { name: 'ONE', value: ONE } },
  components: { type: 'BudgetComponents', keeps: null },
  budget: { type: 'BudgetRecord', keeps: 'newest', parts: { ...FACTORS, budget: 'components' } },
  slice: { type: 'StagedSlice', keeps: null },
  constraints: { type: 'Constraints', keeps: 'newest', parts: { staging_plan: 'slice' } },
  effective: { type: 'EffectiveAction', keeps: 'newest' },
  reason: { type: 'Reason', keeps: null },
  verdict: { type: 'RuleVerdict', keeps: null, isCompared: true },
};
const EXPORTED: readonly string[] = ['budget', 'constraints', 'effective', 'reason', 'verdict'];
/** Members whose text is a word of ours. */
const WORDS = ['code', 'regime', 'unit'];

const HEADER = `import { ONE } from '../compiled-policy.ts';
import type {
  BudgetComponents,
  BudgetFactors,
  BudgetRecord,
  Constraints,
  EffectiveAction,
  Reason,
  RuleVerdict,
  StagedSlice,
} from '../decision.ts';
import { figureText, keepNewest, listText, numberOrNull, numberText, quoted, wordOrNull } from '../canonical-json.ts';

/**
 * \`canonicalJson\` of the parts of SAE-DEC, as a caller is answered. Written by \`npm run generate\` from the schemas of
 * contract/decision.ts. Each writer throws CanonicalJsonError when a figure is not finite.
 */
`;

/** daemon/core/record-text/members.ts: what writes the parts of a decision into its answer. */
export function buildMemberWriters(root: string): string {
  const written = new Set<string>();
  return formatCode(
    root,
    [
      HEADER,
      ...writePart('budget', BudgetRecordSchema as Schema, written),
      ...writePart('constraints', ConstraintsSchema as Schema, written),
      ...writePart('effective', joinForms(EffectiveActionSchema as Schema), written),
      ...writePart('reason', ReasonSchema as Schema, written),
      ...writePart('verdict', RuleVerdictSchema as Schema, written),
    ].join('\n'),
  );
}

/** Inner parts first, each once. */
function writePart(name: string, schema: Schema, written: Set<string>): string[] {
  if (written.has(name)) return [];
  written.add(name);
  const part = PARTS[name];
  const { properties = {}, required = [] } = schema;
  if (part === undefined) throw new Error(`no writer is named for ${name}`);
  const inner = Object.entries(part.parts ?? {}).flatMap(([member, of]) => {
    const held = objectOf(properties, member);
    return writePart(of, held.type === 'array' ? (held.items as Schema) : held, written);
  });
  const language = languageOf(part);
  const same = sameTexts(language, properties);
  return [...inner, ...define(name, part, buildText(language, properties, required), same)];
}

function languageOf({ parts = {} }: Part): Language {
  return {
    words: WORDS,
    callWriter: (member, value) => `write${titleOf(nameOf(parts, member))}(${value})`,
    isSameOf: (member) => `isSame${titleOf(nameOf(parts, member))}`,
    itemOf: (member) => {
      const name = parts[member];
      return name === undefined ? null : { write: `write${titleOf(name)}`, isSame: `isSame${titleOf(name)}` };
    },
  };
}
function nameOf(parts: Required<Part>['parts'], member: string): string {
  const name = parts[member];
  if (name === undefined) throw new Error(`no writer is named for the member ${member}`);
  return name;
}

/** Every key in canonical order; one that may be absent is a condition between the templates. */
function buildText(language: Language, properties: Properties, required: readonly string[]): string {
  const keys = Object.keys(properties).sort();
  const write = (key: string) => `"${key}":${pieceOf(language, `of.${key}`, key, schemaOf(properties, key))}`;
  const [first] = keys;
  if (first === undefined || !required.includes(first)) throw new Error('the first member may be absent');
  const expressions: string[] = [];
  let pieces: string[] = [];
  const flush = (end: string): void => {
    const [head = '', ...rest] = pieces;
    if (pieces.length > 0) expressions.push(...fill(expressions.length === 0 ? `{${head}` : `,${head}`, rest, end));
    else expressions.push(`'${end}'`);
    pieces = [];
  };
  for (const key of keys) {
    if (required.includes(key)) pieces.push(write(key));
    else {
      if (pieces.length > 0) flush('');
      expressions.push(`(of.${key} === undefined ? '' : \`,${write(key)}\`)`);
    }
  }
  flush('}');
  return expressions.join(' + ');
}

function define(name: string, { type, keeps, mostly, isCompared }: Part, body: string, same: string): string[] {
  const title = titleOf(name);
  const exported = EXPORTED.includes(name) ? 'export ' : '';
  if (keeps === 'newest')
    return [
      `${exported}const write${title}: (of: ${type}) => string = keepNewest((of: ${type}): string => (${body}), (a, b) => ${same});`,
      '',
    ];
  const shortcut = mostly === undefined ? '' : `if (of === ${mostly.name}) return '${canonicalJson(mostly.value)}';\n`;
  const writer = `${exported}function write${title}(of: ${type}): string {\n${shortcut}return (${body}); }`;
  if (isCompared !== true && exported !== '') return [writer, ''];
  const compared = isCompared === true ? 'export ' : '';
  return [
    writer,
    '',
    `${compared}function isSame${title}(a: ${type}, b: ${type} | undefined): boolean { return a === b || (b !== undefined && ${same}); }`,
    '',
  ];
}
