import type { PasskeyBody, PasskeysBody } from '../../contract/types/passkeys.ts';
import { isLocalOrigin } from '../../core/signed/console-origin.ts';
import { profileOf } from '../../core/venues.ts';
import { layerKey, OPERATOR } from '../callers/layers.ts';
import type { Passkey } from '../callers/passkeys.ts';
import type { LiveCore, Recorded } from '../flow/core.ts';
import type { StoredToken } from '../flow/ports.ts';
import { type Flow, onDisk } from '../flow/step.ts';
import type { KnownPasskey, NewPasskey, ProvenAssertion, RecordedAssertion } from '../records/passkeys.ts';
import { OperatorRequestError } from './loosening-delay.ts';

/** How many there may be at once. */
const MAX_PASSKEYS = 16;

/** What a passkey does not permit; a 403 over HTTP. */
export class PasskeyRefused extends Error {
  readonly code = 'FORBIDDEN';
}

/** @throws PasskeyRefused: the passkey that signed a call may have been removed since its signature was verified */
export function requireEnrolled({ state }: LiveCore, passkeyId: string | null): void {
  if (passkeyId !== null && state.passkeys.find(passkeyId) === null)
    throw new PasskeyRefused('the passkey that signed it was removed');
}

/** Records passkeys and what they signed. Which signature is good was found out before. */
export class Passkeys {
  readonly #core: LiveCore;
  readonly #onRemoved: () => void;

  /** @param onRemoved in the turn in which keys, and with them what they signed, ceased to count */
  constructor(core: LiveCore, onRemoved: () => void) {
    this.#core = core;
    this.#onRemoved = onRemoved;
  }

