import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../errors.ts';
import { MAX_BODY_BYTES, parseJsonBody } from './json-body.ts';

/** Who has shown no token has little to say. */
const MAX_STRANGER_BYTES = 8_192;
/** How much of an oversized body is read and discarded, so that its sender can still read the answer. */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024;

type Done = (error: Error | null, body?: unknown) => void;

/** The API's only parser: uncompressed JSON in UTF-8. Everything else is a 415. */
export function registerJsonParser(
  app: FastifyInstance,
  maxBytes: number = MAX_BODY_BYTES,
  parse: (bytes: Buffer) => unknown = parseJsonBody,
): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (request: FastifyRequest, payload: IncomingMessage, done: Done) => {
    refuseEncodings(request);
    collect(payload, limitOf(request, maxBytes), done, parse);
  });
}

/** For routes with an optional body: many clients send an empty one with a JSON content type, which counts as none. */
export function registerOptionalJsonParser(app: FastifyInstance): void {
  registerJsonParser(app, MAX_BODY_BYTES, (bytes) => (bytes.length === 0 ? undefined : parseJsonBody(bytes)));
}

/** Also accepts plain text: for policy files. */
export function registerTextParser(app: FastifyInstance, types: readonly string[], maxBytes: number): void {
  app.addContentTypeParser([...types], (request: FastifyRequest, payload: IncomingMessage, done: Done) => {
    refuseEncodings(request);
    collect(payload, limitOf(request, maxBytes), done, (bytes) => bytes.toString('utf8'));
  });
}

function limitOf({ caller, signed }: FastifyRequest, maxBytes: number): number {
  return caller === null && signed === null ? Math.min(maxBytes, MAX_STRANGER_BYTES) : maxBytes;
}

function refuseEncodings(request: FastifyRequest): void {
  const { headers } = request.raw;
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Send the body without compression.');
  }
  const type = headers['content-type'] ?? '';
  const charset = type.length > 16 ? /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type)?.[1] : undefined;
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw new ApiError('UNSUPPORTED_MEDIA_TYPE', 'Send the body in UTF-8.');
  }
}

function collect(payload: IncomingMessage, maxBytes: number, done: Done, parse: (bytes: Buffer) => unknown): void {
  const chunks: Buffer[] = [];
  let length = 0;
  let isSettled = false;
  const settle = (error: Error | null, body?: unknown) => {
    if (isSettled) return;
    isSettled = true;
    done(error, body);
  };
  payload.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
    else if (length > MAX_DISCARDED_BYTES) settle(tooLarge(maxBytes));
    else chunks.length = 0;
  });
  payload.on('end', () => {
    if (length > maxBytes) {
      settle(tooLarge(maxBytes));
      return;
    }
    let body: unknown;
    try {
      body = parse(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length));
    } catch (error) {
      settle(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    settle(null, body);
  });
  payload.on('error', () => settle(new ApiError('BAD_REQUEST', 'The connection closed within the request.')));
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError('BODY_TOO_LARGE', `The body is larger than ${maxBytes} bytes.`);
}
