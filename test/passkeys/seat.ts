import assert from 'node:assert/strict';
import type { Assertion } from '../../daemon/contract/passkeys.ts';
import type { PasskeyBody } from '../../daemon/contract/types/passkeys.ts';
import type {
  PasskeyAddedEvent,
  PasskeyAssertedEvent,
  PasskeyEvent,
} from '../../daemon/engine/records/people-events.ts';
import { codeFileOf, makeCode } from '../../daemon/passkeys/codes.ts';
import { DaemonWorld, type DaemonWorldOptions } from '../daemon/harness.ts';
import { signChallenge, tokenHeader } from '../http/console-page.ts';
import { type Signing, SoftwareKey } from './software-key.ts';

export interface Answer<T> {
  readonly status: number;
  readonly body: T & { readonly error?: { readonly code: string; readonly message: string } };
}
export interface Options {
  readonly challenge: string;
  readonly allowCredentials?: readonly { readonly id: string }[];
}
export interface Signable {
  readonly nonce: string;
  readonly text: string;
  readonly options: Options;
}
export interface Enrolled {
  readonly passkey: PasskeyBody | null;
  readonly confirm: Omit<Signable, 'nonce'> | null;
}
export interface AskedAct {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}
type Changed = Partial<Signing>;

/** An operator with a browser, whose authenticator is in software. */
export class Seat {
  readonly world: DaemonWorld;

  constructor(world: DaemonWorld) {
    this.world = world;
  }

  static async open(options: DaemonWorldOptions = {}): Promise<Seat> {
    return new Seat(await DaemonWorld.start({ real: true, ...options }));
  }

  get origin(): string {
    const { consoleAddress } = this.world.daemon;
    assert.ok(consoleAddress !== null, 'the console is served');
    return consoleAddress.slice(0, -1);
  }

  /** The Host header under which the page calls. */
  get host(): string {
    return new URL(this.origin).host;
  }

  /** A call with a bearer text; null: with none. */
  async call<T>(
    method: string,
    path: string,
    body: unknown,
    bearer: string | null,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.origin}${path}`, {
      method,
      headers: {
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answer<T>['body'] };
  }
  operator<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    return this.call<T>(method, path, body, this.world.token('operator'));
  }

  /** As `./holdfast passkey enrol NAME` prints it. */
  code(name = 'laptop', isRecovery = false, nowMs = Date.now()): string {
    return makeCode(codeFileOf(this.world.home, 'paper'), { name, isRecovery, origin: null }, nowMs);
  }

  /** The whole enrolment; `by` confirms where that is asked for. */
  async enrol(
    key: SoftwareKey,
    code: string,
    by: SoftwareKey | null = null,
    changed: Changed = {},
  ): Promise<Answer<Enrolled>> {
    const begun = await this.operator<{ options: Options }>('POST', '/v1/passkeys/enrolment', { code });
    if (begun.status !== 200) return begun as unknown as Answer<Enrolled>;
    const credential = key.create({ challenge: begun.body.options.challenge, origin: this.origin, ...changed });
    const first = await this.operator<Enrolled>('POST', '/v1/passkeys', { code, credential });
    if (first.status !== 200 || first.body.confirm === null || by === null) return first;
    const confirmation = by.sign({ challenge: first.body.confirm.options.challenge, origin: this.origin });
    return this.operator<Enrolled>('POST', '/v1/passkeys', { code, credential, confirmation });
  }
  /** The same, which must work. */
  async mustEnrol(name: string, by: SoftwareKey | null = null, key = new SoftwareKey()): Promise<SoftwareKey> {
    const { status, body } = await this.enrol(key, this.code(name), by);
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.passkey?.name, name);
    return key;
  }

  async signIn(key: SoftwareKey, changed: Changed = {}): Promise<Answer<{ session: string; name: string }>> {
    const asked = await this.call<Signable>('POST', '/v1/console/challenge', undefined, null);
    assert.equal(asked.status, 200);
    const { nonce, options } = asked.body;
    return this.showAssertion(nonce, key.sign({ challenge: options.challenge, origin: this.origin, ...changed }));
  }
  showAssertion(nonce: string, assertion: Assertion): Promise<Answer<{ session: string; name: string }>> {
    return this.call('POST', '/v1/console/passkey', { nonce, assertion }, null);
  }

  /** Opens a session as the page does, without sending the token. */
  async signInByToken(token = this.world.token('operator')): Promise<Answer<{ session: string; name: string }>> {
    const signed = await signChallenge((path, body) => this.call('POST', path, body, null), token, this.host);
    return this.call('POST', '/v1/console/session', signed, null);
  }

  /** Asks for a challenge of `asked`, and signs it. Sent with whatever call. */
  async signAct(
    session: string,
    key: SoftwareKey,
    asked: AskedAct,
    changed: Changed = {},
  ): Promise<Readonly<Record<string, string>>> {
    const body = await this.askAct(session, asked);
    const assertion = key.sign({ challenge: body.options.challenge, origin: this.origin, ...changed });
    return { 'holdfast-passkey': Buffer.from(JSON.stringify({ nonce: body.nonce, assertion })).toString('base64url') };
  }

  async askAct(session: string, asked: AskedAct): Promise<Signable> {
    const { status, body } = await this.call<Signable>('POST', '/v1/passkeys/challenge', asked, session);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }
  /** The same, signed with the token. */
  async signActByToken(
    session: string,
    asked: AskedAct,
    token = this.world.token('operator'),
  ): Promise<Readonly<Record<string, string>>> {
    const { nonce, text } = await this.askAct(session, asked);
    return tokenHeader(token, nonce, text);
  }

  records(): readonly { readonly seq: number; readonly at_ms: number; readonly payload: PasskeyEvent }[] {
    return [...this.world.daemon.ledger.iterateEvents({ kind: 'passkey' })].map(({ seq, at_ms, payload }) => ({
      seq,
      at_ms,
      payload: payload as PasskeyEvent,
    }));
  }
  added(): readonly PasskeyAddedEvent[] {
    return this.records().flatMap(({ payload }) => (payload.action === 'added' ? [payload] : []));
  }
  asserted(): readonly PasskeyAssertedEvent[] {
    return this.records().flatMap(({ payload }) => (payload.action === 'asserted' ? [payload] : []));
  }
  alerts(): readonly string[] {
    return [...this.world.daemon.ledger.iterateEvents({ kind: 'alert' })].map(
      ({ payload }) => (payload as { code: string }).code,
    );
  }
}