  getPasskeys(): PasskeysBody {
    const { passkeys } = this.#core.state;
    const keys = passkeys.list();
    // Those of a remote console sign nothing where keys are enrolled.
    const local = keys.filter(({ origin }) => isLocalOrigin(origin));
    const enrolment = !passkeys.needsConfirmation
      ? 'first'
      : local.length === 0
        ? 'recovery'
        : local.some((key) => this.#isInForce(key))
          ? 'confirmed'
          : 'waiting';
    return { passkeys: keys.map((key) => this.#describe(key)), enrolment };
  }

  findPasskey(id: string): KnownPasskey | null {
    const key = this.#core.state.passkeys.find(id);
    return key && this.#tell(key);
  }
  listPasskeys(): readonly KnownPasskey[] {
    return this.#core.state.passkeys.list().map((key) => this.#tell(key));
  }

  requireEnrolment(isRecovery: boolean, origin: string): 'unconfirmed' | 'confirmed' {
    const { enrolment, passkeys } = this.getPasskeys();
    // RISK: a remote key could confirm no local one, so as the first it would leave a recovery as the only way on.
    if (!isLocalOrigin(origin) && (isRecovery || enrolment === 'first'))
      throw new OperatorRequestError(
        'a passkey of the local console has to confirm one of a remote console: enrol one of those first',
      );
    if (isRecovery) {
      // RISK: whoever recovers replaces every key: nothing may be opened with what they approve then and there.
      const layer = this.#core.state.layers.get(layerKey(OPERATOR));
      if (layer?.state === 'halted' && layer.clearsAtMs === null) return 'unconfirmed';
      throw new OperatorRequestError('a recovery needs the whole account halted by an operator; halt it first');
    }
    if (passkeys.length >= MAX_PASSKEYS)
      throw new OperatorRequestError(`there are ${MAX_PASSKEYS} passkeys; remove one first`);
    if (enrolment === 'first') return 'unconfirmed';
    if (enrolment === 'confirmed') return 'confirmed';
    throw new OperatorRequestError(
      enrolment === 'waiting'
        ? 'a passkey has to confirm another one, and none is in force yet: wait for it, or remove it'
        : 'no passkey is left that could confirm another one: run `./holdfast passkey recover`',
    );
  }

  addPasskey(caller: { readonly agent: string }, key: NewPasskey, by: ProvenAssertion | null): PasskeyBody {
    const core = this.#core;
    const needs = this.requireEnrolment(key.isRecovery, key.origin);
    if (core.state.passkeys.find(key.id) !== null)
      throw new OperatorRequestError('this passkey is enrolled already; choose another authenticator');
    // RISK: what is traded is kept by the name of who asked (ledger/tokens.ts).
    const isAgent = ({ agent, role }: StoredToken): boolean => role === 'agent' && agent === key.name;
    if (core.ports.tokens?.listTokens().some(isAgent) === true)
      throw new OperatorRequestError(`${key.name} is the name of an agent; enrol the passkey under another one`);
    if (needs === 'confirmed') {
      if (by === null) throw new PasskeyRefused('a passkey in force has to confirm another one');
      this.#append(by);
    }
    const now = core.nowMs();
    const waitsMs = profileOf(core.settings.venue).isRealMoney ? core.policySpec.loosen_delay_ms : 0;
    core.append('passkey', {
      action: 'added',
      aaguid: key.aaguid,
      confirmed_by: needs === 'confirmed' ? (by?.id ?? null) : null,
      counter: key.counter,
      credential_id: key.credentialId,
      effective_at_ms: now + waitsMs,
      id: key.id,
      is_recovery: key.isRecovery,
      name: key.name,
      origin: key.origin,
      public_key: key.publicKey,
      set_by: caller.agent,
      transports: key.transports,
    });
    if (key.isRecovery) this.#onRemoved();
    const from = waitsMs === 0 ? 'at once' : `from ${new Date(now + waitsMs).toISOString()} on`;
    core.alert(
      key.isRecovery ? 'PASSKEY_RECOVERED' : 'PASSKEY_ADDED',
      `${caller.agent} enrolled the passkey ${key.name} (${key.id}), which counts ${from}${key.isRecovery ? '; every earlier one is void' : ''}; remove it if this was not you`,
    );
    return this.#describe(core.state.passkeys.find(key.id) ?? missing());
  }

  removePasskey(caller: { readonly agent: string }, id: string, reason: string): PasskeyBody | null {
    const core = this.#core;
    const key = core.state.passkeys.find(id);
    if (key === null) return null;
    const reported = this.#describe(key);
    core.append('passkey', { action: 'removed', id, reason, set_by: caller.agent });
    this.#onRemoved();
    core.alert('PASSKEY_REMOVED', `${caller.agent} removed the passkey ${key.name} (${id})`);
    return reported;
  }

  *recordAssertion(assertion: ProvenAssertion): Flow<RecordedAssertion> {
    const { seq } = this.#append(assertion);
    yield* onDisk();
    // RISK: who removes a key while its signature is being recorded wants nothing done by it.
    const key = this.#core.state.passkeys.find(assertion.id);
    if (key === null) throw new PasskeyRefused('this passkey was removed');
    return { keyId: assertion.id, name: key.name, seq };
  }

  reportPasskeyRefused(detail: string): void {
    this.#core.alertRarely('PASSKEY_REFUSED', detail);
  }

  /** INVARIANT: looks and records in one turn, so that two requests with one signature cannot both pass. */
  #append(assertion: ProvenAssertion): Recorded {
    const core = this.#core;
    const { passkeys } = core.state;
    const key = passkeys.find(assertion.id);
    if (key === null) throw new PasskeyRefused('this passkey is not enrolled, or was removed');
    if (!this.#isInForce(key))
      throw new PasskeyRefused(
        `this passkey counts from ${new Date(core.state.time.venueMs(key.effectiveAtMs)).toISOString()} on`,
      );
    if (passkeys.isUsed(key.id, assertion.challenge))
      throw new PasskeyRefused('this signature was taken before; each counts once');
    if ((assertion.counter > 0 || key.counter > 0) && assertion.counter <= key.counter)
      throw new PasskeyRefused('the authenticator counts less than before: it may be a copy');
    return core.append('passkey', {
      action: 'asserted',
      authenticator_data: assertion.authenticatorData,
      challenge: assertion.challenge,
      client_data_json: assertion.clientDataJson,
      counter: assertion.counter,
      id: key.id,
      name: key.name,
      purpose: assertion.purpose,
      signature: assertion.signature,
      text: assertion.text,
    });
  }

  #isInForce(key: Passkey): boolean {
    return this.#core.ports.clock.isSynced && key.effectiveAtMs <= this.#core.passedMs();
  }

  #tell(key: Passkey): KnownPasskey {
    const { id, name, credentialId, publicKey, counter, origin, transports } = key;
    return { id, name, credentialId, publicKey, counter, origin, transports, isInForce: this.#isInForce(key) };
  }

  #describe(key: Passkey): PasskeyBody {
    const { time } = this.#core.state;
    return {
      id: key.id,
      name: key.name,
      origin: key.origin,
      state: this.#isInForce(key) ? 'in_force' : 'waiting',
      added_at_ms: time.venueMs(key.addedAtMs),
      effective_at_ms: time.venueMs(key.effectiveAtMs),
      confirmed_by: key.confirmedBy,
      last_used_at_ms: time.venueMsOf(key.lastUsedAtMs),
      credential_id: key.credentialId,
      transports: [...key.transports],
    };
  }
}

function missing(): never {
  throw new Error('what was recorded is not in the view');
}
