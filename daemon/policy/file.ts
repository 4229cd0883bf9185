import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { TimePort } from '../time/time-port.ts';
import type { VenueMinimum } from './findings.ts';
import { type ParsedPolicy, parsePolicy } from './parse.ts';
import { MAX_POLICY_BYTES } from './yaml-text.ts';

export type FileRead = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

/** The problem of a file that is not there. */
export const ABSENT = 'does not exist';

/** Reads a policy file: a regular file of at most 256 kB in UTF-8. Does not throw; describes the problem in words. */
export async function readPolicyFile(path: string): Promise<FileRead> {
  try {
    // Non-blocking: opening a named pipe would wait for a writer forever.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return { ok: false, problem: 'is not a regular file' };
      if (stat.size > MAX_POLICY_BYTES) return { ok: false, problem: `is larger than ${MAX_POLICY_BYTES} bytes` };
      const bytes = await handle.readFile();
      return { ok: true, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof TypeError) return { ok: false, problem: 'is not UTF-8 text' };
    const code = (error as NodeJS.ErrnoException).code;
    return { ok: false, problem: code === 'ENOENT' ? ABSENT : `cannot be read (${code ?? String(error)})` };
  }
}

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
  readonly venueMinimums?: () => readonly VenueMinimum[] | undefined;
}

/** Watches a policy file ({@link watchFile}) and parses what was saved. */
export function watchPolicyFile(
  path: string,
  onChange: (event: PolicyFileEvent) => void,
  signal: AbortSignal,
  options: WatchOptions,
): Promise<void> {
  const { loadedText, pollMs, time } = options;
  const onRead = (read: FileRead): void => onChange(describe(path, read, options));
  const loaded = loadedText === undefined ? undefined : ({ ok: true, text: loadedText } as const);
  return watchFile(path, onRead, signal, { time, pollMs, loaded });
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
  options: Pick<WatchOptions, 'time'> & {
    readonly pollMs?: number | undefined;
    readonly loaded?: FileRead | undefined;
  },
): Promise<void> {
  let reported = options.loaded === undefined ? null : keyOf(options.loaded);
  let before: string | null = null;
  while (!signal.aborted) {
    const read = await readPolicyFile(path);
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

function describe(path: string, read: FileRead, options: WatchOptions): PolicyFileEvent {
  if (!read.ok) return { kind: 'unreadable', problem: read.problem };
  return { kind: 'changed', parsed: parsePolicy(read.text, path, options.venueMinimums?.()) };
}
