import { isAlias, isScalar, type Pair, parseDocument, visit, type YAMLError } from 'yaml';
import { type Violation, violationAt } from '../../contract/schema/violations.ts';
import { CanonicalJsonError, canonicalJson } from '../../core/canonical-json.ts';
import { MAX_POLICY_BYTES } from './read-file.ts';

/** How many aliases (`*name`) one document may use; without a limit a few lines expand to gigabytes. */
const MAX_ALIASES = 32;
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

export type ParsedText =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/**
 * Reads one YAML 1.2 document (which includes JSON) strictly: duplicate keys, tags, other YAML versions,
 * several documents, keys that are not text, numbers that YAML versions read differently (`010`, `0x10`, `.inf`) and
 * unbounded aliases are refused; nothing is converted (`yes`, and `1e9` in quotes, stay text).
 */
export function parseYamlText(text: string): ParsedText {
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes > MAX_POLICY_BYTES) {
    return refused(violationAt('', 'the file is too large', bytes, `at most ${MAX_POLICY_BYTES} bytes`));
  }
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (content.trim() === '') return refused(violationAt('', 'the file is empty'));
  try {
    return readDocument(content);
  } catch (error) {
    // The parser recurses: thousands of nested levels overflow its stack.
    if (error instanceof RangeError) return refused(violationAt('', 'is nested too deeply'));
    throw error;
  }
}

function readDocument(content: string): ParsedText {
  const document = parseDocument(content, {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    merge: false,
    resolveKnownTags: false,
    // Not 'silent': that would also accept a file with several documents.
    logLevel: 'error',
  });
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) return refused(...describeProblems(problems, content));
  if (document.directives.yaml.version !== '1.2') {
    return refused(violationAt('', 'is written for another YAML version', document.directives.yaml.version, '1.2'));
  }
  const odd: Violation[] = [];
  let aliases = 0;
  visit(document, {
    Pair: (_key, pair) => {
      const comma = findDecimalComma(pair, content);
      if (comma !== null) odd.push(comma);
    },
    Node: (_key, node) => {
      const line = () => lineAt(content, node.range?.[0] ?? 0);
      if (isAlias(node)) aliases++;
      else if (node.tag !== undefined) odd.push(violationAt('', `line ${line()}: tags are not supported`, node.tag));
      else if (isScalar(node) && typeof node.value === 'number' && !JSON_NUMBER.test(node.source ?? '')) {
        odd.push(violationAt('', `line ${line()}: write numbers plainly`, node.source, 'digits, as in 10, 0.5 or 1e6'));
      }
    },
  });
  if (aliases > MAX_ALIASES) odd.push(violationAt('', 'uses too many aliases', aliases, `at most ${MAX_ALIASES}`));
  if (odd.length > 0) return refused(...odd);
  try {
    return plainValue(document.toJS({ maxAliasCount: MAX_ALIASES }));
  } catch (error) {
    if (error instanceof ReferenceError) return refused(violationAt('', firstLine(error.message)));
    throw error;
  }
}

/**
 * One message for one mistake. A duplicate key stands for itself; any other error of the layout loses the parser, which
 * then complains about every line that follows.
 */
function describeProblems(problems: readonly YAMLError[], content: string): Violation[] {
  const tab = problems.find((problem) => problem.code === 'TAB_AS_INDENT');
  if (tab !== undefined) {
    const [first] = tab.pos;
    return [violationAt('', `line ${lineAt(content, first)}: is indented with a tab; YAML takes only spaces`)];
  }
  const layout = problems.find((problem) => problem.code !== 'DUPLICATE_KEY');
  const reported = problems.filter((problem) => problem.code === 'DUPLICATE_KEY' || problem === layout);
  return reported.map((problem) => violationAt('', describeProblem(problem, content)));
}

function describeProblem({ code, message, pos }: YAMLError, content: string): string {
  if (code !== 'BAD_INDENT' || !message.startsWith('All ')) return firstLine(message);
  const line = lineAt(content, pos[0]);
  const before = content.split('\n').findLastIndex((text, index) => index < line - 1 && /^[^#]*\S/.test(text)) + 1;
  return `line ${line}: does not fit line ${before}; check that both are indented alike and written as "key: value"`;
}

/** `notional: 0,6` within braces is an entry `notional: 0` and an empty one, `6`. */
function findDecimalComma({ key, value }: Pair, content: string): Violation | null {
  if (!isScalar(key) || value !== null || key.range === null || key.range === undefined) return null;
  const [start] = key.range;
  const written = /-?\d+,$/.exec(content.slice(Math.max(0, start - 20), start))?.[0];
  if (written === undefined || !/^\d+$/.test(key.source ?? '')) return null;
  const figure = `${written}${key.source}`;
  const allowed = figure.replace(',', '.');
  return violationAt('', `line ${lineAt(content, start)}: write decimals with a point, not a comma`, figure, allowed);
}

/** Aliases may form a cycle, or a tree far larger than the text. Only what has a bounded JSON form passes. */
function plainValue(value: unknown): ParsedText {
  try {
    const size = canonicalJson(value).length;
    if (size <= 4 * MAX_POLICY_BYTES) return { ok: true, value };
    return refused(
      violationAt('', 'aliases expand it beyond bounds', size, `at most ${4 * MAX_POLICY_BYTES} characters`),
    );
  } catch (error) {
    if (!(error instanceof CanonicalJsonError)) throw error;
    return refused(violationAt('', error.message));
  }
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function refused(...violations: readonly Violation[]): ParsedText {
  return { ok: false, violations };
}

/** The library's message without the excerpt below it; the position ("at line 3, column 5") stays. */
function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? message).replace(/:$/, '');
}
