import type { FastifyInstance } from 'fastify';
import {
  FlattenBodySchema,
  HolderBodySchema,
  RebaseBodySchema,
  SettingsBodySchema,
  SignalAnswerSchema,
  TradingStateBodySchema,
} from '../../contract/bodies/operator.ts';
import {
  ArmingBodySchema,
  PolicyBodySchema,
  PolicyCheckBodySchema,
  PolicyPreviewBodySchema,
  ReloadBodySchema,
} from '../../contract/bodies/policies.ts';
import * as command from '../../contract/commands.ts';
import { ApiError } from '../errors.ts';
import { registerJsonParser, registerOptionalJsonParser, registerTextParser } from '../requests/body-parser.ts';
import { bodyOf, queryOf, requireValid } from '../requests/input.ts';
import {
  addRoute,
  CONSOLE_TAG,
  callerOf,
  type Doors,
  MONITOR_ROUTE,
  operatorRoute,
  watchersRoute,
  whileInFlight,
} from '../requests/routing.ts';

/** A policy file may have 256 KiB; as a JSON string it grows. */
const MAX_POLICY_BODY_BYTES = 524_288;
const POLICY_TYPES = ['text/yaml', 'application/yaml', 'application/x-yaml', 'text/plain'];

/** Routes of monitors and operators. An operator is never shed. */
export function registerOperatorRoutes(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  addRoute(app, doors, {
    method: 'POST',
    url: '/v1/signals',
    roles: MONITOR_ROUTE,
    isLimited: true,
    text: { summary: 'Report what a monitor saw; the signal ends with its ttl', tags: ['signals'] },
    body: command.SignalRequest,
    answer: SignalAnswerSchema,
    handler: async (request) => {
      const signal = requireValid(command.checkSignal, bodyOf(request));
      return whileInFlight(request, gate.addSignal(callerOf(request), signal));
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('GET', '/v1/settings', '', SettingsBodySchema),
    text: { summary: 'Settings that the daemon runs with', tags: [CONSOLE_TAG] },
    query: command.NoQuery,
    handler: async (request) => {
      requireValid(command.checkNoQuery, queryOf(request));
      return doors.settings;
    },
  });
  registerStateRoutes(app, doors);
  registerPolicyRoutes(app, doors);
  registerRoutesWithOptionalBody(app, doors);
}

function registerStateRoutes(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  addRoute(app, doors, {
    ...watchersRoute('/v1/trading-state', 'Trading state with its layers', TradingStateBodySchema),
    query: command.NoQuery,
    handler: async (request) => {
      requireValid(command.checkNoQuery, queryOf(request));
      return gate.getTradingState();
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('PUT', '/v1/trading-state', 'Set the operator layer', TradingStateBodySchema),
    tightens: true,
    body: command.StateChangeRequest,
    handler: async (request) => {
      const change = requireValid(command.checkStateChange, bodyOf(request));
      const caller = callerOf(request);
      const work =
        request.isConfirmed && doors.mayLoosen
          ? gate.setTradingState(caller, change)
          : gate.tightenTradingState(caller, change);
      return whileInFlight(request, work);
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('POST', '/v1/flatten', 'Halt, cancel all opening orders, close all positions', FlattenBodySchema),
    body: command.FlattenRequest,
    handler: async (request) => {
      const { symbols, reason } = requireValid(command.checkFlatten, bodyOf(request));
      return whileInFlight(request, gate.flatten(callerOf(request), symbols ?? null, reason));
    },
  });
}

function registerPolicyRoutes(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  addRoute(app, doors, {
    ...operatorRoute('GET', '/v1/policy', 'The policy in force', PolicyBodySchema),
    query: command.NoQuery,
    handler: async (request) => {
      requireValid(command.checkNoQuery, queryOf(request));
      return gate.getPolicy();
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('POST', '/v1/arming', 'Sign the arming of binance-live with a passkey', ArmingBodySchema),
    body: command.ArmingRequest,
    handler: async (request) => {
      const { digest } = requireValid(command.checkArming, bodyOf(request));
      const caller = callerOf(request);
      const passkeyId = request.signed === null ? null : caller.tokenId;
      return whileInFlight(request, gate.signArming(caller, digest, passkeyId));
    },
  });
  // A separate scope: only here may a body be larger, or something other than JSON.
  app.register(async (scope) => {
    registerJsonParser(scope, MAX_POLICY_BODY_BYTES);
    registerTextParser(scope, POLICY_TYPES, MAX_POLICY_BODY_BYTES);
    const route = operatorRoute('POST', '/v1/policy/check', 'Check a policy file', PolicyCheckBodySchema);
    addRoute(scope, doors, {
      ...route,
      text: { ...route.text, description: 'The file as text/yaml, or as JSON {text}. Nothing is put in force.' },
      body: command.PolicyCheckRequest,
      handler: async (request) => {
        const sent = bodyOf(request);
        return gate.checkPolicy(typeof sent === 'string' ? sent : requireValid(command.checkPolicyCheck, sent).text);
      },
    });
    const preview = operatorRoute(
      'POST',
      '/v1/policy/preview',
      'What the last seven days would have been under a policy file',
      PolicyPreviewBodySchema,
    );
    addRoute(scope, doors, {
      ...preview,
      text: { ...preview.text, description: 'The file as text/yaml, or as JSON {text}. Nothing is put in force.' },
      body: command.PolicyCheckRequest,
      handler: async (request) => {
        const sent = bodyOf(request);
        return gate.previewPolicy(typeof sent === 'string' ? sent : requireValid(command.checkPolicyCheck, sent).text);
      },
    });
  });
}

function registerRoutesWithOptionalBody(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  app.register(async (scope) => {
    registerOptionalJsonParser(scope);
    addRoute(scope, doors, {
      ...operatorRoute(
        'POST',
        '/v1/account/rebase',
        'Make the current equity the drawdown reference',
        RebaseBodySchema,
      ),
      body: command.RebaseRequest,
      handler: async (request) => {
        const { reason } = requireValid(command.checkRebase, request.body === undefined ? {} : request.body);
        return whileInFlight(request, gate.rebase(callerOf(request), reason ?? ''));
      },
    });
    addRoute(scope, doors, {
      ...operatorRoute('POST', '/v1/policy/reload', 'Accept the pending policy', ReloadBodySchema),
      body: command.PolicyReloadRequest,
      handler: async (request) => {
        const { hash } = requireValid(command.checkPolicyReload, request.body === undefined ? {} : request.body);
        const caller = callerOf(request);
        const passkeyId = request.signed === null ? null : caller.tokenId;
        const outcome = await whileInFlight(request, gate.reloadPolicy(caller, hash ?? null, passkeyId));
        if (outcome.status !== 'refused') return outcome;
        const { message, pending_hash } = outcome;
        throw new ApiError('POLICY_NOT_PENDING', message, { details: { pending_hash } });
      },
    });
  });
}

/** An operator's word on whose a symbol is. */
export function registerHolderRoutes(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  addRoute(app, doors, {
    ...operatorRoute('POST', '/v1/symbols/:symbol/release', 'End the openings of its holder', HolderBodySchema),
    params: command.SymbolPath,
    body: command.ReleaseRequest,
    handler: async (request) => {
      const { symbol } = requireValid(command.checkSymbolPath, request.params);
      const { for_ms: forMs, reason } = requireValid(command.checkRelease, bodyOf(request));
      return whileInFlight(request, gate.releaseSymbol(callerOf(request), symbol, forMs ?? 0, reason));
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('POST', '/v1/symbols/:symbol/adopt', 'Give it to an agent', HolderBodySchema),
    params: command.SymbolPath,
    body: command.AdoptRequest,
    handler: async (request) => {
      const { symbol } = requireValid(command.checkSymbolPath, request.params);
      const { agent, reason } = requireValid(command.checkAdopt, bodyOf(request));
      const caller = callerOf(request);
      const passkeyId = request.signed === null ? null : caller.tokenId;
      return whileInFlight(request, gate.adoptSymbol(caller, { symbol, agent }, reason, passkeyId));
    },
  });
}
