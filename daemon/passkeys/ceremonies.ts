import { createHash } from 'node:crypto';
import type { Assertion, Credential } from '../contract/passkeys.ts';
import type {
  KnownPasskey,
  PasskeyApi,
  PasskeyBody,
  ProvenAssertion,
  RecordedAssertion,
} from '../gate/api/passkeys.ts';
import { CHALLENGE_MS, type Challenges, createChallenges, ENROLMENT_MS } from './challenges.ts';
import type { CodeGrant, EnrolmentCodes } from './codes.ts';
import { claimedChallenge, passkeyIdOf, RP_ID, verifyAssertion, verifyCredential } from './signatures.ts';
import { type Act, actText, challengeOf, enrolmentText, signInText, type Target } from './texts.ts';

/** Texts of acts are recorded; longer ones are for a token. */
const LONGEST_ACT = 8_192;

/** Not good, or not permitted; a 403 over HTTP. */
export class PasskeyFault extends Error {
  readonly code = 'FORBIDDEN';
}
export interface PasskeySources {
  readonly gate: PasskeyApi;
  readonly codes: EnrolmentCodes;
  /** `http://localhost:7433`; null: no console is served, and so no passkey is of any use. */
  readonly origin: () => string | null;
  /** Known once the daemon listens. */
  readonly target: () => Target;
  /** The host's clock: codes and challenges are asked for and used on this machine. */
  readonly hostMs: () => number;
}
type Options = Readonly<Record<string, unknown>>;
/** Options of a signature, with the text whose sha256 is its challenge. */
export interface Signable {
  readonly text: string;
  readonly options: Options;
}
/** Who asks. */
export interface Asker {
  readonly agent: string;
  readonly tokenId: string;
}
export interface SignedText {
  readonly nonce: string;
  readonly assertion: Assertion;
}
/** What browsers and the daemon say to each other about passkeys. Everything refused throws {@link PasskeyFault}. */
export interface Passkeys {
  startEnrolment(asker: Asker, code: string): { readonly name: string; readonly options: Options };
  /** `confirm`: options of what a key in force has to sign first. */
  finishEnrolment(
    asker: Asker,
    code: string,
    credential: Credential,
    confirmation: Assertion | null,
  ): Promise<{ readonly passkey: PasskeyBody | null; readonly confirm: Signable | null }>;
  /** Names no passkey: whoever asks has shown nothing yet. */
  startSignIn(): Signable & { readonly nonce: string };
  signIn(signed: SignedText): Promise<RecordedAssertion>;
  /** What confirms this act of this session; without options it is longer than what a passkey may sign. */
  startAct(
    session: string,
    act: Act,
  ): { readonly nonce: string; readonly text: string; readonly options: Options | null };
  confirmAct(session: string, act: Act, signed: SignedText): Promise<RecordedAssertion>;
  /** The same by a token, whose owner has signed the text if `isSigned` says so. */
  confirmActByToken(session: string, act: Act, nonce: string, isSigned: (text: string) => boolean): void;
  /** Options of the signature of an approval, whose canonical text has this sha256 (hex). */
  startApproval(digestHex: string): Options;
  /**
   * Whether a passkey in force signed the approval whose canonical text has this sha256 (hex); records the signature.
   * That the approval still stands, and is used once, is its own to say.
   */
  verifyApproval(digestHex: string, assertion: Assertion): Promise<RecordedAssertion>;
}

export function createPasskeys(sources: PasskeySources): Passkeys {
  const { gate } = sources;
  const challenges = createChallenges(sources.hostMs);
  const enrolments = createEnrolments(sources, challenges);
  return {
    ...enrolments,
    startSignIn() {
      requireOrigin(sources);
      const nonce = challenges.issue('sign_in', '');
      const text = signInText(nonce, sources.target());
      return { nonce, text, options: requestOptions([], challengeOf(text)) };
    },
    async signIn({ nonce, assertion }) {
      if (!challenges.isGood(nonce, 'sign_in', '')) throw new PasskeyFault('The challenge is over; try again.');
      const text = signInText(nonce, sources.target());
      return gate.recordAssertion(await prove(sources, assertion, challengeOf(text), 'sign_in', text));
    },
    startAct(session, act) {
      requireOrigin(sources);
      const nonce = challenges.issue('act', session);
      const text = actText(act, nonce, sources.target());
      const options = text.length > LONGEST_ACT ? null : requestOptions(inForce(gate), challengeOf(text));
      return { nonce, text, options };
    },
    confirmAct: (session, act, { nonce, assertion }) =>
      reporting(gate, `to ${act.method} ${act.path}`, async () => {
        if (!challenges.isGood(nonce, 'act', session)) throw new PasskeyFault('The challenge is over; sign again.');
        const text = actText(act, nonce, sources.target());
        if (text.length > LONGEST_ACT) throw new PasskeyFault('This act is too long for a passkey; use the token.');
        return gate.recordAssertion(await prove(sources, assertion, challengeOf(text), 'act', text));
      }),
    confirmActByToken(session, act, nonce, isSigned) {
      if (!isSigned(actText(act, nonce, sources.target())))
        throw new PasskeyFault('The token has not signed this act.');
      if (!challenges.take(nonce, 'act', session))
        throw new PasskeyFault('The challenge is over, was used, or is of another session; sign again.');
    },
    startApproval: (digestHex) => {
      requireOrigin(sources);
      return requestOptions(inForce(gate), Buffer.from(digestHex, 'hex').toString('base64url'));
    },
    verifyApproval: (digestHex, assertion) =>
      reporting(gate, 'for an approval', async () => {
        const challenge = Buffer.from(digestHex, 'hex').toString('base64url');
        return gate.recordAssertion(await prove(sources, assertion, challenge, 'approval', null));
      }),
  };
}

