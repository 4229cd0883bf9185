import type { FastifyInstance } from 'fastify';
import {
  AlertBodySchema,
  AlertChannelsBodySchema,
  AlertsBodySchema,
  AlertTestBodySchema,
} from '../../contract/bodies/alerts.ts';
import { SignalEntrySchema, SignalsBodySchema, TextsErasedBodySchema } from '../../contract/bodies/operator.ts';
import { ReloadBodySchema } from '../../contract/bodies/policies.ts';
import { EquityHistorySchema, OrderBodySchema } from '../../contract/bodies/reads.ts';
import * as command from '../../contract/commands.ts';
import { DEFAULT_PAGE_SIZE } from '../../contract/schema/fields.ts';
import type { Caller } from '../../engine/records/callers.ts';
import { ApiError } from '../errors.ts';
import { bodyOf, queryOf, requireValid } from '../requests/input.ts';
import { readPage } from '../requests/readings.ts';
import {
  addRoute,
  CONSOLE_TAG,
  callerOf,
  type Doors,
  operatorRoute,
  type RouteDefinition,
  watchersRoute,
  whileInFlight,
} from '../requests/routing.ts';

/** What needs a person: alerts, active signals, orders about which nothing can be proven. */
export function registerAttentionRoutes(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  addRoute(app, doors, {
    ...watchersRoute('/v1/alerts', 'The last alerts, newest first', AlertsBodySchema),
    query: command.PageQuery,
    handler: async (request) => {
      const { limit, cursor } = requireValid(command.checkPageQuery, queryOf(request));
      return readPage(() => gate.getAlerts(limit ?? DEFAULT_PAGE_SIZE, cursor ?? null));
    },
  });
  addEnd(app, doors, {
    ...operatorRoute('POST', '/v1/alerts/:id/ack', 'Record that an alert was seen', AlertBodySchema),
    params: command.AlertPath,
    checkPath: command.checkAlertPath,
    end: (caller, id, reason) => gate.acknowledgeAlert(caller, Number(id), reason),
    missing: 'No alert of this number is among the last 1,000.',
  });
  registerAlertDelivery(app, doors);
  addRoute(app, doors, {
    ...watchersRoute('/v1/account/history', '', EquityHistorySchema),
    text: { summary: 'Equity of an hour, a day, a month, or since the first reading', tags: [CONSOLE_TAG] },
    query: command.EquityHistoryQuery,
    handler: async (request) => {
      const { span } = requireValid(command.checkEquityHistoryQuery, queryOf(request));
      return gate.getEquityHistory(span ?? 'all');
    },
  });
  addRoute(app, doors, {
    ...watchersRoute('/v1/signals', 'Active signals', SignalsBodySchema),
    query: command.NoQuery,
    handler: async (request) => {
      requireValid(command.checkNoQuery, queryOf(request));
      return gate.getSignals();
    },
  });
  registerEnds(app, doors);
}

function registerEnds(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  addEnd(app, doors, {
    ...operatorRoute('POST', '/v1/signals/:id/end', 'End a signal early', SignalEntrySchema),
    params: command.SignalPath,
    checkPath: command.checkSignalPath,
    end: (caller, id, reason) => gate.endSignal(caller, id, reason),
    missing: 'No signal with this id is active.',
  });
  addEnd(app, doors, {
    ...operatorRoute('POST', '/v1/texts/:id/erase', 'Erase free texts', TextsErasedBodySchema),
    text: { summary: 'Erase the free texts of a decision or a signal', tags: [CONSOLE_TAG] },
    params: command.TextPath,
    checkPath: command.checkTextPath,
    end: (caller, id, reason) => gate.eraseTexts(caller, id, reason),
    missing: 'No free text of this decision or signal is stored.',
  });
  addEnd(app, doors, {
    ...operatorRoute('POST', '/v1/orders/:id/end', 'End a lost order', OrderBodySchema),
    params: command.OrderPath,
    checkPath: command.checkOrderPath,
    end: (caller, id, reason) => gate.endOrder(caller, id, reason),
    missing: 'There is no order with this id.',
  });
}

interface End extends Omit<RouteDefinition, 'handler' | 'body'> {
  readonly checkPath: typeof command.checkAlertPath;
  /** Null: there is nothing of this id. */
  readonly end: (caller: Caller, id: string, reason: string) => Promise<object | null>;
  readonly missing: string;
}
/** What an operator ends, by its id and with a reason. */
function addEnd(app: FastifyInstance, doors: Doors, { checkPath, end, missing, ...route }: End): void {
  addRoute(app, doors, {
    ...route,
    body: command.EndRequest,
    handler: async (request) => {
      const { id } = requireValid(checkPath, request.params);
      const { reason } = requireValid(command.checkEnd, bodyOf(request));
      const ended = await whileInFlight(request, end(callerOf(request), id, reason));
      if (ended === null) throw new ApiError('NOT_FOUND', missing);
      return ended;
    },
  });
}

/** Where alerts go, and tests of the way there. */
function registerAlertDelivery(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  addRoute(app, doors, {
    ...operatorRoute(
      'GET',
      '/v1/alerts/channels',
      'Where alerts go, and what was not delivered',
      AlertChannelsBodySchema,
    ),
    query: command.NoQuery,
    handler: async (request) => {
      requireValid(command.checkNoQuery, queryOf(request));
      return gate.getAlertChannels();
    },
  });
  addRoute(app, doors, {
    ...operatorRoute(
      'POST',
      '/v1/alerts/test',
      'Send a test message to one alert channel, or to each',
      AlertTestBodySchema,
    ),
    body: command.AlertTestRequest,
    handler: async (request) => {
      const { channel } = requireValid(command.checkAlertTest, request.body === undefined ? {} : request.body);
      const tested = await whileInFlight(request, gate.testAlerts(callerOf(request), channel ?? null));
      if (tested.results.length > 0) return tested;
      const what = channel === undefined ? 'No alert routes are in force' : 'The routes in force have no such channel';
      throw new ApiError('NOT_FOUND', `${what}.`);
    },
  });
  addRoute(app, doors, {
    ...operatorRoute('POST', '/v1/alerts/routes/reload', 'Accept the pending alert routes', ReloadBodySchema),
    body: command.AlertRoutesReloadRequest,
    handler: async (request) => {
      const { hash } = requireValid(command.checkAlertRoutesReload, request.body === undefined ? {} : request.body);
      const outcome = await whileInFlight(request, gate.reloadAlertRoutes(callerOf(request), hash ?? null));
      if (outcome.status !== 'refused') return outcome;
      const { message, pending_hash } = outcome;
      throw new ApiError('POLICY_NOT_PENDING', message, { details: { pending_hash } });
    },
  });
}
