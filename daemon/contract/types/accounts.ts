/** Accounts by agent. */
import type * as account from '../accounts.ts';
import type { Body } from '../schema/agreement.ts';

export type AgentSums = Body<typeof account.AgentSumsSchema>;
export type AgentAccount = Body<typeof account.AgentAccountSchema>;
export type AgentsBody = Body<typeof account.AgentsBodySchema>;
export type AgentBody = Body<typeof account.AgentBodySchema>;
export type ReportSums = Body<typeof account.ReportSumsSchema>;
export type ReportBody = Body<typeof account.ReportBodySchema>;

/** Of what a report is, in the words of its query. */
export interface ReportPeriod {
  readonly kind: 'day' | 'week';
  readonly name: string;
}
