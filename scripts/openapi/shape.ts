import { toPlainSchema } from '../../daemon/contract/catalogue/catalogue.ts';
import { isTradingTool } from '../../daemon/contract/tools.ts';
import { CONSOLE_TAG } from '../../daemon/http/requests/routing.ts';
import { openAnswers } from './answers.ts';
import { buildComponents, nameWithin } from './components.ts';
import { ANSWER_EXAMPLE, ERROR_EXAMPLE, REQUEST_EXAMPLES } from './examples.ts';
import {
  dropDefaults,
  dropRepeatedWords,
  dropUnused,
  extendNamed,
  joinNullables,
  type Paths,
  shareMessages,
  shareParameters,
} from './shared.ts';
import { DECIMALS, sayUnitsOnce, UNITS } from './units.ts';

type Json = { readonly [key: string]: unknown };
interface Operation {
  readonly [key: string]: unknown;
  readonly requestBody?: { readonly content: Json };
  readonly responses: { readonly [status: string]: Json };
}
interface Document {
  readonly [key: string]: unknown;
  readonly info: Json;
  readonly components: Json;
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
}

/** Why a route answers it. Of a few routes only; in `components.responses` by the status itself. */
const OWN_STATUSES: { readonly [status: string]: string } = {
  404: 'NOT_FOUND, TOOL_UNKNOWN.',
  409: 'REQUEST_ID_REUSED, POLICY_NOT_PENDING.',
};
/** Of every route with a token, or with a body; in `components.responses` by its range. */
const RANGES: { readonly [range: string]: { readonly [status: string]: string } } = {
  '4XX': {
    400: 'INVALID_INPUT, INVALID_JSON, BAD_REQUEST, HOST_NOT_ALLOWED: nothing was decided.',
    401: 'No token, or one that is not known (any more).',
    403: 'FORBIDDEN, ORIGIN_NOT_ALLOWED, TOOL_NOT_IN_SCOPE.',
    408: 'The request did not arrive whole in time.',
    413: 'The body is larger than this route takes.',
    415: 'The body is not of a type that this route takes.',
    429: "With Retry-After. TOO_MANY_IN_FLIGHT, TOO_MANY_CONNECTIONS; REFUSAL_RATE: a decided call that changes nothing, beyond its sender's budget of those. Never the answer to a permitted order, exit or cancel.",
  },
  '5XX': {
    500: 'A defect or an unforeseen failure; the log has the details.',
    503: 'With Retry-After. NOT_READY, SHUTTING_DOWN.',
  },
};
const CONFLICTS: ReadonlySet<string> = new Set(['POST /v1/policy/reload']);
/** What a route without a description of its answer gets. */
const NO_WORDS = 'Default Response';
/** What is not JSON. */
const ANSWER_TYPES: { readonly [route: string]: string } = {
  'GET /metrics': 'text/plain',
  'GET /v1/events': 'text/event-stream',
  'GET /v1/stream': 'text/event-stream',
};
const LIMITED = { limited: { $ref: '#/components/examples/Limited' } };
const TEXT_BODIES: { readonly [route: string]: string } = {
  'POST /v1/policy/check': 'text/yaml',
  'POST /v1/policy/preview': 'text/yaml',
};

/** For whom a route is: agents, operators and their programs; or the console's page, which alone calls it. */
export type Readers = 'clients' | 'console';

/**
 * The description that the routes for these readers make, with what they share said once: schemas and refusals have
 * names.
 */
export function shapeOpenApi(described: object, readers: Readers = 'clients'): object {
  const document = toPlainSchema(described) as unknown as Document;
  const paths = Object.entries(document.paths).flatMap(([path, methods]) => {
    const shown = Object.entries(methods).filter(([, { tags }]) => isFor(readers, tags));
    if (shown.length === 0) return [];
    return [[path, Object.fromEntries(shown.map(([method, it]) => [method, shapeOperation(method, path, it)]))]];
  });
  const examples = { Limited: { summary: 'More than one order may have', value: ANSWER_EXAMPLE } };
  const named = buildComponents();
  const shorten = (value: unknown) => dropDefaults(sayUnitsOnce(joinNullables(dropRepeatedWords(value, named))));
  const { parameters, paths: plain } = shareParameters(shorten(Object.fromEntries(paths)) as Paths);
  const shared = shareMessages(plain);
  const schemas = { ...(shorten(named) as Json), ...DECIMALS };
  const responses = { ...buildResponses(), ...shared.responses };
  const { requestBodies } = shared;
  const whole = openAnswers({
    ...document,
    info: { ...document.info, description: `${String(document.info.description)} ${UNITS}` },
    components: { ...document.components, schemas, parameters, requestBodies, responses, examples },
    paths: shared.paths,
  });
  const { components } = whole;
  return dropUnused({ ...whole, components: { ...components, schemas: extendNamed(components.schemas as Json) } });
}

function isFor(readers: Readers, tags: unknown): boolean {
  return (Array.isArray(tags) && tags.includes(CONSOLE_TAG)) === (readers === 'console');
}