type Enrolments = Pick<Passkeys, 'startEnrolment' | 'finishEnrolment'>;

function createEnrolments(sources: PasskeySources, challenges: Challenges): Enrolments {
  const { codes, gate } = sources;
  const boundTo = ({ tokenId }: Asker, { name, isRecovery }: CodeGrant): string =>
    JSON.stringify([tokenId, name, isRecovery]);
  const look = (code: string): CodeGrant => {
    const grant = codes.look(code);
    if (grant !== null) return grant;
    gate.reportPasskeyRefused('somebody with an operator token tried to enrol a passkey with a code that is not good');
    throw new PasskeyFault('The code is wrong or over; `./holdfast passkey enrol NAME` prints another one.');
  };
  return {
    startEnrolment(asker, code) {
      requireOrigin(sources);
      const grant = look(code);
      gate.requireEnrolment(grant.isRecovery);
      const challenge = challenges.issue('enrolment', boundTo(asker, grant), ENROLMENT_MS);
      return { name: grant.name, options: creationOptions(gate, challenge, grant) };
    },
    finishEnrolment: (asker, code, credential, confirmation) =>
      reporting(gate, 'to enrol another one', async () => {
        const origin = requireOrigin(sources);
        const grant = look(code);
        const needs = gate.requireEnrolment(grant.isRecovery);
        const challenge = challengeIn(credential);
        if (!challenges.isGood(challenge, 'enrolment', boundTo(asker, grant)))
          throw new PasskeyFault('The challenge is over; begin again.');
        const made = await verifyCredential(credential, challenge, origin);
        if (!made.ok) throw new PasskeyFault(`The passkey is not good: ${made.reason}`);
        const text = enrolmentText(made.value, grant.name);
        const needsSignature = needs === 'confirmed';
        if (needsSignature && confirmation === null)
          return { passkey: null, confirm: { text, options: requestOptions(inForce(gate), challengeOf(text)) } };
        const by =
          needsSignature && confirmation !== null
            ? await prove(sources, confirmation, challengeOf(text), 'enrolment', text)
            : null;
        // Another request may have used it up meanwhile.
        if (codes.take(code) === null) throw new PasskeyFault('The code is over.');
        const { transports = [] } = credential.response;
        return { passkey: await gate.addPasskey(asker, { ...made.value, ...grant, transports }, by), confirm: null };
      }),
  };
}

/** Whether a key in force signed `challenge` on this page. */
async function prove(
  sources: PasskeySources,
  assertion: Assertion,
  challenge: string,
  purpose: ProvenAssertion['purpose'],
  text: string | null,
): Promise<ProvenAssertion> {
  const origin = requireOrigin(sources);
  const key = sources.gate.findPasskey(passkeyIdOf(assertion.id));
  if (key === null) throw new PasskeyFault('This passkey is not enrolled, or was removed.');
  if (!key.isInForce) throw new PasskeyFault('This passkey is not in force yet.');
  const verified = await verifyAssertion(assertion, challenge, origin, key);
  if (!verified.ok) throw new PasskeyFault(`The signature is not good: ${verified.reason}`);
  const { authenticatorData, clientDataJSON, signature } = assertion.response;
  return {
    id: key.id,
    purpose,
    challenge,
    text,
    authenticatorData,
    clientDataJson: clientDataJSON,
    signature,
    counter: verified.value.counter,
  };
}

/** Whoever may try has a token or a session: that it failed is for a person to see. */
async function reporting<T>(gate: PasskeyApi, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'FORBIDDEN')
      gate.reportPasskeyRefused(`a signature ${what} was refused: ${error.message}`);
    throw error;
  }
}

function requireOrigin({ origin }: PasskeySources): string {
  const at = origin();
  if (at === null) throw new PasskeyFault('No console is served here, so passkeys cannot be used.');
  return at;
}

function challengeIn({ response }: Assertion | Credential): string {
  try {
    return claimedChallenge(response.clientDataJSON);
  } catch {
    throw new PasskeyFault('Its client data cannot be read.');
  }
}

const describe = ({ credentialId, transports }: KnownPasskey) => ({
  type: 'public-key',
  id: credentialId,
  transports: [...transports],
});

const inForce = (gate: PasskeyApi): readonly KnownPasskey[] => gate.listPasskeys().filter((key) => key.isInForce);

/** Without keys any that an authenticator finds by itself is asked for. */
function requestOptions(keys: readonly KnownPasskey[], challenge: string): Options {
  return {
    rpId: RP_ID,
    challenge,
    timeout: CHALLENGE_MS,
    userVerification: 'required',
    allowCredentials: keys.map(describe),
  };
}

function creationOptions(gate: PasskeyApi, challenge: string, { name, isRecovery }: CodeGrant): Options {
  return {
    rp: { id: RP_ID, name: 'Holdfast' },
    // An authenticator that keeps a key all the same keeps one for each of these; that of another key is not replaced.
    user: { id: createHash('sha256').update(challenge).digest('base64url'), name, displayName: name },
    challenge,
    timeout: CHALLENGE_MS,
    attestation: 'none',
    pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: 'public-key', alg })),
    excludeCredentials: isRecovery ? [] : gate.listPasskeys().map(describe),
    // RISK: keys that an authenticator lists by itself are known to pages of every port, which may overwrite them.
    authenticatorSelection: { residentKey: 'discouraged', userVerification: 'required' },
  };
}
