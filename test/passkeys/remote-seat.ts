import assert from 'node:assert/strict';
import { request } from 'undici';
import { codeFileOf, makeCode } from '../../daemon/passkeys/codes.ts';
import { findFreePort } from '../free-port.ts';
import { type Answer, type AskedAct, type Options, Seat, type Signable } from './seat.ts';
import { SoftwareKey } from './software-key.ts';

export const REMOTE_ORIGIN = 'https://desk.example.ts.net';
export const REMOTE_HOST = 'desk.example.ts.net';

export interface MadeBody {
  readonly name: string;
  readonly origin: string;
  readonly words: string;
}

/** A phone: what it says arrives at the remote console as a proxy with TLS would hand it on. */
export class Phone {
  readonly seat: Seat;
  readonly port: number;
  readonly key = new SoftwareKey();
  readonly signing = { origin: REMOTE_ORIGIN, rpId: REMOTE_HOST };

  private constructor(seat: Seat, port: number) {
    this.seat = seat;
    this.port = port;
  }

  /** A daemon with a remote console. */
  static async open(options: NonNullable<Parameters<typeof Seat.open>[0]> = {}): Promise<Phone> {
    const port = await findFreePort();
    const env = { HOLDFAST_CONSOLE_ORIGIN: REMOTE_ORIGIN, HOLDFAST_CONSOLE_PORT: String(port) };
    return new Phone(await Seat.open({ ...options, env }), port);
  }

  async call<T>(
    method: string,
    path: string,
    body: unknown,
    bearer: string | null,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<T>> {
    const { body: read, statusCode } = await request(`http://127.0.0.1:${this.port}${path}`, {
      method: method as 'GET',
      headers: {
        host: REMOTE_HOST,
        ...(method === 'GET' ? {} : { origin: REMOTE_ORIGIN }),
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: statusCode, body: (await read.json()) as Answer<T>['body'] };
  }

  /** As `./holdfast passkey enrol NAME --origin ORIGIN` prints it. */
  code(name = 'phone', origin: string | null = REMOTE_ORIGIN): string {
    return makeCode(codeFileOf(this.seat.world.home, 'paper'), { name, isRecovery: false, origin }, Date.now());
  }
  async makeKey(code: string, key = this.key, signing: object = this.signing): Promise<Answer<MadeBody>> {
    const begun = await this.call<{ options: Options }>('POST', '/v1/console/enrolment', { code }, null);
    if (begun.status !== 200) return begun as unknown as Answer<MadeBody>;
    const { challenge } = begun.body.options;
    const credential = key.create({ ...this.signing, challenge, ...signing });
    return this.call('POST', '/v1/console/enrolment/key', { code, credential }, null);
  }
  /** The whole of it, which must work: `by` signs at the machine. */
  async mustEnrol(by: SoftwareKey, name = 'phone'): Promise<void> {
    const code = this.code(name);
    assert.equal((await this.makeKey(code)).status, 200);
    const { body, status } = await this.enrolAtMachine(code, by);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.passkey?.name, name);
  }
  async enrolAtMachine(code: string, by: SoftwareKey | null) {
    type Enrolled = { passkey: { name: string } | null; confirm: Omit<Signable, 'nonce'> | null };
    const first = await this.seat.operator<Enrolled>('POST', '/v1/passkeys', { code });
    if (first.status !== 200 || first.body.confirm === null || by === null) return first;
    const { challenge } = first.body.confirm.options;
    const confirmation = by.sign({ challenge, origin: this.seat.origin });
    return this.seat.operator<Enrolled>('POST', '/v1/passkeys', { code, confirmation });
  }

  async signIn(
    key = this.key,
    signing: object = {},
  ): Promise<Answer<{ session: string; name: string; key_id: string }>> {
    const asked = await this.call<Signable>('POST', '/v1/console/challenge', undefined, null);
    assert.equal(asked.status, 200);
    const { nonce, options } = asked.body;
    const assertion = key.sign({ ...this.signing, challenge: options.challenge, ...signing });
    return this.call('POST', '/v1/console/passkey', { nonce, assertion }, null);
  }
  /** An act with what confirms it; `signing` says how the key signs. */
  async act<T>(session: string, { body, method, path }: AskedAct, signing: object = {}, key = this.key) {
    const asked = await this.call<Signable>('POST', '/v1/passkeys/challenge', { method, path, body }, session);
    assert.equal(asked.status, 200, JSON.stringify(asked.body));
    const { nonce, options } = asked.body;
    const assertion = key.sign({ ...this.signing, challenge: options.challenge, ...signing });
    const header = Buffer.from(JSON.stringify({ nonce, assertion })).toString('base64url');
    return this.call<T>(method, path, body, session, { 'holdfast-passkey': header });
  }
}
