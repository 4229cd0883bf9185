/** What an agent may still do. */

import type { LimitsBodySchema } from '../bodies/limits.ts';
import type { Body } from '../schema/agreement.ts';

export type LimitsBody = Body<typeof LimitsBodySchema>;
export type SymbolLimits = LimitsBody['symbols'][number];
/** What an opening market order of one side meets now. */
export type OpeningLimits = SymbolLimits['opening']['buy'];
/**
 * One component of B_t; remaining is never below 0. If the agent has its own cap and less of that remains, the figures
 * are those of the agent's cap.
 */
export type BudgetLine = SymbolLimits['budgets'][number];
