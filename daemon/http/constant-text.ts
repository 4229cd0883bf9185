import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A file that stays as it is while the process runs, with the tag by which a client asks whether it has it already. */
export interface ConstantText {
  readonly bytes: Buffer;
  readonly type: string;
  readonly tag: string;
}

/** Reads it, once. @throws Error when there is no such file */
export function readConstantText(file: URL, type: string): ConstantText {
  const bytes = readFileSync(file);
  return { bytes, type, tag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` };
}

/** 304 for a client that has it. */
export function sendConstantText(
  { raw }: Pick<FastifyRequest, 'raw'>,
  reply: FastifyReply,
  { bytes, tag, type }: ConstantText,
): FastifyReply {
  reply.headers({ etag: tag, 'cache-control': 'no-cache' });
  if (raw.headers['if-none-match']?.includes(tag)) return reply.code(304).send();
  return reply.header('content-type', type).send(bytes);
}
