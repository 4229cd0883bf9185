import { ORDER_STATUSES } from '../../engine/tables/status.ts';
import * as Type from '../built/typebox.js';
import * as field from '../schema/fields.ts';
import { nullable } from '../schema/nullable.ts';

/** Words that several bodies share. */

const { said } = field;
export const number = (description?: string) => Type.Number(said(description));
export const text = (description?: string) => Type.String(said(description));
export const flag = (description?: string) => Type.Boolean(said(description));
export const count = (description?: string) => Type.Integer({ minimum: 0, ...said(description) });
export const instant = (description?: string) => Type.Number(said(description, field.INSTANT_WORDS));
export const orNull = (description?: string) => nullable(number(description));
export const TRADING_STATES = ['active', 'reducing', 'halted'] as const;
export const tradingState = field.oneOf(
  TRADING_STATES,
  'active: what the policy permits. reducing: exits and cancels. halted: of agents only cancels of what opens.', // AN-44, AN-45, AN-46
);
export const orderStatus = field.oneOf(
  ORDER_STATUSES,
  'unknown: no conclusive answer from the exchange yet; do not send again.', // AN-47
);
export const next = nullable(text('cursor of the next page; null on the last one.')); // AN-48
/** Whose a symbol is, as an agent is told: never the name of another one. */
export const held = field.oneOf(
  ['yours', 'another', 'nobody', 'free'],
  'Whose the symbol is. another: or kept from you. nobody: lots or orders there are no agent’s, and none opens beside them.', // note, AN-49, AN-50
);
export const holder = nullable(text('An agent; null: none.')); // note
