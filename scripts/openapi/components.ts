import type { TSchema } from 'typebox';
import * as account from '../../daemon/contract/accounts.ts';
import * as body from '../../daemon/contract/bodies.ts';
import { BriefAnswerSchema } from '../../daemon/contract/catalogue/brief.ts';
import { toPlainSchema } from '../../daemon/contract/catalogue/catalogue.ts';
import * as command from '../../daemon/contract/commands.ts';
import * as decision from '../../daemon/contract/decision.ts';
import {
  ArithmeticRowSchema,
  AskedSchema,
  ExplanationBodySchema,
  explanationMembers,
} from '../../daemon/contract/explanation.ts';
import * as field from '../../daemon/contract/fields.ts';
import * as passkey from '../../daemon/contract/passkeys.ts';
import * as token from '../../daemon/contract/tokens.ts';
import * as tool from '../../daemon/contract/tools.ts';

/** What has a name in OpenAPI, and a type of that name in clients that are generated from it. */
const NAMED: { readonly [name: string]: TSchema } = {
  Account: body.AccountBodySchema,
  AccountName: field.accountName,
  AgentAccount: account.AgentAccountSchema,
  AgentName: field.agentName,
  Agents: account.AgentsBodySchema,
  AgentSums: account.AgentSumsSchema,
  Alert: body.AlertBodySchema,
  AlertChannels: body.AlertChannelsBodySchema,
  Alerts: body.AlertsBodySchema,
  AlertTest: body.AlertTestBodySchema,
  Approval: body.ApprovalBodySchema,
  ApprovalCeiling: decision.ApprovalCeilingSchema,
  Approvals: body.ApprovalsBodySchema,
  ApprovalStatus: body.approvalStatus,
  Approved: body.ApprovedBodySchema,
  Arithmetic: explanationMembers.arithmetic,
  ArithmeticRow: ArithmeticRowSchema,
  Asked: AskedSchema,
  BookLevel: body.BookLevelSchema,
  BriefAnswer: BriefAnswerSchema,
  BudgetFactors: decision.BudgetFactorsSchema,
  BudgetRecord: decision.BudgetRecordSchema,
  CancelAll: tool.CancelAllArgs,
  CancelOrder: tool.CancelOrderArgs,
  Candle: body.CandleSchema,
  CandleInterval: field.candleInterval,
  CandleLimit: field.candleLimit,
  Candles: body.CandlesBodySchema,
  ClientOrderId: field.clientOrderId,
  ClosePosition: tool.ClosePositionArgs,
  Constraints: decision.ConstraintsSchema,
  Cursor: field.cursor,
  Decision: body.DecisionBodySchema,
  DecisionId: field.decisionId,
  Decisions: body.DecisionsBodySchema,
  EffectiveAction: decision.EffectiveActionSchema,
  EndRequest: command.EndRequest,
  Error: body.ErrorBodySchema,
  Execution: body.ExecutionBodySchema,
  ExecutionApproval: body.ExecutionApprovalSchema,
  ExecutionOrder: body.ExecutionOrderSchema,
  ExecutionState: body.executionState,
  Explanation: ExplanationBodySchema,
  Fill: body.FillBodySchema,
  Fills: body.FillsBodySchema,
  Flattened: body.FlattenBodySchema,
  Held: body.held,
  Holder: body.HolderBodySchema,
  InterceptAnswer: body.InterceptAnswerSchema,
  InterceptRequest: command.InterceptRequest,
  LimitPrice: field.limitPrice,
  Limits: body.LimitsBodySchema,
  Market: body.MarketBodySchema,
  Markets: body.MarketsBodySchema,
  MaxSlippageBps: field.maxSlippageBps,
  ModifyOrder: tool.ModifyOrderArgs,
  NextCursor: body.next,
  OpeningLimits: body.openingLimits,
  Order: body.OrderBodySchema,
  OrderBook: body.OrderBookBodySchema,
  Orders: body.OrdersBodySchema,
  OrderStatus: body.orderStatus,
  OrderType: field.orderType,
  Outcome: decision.decisionMembers.decision,
  PageLimit: field.pageLimit,
  Passkey: passkey.PasskeyBodySchema,
  PendingPolicy: body.PendingPolicySchema,
  PendingRoutes: body.PendingRoutesSchema,
  PlaceOrder: tool.PlaceOrderArgs,
  Policy: body.PolicyBodySchema,
  PolicyCheck: body.PolicyCheckBodySchema,
  Position: body.PositionBodySchema,
  Positions: body.PositionsBodySchema,
  Readiness: body.ReadinessBodySchema,
  Reason: decision.ReasonSchema,
  ReasonCode: field.reasonCode,
  Reasons: decision.decisionMembers.reasons,
  Reloaded: body.ReloadBodySchema,
  Report: account.ReportBodySchema,
  ReportSums: account.ReportSumsSchema,
  RequestId: field.requestId,
  RequestMeta: field.meta,
  Arming: body.ArmingBodySchema,
  OutcomeCounts: body.OutcomeCountsSchema,
  PreviewSide: body.PreviewSideSchema,
  Violations: body.ViolationsSchema,
  PolicyPreview: body.PolicyPreviewSchema,
  RuleVerdict: decision.RuleVerdictSchema,
  Side: field.side,
  Signal: body.SignalEntrySchema,
  SignalRequest: command.SignalRequest,
  Signals: body.SignalsBodySchema,
  SpokenReason: command.reason,
  StrategyId: field.strategyId,
  Sums: account.SumsSchema,
  SymbolName: field.symbol,
  Token: token.TokenBodySchema,
  ToolAnswer: body.ToolAnswerSchema,
  Tools: body.ToolsBodySchema,
  TradingMode: body.tradingState,
  TradingState: body.TradingStateBodySchema,
};

type Json = { readonly [key: string]: unknown };
const REF = '#/components/schemas/';
/** Plain text of a named schema -> its name. */
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(NAMED).map(([name, schema]) => [textOf(toPlainSchema(schema)), name]),
);

/** Keys in one order, and `const` as the generator of OpenAPI writes it, so that equal schemas have equal texts. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    const entries = Object.entries(each).map(([key, it]): [string, unknown] =>
      key === 'const' ? ['enum', [it]] : [key, it],
    );
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** `components.schemas`: every named schema, in which others are named in turn. */
export function buildComponents(): Json {
  return Object.fromEntries(
    Object.entries(NAMED).map(([name, schema]) => [name, nameWithin(toPlainSchema(schema), name)]),
  );
}

/** The same value with each schema that has a name replaced by a reference to it; `but`: not by this one. */
export function nameWithin(value: unknown, but: string | null = null): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => nameWithin(each));
  const name = NAMES.get(textOf(value));
  if (name !== undefined && name !== but) return { $ref: `${REF}${name}` };
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, nameWithin(each)]));
}
