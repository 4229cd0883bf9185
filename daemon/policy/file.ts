import type { TimePort } from '../time/time-port.ts';
import { type ParsedPolicy, parsePolicy } from './parse.ts';
import { type FileRead, readPolicyFile } from './read-file.ts';

export type PolicyFileEvent =
  /** The file was saved: parsed, or everything wrong with it. */
  | { readonly kind: 'changed'; readonly parsed: ParsedPolicy }
  /** The file is gone or cannot be read; the policy in force stays. Reported once until it changes. */
  | { readonly kind: 'unreadable'; readonly problem: string };

export interface WatchOptions {
  readonly time: TimePort;
  /** The text already in force: the first event is the first difference from it. */
  readonly loadedText?: string;
  /** Time between two reads of the file, ms; a change counts when two consecutive reads agree. Default 250. */
  readonly pollMs?: number;
}

/**
 * Watches a policy file until `signal` aborts. It compares the content, not the time stamps: editors replace files,
 * network drives and containers lose events, and a half-written file must not be judged. A change is
 * therefore reported once the same content was read twice in a row.
 *
 * @returns a promise that ends with the signal; it rejects only when `onChange` throws
 */
export async function watchPolicyFile(
  path: string,
  onChange: (event: PolicyFileEvent) => void,
  signal: AbortSignal,
  options: WatchOptions,
): Promise<void> {
  let reported = options.loadedText === undefined ? null : keyOf({ ok: true, text: options.loadedText });
  let before: string | null = null;
  while (!signal.aborted) {
    const read = await readPolicyFile(path);
    if (signal.aborted) return;
    const key = keyOf(read);
    if (key === before && key !== reported) {
      reported = key;
      onChange(describe(path, read));
    }
    before = key;
    await options.time.delay(options.pollMs ?? 250, signal);
  }
}

function keyOf(read: FileRead): string {
  return read.ok ? `text:${read.text}` : `problem:${read.problem}`;
}

function describe(path: string, read: FileRead): PolicyFileEvent {
  if (!read.ok) return { kind: 'unreadable', problem: read.problem };
  return { kind: 'changed', parsed: parsePolicy(read.text, path) };
}
