import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import type { SignedHead } from '../../../contract/signed-heads.ts';
import { ensurePrivateFolder } from '../../../ledger/disk/private-files.ts';
import { codeOf, messageOf } from '../../../ledger/errors.ts';
import { SYSTEM_TIME } from '../../../time/system-time.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import type { Io } from '../../verb.ts';
import { buildStampRequest, readStamp, type StampProblem } from './time-stamp.ts';

/** Wall time for the whole answer. */
export const STAMP_WITHIN_MS = 30_000;
/** A time-stamp with the certificates of its authority has 2 to 10 kB. */
const MAX_ANSWER_BYTES = 65_536;

export interface StampOptions {
  /** Of the authority. */
  readonly url: URL;
  /** Where head and time-stamp are kept. */
  readonly folder: string;
  readonly withinMs?: number;
}

/**
 * Has a head time-stamped, and keeps both: `head-N.json` with exactly these bytes, and the authority's answer beside it.
 * A head that has one already keeps it: the earlier time proves more.
 *
 * @throws CliError when there is no time-stamp; nothing is written then
 */
export async function stampHead(io: Io, head: SignedHead, text: string, options: StampOptions): Promise<void> {
  const content = Buffer.from(text);
  const path = join(options.folder, `head-${head.number}.json`);
  const stampPath = join(options.folder, `head-${head.number}.tsr`);
  if (existsSync(stampPath)) {
    const kept = readStamp(readFileSync(stampPath), content, null);
    if (kept.kind !== 'stamp')
      throw new CliError(
        EXIT.VERIFICATION,
        `${stampPath} is no time-stamp of head ${head.number}: ${kept.detail}. Move it away, and ask again.`,
      );
    keep(path, content);
    return io.err(`head ${head.number} was time-stamped at ${toText(kept.atMs)}: ${stampPath}\n`);
  }
  const { body, nonce } = buildStampRequest(content);
  const answer = await ask(options, body);
  const reading = readStamp(answer, content, nonce);
  if (reading.kind !== 'stamp') throw toError(options.url, reading);
  try {
    ensurePrivateFolder(options.folder);
    keep(path, content);
    keep(stampPath, answer);
  } catch (error) {
    throw new CliError(EXIT.FAILURE, `The time-stamp cannot be kept in ${options.folder}: ${messageOf(error)}`);
  }
  io.err(`head ${head.number} is time-stamped at ${toText(reading.atMs)}: ${path}, ${stampPath}\n`);
}

function toError({ origin }: URL, { detail, kind }: StampProblem): CliError {
  return kind === 'refused'
    ? new CliError(EXIT.FAILURE, `${origin} refuses the time-stamp: ${detail}.`)
    : new CliError(EXIT.VERIFICATION, `The answer of ${origin} is not accepted: ${detail}. Nothing is kept.`);
}

/** Whole, or not at all. */
function keep(path: string, content: Buffer): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, content, { mode: 0o600, flush: true });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

const toText = (atMs: number): string => new Date(atMs).toISOString();

/** One request, never repeated; redirects are not followed. @throws CliError */
async function ask({ url, withinMs = STAMP_WITHIN_MS }: StampOptions, query: Buffer): Promise<Buffer> {
  const stop = new AbortController();
  const timer = SYSTEM_TIME.after(withinMs, () => stop.abort());
  const fail = (why: string): CliError =>
    new CliError(EXIT.FAILURE, `There is no time-stamp: ${url.origin} ${why}. Nothing is kept.`);
  try {
    const { body, statusCode } = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
      body: query,
      signal: stop.signal,
      reset: true,
    });
    if (statusCode !== 200) {
      await body.dump({ limit: MAX_ANSWER_BYTES, signal: stop.signal }).catch(() => undefined);
      throw fail(`answered HTTP ${statusCode}`);
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) throw fail(`answered more than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw fail(
      stop.signal.aborted ? `did not answer within ${withinMs / 1_000} s` : `cannot be asked (${codeOf(error)})`,
    );
  } finally {
    timer.cancel();
  }
}
