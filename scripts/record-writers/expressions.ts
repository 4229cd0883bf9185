import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** What of JSON Schema the parts of a record are made of. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly pattern?: string;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema | readonly Schema[];
  readonly properties?: Properties;
  readonly required?: readonly string[];
}
export type Properties = { readonly [name: string]: Schema };
/** How a writer keeps texts. `newest`: equal values have one text; `identity`: one object has one text. */
export type Keeps = 'newest' | 'identity' | null;

/** Decimals (contract/decision.ts): digits need no escape. */
const DECIMAL = /^\^-\?\(0\|\[1-9\]/;

/** Source text of writers: the values of one schema, as templates and comparisons. */
export interface Language {
  /** Members whose text is a word of ours, in which nothing needs an escape. */
  readonly words: readonly string[];
  /** Calls the writer of an object that stands in `member`. */
  readonly callWriter: (member: string, value: string) => string;
  /** Name of the writer of items that are objects, and of what compares them; absent: there are none. */
  readonly itemOf?: (member: string) => { readonly write: string; readonly isSame: string } | null;
  /** Compares two objects that stand in a member; absent: by identity. */
  readonly isSameOf?: (member: string) => string | null;
}

/** The text of a member within a template. */
export function pieceOf(language: Language, value: string, member: string, given: Schema): string {
  return isWord(language, member, given) ? `"\${${value}}"` : `\${${textOf(language, value, member, given)}}`;
}
function isWord({ words }: Language, member: string, schema: Schema): boolean {
  if (schema.enum !== undefined || schema.const !== undefined) return true;
  return schema.type === 'string' && (words.includes(member) || DECIMAL.test(schema.pattern ?? ''));
}

/** An expression whose value is the text of a member. */
function textOf(language: Language, value: string, member: string, given: Schema): string {
  if (isFigure(given)) return `figureText(${value})`;
  const { schema, isNullable } = withoutNull(given);
  if (isNullable && isWord(language, member, schema)) return `wordOrNull(${value})`;
  const { type } = schema;
  if (type === 'number' || type === 'integer') return `${isNullable ? 'numberOrNull' : 'numberText'}(${value})`;
  if (type === 'string') return `${isNullable ? 'quotedOrNull' : 'quoted'}(${value})`;
  if (type === 'boolean' && !isNullable) return value;
  if (type === 'array' && !isNullable) return `listText(${value}, ${itemWriter(language, member, schema)})`;
  if (type === 'object') {
    const call = language.callWriter(member, value);
    return isNullable ? `${value} === null ? 'null' : ${call}` : call;
  }
  throw new Error(`no text is known for ${member}`);
}

function itemWriter(language: Language, member: string, { items }: Schema): string {
  const item = items as Schema;
  const named = language.itemOf?.(member) ?? null;
  if (named !== null) return named.write;
  if (Array.isArray(item.items)) {
    const members = item.items.map((part: Schema, at) => pieceOf(language, `item[${at}]`, String(at), part));
    return `(item) => \`[${members.join(',')}]\``;
  }
  if (item.enum !== undefined) return 'wordOrNull';
  if (item.type === 'string') return 'quoted';
  if (item.type === 'number' || item.type === 'integer') return 'numberText';
  throw new Error(`no text is known for items of ${JSON.stringify(item)}`);
}

/** An expression that is true where `a` and `b` have the same text in all members. */
export function sameTexts(language: Language, properties: Properties): string {
  return Object.entries(properties)
    .map(([member, schema]) => sameText(language, member, schema))
    .join(' && ');
}
function sameText(language: Language, member: string, given: Schema): string {
  const { schema } = isFigure(given) ? { schema: given } : withoutNull(given);
  const isSame = schema.type === 'object' ? (language.isSameOf?.(member) ?? null) : null;
  if (isSame !== null) return `${isSame}(a.${member}, b.${member})`;
  if (schema.type !== 'array') return `a.${member} === b.${member}`;
  return `a.${member}.length === b.${member}.length && a.${member}.every((item, i) => ${sameItem(language, member, schema)})`;
}
function sameItem(language: Language, member: string, { items }: Schema): string {
  const named = language.itemOf?.(member) ?? null;
  if (named !== null) return `${named.isSame}(item, b.${member}[i])`;
  const members = (items as Schema).items;
  return Array.isArray(members)
    ? members.map((_, at) => `item[${at}] === b.${member}[i]?.[${at}]`).join(' && ')
    : `item === b.${member}[i]`;
}

/** A number, a text or null, as rules compare them. */
function isFigure({ anyOf }: Schema): boolean {
  return anyOf?.length === 3 && ['number', 'string', 'null'].every((type, at) => anyOf[at]?.type === type);
}
function withoutNull(schema: Schema): { readonly schema: Schema; readonly isNullable: boolean } {
  const { anyOf } = schema;
  if (anyOf === undefined) return { schema, isNullable: false };
  const [value, nothing] = anyOf;
  if (anyOf.length !== 2 || value === undefined || nothing?.type !== 'null')
    throw new Error(`no text is known for ${JSON.stringify(schema)}`);
  return { schema: value, isNullable: true };
}
/** The object that a member holds, which may be null. */
export function objectOf(properties: Properties, member: string): Schema {
  return withoutNull(schemaOf(properties, member)).schema;
}
export function schemaOf(properties: Properties, member: string): Schema {
  const schema = properties[member];
  if (schema === undefined) throw new Error(`the schema has no ${member}`);
  return schema;
}

/** One object for several forms of it: a member is nullable where one of them has it so. */
export function joinForms({ anyOf = [] }: Schema): Schema {
  const [first] = anyOf;
  if (first?.properties === undefined) throw new Error('there are no forms to join');
  const properties = Object.keys(first.properties).map((member) => {
    const forms = anyOf.map((form) => schemaOf(form.properties ?? {}, member));
    return [member, forms.find((form) => form.anyOf !== undefined) ?? forms[0]] as const;
  });
  return { type: 'object', properties: Object.fromEntries(properties) as Properties, required: first.required ?? [] };
}

const LINE_WIDTH = 100;

/** Templates of a width that is read well, with a comma between pieces. */
export function fill(first: string, pieces: readonly string[], end: string): string[] {
  const lines = [first];
  for (const piece of pieces) {
    const last = lines.at(-1) ?? '';
    if (last.length + piece.length < LINE_WIDTH) lines[lines.length - 1] = `${last},${piece}`;
    else lines.push(`,${piece}`);
  }
  lines[lines.length - 1] += end;
  return lines.map((line) => `\`${line}\``);
}

export const titleOf = (name: string): string => `${name[0]?.toUpperCase()}${name.slice(1)}`;

/** Generated code in the repository's own format. */
export function formatCode(root: string, text: string): string {
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  return execFileSync(
    process.execPath,
    [biome, 'check', '--write', '--stdin-file-path=daemon/core/record-text/generated.ts'],
    {
      cwd: root,
      input: text,
      encoding: 'utf8',
    },
  );
}
