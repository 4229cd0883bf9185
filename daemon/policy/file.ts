import type { TimePort } from '../time/time-port.ts';
import { type ParsedPolicy, parsePolicy } from './parse.ts';
import { type FileRead, type OpenFilePort, readPolicyFile } from './text/read-file.ts';

export type PolicyFileEvent =
  /** The file was saved: parsed, or everything wrong with it. */
  | { readonly kind: 'changed'; readonly parsed: ParsedPolicy }
  /** The file is gone or cannot be read; the policy in force stays. Reported once until it changes. */
  | { readonly kind: 'unreadable'; readonly problem: string };

export interface WatchOptions {
  readonly time: TimePort;
  /** What was read before: the first event is the first difference from it. */
  readonly loaded?: FileRead;
  /** Time between two reads of the file, ms; a change counts when two consecutive reads agree. Default 250. */
  readonly pollMs?: number;
  /** For a simulation: reads without waiting. */
  readonly openFile?: OpenFilePort | undefined;
}

/** Watches a policy file ({@link watchFile}) and parses what was saved. */
export function watchPolicyFile(
  path: string,
  onChange: (event: PolicyFileEvent) => void,
  signal: AbortSignal,
  options: WatchOptions,
): Promise<void> {
  const { loaded, openFile, pollMs, time } = options;
  const onRead = (read: FileRead): void => onChange(describe(path, read));
  return watchFile(path, onRead, signal, { time, pollMs, loaded, openFile });
}

/**
 * Watches a file until `signal` aborts. It compares the content, not the time stamps: editors replace files,
 * network drives and containers lose events, and a half-written file must not be judged. A change is
 * therefore reported once the same content was read twice in a row.
 *
 * @param options.loaded what is known already: the first report is the first difference from it
 * @returns a promise that ends with the signal; it rejects only when `onRead` throws
 */
export async function watchFile(
  path: string,
  onRead: (read: FileRead) => void,
  signal: AbortSignal,
  options: Pick<WatchOptions, 'time' | 'openFile'> & {
    readonly pollMs?: number | undefined;
    readonly loaded?: FileRead | undefined;
  },
): Promise<void> {
  let reported = options.loaded === undefined ? null : keyOf(options.loaded);
  let before: string | null = null;
  while (!signal.aborted) {
    const read = await readPolicyFile(path, options.openFile);
    if (signal.aborted) return;
    const key = keyOf(read);
    if (key === before && key !== reported) {
      reported = key;
      onRead(read);
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
