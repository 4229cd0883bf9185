import type { TSchema } from 'typebox';
import * as account from '../../daemon/contract/accounts.ts';
import * as alertBody from '../../daemon/contract/bodies/alerts.ts';
import * as approvalBody from '../../daemon/contract/bodies/approvals.ts';
import * as decisionBody from '../../daemon/contract/bodies/decisions.ts';
import * as limitBody from '../../daemon/contract/bodies/limits.ts';
import * as openBody from '../../daemon/contract/bodies/open.ts';
import * as operatorBody from '../../daemon/contract/bodies/operator.ts';
import * as policyBody from '../../daemon/contract/bodies/policies.ts';
import * as readBody from '../../daemon/contract/bodies/reads.ts';
import * as shared from '../../daemon/contract/bodies/shared.ts';
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
import * as passkey from '../../daemon/contract/passkeys.ts';
import * as field from '../../daemon/contract/schema/fields.ts';
import * as token from '../../daemon/contract/tokens.ts';
import * as tool from '../../daemon/contract/tools.ts';

/** What has a name in OpenAPI, and a type of that name in clients that are generated from it. */
const NAMED: { readonly [name: string]: TSchema } = {
  Account: readBody.AccountBodySchema,
  AccountName: field.accountName,
  AgentAccount: account.AgentAccountSchema,
  AgentName: field.agentName,
  Agents: account.AgentsBodySchema,
  AgentSums: account.AgentSumsSchema,
  Alert: alertBody.AlertBodySchema,
  AlertChannels: alertBody.AlertChannelsBodySchema,
  Alerts: alertBody.AlertsBodySchema,
  AlertTest: alertBody.AlertTestBodySchema,
  Approval: approvalBody.ApprovalBodySchema,
  ApprovalCeiling: decision.ApprovalCeilingSchema,
  Approvals: approvalBody.ApprovalsBodySchema,
  ApprovalStatus: approvalBody.approvalStatus,
  Approved: decisionBody.ApprovedBodySchema,
  Arithmetic: explanationMembers.arithmetic,
  ArithmeticRow: ArithmeticRowSchema,
  Asked: AskedSchema,
  BookLevel: readBody.BookLevelSchema,
  BriefAnswer: BriefAnswerSchema,
  BudgetFactors: decision.BudgetFactorsSchema,
  BudgetRecord: decision.BudgetRecordSchema,
  CancelAll: tool.CancelAllArgs,
  CancelOrder: tool.CancelOrderArgs,
  Candle: readBody.CandleSchema,
  CandleInterval: field.candleInterval,
  CandleLimit: field.candleLimit,
  Candles: readBody.CandlesBodySchema,
  ClientOrderId: field.clientOrderId,
  ClosePosition: tool.ClosePositionArgs,
  Constraints: decision.ConstraintsSchema,
  Cursor: field.cursor,
  Decision: decisionBody.DecisionBodySchema,
  DecisionId: field.decisionId,
  Decisions: decisionBody.DecisionsBodySchema,
  EffectiveAction: decision.EffectiveActionSchema,
  EndRequest: command.EndRequest,
  Error: openBody.ErrorBodySchema,
  Execution: decisionBody.ExecutionBodySchema,
  ExecutionApproval: approvalBody.ExecutionApprovalSchema,
  ExecutionOrder: decisionBody.ExecutionOrderSchema,
  ExecutionState: decisionBody.executionState,
  Explanation: ExplanationBodySchema,
  Fill: readBody.FillBodySchema,
  Fills: readBody.FillsBodySchema,
  Flattened: operatorBody.FlattenBodySchema,
  Held: shared.held,
  Holder: operatorBody.HolderBodySchema,
  InterceptAnswer: decisionBody.InterceptAnswerSchema,
  InterceptRequest: command.InterceptRequest,
  LimitPrice: field.limitPrice,
  Limits: limitBody.LimitsBodySchema,
  Market: readBody.MarketBodySchema,
  Markets: readBody.MarketsBodySchema,
  MaxSlippageBps: field.maxSlippageBps,
  ModifyOrder: tool.ModifyOrderArgs,
  NextCursor: shared.next,
  OpeningLimits: limitBody.openingLimits,
  Order: readBody.OrderBodySchema,
  OrderBook: readBody.OrderBookBodySchema,
  Orders: readBody.OrdersBodySchema,
  OrderStatus: shared.orderStatus,
  OrderType: field.orderType,
  Outcome: decision.decisionMembers.decision,
  PageLimit: field.pageLimit,
  Passkey: passkey.PasskeyBodySchema,
  PendingPolicy: policyBody.PendingPolicySchema,
  PendingRoutes: alertBody.PendingRoutesSchema,
  PlaceOrder: tool.PlaceOrderArgs,
  Policy: policyBody.PolicyBodySchema,
  PolicyCheck: policyBody.PolicyCheckBodySchema,
  Position: readBody.PositionBodySchema,
  Positions: readBody.PositionsBodySchema,
  Readiness: openBody.ReadinessBodySchema,
  Reason: decision.ReasonSchema,
  ReasonCode: field.reasonCode,
  Reasons: decision.decisionMembers.reasons,
  Reloaded: policyBody.ReloadBodySchema,
  Report: account.ReportBodySchema,
  ReportSums: account.ReportSumsSchema,
  RequestId: field.requestId,
  RequestMeta: field.meta,
  Arming: policyBody.ArmingBodySchema,
  OutcomeCounts: policyBody.OutcomeCountsSchema,
  PreviewSide: policyBody.PreviewSideSchema,
  Violations: policyBody.ViolationsSchema,
  PolicyPreview: policyBody.PolicyPreviewSchema,
  RuleVerdict: decision.RuleVerdictSchema,
  Side: field.side,
  Signal: operatorBody.SignalEntrySchema,
  SignalRequest: command.SignalRequest,
  Signals: operatorBody.SignalsBodySchema,
  SpokenReason: command.reason,
  StrategyId: field.strategyId,
  Sums: account.SumsSchema,
  SymbolName: field.symbol,
  Token: token.TokenBodySchema,
  ToolAnswer: decisionBody.ToolAnswerSchema,
  Tools: openBody.ToolsBodySchema,
  TradingMode: shared.tradingState,
  TradingState: operatorBody.TradingStateBodySchema,
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
