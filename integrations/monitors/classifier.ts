/**
 * Reports prompt injections that any classifier behind HTTP finds. It reads one JSON object a line from standard input,
 * `{"text": "…", "agent"?: "…", "symbol"?: "…"}`, and asks the classifier about each text:
 *
 *   … | node integrations/monitors/classifier.ts --token-file monitor.token --url http://127.0.0.1:8080/predict \
 *         --body '{"inputs": "{{text}}"}' --score /0/score --label /0/label --injection INJECTION --threshold 0.8
 *
 * A text that the classifier does not judge (no answer, no score) is reported as an injection with --fail-closed;
 * otherwise standard error says so.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { buildReporter, COMMON, fetchJson, type Reported, type Reporter, required, valueAt } from './reporter.ts';

export interface ClassifierOptions {
  readonly url: string;
  /** JSON with "{{text}}" as one of its strings. */
  readonly body: string;
  /** JSON pointer to the score in the answer. */
  readonly score: string;
  /** JSON pointer to the label, and the label that the score is of; absent: the score is that of an injection. */
  readonly label?: { readonly pointer: string; readonly injection: string };
  readonly threshold: number;
  readonly failClosed: boolean;
}
export interface SeenText {
  readonly text: string;
  readonly agent?: string;
  readonly symbol?: string;
}

const MAX_CHARS = 100_000;

/** Score of an injection, 0 to 1. @throws if the classifier gives none */
export async function classify(text: string, options: ClassifierOptions): Promise<number> {
  const body = JSON.parse(options.body, (_, value: unknown) =>
    value === '{{text}}' ? text.slice(0, MAX_CHARS) : value,
  );
  const headers = { 'content-type': 'application/json' };
  const answer = await fetchJson(options.url, { method: 'POST', headers, body: JSON.stringify(body) });
  const score = valueAt(answer, options.score);
  if (typeof score !== 'number' || !(score >= 0 && score <= 1))
    throw new Error('the classifier gave no score from 0 to 1');
  if (options.label === undefined) return score;
  const label = valueAt(answer, options.label.pointer);
  if (typeof label !== 'string') throw new Error('the classifier gave no label');
  return label === options.label.injection ? score : 0;
}

export async function judge(
  seen: SeenText,
  options: ClassifierOptions,
  reporter: Reporter,
): Promise<Reported | 'clean'> {
  const { agent, symbol } = seen;
  const scope = { ...(agent === undefined ? {} : { agent }), ...(symbol === undefined ? {} : { symbol }) };
  let severity: number;
  let why: string;
  try {
    severity = await classify(seen.text, options);
    if (severity < options.threshold) return 'clean';
    why = `classifier score ${severity}`;
  } catch (error) {
    if (!options.failClosed) throw error;
    severity = 1;
    why = `not judged (${String(error)})`;
  }
  return reporter.report({ kind: 'injection', scope, severity, evidence: `${why}: ${seen.text}` });
}

export function parseLine(line: string): SeenText {
  const { text, agent, symbol } = JSON.parse(line) as { readonly [key: string]: unknown };
  if (typeof text !== 'string') throw new Error('a line without a text');
  return {
    text,
    ...(typeof agent === 'string' ? { agent } : {}),
    ...(typeof symbol === 'string' ? { symbol } : {}),
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      ...COMMON,
      url: { type: 'string' },
      body: { type: 'string', default: '{"text":"{{text}}"}' },
      score: { type: 'string', default: '/score' },
      label: { type: 'string' },
      injection: { type: 'string', default: 'INJECTION' },
      threshold: { type: 'string', default: '0.8' },
      'fail-closed': { type: 'boolean', default: false },
    },
  });
  const options: ClassifierOptions = {
    url: required(values, 'url'),
    body: values.body,
    score: values.score,
    ...(values.label === undefined ? {} : { label: { pointer: values.label, injection: values.injection } }),
    threshold: Number(values.threshold),
    failClosed: values['fail-closed'],
  };
  if (!(options.threshold > 0 && options.threshold <= 1)) throw new Error('--threshold is above 0, and at most 1');
  const reporter = buildReporter(values);
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      await judge(parseLine(line), options, reporter);
    } catch (error) {
      console.error(`not judged: ${String(error)}`);
    }
  }
}
