import type { Static } from 'typebox';
import { keyId, masked } from './bodies/proof.ts';
import * as Type from './built/typebox.js';
import { buildContractCheck } from './schema/check.ts';
import * as field from './schema/fields.ts';
import { nullable } from './schema/nullable.ts';

/** Bodies of the routes of passkeys. What a browser makes is taken as WebAuthn level 3 writes it in JSON. */

const base64url = (maxLength: number) => Type.String({ pattern: '^[\\w-]+$', maxLength });
const code = Type.String({
  pattern: '^[0-9A-Za-z -]{10,16}$',
  description: 'The one-time code that `./holdfast passkey enrol` printed.', // AN-244
});
const transports = Type.Array(Type.String({ pattern: '^[a-z-]{1,20}$' }), {
  maxItems: 10,
  description: 'How the browser reaches the authenticator.', // note
});
/** Of a browser, which may say more in time: it is dropped, not refused. */
const open = { additionalProperties: true } as const;

export const PasskeyIdPath = Type.Object(
  { id: Type.String({ pattern: '^pk_[0-9a-f]{20}$', description: 'id, as listed.' }) }, // note
  field.closed,
);
export const AssertionSchema = Type.Object(
  {
    id: base64url(1364),
    rawId: base64url(1364),
    type: Type.Literal('public-key'),
    response: Type.Object(
      { authenticatorData: base64url(2048), clientDataJSON: base64url(4096), signature: base64url(2048) },
      open,
    ),
  },
  { ...open, description: 'The `toJSON()` of what `navigator.credentials.get` gave.' }, // note
);
export const CredentialSchema = Type.Object(
  {
    id: base64url(1364),
    rawId: base64url(1364),
    type: Type.Literal('public-key'),
    response: Type.Object(
      {
        attestationObject: base64url(16_384),
        clientDataJSON: base64url(4096),
        transports: Type.Optional(transports),
      },
      { ...open, description: 'What the authenticator made.' }, // note
    ),
  },
  { ...open, description: 'The `toJSON()` of what `navigator.credentials.create` gave.' }, // note
);
export const EnrolmentRequest = Type.Object({ code }, field.closed);
export const PasskeyRequest = Type.Object(
  { code, credential: Type.Optional(CredentialSchema), confirmation: Type.Optional(AssertionSchema) },
  field.closed,
);
export const RemoteKeyRequest = Type.Object({ code, credential: CredentialSchema }, field.closed);
const nonce = Type.String({ pattern: '^[A-Za-z0-9_-]{40,64}$', description: 'As the challenge had it.' }); // note
export const SignInRequest = Type.Object({ nonce, assertion: AssertionSchema }, field.closed);
export const ActChallengeRequest = Type.Object(
  {
    method: field.oneOf(['POST', 'PUT'], 'Method of the call that a passkey shall confirm.'), // note
    path: Type.String({ pattern: '^/v1/[!-~]{1,500}$', description: 'Its path, with its query.' }), // note
    body: Type.Optional(Type.Unsafe<unknown>({ description: 'Its JSON body; absent: it has none.' })), // note
  },
  field.closed,
);

const options = (description: string) =>
  Type.Unsafe<{ readonly [name: string]: unknown }>({ type: 'object', description });
const signedText = Type.String({ description: 'Its sha256 is the challenge in the options.' }); // AN-224
const requestOptions = options('For `PublicKeyCredential.parseRequestOptionsFromJSON`.'); // note
export const PasskeyBodySchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    origin: Type.String(),
    state: field.oneOf(['waiting', 'in_force'], 'waiting: it counts from effective_at_ms on.'), // AN-225
    added_at_ms: field.instant(),
    effective_at_ms: field.instant(),
    confirmed_by: nullable(Type.String()),
    last_used_at_ms: nullable(field.instant()),
    credential_id: Type.String(),
    transports: Type.Array(Type.String()),
  },
  field.closed,
);
export const PasskeysBodySchema = Type.Object(
  {
    passkeys: Type.Array(PasskeyBodySchema, { description: 'Oldest first.' }), // AN-226
    enrolment: field.oneOf(
      ['first', 'confirmed', 'waiting', 'recovery'],
      'What a new one needs beside token and code. confirmed: one in force signs.', // note, AN-227
    ),
  },
  field.closed,
);
const MadeKeySchema = Type.Object(
  {
    name: Type.String(),
    origin: Type.String({ description: 'Of the page that it was made on.' }), // AN-228
    words: Type.String({ description: 'The first 64 bits of the sha256 of what is signed to enrol it.' }), // AN-229
  },
  field.closed,
);
export const EnrolmentBodySchema = Type.Object(
  {
    name: Type.String({ description: 'What the passkey will be named.' }), // note
    options: nullable(options('For `PublicKeyCredential.parseCreationOptionsFromJSON`.')), // note
    made: nullable(MadeKeySchema),
  },
  { ...field.closed, description: 'made: a remote console has made the key with this code already.' }, // AN-230
);
export const EnrolledBodySchema = Type.Object(
  {
    passkey: nullable(PasskeyBodySchema),
    confirm: nullable(Type.Object({ text: signedText, options: requestOptions }, field.closed)),
  },
  { ...field.closed, description: 'passkey: it is enrolled. confirm: one in force has to sign this first.' }, // AN-231, AN-232
);
export const ChallengeBodySchema = Type.Object(
  {
    nonce: Type.String({ description: 'Goes back with the signature.' }), // note
    text: signedText,
    options: nullable(requestOptions),
  },
  { ...field.closed, description: 'options: null where the text is too long for a passkey.' }, // AN-233
);

/** What the header `holdfast-passkey` holds. */
const SignedSchema = Type.Object({ nonce, assertion: AssertionSchema }, field.closed);
/** What the header `holdfast-token` holds. */
const TokenActSchema = Type.Object({ nonce, key_id: keyId, masked }, field.closed);

export type Assertion = Static<typeof AssertionSchema>;
export type Credential = Static<typeof CredentialSchema>;
export const checkPasskeyIdPath = buildContractCheck<Static<typeof PasskeyIdPath>>(PasskeyIdPath);
export const checkAssertion = buildContractCheck<Assertion>(AssertionSchema);
export const checkSigned = buildContractCheck<Static<typeof SignedSchema>>(SignedSchema);
export const checkTokenAct = buildContractCheck<Static<typeof TokenActSchema>>(TokenActSchema);
export const checkEnrolment = buildContractCheck<Static<typeof EnrolmentRequest>>(EnrolmentRequest);
export const checkPasskeyRequest = buildContractCheck<Static<typeof PasskeyRequest>>(PasskeyRequest);
export const checkRemoteKey = buildContractCheck<Static<typeof RemoteKeyRequest>>(RemoteKeyRequest);
export const checkSignIn = buildContractCheck<Static<typeof SignInRequest>>(SignInRequest);
export const checkActChallenge = buildContractCheck<Static<typeof ActChallengeRequest>>(ActChallengeRequest);
