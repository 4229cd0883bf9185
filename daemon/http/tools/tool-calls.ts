import { type BriefAnswer, type FullAnswer, toBrief } from '../../contract/catalogue/brief.ts';
import { type BriefTool, buildBriefCatalogue } from '../../contract/catalogue/brief-catalogue.ts';
import { toBriefLimits } from '../../contract/catalogue/brief-limits.ts';
import { toBriefBook, toBriefCandles } from '../../contract/catalogue/brief-market.ts';
import {
  buildToolCatalogue,
  type CatalogueFormat,
  type CatalogueOptions,
  type CatalogueTool,
  type PolicyToolSchemas,
} from '../../contract/catalogue/catalogue.ts';
import { plainly } from '../../contract/catalogue/plain-figures.ts';
import { checkTradingCall, isTradingTool } from '../../contract/tools.ts';
import type { LimitsBody } from '../../contract/types/limits.ts';
import type { CandlesBody, OrderBookBody } from '../../contract/types/reads.ts';
import { READING_TOOLS, type ReadingTool, type TradingTool } from '../../core/request.ts';
import type { Caller } from '../../engine/records/callers.ts';
import type { OverBudget, ToolOutcome } from '../../engine/records/decisions.ts';
import { ApiError, invalidInput, toApiError } from '../errors.ts';
import { readTool } from '../requests/readings.ts';
import { type Asking, callerOf, type Doors, whileInFlight } from '../requests/routing.ts';

/** One tool call, for every interface of this process: the same check, texts, records and errors. */

/** Exits and cancels are never shed: leaving the market must work under any load. */
export const NEVER_SHED: ReadonlySet<string> = new Set<TradingTool>(['close_position', 'cancel_order', 'cancel_all']);

/** @throws ApiError INVALID_INPUT, and what `settle` throws */
export async function runTradingTool(
  doors: Doors,
  asking: Asking,
  { tool, args, isDryRun }: { readonly tool: TradingTool; readonly args: unknown; readonly isDryRun: boolean },
): Promise<string> {
  const checked = checkTradingCall(tool, args);
  if (!checked.ok) throw invalidInput(checked.violations);
  const caller = callerOf(asking);
  const work = isDryRun ? doors.gate.dryRun(caller, checked.call) : doors.gate.runTool(caller, checked.call);
  return settle(await whileInFlight(asking, work));
}

/** The text is sent as the gate wrote it. */
export function settle(outcome: ToolOutcome): string {
  switch (outcome.kind) {
    case 'decided':
      return outcome.text;
    case 'conflict':
      throw new ApiError('REQUEST_ID_REUSED', outcome.message, { details: { decision_id: outcome.decisionId } });
    case 'over_budget':
      throw overBudget(outcome);
    case 'unavailable':
      throw new ApiError('NOT_READY', outcome.message, { retryAfterSeconds: 1 });
  }
}

/** States what would have been recorded, as far as it was decided. */
function overBudget({ budget, decided, limit, message, retryAfterMs }: OverBudget): ApiError {
  const codes = decided?.reasons.map(({ code }) => code);
  return new ApiError('REFUSAL_RATE', message, {
    details: { budget, ...limit, ...(decided === null ? {} : { decision: decided.decision, reasons: codes }) },
    retryAfterSeconds: Math.ceil(retryAfterMs / 1000),
  });
}

/** A tool's answer for a model: in brief where there is such a view. */
export async function callInBrief(doors: Doors, asking: Asking, tool: string, args: unknown): Promise<unknown> {
  if (isTradingTool(tool)) return briefOf(await runTradingTool(doors, asking, { tool, args, isDryRun: false }));
  if (!isReadingTool(tool)) throw new ApiError('TOOL_UNKNOWN', 'There is no such tool; list the tools.');
  const answer = await readTool(doors, asking, tool, args);
  return shortenReading(tool, answer);
}

/** The brief view of a reading tool's answer. Those that repeat nothing differ in plainer figures only. */
export function shortenReading(tool: ReadingTool, answer: unknown): unknown {
  switch (tool) {
    case 'get_decision':
      return toBrief(answer as FullAnswer);
    case 'get_limits':
      return toBriefLimits(answer as LimitsBody);
    case 'get_candles':
      return toBriefCandles(answer as CandlesBody);
    case 'get_order_book':
      return toBriefBook(answer as OrderBookBody);
    default:
      return plainly(answer);
  }
}

export function briefOf(text: string): BriefAnswer {
  return toBrief(JSON.parse(text) as FullAnswer);
}

function isReadingTool(tool: string): tool is ReadingTool {
  return (READING_TOOLS as readonly string[]).includes(tool);
}

/** Reports input that the contract refused to the gate, with its paths and without its values. */
export function noteRejectedInput(doors: Doors, caller: Caller | null, tool: string, error: unknown): void {
  const refusal = toApiError(error);
  const isInput =
    refusal.code === 'INVALID_INPUT' || refusal.code === 'INVALID_JSON' || refusal.code === 'BODY_TOO_LARGE';
  if (!isInput || caller === null) return;
  try {
    doors.gate.recordRejectedInput(caller, tool, pathsOf(refusal));
  } catch (failure) {
    doors.logger.error({ err: failure, tool }, 'rejected input was not recorded');
  }
}

function pathsOf(refusal: ApiError): readonly string[] {
  const details = refusal.details as { readonly violations?: readonly { readonly path: string }[] } | undefined;
  return details?.violations?.map((violation) => violation.path) ?? [''];
}

/** The tools that a caller may use under the policy in force. */
export function listTools(doors: Doors, caller: Caller, format: CatalogueFormat): readonly CatalogueTool[] {
  return buildToolCatalogue(format, catalogueOptions(doors, caller));
}

/** The same for MCP, whose instructions say once what the catalogue would repeat. */
export function listToolsBriefly(doors: Doors, caller: Caller): readonly BriefTool[] {
  return buildBriefCatalogue(catalogueOptions(doors, caller));
}

function catalogueOptions({ gate }: Doors, caller: Caller): CatalogueOptions {
  return {
    policyTools: toolSchemasOf(gate.getPolicy().policy),
    isListed: (tool) => gate.mayRead(caller, tool),
    venue: gate.readiness().venue,
  };
}

function toolSchemasOf(policy: unknown): PolicyToolSchemas {
  const tools = typeof policy === 'object' && policy !== null && 'tools' in policy ? policy.tools : undefined;
  return typeof tools === 'object' && tools !== null ? (tools as PolicyToolSchemas) : {};
}
