import { appendFileSync } from 'node:fs';
import type { Mutant } from './candidates.ts';

/** A drawn mistake under its number. */
export interface Numbered {
  readonly number: number;
  readonly mutant: Mutant;
}

/** Numbers of the mistakes that would have made a difference since it was last emptied. */
export const infected = new Set<number>();
/** Where processes of a test note them, one a line, since a child may be killed. */
const noteFile = process.env.HOLDFAST_INFECTED;

function note(number: number): void {
  if (infected.has(number)) return;
  infected.add(number);
  if (noteFile !== undefined) appendFileSync(noteFile, `${number}\n`);
}

interface Edit {
  readonly at: number;
  readonly length: number;
  readonly text: string;
  /** Of edits at one offset: what ends comes before what begins, and what is inner is closed first and opened last. */
  readonly rank: readonly [number, number, number];
}

/** The source with a probe for each of the mistakes, which notes those that would make a difference; it runs as before. */
export function addProbes(source: string, mistakes: readonly Numbered[]): string {
  const edits: Edit[] = [];
  for (const { number, mutant } of mistakes) {
    const { probe } = mutant;
    const { start, end } = probe;
    const around = (before: string, after: string): void => {
      edits.push({ at: start, length: 0, text: before, rank: [1, -end, number] });
      edits.push({ at: end, length: 0, text: after, rank: [0, -start, -number] });
    };
    const call = `holdfastProbe.${probe.kind}(${number}`;
    if (probe.kind === 'statement') around(`{${call}); `, '}');
    else if (probe.kind === 'expression') around(`(${call}), `, ')');
    else around(`${call}, `, ')');
    if (probe.kind !== 'operator') continue;
    const operators = `, '${probe.operator}', '${probe.swapped}', `;
    edits.push({ at: probe.at, length: probe.operator.length, text: operators, rank: [2, 0, number] });
  }
  edits.sort((a, b) => a.at - b.at || a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || a.rank[2] - b.rank[2]);
  let text = '';
  let done = 0;
  for (const edit of edits) {
    text += source.slice(done, edit.at) + edit.text;
    done = edit.at + edit.length;
  }
  return text + source.slice(done);
}

type Operand = number & string & bigint & boolean;
const OPERATORS: Readonly<Record<string, (a: Operand, b: Operand) => unknown>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '===': (a, b) => a === b,
  '!==': (a, b) => a !== b,
  '+': (a, b) => a + b,
  '-': (a, b) => (a as number) - (b as number),
};

/** What the probes in a source call. */
export const PROBES = {
  statement: (number: number): void => {
    note(number);
  },
  expression: (number: number): void => {
    note(number);
  },
  truthy: <T>(number: number, value: T): T => {
    if (value) note(number);
    return value;
  },
  falsy: <T>(number: number, value: T): T => {
    if (!value) note(number);
    return value;
  },
  operator: (number: number, left: Operand, operator: string, swapped: string, right: Operand): unknown => {
    const value = OPERATORS[operator]?.(left, right);
    if (!Object.is(value, OPERATORS[swapped]?.(left, right))) note(number);
    return value;
  },
};
