import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { Assertion, Credential } from '../../daemon/contract/passkeys.ts';

/** What a key signs, and what a test lets it do wrong. */
export interface Signing {
  readonly challenge: string;
  readonly origin: string;
  readonly rpId?: string;
  readonly isVerified?: boolean;
  readonly crossOrigin?: boolean;
  readonly type?: string;
  /** Of the authenticator; one more than the last by default. */
  readonly counter?: number;
}

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const HAS_CREDENTIAL = 0x40;
const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();

/** An authenticator in software: ES256, one credential, no attestation. */
export class SoftwareKey {
  readonly id = randomBytes(32).toString('base64url');
  readonly #pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  /** 0: it does not count, as most do not. */
  counter = 0;
  readonly #counts: boolean;

  constructor(options: { readonly counts?: boolean } = {}) {
    this.#counts = options.counts === true;
  }

  create(signing: Signing): Credential {
    const id = Buffer.from(this.id, 'base64url');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const attested = Buffer.concat([Buffer.alloc(16), length, id, coseOf(this.#pair.publicKey)]);
    const data = this.#authenticatorData(signing, HAS_CREDENTIAL, attested);
    return {
      id: this.id,
      rawId: this.id,
      type: 'public-key',
      response: {
        attestationObject: Buffer.concat([
          Buffer.from([0xa3]),
          text('fmt'),
          text('none'),
          text('attStmt'),
          Buffer.from([0xa0]),
          text('authData'),
          bytes(data),
        ]).toString('base64url'),
        clientDataJSON: clientData(signing, 'webauthn.create').toString('base64url'),
        transports: ['internal'],
      },
    };
  }

  sign(signing: Signing): Assertion {
    const data = this.#authenticatorData(signing, 0, Buffer.alloc(0));
    const client = clientData(signing, 'webauthn.get');
    return {
      id: this.id,
      rawId: this.id,
      type: 'public-key',
      response: {
        authenticatorData: data.toString('base64url'),
        clientDataJSON: client.toString('base64url'),
        signature: sign('sha256', Buffer.concat([data, sha256(client)]), this.#pair.privateKey).toString('base64url'),
      },
    };
  }

  #authenticatorData({ rpId = 'localhost', isVerified = true, counter }: Signing, flags: number, rest: Buffer): Buffer {
    if (this.#counts) this.counter = counter ?? this.counter + 1;
    const head = Buffer.alloc(5);
    head[0] = USER_PRESENT | (isVerified ? USER_VERIFIED : 0) | flags;
    head.writeUInt32BE(counter ?? this.counter, 1);
    return Buffer.concat([sha256(rpId), head, rest]);
  }
}

function clientData({ challenge, origin, crossOrigin = false, type }: Signing, usual: string): Buffer {
  return Buffer.from(JSON.stringify({ type: type ?? usual, challenge, origin, crossOrigin }));
}

/** {1: 2, 3: -7, -1: 1, -2: x, -3: y} in CBOR. */
function coseOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([
    Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]),
    bytes(Buffer.from(x, 'base64url')),
    Buffer.from([0x22]),
    bytes(Buffer.from(y, 'base64url')),
  ]);
}
function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)]);
}
function bytes(value: Buffer): Buffer {
  const head = Buffer.from(value.length < 256 ? [0x58, value.length] : [0x59, value.length >> 8, value.length & 0xff]);
  return Buffer.concat([head, value]);
}
