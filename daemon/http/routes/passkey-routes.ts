import type { FastifyInstance } from 'fastify';
import { ConsoleSessionSchema } from '../../contract/bodies/operator.ts';
import { checkEnd, checkNoQuery, EndRequest, NoQuery } from '../../contract/commands.ts';
import * as passkey from '../../contract/passkeys.ts';
import { ApiError, asUnauthenticated } from '../errors.ts';
import { bodyOf, queryOf, requireValid } from '../requests/input.ts';
import {
  addRoute,
  CONSOLE_TAG,
  callerOf,
  type Doors,
  OPERATOR_ROUTE,
  openRoute,
  TOKEN_ROUTE,
  whileInFlight,
} from '../requests/routing.ts';

type Passkeys = NonNullable<Doors['passkeys']>;
const operator = { roles: OPERATOR_ROUTE, isLimited: false } as const;
/** Where it is the token that matters: no passkey stands in for it. */
const byToken = { roles: TOKEN_ROUTE, isLimited: false } as const;
const text = (summary: string) => ({ summary, tags: ['operator'] });
/** Of what takes a browser. */
const pageText = (summary: string, description?: string) => ({
  summary,
  tags: [CONSOLE_TAG],
  ...(description === undefined ? {} : { description }),
});

/** Passkeys: who has one, enrolling and removing; on the entrance of the console also all that takes a browser. */
export function registerPasskeyRoutes(app: FastifyInstance, doors: Doors): void {
  const { passkeys: gate } = doors.gate;
  addRoute(app, doors, {
    ...operator,
    method: 'GET',
    url: '/v1/passkeys',
    text: text('Passkeys, and what another one needs'),
    query: NoQuery,
    answer: passkey.PasskeysBodySchema,
    handler: async (request) => {
      requireValid(checkNoQuery, queryOf(request));
      return gate.getPasskeys();
    },
  });
  addRoute(app, doors, {
    ...operator,
    method: 'POST',
    url: '/v1/passkeys/:id/remove',
    text: text('Remove a passkey, at once'),
    params: passkey.PasskeyIdPath,
    body: EndRequest,
    answer: passkey.PasskeyBodySchema,
    handler: async (request) => {
      const { id } = requireValid(passkey.checkPasskeyIdPath, request.params);
      const { reason } = requireValid(checkEnd, bodyOf(request));
      const removed = await whileInFlight(request, gate.removePasskey(callerOf(request), id, reason));
      if (removed === null) throw new ApiError('NOT_FOUND', 'There is no passkey with this id.');
      return removed;
    },
  });
  if (doors.passkeys === null) return;
  registerEnrolment(app, doors, doors.passkeys);
  registerChallenges(app, doors, doors.passkeys);
  registerSignIn(app, doors, doors.passkeys);
}

function registerEnrolment(app: FastifyInstance, doors: Doors, passkeys: Passkeys): void {
  addRoute(app, doors, {
    ...byToken,
    method: 'POST',
    url: '/v1/passkeys/enrolment',
    text: pageText('Begin to enrol a passkey, with the code that `./holdfast passkey enrol` printed'),
    body: passkey.EnrolmentRequest,
    answer: passkey.EnrolmentBodySchema,
    handler: async (request) => {
      const { code } = requireValid(passkey.checkEnrolment, bodyOf(request));
      return passkeys.startEnrolment(callerOf(request), code);
    },
  });
  addRoute(app, doors, {
    ...byToken,
    method: 'POST',
    url: '/v1/passkeys',
    text: pageText(
      'Enrol a passkey',
      'Where another one is in force, the first answer has what that one must sign; the same call with `confirmation` enrols.',
    ),
    body: passkey.PasskeyRequest,
    answer: passkey.EnrolledBodySchema,
    handler: async (request) => {
      const { code, credential, confirmation } = requireValid(passkey.checkPasskeyRequest, bodyOf(request));
      return whileInFlight(
        request,
        passkeys.finishEnrolment(callerOf(request), code, credential ?? null, confirmation ?? null),
      );
    },
  });
}

function registerChallenges(app: FastifyInstance, doors: Doors, passkeys: Passkeys): void {
  addRoute(app, doors, {
    ...operator,
    method: 'POST',
    url: '/v1/passkeys/challenge',
    text: pageText(
      'What a passkey or the token must sign to confirm one call of this session',
      'The call itself then carries the session, and in the header `holdfast-passkey` the base64url JSON of {nonce, assertion}, or in `holdfast-token` that of {nonce, key_id, masked}.',
    ),
    body: passkey.ActChallengeRequest,
    answer: passkey.ChallengeBodySchema,
    handler: async (request) => {
      const { method, path, body = null } = requireValid(passkey.checkActChallenge, bodyOf(request));
      if (request.session === null) throw new ApiError('FORBIDDEN', 'Only a session of the console asks for this.');
      return passkeys.startAct(request.session, { method, path, body });
    },
  });
}

/** Open to whoever reaches it: the passkey is what is shown. Nothing is kept of who only asks. */
function registerSignIn(app: FastifyInstance, doors: Doors, passkeys: Passkeys): void {
  const challenge = {
    ...pageText('What a passkey must sign to open a session of the console'),
    security: [],
    querystring: NoQuery,
    response: { 200: passkey.ChallengeBodySchema },
  };
  openRoute(app, doors, {
    method: 'POST',
    url: '/v1/console/challenge',
    schema: challenge,
    handler: async (request) => {
      requireValid(checkNoQuery, queryOf(request));
      return passkeys.startSignIn();
    },
  });
  const signIn = {
    ...pageText('A session for the console, for a signature of a passkey'),
    security: [],
    body: passkey.SignInRequest,
    response: { 200: ConsoleSessionSchema },
  };
  openRoute(app, doors, {
    method: 'POST',
    url: '/v1/console/passkey',
    schema: signIn,
    handler: async (request) => {
      const signed = requireValid(passkey.checkSignIn, bodyOf(request));
      const { keyId, name } = await asUnauthenticated(() => passkeys.signIn(signed));
      return { ...doors.sessions.open({ tokenId: keyId }), name };
    },
  });
}
