import { createHash } from 'node:crypto';
import type { Assertion, Credential } from '../contract/passkeys.ts';
import type { PasskeyBody } from '../contract/types/passkeys.ts';
import { wordCode } from '../core/signed/approval.ts';
import type { NewPasskey } from '../engine/records/passkeys.ts';
import { type Challenges, ENROLMENT_MS } from './challenges.ts';
import { type CodeGrant, digestOfCode } from './codes.ts';
import type { MadeKey } from './made-keys.ts';
import {
  challengeIn,
  creationOptions,
  type Options,
  PasskeyFault,
  type PasskeySources,
  prove,
  reporting,
  requestOptions,
  requireOrigin,
} from './proving.ts';
import { verifyCredential } from './signatures.ts';
import { challengeOf, enrolmentText } from './texts.ts';

/** Who asks. */
export interface Asker {
  readonly agent: string;
  readonly tokenId: string;
}
/** Options of a signature, with the text whose sha256 is its challenge. */
export interface Signable {
  readonly text: string;
  readonly options: Options;
}
/** A key that a remote console made, as a person compares it. */
export interface MadeKeyBody {
  readonly name: string;
  readonly origin: string;
  readonly words: string;
}
/** Enrolling at the local console: a token, a code, and the signature of a key in force. */
export interface Enrolments {
  /** `made`: a remote console has made the key with this code, so none is made here. */
  startEnrolment(
    asker: Asker,
    code: string,
  ): { readonly name: string; readonly options: Options | null; readonly made: MadeKeyBody | null };
  /**
   * `credential` null: the one that a remote console made. `confirm`: options of what a key in force has to sign first.
   */
  finishEnrolment(
    asker: Asker,
    code: string,
    credential: Credential | null,
    confirmation: Assertion | null,
  ): Promise<{ readonly passkey: PasskeyBody | null; readonly confirm: Signable | null }>;
}
/** What a remote console does of it: it makes the key, with the code and without a token, and enrols nothing. */
export interface RemoteEnrolments {
  startKey(code: string): { readonly name: string; readonly options: Options };
  finishKey(code: string, credential: Credential): Promise<MadeKeyBody>;
}

const WRONG_CODE = 'The code is wrong or over; `./holdfast passkey enrol NAME` prints another one.';

export function createEnrolments(sources: PasskeySources, challenges: Challenges): Enrolments {
  const { codes, gate } = sources;
  const boundTo = ({ tokenId }: Asker, { name, isRecovery }: CodeGrant): string =>
    JSON.stringify([tokenId, name, isRecovery]);
  const look = (code: string): CodeGrant => {
    const grant = codes.look(code);
    if (grant !== null) return grant;
    gate.reportPasskeyRefused('somebody with an operator token tried to enrol a passkey with a code that is not good');
    throw new PasskeyFault(WRONG_CODE);
  };
  const make = async (asker: Asker, grant: CodeGrant, origin: string, credential: Credential): Promise<MadeKey> => {
    const challenge = challengeIn(credential);
    if (!challenges.isGood(challenge, 'enrolment', boundTo(asker, grant)))
      throw new PasskeyFault('The challenge is over; begin again.');
    return verify(credential, challenge, origin);
  };
  return {
    startEnrolment(asker, code) {
      const origin = requireOrigin(sources);
      const grant = look(code);
      gate.requireEnrolment(grant.isRecovery, grant.origin ?? origin);
      if (grant.origin !== null) {
        const made = requireMade(sources, code, grant.origin);
        return { name: grant.name, options: null, made: describeMade(made, grant.name) };
      }
      const challenge = challenges.issue('enrolment', boundTo(asker, grant), ENROLMENT_MS);
      return { name: grant.name, options: creationOptions(gate, origin, challenge, grant), made: null };
    },
    finishEnrolment: (asker, code, credential, confirmation) =>
      reporting(gate, 'to enrol another one', async () => {
        const origin = requireOrigin(sources);
        const grant = look(code);
        const { isRecovery, name } = grant;
        const needs = gate.requireEnrolment(isRecovery, grant.origin ?? origin);
        if ((credential === null) !== (grant.origin !== null))
          throw new PasskeyFault('The code is for a key of another console; begin again.');
        const made =
          credential === null
            ? requireMade(sources, code, grant.origin ?? '')
            : await make(asker, grant, origin, credential);
        const text = enrolmentText(made, name);
        const needsSignature = needs === 'confirmed';
        if (needsSignature && confirmation === null)
          return { passkey: null, confirm: { text, options: requestOptions(sources, challengeOf(text)) } };
        const by =
          needsSignature && confirmation !== null
            ? await prove(sources, confirmation, { challenge: challengeOf(text), purpose: 'enrolment', text })
            : null;
        // Another request may have used it up meanwhile.
        if (codes.take(code) === null) throw new PasskeyFault('The code is over.');
        const key: NewPasskey = { ...made, isRecovery, name };
        return { passkey: await gate.addPasskey(asker, key, by), confirm: null };
      }),
  };
}

export function createRemoteEnrolments(sources: PasskeySources, challenges: Challenges): RemoteEnrolments {
  const { codes, gate, made } = sources;
  const purpose = 'remote key';
  const look = (code: string, origin: string): CodeGrant => {
    // RISK: whoever reaches this has shown nothing. Without a code for this origin a guess costs nothing and is no news.
    if (!codes.isFor(origin)) throw new PasskeyFault(WRONG_CODE);
    const grant = codes.look(code);
    if (grant?.origin === origin) return grant;
    gate.reportPasskeyRefused(`somebody at ${origin} tried to make a passkey with a code that is not good`);
    throw new PasskeyFault(WRONG_CODE);
  };
  return {
    startKey(code) {
      const origin = requireOrigin(sources);
      const grant = look(code, origin);
      gate.requireEnrolment(grant.isRecovery, origin);
      const challenge = challenges.issue(purpose, digestOfCode(code), ENROLMENT_MS);
      return { name: grant.name, options: creationOptions(gate, origin, challenge, grant) };
    },
    async finishKey(code, credential) {
      const origin = requireOrigin(sources);
      const { name } = look(code, origin);
      const challenge = challengeIn(credential);
      if (!challenges.isGood(challenge, purpose, digestOfCode(code)))
        throw new PasskeyFault('The challenge is over; begin again.');
      const key = await verify(credential, challenge, origin);
      if (!made.keep(digestOfCode(code), key))
        throw new PasskeyFault(
          'A passkey was made with this code before. If that was not you, enrol none: print another code.',
        );
      return describeMade(key, name);
    },
  };
}

async function verify(credential: Credential, challenge: string, origin: string): Promise<MadeKey> {
  const made = await verifyCredential(credential, challenge, origin);
  if (!made.ok) throw new PasskeyFault(`The passkey is not good: ${made.reason}`);
  return { ...made.value, transports: credential.response.transports ?? [] };
}

function requireMade({ made }: PasskeySources, code: string, origin: string): MadeKey {
  const key = made.find(digestOfCode(code));
  if (key === null)
    throw new PasskeyFault(`No passkey was made with this code yet: open ${origin}/ on the phone first.`);
  return key;
}

/** Both consoles show the words: of what is enrolled, to the last bit of the key. */
function describeMade(key: MadeKey, name: string): MadeKeyBody {
  const digest = createHash('sha256').update(enrolmentText(key, name)).digest('hex');
  return { name, origin: key.origin, words: wordCode(digest) };
}
