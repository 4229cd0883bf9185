import { stripTypeScriptTypes } from 'node:module';
import { type Node, parse } from 'acorn';

/** One small mistake in one file: the text between two offsets is replaced. */
export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** What was done, as a reader would say it. */
  readonly what: string;
  /** Of those in the file that read the same, from 0: with `what` it finds the mistake again when lines have moved. */
  readonly occurrence: number;
  /** How a run without the mistake tells whether it would have made a difference. */
  readonly probe: Probe;
}

/**
 * `reached`: the statement, or the expression, is run. `truthy`, `falsy`: a condition says so. `operator`: both operators
 * give different values; `at`: where the operator stands.
 */
export type Probe =
  | { readonly kind: 'statement' | 'expression' | 'truthy' | 'falsy'; readonly start: number; readonly end: number }
  | {
      readonly kind: 'operator';
      readonly start: number;
      readonly end: number;
      readonly at: number;
      readonly operator: string;
      readonly swapped: string;
    };

type AnyNode = Node & { readonly [key: string]: unknown };

/** Statements that can be left out on their own: nothing after them needs a name of theirs. */
const LEAVABLE: ReadonlySet<string> = new Set([
  'ExpressionStatement',
  'IfStatement',
  'ForOfStatement',
  'WhileStatement',
]);
const SWAPPED: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '&&': '||',
  '||': '&&',
};

/**
 * Every mistake that can be planted mechanically into the statements of a TypeScript file: a statement left out, a
 * condition that never or always holds, an operator swapped. Stripping types keeps every offset, so they fit the source.
 */
export function listMutants(file: string, source: string): readonly Mutant[] {
  const code = stripTypeScriptTypes(source, { mode: 'strip' });
  const program = parse(code, { ecmaVersion: 'latest', sourceType: 'module' }) as unknown as AnyNode;
  const mutants: Mutant[] = [];
  const seen = new Map<string, number>();
  const add = ({ start, end }: Node, text: string, what: string, probe: Probe): void => {
    const line = code.slice(0, start).split('\n').length;
    const occurrence = seen.get(what) ?? 0;
    seen.set(what, occurrence + 1);
    mutants.push({ file, line, start, end, text, what, occurrence, probe });
  };
  walk(program, 0, (node, depth) => {
    // What stands outside of functions runs once and shows at once.
    if (depth === 0) return;
    const { start, end } = node;
    if (LEAVABLE.has(node.type)) add(node, ';', `left out: ${oneLine(code, node)}`, { kind: 'statement', start, end });
    if (node.type === 'IfStatement' || node.type === 'ConditionalExpression') {
      const test = node.test as AnyNode;
      const of = { start: test.start, end: test.end };
      add(test, '(false)', `never: ${oneLine(code, test)}`, { kind: 'truthy', ...of });
      add(test, '(true)', `always: ${oneLine(code, test)}`, { kind: 'falsy', ...of });
    }
    if (node.type === 'BinaryExpression' || node.type === 'LogicalExpression') {
      const operator = String(node.operator);
      const swapped = SWAPPED[operator];
      const [left, right] = [node.left as AnyNode, node.right as AnyNode];
      if (swapped !== undefined) {
        const between = code.slice(left.end, right.start);
        const at = left.end + between.indexOf(operator);
        // What stands right of a logical operator may not be evaluated for the sake of a probe.
        const probe: Probe =
          node.type === 'LogicalExpression'
            ? { kind: 'expression', start, end }
            : { kind: 'operator', start, end, at, operator, swapped };
        const place = { start: at, end: at + operator.length } as Node;
        add(place, swapped, `${operator} becomes ${swapped}: ${oneLine(code, node)}`, probe);
      }
    }
  });
  return mutants;
}

const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);

function walk(node: AnyNode, depth: number, visit: (node: AnyNode, depth: number) => void): void {
  visit(node, depth);
  const inner = FUNCTIONS.has(node.type) ? depth + 1 : depth;
  for (const value of Object.values(node))
    for (const child of Array.isArray(value) ? value : [value])
      if (typeof child === 'object' && child !== null && typeof (child as AnyNode).type === 'string')
        walk(child as AnyNode, inner, visit);
}

function oneLine(code: string, { start, end }: Node): string {
  const text = code.slice(start, end).replaceAll(/\s+/g, ' ');
  return text.length > 90 ? `${text.slice(0, 87)}...` : text;
}
