import type { Assertion } from '../contract/passkeys.ts';
import type { RecordedAssertion } from '../engine/records/passkeys.ts';
import { createChallenges } from './challenges.ts';
import {
  createEnrolments,
  createRemoteEnrolments,
  type Enrolments,
  type RemoteEnrolments,
  type Signable,
} from './enrolment.ts';
import {
  type Options,
  openOptions,
  PasskeyFault,
  type PasskeySources,
  prove,
  reporting,
  requestOptions,
  requireOrigin,
} from './proving.ts';
import { type Act, actText, challengeOf, signInText } from './texts.ts';

/** Texts of acts are recorded; longer ones are for a token. */
const LONGEST_ACT = 8_192;

export interface SignedText {
  readonly nonce: string;
  readonly assertion: Assertion;
}
/** What browsers and the daemon say to each other about passkeys. Everything refused throws {@link PasskeyFault}. */
export interface Passkeys extends Enrolments, RemoteEnrolments {
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
  return {
    ...createEnrolments(sources, challenges),
    ...createRemoteEnrolments(sources, challenges),
    startSignIn() {
      const origin = requireOrigin(sources);
      const nonce = challenges.issue('sign_in', '');
      const text = signInText(nonce, sources.target());
      return { nonce, text, options: openOptions(origin, challengeOf(text)) };
    },
    async signIn({ nonce, assertion }) {
      if (!challenges.isGood(nonce, 'sign_in', '')) throw new PasskeyFault('The challenge is over; try again.');
      const text = signInText(nonce, sources.target());
      return gate.recordAssertion(
        await prove(sources, assertion, { challenge: challengeOf(text), purpose: 'sign_in', text }),
      );
    },
    startAct(session, act) {
      requireOrigin(sources);
      const nonce = challenges.issue('act', session);
      const text = actText(act, nonce, sources.target());
      const options = text.length > LONGEST_ACT ? null : requestOptions(sources, challengeOf(text));
      return { nonce, text, options };
    },
    confirmAct: (session, act, { nonce, assertion }) =>
      reporting(gate, `to ${act.method} ${act.path}`, async () => {
        if (!challenges.isGood(nonce, 'act', session)) throw new PasskeyFault('The challenge is over; sign again.');
        const text = actText(act, nonce, sources.target());
        if (text.length > LONGEST_ACT) throw new PasskeyFault('This act is too long for a passkey; use the token.');
        return gate.recordAssertion(
          await prove(sources, assertion, { challenge: challengeOf(text), purpose: 'act', text }),
        );
      }),
    confirmActByToken(session, act, nonce, isSigned) {
      if (!isSigned(actText(act, nonce, sources.target())))
        throw new PasskeyFault('The token has not signed this act.');
      if (!challenges.take(nonce, 'act', session))
        throw new PasskeyFault('The challenge is over, was used, or is of another session; sign again.');
    },
    startApproval: (digestHex) => requestOptions(sources, Buffer.from(digestHex, 'hex').toString('base64url')),
    verifyApproval: (digestHex, assertion) =>
      reporting(gate, 'for an approval', async () => {
        const challenge = Buffer.from(digestHex, 'hex').toString('base64url');
        return gate.recordAssertion(await prove(sources, assertion, { challenge, purpose: 'approval', text: null }));
      }),
  };
}