function shapeOperation(method: string, path: string, operation: Operation): object {
  const route = `${method.toUpperCase()} ${path}`;
  const tool = /^\/v1\/(?:tools|dry-run)\/(\w+)$/.exec(path)?.[1];
  const named = nameWithin(operation) as Operation;
  const requestBody = named.requestBody === undefined ? {} : { requestBody: shapeBody(named.requestBody, route, tool) };
  return {
    operationId: nameOperation(method, path),
    ...named,
    ...requestBody,
    responses: { ...shapeAnswers(named, route, tool), ...refusalsOf(named, route, path, tool) },
  };
}

/** `placeOrder`, `dryRunPlaceOrder`, `getLimitsTool` beside the route `getLimits`, `getDecisionsByIdExplain`. */
export function nameOperation(method: string, path: string): string {
  const words = path
    .replace(/^\/v1\//, '/')
    .replaceAll(/\{(\w+)\}/g, 'by-$1')
    .split(/[/\-_.]+/)
    .filter((word) => word !== '');
  const [first = ''] = words;
  if (first === 'tools' && words.length > 1) return camel([...words.slice(1), ...(words[1] === 'get' ? ['tool'] : [])]);
  if (first === 'dry') return camel(words);
  return camel([method, ...words]);
}
function camel([first = '', ...rest]: readonly string[]): string {
  return [first, ...rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('');
}

function shapeBody({ content, ...rest }: { readonly content: Json }, route: string, tool: string | undefined): object {
  const text = TEXT_BODIES[route];
  const example = tool === undefined ? undefined : REQUEST_EXAMPLES[tool as keyof typeof REQUEST_EXAMPLES];
  const json = content['application/json'] as Json;
  return {
    ...rest,
    content: {
      ...content,
      'application/json': example === undefined ? json : { ...json, example },
      ...(text === undefined ? {} : { [text]: { schema: { type: 'string' } } }),
    },
  };
}

/** Answers that are no refusal. */
function shapeAnswers({ responses }: Operation, route: string, tool: string | undefined): object {
  const type = ANSWER_TYPES[route];
  const kept = Object.entries(responses).filter(([status]) => status === '200' || !isRefusal(status) || isOpen(route));
  return Object.fromEntries(
    kept.map(([status, described]) => {
      const json = (described.content as Json | undefined)?.['application/json'] as Json | undefined;
      const answer = { ...described, description: describeAnswer(described, json) };
      if (type !== undefined) return [status, { ...answer, content: { [type]: json } }];
      if (tool === undefined || !isTradingTool(tool) || status !== '200') return [status, answer];
      return [status, { ...answer, content: { 'application/json': { ...(json as Json), examples: LIMITED } } }];
    }),
  );
}

/** A schema with a name, or with words of its own, says itself what it is. */
function describeAnswer({ description }: Json, json: Json | undefined): unknown {
  const schema = json?.schema as Json | undefined;
  const isSaid = schema?.$ref !== undefined || schema?.description === description;
  return isSaid || description === NO_WORDS ? 'OK' : description;
}

function isOpen(route: string): boolean {
  return !route.includes('/v1/');
}

function refusalsOf({ security }: Operation, route: string, path: string, tool: string | undefined): object {
  if (isOpen(route)) return {};
  // Whoever has no token meets few of them, and learns the rest by meeting them.
  const isTokenless = Array.isArray(security) && security.length === 0;
  const names = [
    ...(path.includes('{') || tool === 'get_decision' ? ['404'] : []),
    ...(CONFLICTS.has(route) || (tool !== undefined && isTradingTool(tool) && path.startsWith('/v1/tools'))
      ? ['409']
      : []),
    ...(isTokenless ? ['4XX'] : Object.keys(RANGES)),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/responses/${name}` }]));
}

function isRefusal(status: string): boolean {
  return status in OWN_STATUSES || Object.values(RANGES).some((statuses) => status in statuses);
}

function buildResponses(): Json {
  const schema = { $ref: '#/components/schemas/Error' };
  const content = { 'application/json': { schema } };
  const own = Object.entries(OWN_STATUSES).map(([status, description]) => [status, { description, content }]);
  const retryAfter = { 'Retry-After': describeHeader('Seconds.', 'integer') };
  return {
    ...Object.fromEntries(own),
    '4XX': {
      description: describeRange('4XX'),
      headers: { ...retryAfter, 'WWW-Authenticate': describeHeader('Bearer.', 'string') },
      content: { 'application/json': { schema, example: ERROR_EXAMPLE } },
    },
    '5XX': { description: describeRange('5XX'), headers: retryAfter, content },
  };
}

/** One line per status. */
function describeRange(range: keyof typeof RANGES): string {
  return Object.entries(RANGES[range] ?? {})
    .map((each) => each.join(': '))
    .join('\n');
}

function describeHeader(description: string, type: string): Json {
  return { description, schema: { type } };
}
