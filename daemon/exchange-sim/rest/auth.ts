import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { apiError, type Params } from '../refusals/params.ts';

/** Bytes of a block of SHA-256, and of a digest. */
const BLOCK = 64;
const DIGEST = 32;
/** `inner`: a text whose UTF-8 is the pad; null: there is none, as the secret is long or no ASCII. */
let pads: { readonly secret: string; readonly inner: string | null; readonly outer: Buffer } | null = null;

/**
 * HMAC-SHA256 (RFC 2104) in hexadecimal of a request's parameters, exactly as sent. From two digests: an `Hmac` of Node
 * is an object outside of the heap, made again for every message, and frees itself late. Digests go by as text, which
 * costs a third of what buffers do.
 */
export function sign(payload: string, secret: string): string {
  const { inner, outer } = pads?.secret === secret ? pads : preparePads(secret);
  if (inner === null) return createHmac('sha256', secret).update(payload).digest('hex');
  outer.write(hash('sha256', inner + payload, 'binary'), BLOCK, 'binary');
  return hash('sha256', outer, 'hex');
}

/** The key, filled up to a block, in both of its masks, of which the outer one has room for a digest. The last are kept. */
function preparePads(secret: string): NonNullable<typeof pads> {
  const isShort = /^\p{ASCII}{0,64}$/u.test(secret);
  const key = Buffer.alloc(BLOCK, isShort ? secret.padEnd(BLOCK, '\0') : '');
  const outer = Buffer.concat([key.map((byte) => byte ^ 0x5c), Buffer.alloc(DIGEST)]);
  pads = { secret, inner: isShort ? Buffer.from(key.map((byte) => byte ^ 0x36)).toString() : null, outer };
  return pads;
}

const SIGNATURE_PARAM = /(?:^|&)signature=[^&]*/;

/** The text that was signed: query string and body joined without a separator, the signature taken out. */
export function signedPayload(query: string, body: string): string {
  return query.replace(SIGNATURE_PARAM, '') + body.replace(SIGNATURE_PARAM, '');
}

export function equalText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

export interface SignedRequest {
  readonly query: string;
  readonly body: string;
  readonly params: Params;
}

/** The span of server time at which a request may be judged, and what one wall millisecond is worth in it. */
export interface ServerTime {
  readonly earliestMs: number;
  readonly latestMs: number;
  readonly scale: number;
}

/** Key, timestamp window and signature of a signed request; throws the exchange's error. */
export function checkSignature(request: SignedRequest, secret: string, time: ServerTime): void {
  const { params } = request;
  const timestamp = params.requireInteger('timestamp');
  const recvWindow = params.integer('recvWindow') ?? 5000;
  if (recvWindow > 60_000) throw apiError('INVALID_PARAMETER', 'recvWindow');
  // Windows guard against delay on the wire, which passes in wall time: a sped-up clock widens them.
  if (timestamp >= time.latestMs + 1000 * time.scale) throw apiError('TIMESTAMP_AHEAD');
  if (time.earliestMs - timestamp > recvWindow * time.scale) throw apiError('INVALID_TIMESTAMP');
  const signature = params.requireText('signature');
  const expected = sign(signedPayload(request.query, request.body), secret);
  if (!equalText(signature.toLowerCase(), expected)) throw apiError('INVALID_SIGNATURE');
}

/** The API key header: malformed or unknown keys are refused. */
export function checkKey(sent: string | undefined, key: string): void {
  if (sent === undefined || sent === '' || !/^[\x21-\x7e]+$/.test(sent)) throw apiError('BAD_API_KEY_FORMAT');
  if (!equalText(sent, key)) throw apiError('REJECTED_KEY');
}
